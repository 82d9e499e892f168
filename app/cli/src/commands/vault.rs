//! What operators do with vaults.

use super::{
    config::{self, ReserveFile, VaultFile},
    governance,
    show::price_text,
    show_landed,
};
use crate::{
    args::VaultCommand,
    output::{table, Output},
    session::Session,
};
use anchor_lang::prelude::Pubkey;
use anchor_spl::token_2022::spl_token_2022::{extension::StateWithExtensions, state::Mint};
use anyhow::{Context as _, Result};
use ballast::state::Vault;
use ballast_client::{
    address,
    amount::format,
    decode, instruction,
    send::{Step, Transport},
    view::{words, Snapshot},
    Asset,
};
use ballast_risk::{interest::utilisation_up, TokenAmount};
use serde_json::{json, Value};
use solana_signer::Signer;

/// `vault …`.
pub async fn run(session: &Session, command: &VaultCommand, output: &Output) -> Result<()> {
    match command {
        VaultCommand::List => list(session, output).await,
        VaultCommand::Show => {
            let snapshot = session.snapshot().await?;
            output.show(&vault_json(session, &snapshot), vault_text(session, &snapshot));
            Ok(())
        }
        VaultCommand::Create { file } => {
            let key = session.key()?;
            let config = config::read::<VaultFile>(file)?.config()?;
            let vault = address::vault(&key.pubkey(), config.id);
            let what = format!("create vault {vault}");
            let step = Step::together(what, vec![instruction::create_vault(key.pubkey(), config)]);
            show_landed(&session.send(&[step], &[&key]).await?, output);
            Ok(())
        }
        VaultCommand::AddReserve { file } => {
            let key = session.key()?;
            let reserve = config::read::<ReserveFile>(file)?;
            let mint = reserve.mint()?;
            let (decimals, token_program) = mint_decimals(session, mint).await?;
            let config = reserve.config(decimals)?;
            let snapshot = session.snapshot().await?;
            let asset = Asset { vault: snapshot.key, mint, token_program };
            let add = governance::add_reserve_at_setup(&snapshot, key.pubkey(), &asset, config)?;
            let what = format!("add {} as reserve {}", session.names.of(&mint), asset.reserve());
            let step = Step::together(what, vec![add]);
            show_landed(&session.send(&[step], &[&key]).await?, output);
            Ok(())
        }
        VaultCommand::Open => governance::open(session, output).await,
        VaultCommand::Changes => governance::changes(session, output).await,
        VaultCommand::Propose { file, now } => governance::propose(session, file, *now, output).await,
        VaultCommand::Execute { number } => governance::execute(session, *number, output).await,
        VaultCommand::Cancel { number } => governance::cancel(session, *number, output).await,
        VaultCommand::Tighten { to, hours, token } => {
            governance::tighten_breaker(session, *to, *hours, token.as_deref(), output).await
        }
    }
}

/// A mint's decimals and token program.
pub async fn mint_decimals(session: &Session, mint: Pubkey) -> Result<(u8, Pubkey)> {
    let account = session.rpc.accounts(&[mint]).await?.into_iter().next().flatten();
    let account = account.with_context(|| format!("there is no mint {mint} on this cluster"))?;
    let state = StateWithExtensions::<Mint>::unpack(&account.data);
    Ok((state.with_context(|| format!("{mint} is no mint"))?.base.decimals, account.owner))
}

async fn list(session: &Session, output: &Output) -> Result<()> {
    let found = session.rpc.vaults().await?;
    let vaults: Vec<_> =
        found.iter().filter_map(|one| Some((one.key, decode::<Vault>(&one.data)?))).collect();
    let mut rows = vec![["vault", "number", "reserves", "curator"].map(String::from).to_vec()];
    for (key, vault) in &vaults {
        let curator = vault.curator.to_string();
        rows.push(vec![key.to_string(), vault.id.to_string(), vault.reserve_count.to_string(), curator]);
    }
    let value = vaults.iter().map(|(key, vault)| {
        json!({ "vault": key.to_string(), "id": vault.id, "reserves": vault.reserve_count, "curator": vault.curator.to_string() })
    });
    output.show(&json!({ "vaults": value.collect::<Vec<Value>>() }), table(&rows));
    Ok(())
}

