//! Changes that wait, and the guardian's tightening.

use super::{change::ChangeFile, config, show_landed, vault::mint_decimals};
use crate::{
    output::{table, Output},
    session::Session,
};
use anyhow::{bail, Context as _, Result};
use ballast::{
    instructions::TightenTo,
    state::{Change, ChangeClass, ProposedChange},
};
use ballast_client::{
    address,
    governance::{decode_change, open_vault, tighten, Proposal},
    instruction,
    send::{Step, Transport},
    view::Snapshot,
    Asset,
};
use serde_json::{json, Value};
use solana_signer::Signer;
use std::path::Path;

/// Changes looked back for.
const LOOK_BACK: u64 = 64;

/// `vault propose`; `now`: executes it in the same transaction, which only what takes effect at once allows.
pub async fn propose(session: &Session, file: &Path, now: bool, output: &Output) -> Result<()> {
    let key = session.key()?;
    let snapshot = session.snapshot().await?;
    let file: ChangeFile = config::read(file)?;
    let decimals = match &file {
        ChangeFile::AddReserve { reserve } => Some(mint_decimals(session, reserve.mint()?).await?.0),
        _ => None,
    };
    let (reserve, proposed) =
        file.proposed(session, &snapshot, |_| decimals.context("the mint's decimals are missing"))?;
    let number = snapshot.vault.last_change.saturating_add(1);
    let proposal = Proposal { vault: snapshot.key, number, reserve, proposer: key.pubkey() };
    let mut instructions = vec![proposal.propose(proposed.clone())];
    if now {
        instructions.push(proposal.execute(key.pubkey(), &all_if_model(&snapshot, &proposed)));
    }
    let verb = if now { "propose and execute" } else { "propose" };
    let step = Step::together(format!("{verb} change {number}"), instructions);
    show_landed(&session.send(&[step], &[&key]).await?, output);
    Ok(())
}

/// A model's execution looks at all reserves.
fn all_if_model(snapshot: &Snapshot, proposed: &ProposedChange) -> Vec<anchor_lang::prelude::Pubkey> {
    let count = match proposed {
        ProposedChange::Model { .. } => usize::from(snapshot.vault.reserve_count),
        _ => 0,
    };
    snapshot.vault.reserves.iter().take(count).copied().collect()
}

async fn change(session: &Session, snapshot: &Snapshot, number: u64) -> Result<Change> {
    let key = address::change(&snapshot.key, number);
    let account = session.rpc.accounts(&[key]).await?.into_iter().next().flatten();
    let change = account.and_then(|account| decode_change(&account.data));
    change.with_context(|| {
        format!("no change {number} waits in this vault: `ballast vault changes` lists them")
    })
}

/// `vault execute`.
pub async fn execute(session: &Session, number: u64, output: &Output) -> Result<()> {
    let key = session.key()?;
    let snapshot = session.snapshot().await?;
    let change = change(session, &snapshot, number).await?;
    let proposal = Proposal::of(&change);
    let instruction = match &change.proposed {
        ProposedChange::AddReserve { mint, config } => {
            let (_, token_program) = mint_decimals(session, *mint).await?;
            let asset = Asset { vault: snapshot.key, mint: *mint, token_program };
            proposal.add_reserve(key.pubkey(), &asset, config.clone())
        }
        other => proposal.execute(key.pubkey(), &all_if_model(&snapshot, other)),
    };
    let step = Step::together(format!("execute change {number}"), vec![instruction]);
    show_landed(&session.send(&[step], &[&key]).await?, output);
    Ok(())
}

/// `vault cancel`.
pub async fn cancel(session: &Session, number: u64, output: &Output) -> Result<()> {
    let key = session.key()?;
    let snapshot = session.snapshot().await?;
    let change = change(session, &snapshot, number).await?;
    let cancel = Proposal::of(&change).cancel(key.pubkey());
    let step = Step::together(format!("cancel change {number}"), vec![cancel]);
    show_landed(&session.send(&[step], &[&key]).await?, output);
    Ok(())
}