/// A vault's reserves as rows: prices, books, what a year of debt costs and a year of a deposit earns as things stand, breakers.
pub fn reserve_rows(session: &Session, snapshot: &Snapshot) -> Vec<Vec<String>> {
    let head =
        ["reserve", "price, USD", "age", "deposits", "debts", "used", "to borrow", "to lend", "breaker"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for reserve in in_order(snapshot) {
        let ledger = reserve.accrued_ledger(snapshot.now());
        let debt = ledger.total_debt_up();
        let tokens = |units: TokenAmount| format(units, reserve.decimals);
        let used = utilisation_up(ledger.free_tokens.0, debt.0);
        rows.push(vec![
            session.names.of(&reserve.mint),
            price_text(reserve),
            format!("{} s", reserve.price_age(snapshot.now()).min(999_999)),
            tokens(ledger.total_deposits_down()),
            tokens(debt),
            words::percent(i64::try_from(used).unwrap_or(i64::MAX)),
            format!("{:.2} %", 100.0 * yearly(ledger.rate_per_second)),
            format!("{:.2} %", 100.0 * yearly(ledger.lending_rate_down(reserve.split.as_risk()))),
            format!("{:?}", reserve.breaker.as_risk().state_at(snapshot.now())),
        ]);
    }
    rows
}

/// A rate a second with 64 fractional bits as a share a year, for people.
fn yearly(rate_per_second: u64) -> f64 {
    let seconds = ballast_risk::interest::SECONDS_PER_YEAR as f64;
    (rate_per_second as f64 / 2f64.powi(64) * seconds).exp_m1()
}

/// Reserves in the vault's order.
pub fn in_order(snapshot: &Snapshot) -> Vec<&ballast::state::Reserve> {
    let listed = snapshot.vault.reserves.iter().take(usize::from(snapshot.vault.reserve_count));
    listed.filter_map(|key| snapshot.reserves.get(key)).collect()
}

fn vault_text(session: &Session, snapshot: &Snapshot) -> String {
    let vault = &snapshot.vault;
    let caps = vault.caps.as_risk();
    let mut text = format!(
        "vault {}\ncurator {}\nguardian {}\nfees to {}\ntimelock {} h, leverage at most {:.2}, LTV at most {}\nbreaker: {}\n\n",
        snapshot.key,
        vault.curator,
        vault.guardian,
        vault.fee_recipient,
        vault.timelock / 3_600,
        f64::from(caps.leverage) / 10_000.0,
        words::percent(i64::from(caps.ltv.0)),
        words::breaker(vault.breaker.as_risk().state_at(snapshot.now())),
    );
    text.push_str(&table(&reserve_rows(session, snapshot)));
    text.push_str("\nscenarios:\n");
    let model = vault.model_at(snapshot.now());
    for row in 1..model.row_count {
        text.push_str(&format!("  {}\n", words::row(&model, row)));
    }
    text
}

/// A vault as JSON.
pub fn vault_json(session: &Session, snapshot: &Snapshot) -> Value {
    let reserves = in_order(snapshot).into_iter().map(|reserve| {
        let ledger = reserve.accrued_ledger(snapshot.now());
        json!({
            "token": session.names.of(&reserve.mint),
            "mint": reserve.mint.to_string(),
            "token_account": reserve.token_account.to_string(),
            "decimals": reserve.decimals,
            "borrowable": reserve.borrowable == 1,
            "price_usd": price_text(reserve),
            "price_age_seconds": reserve.price_age(snapshot.now()),
            "deposits": format(ledger.total_deposits_down(), reserve.decimals),
            "debts": format(ledger.total_debt_up(), reserve.decimals),
            "free": format(ledger.free_tokens, reserve.decimals),
            "borrow_rate_a_year": yearly(ledger.rate_per_second),
            "lend_rate_a_year": yearly(ledger.lending_rate_down(reserve.split.as_risk())),
            "breaker": format!("{:?}", reserve.breaker.as_risk().state_at(snapshot.now())),
        })
    });
    json!({
        "vault": snapshot.key.to_string(),
        "curator": snapshot.vault.curator.to_string(),
        "guardian": snapshot.vault.guardian.to_string(),
        "fee_recipient": snapshot.vault.fee_recipient.to_string(),
        "timelock_seconds": snapshot.vault.timelock,
        "breaker": format!("{:?}", snapshot.vault.breaker.as_risk().state_at(snapshot.now())),
        "slot": snapshot.clock.slot,
        "reserves": reserves.collect::<Vec<Value>>(),
    })
}