/// `vault open`.
pub async fn open(session: &Session, output: &Output) -> Result<()> {
    let key = session.key()?;
    let snapshot = session.snapshot().await?;
    let number = snapshot.vault.last_change.saturating_add(1);
    let open = open_vault(key.pubkey(), snapshot.key, number);
    let step = Step::together("open the vault for deposits", open.into());
    show_landed(&session.send(&[step], &[&key]).await?, output);
    Ok(())
}

/// `vault changes`.
pub async fn changes(session: &Session, output: &Output) -> Result<()> {
    let snapshot = session.snapshot().await?;
    let last = snapshot.vault.last_change;
    let numbers: Vec<u64> = (last.saturating_sub(LOOK_BACK).saturating_add(1)..=last).collect();
    let keys: Vec<_> = numbers.iter().map(|number| address::change(&snapshot.key, *number)).collect();
    let mut rows =
        vec![["change", "takes effect", "waits until", "about", "what"].map(String::from).to_vec()];
    let mut values: Vec<Value> = vec![];
    for account in session.rpc.accounts(&keys).await?.into_iter().flatten() {
        let Some(change) = decode_change(&account.data) else { continue };
        let class = match change.class {
            ChangeClass::AtOnce => "at once",
            ChangeClass::Timelock => "after the timelock",
            ChangeClass::Ramp => "after the timelock, along a ramp",
        };
        let ripe = change.timelock.proposed_at.saturating_add(change.timelock.delay);
        let about = change.reserve.and_then(|key| snapshot.reserves.get(&key));
        let about = about.map_or_else(|| "the vault".into(), |reserve| session.names.of(&reserve.mint));
        let what = format!("{:?}", change.proposed);
        let short: String = what.chars().take(60).collect();
        rows.push(vec![
            change.number.to_string(),
            class.into(),
            ballast_lab::time::second(ripe),
            about.clone(),
            short,
        ]);
        values.push(json!({
            "number": change.number,
            "class": class,
            "ripe_at": ripe,
            "stands_still_outside_normal": change.timelock.in_normal == 1,
            "about": about,
            "what": what,
        }));
    }
    let text = if values.is_empty() { "no change waits".into() } else { table(&rows) };
    output.show(&json!({ "changes": values }), text);
    Ok(())
}

/// `vault tighten`, by the guardian.
pub async fn tighten_breaker(
    session: &Session,
    to: TightenTo,
    hours: f64,
    token: Option<&str>,
    output: &Output,
) -> Result<()> {
    let seconds = hours * 3_600.0;
    if !(1.0..=1e6).contains(&seconds) || (seconds - seconds.round()).abs() > 1e-6 {
        bail!("--hours {hours} is no whole number of seconds above zero");
    }
    let key = session.key()?;
    let snapshot = session.snapshot().await?;
    let reserve = match token {
        Some(token) => Some(session.reserve(&snapshot, token)?.0),
        None => None,
    };
    let instruction = tighten(key.pubkey(), snapshot.key, reserve, to, seconds.round() as u64);
    let what = format!("tighten {} to {to:?}", token.unwrap_or("the vault"));
    show_landed(&session.send(&[Step::together(what, vec![instruction])], &[&key]).await?, output);
    Ok(())
}

/// Instructions that add a reserve while a vault is being set up. Errors where it is open: additions are proposed then.
pub fn add_reserve_at_setup(
    snapshot: &Snapshot,
    curator: anchor_lang::prelude::Pubkey,
    asset: &Asset,
    config: ballast::instructions::ReserveConfig,
) -> Result<anchor_lang::solana_program::instruction::Instruction> {
    if snapshot.vault.opened_at > 0 {
        bail!("the vault is open, so new assets wait out the timelock: write change = \"add-reserve\" and the same keys under [reserve] into a file for `ballast vault propose`, then `ballast vault execute`");
    }
    Ok(instruction::add_reserve(curator, asset, config))
}
