//! Breakers, losses and proofs: what anyone may do for a vault.

use super::{landed_json, landed_text, send_refreshed, show_landed};
use crate::{
    args::BreakerCommand,
    output::{table, Output},
    session::{address, Session},
};
use anchor_lang::prelude::Pubkey;
use anyhow::{bail, Context as _, Result};
use ballast::state::Obligation;
use ballast_client::{
    account::reserves_of,
    act::{asset_of, make_wallet},
    amount::{dollars_down, format},
    decode, instruction,
    insurance::recording_losses,
    safety,
    send::{Landed, Step},
    verify,
    view::{words, FundView, Snapshot},
    Event,
};
use ballast_risk::{TokenAmount, Usd};
use serde_json::json;
use solana_signer::Signer;

/// Reserves that an attestation covers at once, obligations aside.
const RESERVES_AT_ONCE: usize = 8;

/// `refresh`.
pub async fn refresh(session: &Session, tokens: &[String], output: &Output) -> Result<()> {
    let key = session.key()?;
    let snapshot = session.snapshot().await?;
    let mut reserves: Vec<Pubkey> = vec![];
    for token in tokens {
        reserves.push(session.reserve(&snapshot, token)?.0);
    }
    if tokens.is_empty() {
        reserves = snapshot.reserves.keys().copied().collect();
    }
    show_landed(&send_refreshed(session, &snapshot, &key, &reserves, None).await?, output);
    Ok(())
}

/// `breaker …`.
pub async fn breaker(session: &Session, command: &BreakerCommand, output: &Output) -> Result<()> {
    let snapshot = session.snapshot().await?;
    match command {
        BreakerCommand::Show => {
            let mut rows = vec![["breaker", "state", "since", "ends", "cause"].map(String::from).to_vec()];
            let mut values = vec![];
            let reserves =
                snapshot.reserves.values().map(|one| (session.names.of(&one.mint), one.breaker.as_risk()));
            let all =
                std::iter::once(("the vault".to_owned(), snapshot.vault.breaker.as_risk())).chain(reserves);
            for (name, breaker) in all {
                let state = breaker.state_at(snapshot.now());
                let reading = breaker.last_reading();
                let time = |at: u64| match at {
                    0 => "—".to_owned(),
                    u64::MAX => "by the timelock".to_owned(),
                    at => ballast_lab::time::second(at),
                };
                rows.push(vec![
                    name.clone(),
                    words::breaker(state).into(),
                    time(reading.observed_at),
                    time(breaker.expires_at),
                    format!("{:?} {} of {}", reading.cause, reading.measured, reading.limit),
                ]);
                values.push(json!({
                    "of": name,
                    "state": format!("{state:?}"),
                    "cause": format!("{:?}", reading.cause),
                    "measured": reading.measured,
                    "limit": reading.limit,
                    "expires_at": breaker.expires_at,
                }));
            }
            output.show(&json!({ "breakers": values }), table(&rows));
        }
        BreakerCommand::Trip { signal, token } => {
            let key = session.key()?;
            let instruction = match token {
                Some(token) => {
                    let (reserve, _) = session.reserve(&snapshot, token)?;
                    safety::trip_reserve(&asset_of(&snapshot, &reserve)?, *signal)
                }
                None => safety::trip_vault(snapshot.key, *signal, &listed(&snapshot)),
            };
            let what = format!("trip {} by {signal:?}", token.as_deref().unwrap_or("the vault"));
            show_landed(&session.send(&[Step::together(what, vec![instruction])], &[&key]).await?, output);
        }
        BreakerCommand::Step { token } => {
            let key = session.key()?;
            let reserve = match token {
                Some(token) => Some(session.reserve(&snapshot, token)?.0),
                None => None,
            };
            let what = format!("step the breaker of {} down", token.as_deref().unwrap_or("the vault"));
            let step = Step::together(what, vec![safety::step_breaker(snapshot.key, reserve)]);
            show_landed(&session.send(&[step], &[&key]).await?, output);
        }
    }
    Ok(())
}

/// All reserves in the vault's order.
fn listed(snapshot: &Snapshot) -> Vec<Pubkey> {
    let count = usize::from(snapshot.vault.reserve_count);
    snapshot.vault.reserves.iter().take(count).copied().collect()
}

/// `absorb`.
pub async fn absorb(session: &Session, obligation: &str, output: &Output) -> Result<()> {
    let key = session.key()?;
    let snapshot = session.snapshot().await?;
    let at = address("obligation", obligation)?;
    let found = snapshot.obligation(&session.rpc, at).await?;
    let found = found.with_context(|| format!("there is no obligation {at}"))?;
    let mut absorb = safety::absorb_loss(key.pubkey(), snapshot.key, at, &reserves_of(&found));
    if snapshot.vault.has_fund == 1 {
        let fund = FundView::fetch(&session.rpc, &snapshot).await?.fund;
        absorb = recording_losses(absorb, fund.address());
    }
    let step = Step::together(format!("absorb the loss of {at}"), vec![absorb]);
    show_landed(&session.send(&[step], &[&key]).await?, output);
    Ok(())
}

/// `collect-fees`.
pub async fn collect_fees(session: &Session, token: &str, output: &Output) -> Result<()> {
    let key = session.key()?;
    let snapshot = session.snapshot().await?;
    let (reserve, _) = session.reserve(&snapshot, token)?;
    let asset = asset_of(&snapshot, &reserve)?;
    let recipient = snapshot.vault.fee_recipient;
    // Anyone may pay for the recipient's account.
    let mut wallet = make_wallet(&recipient, &asset);
    if let Some(payer) = wallet.accounts.first_mut() {
        payer.pubkey = key.pubkey();
    }
    let instructions = vec![wallet, instruction::collect_fees(&asset, &recipient)];
    let step = Step::together(format!("collect the fees of {token}"), instructions);
    show_landed(&session.send(&[step], &[&key]).await?, output);
    Ok(())
}

/// The last report among landed transactions. What landed without one is no proof: a node may keep no logs. What would land may
/// show none, and nothing is said of it then.
fn reported<T>(landed: &[Landed], is_dry_run: bool, read: impl Fn(Event) -> Option<T>) -> Result<Option<T>> {
    let report = landed.iter().flat_map(Landed::events).filter_map(read).next_back();
    if report.is_none() && !is_dry_run {
        bail!("the transactions landed, but their report was not in the logs: run `ballast verify`");
    }
    Ok(report)
}

/// What there is to prove something of.
fn to_prove(snapshot: &Snapshot) -> Result<Vec<Pubkey>> {
    let reserves = listed(snapshot);
    if reserves.is_empty() {
        bail!("the vault has no reserve yet: there is nothing to prove");
    }
    Ok(reserves)
}

/// `attest`: a whole round; `false` where it fails.
pub async fn attest(session: &Session, output: &Output) -> Result<bool> {
    let key = session.key()?;
    let snapshot = session.snapshot().await?;
    let assets = to_prove(&snapshot)?
        .iter()
        .map(|reserve| asset_of(&snapshot, reserve))
        .collect::<Result<Vec<_>, _>>()?;
    let mut steps = vec![];
    for slice in assets.chunks(RESERVES_AT_ONCE) {
        // where a token is missing, the report trips the vault's breaker, and is refused where it cannot
        let slice = safety::writing_vault(instruction::attest_solvency(snapshot.key, slice));
        steps.push(Step::together("attest", vec![slice]));
    }
    let landed = session.send(&steps, &[&key]).await?;
    let report = reported(&landed, session.global.dry_run, |event| match event {
        Event::SolvencyAttested(report) => Some(report),
        _ => None,
    })?;
    let mut value = landed_json(&landed);
    let mut text = landed_text(&landed);
    let mut passed = true;
    if let Some(report) = report {
        passed = report.failing == 0;
        let dollars = |micro: u64| dollars_down(Usd(i128::from(micro)));
        value["report"] = json!({
            "round": report.round,
            "solvent": passed,
            "assets_micro_usd": report.assets,
            "claims_micro_usd": report.claims,
            "deposits_micro_usd": report.deposits,
            "unique_collateral_micro_usd": report.unique_collateral,
            "worst_shortfall_micro_usd": report.worst_shortfall,
        });
        text.push_str(&format!(
            "round {}: {}; assets {} USD, claims {} USD, deposits {} USD, tokens held {} USD\n",
            report.round,
            if passed { "tokens and debts cover all claims" } else { "A RESERVE FALLS SHORT" },
            dollars(report.assets),
            dollars(report.claims),
            dollars(report.deposits),
            dollars(report.unique_collateral),
        ));
    }
    output.show(&value, text);
    Ok(passed)
}

/// `audit`: begins one, or joins the one that runs, counts every obligation, and finishes; `false` where something is missing.
pub async fn audit(session: &Session, output: &Output) -> Result<bool> {
    let key = session.key()?;
    let snapshot = session.snapshot().await?;
    let reserves = to_prove(&snapshot)?;
    let begin = Step::together("begin an audit", vec![instruction::begin_audit(snapshot.key)]);
    let mut steps = vec![];
    for found in session.rpc.obligations(snapshot.key).await? {
        let Some(obligation) = decode::<Obligation>(&found.data) else { continue };
        let count = instruction::count_obligation(snapshot.key, found.key, &reserves_of(&obligation));
        steps
            .push(Step::together(format!("count {}", ballast_client::names::short(&found.key)), vec![count]));
    }
    for slice in reserves.chunks(2 * RESERVES_AT_ONCE) {
        let finish = instruction::finish_audit(snapshot.key, slice);
        steps.push(Step::together("compare", vec![finish]));
    }
    let is_dry_run = session.global.dry_run;
    let mut landed = vec![];
    if is_dry_run {
        // What is simulated apart would count for an audit that nobody began.
        steps.insert(0, begin);
    } else {
        match session.send(&[begin], &[&key]).await {
            Ok(begun) => landed = begun,
            Err(error) if is_running(&error) => {}
            Err(error) => return Err(error),
        }
    }
    landed.extend(session.send(&steps, &[&key]).await?);
    // Every step reports how far it came; only the last one says how the audit ended.
    let last = landed.last().map(std::slice::from_ref).unwrap_or_default();
    let report = reported(last, is_dry_run, |event| match event {
        Event::BookAudited(report) => Some(report),
        _ => None,
    })?;
    let mut value = json!({ "transactions": landed.len() });
    let mut text = format!("{} transactions\n", landed.len());
    let mut passed = true;
    if let Some(report) = report {
        let whole = u32::try_from((1u64 << snapshot.vault.reserve_count) - 1).unwrap_or(u32::MAX);
        passed = report.complete == whole;
        value["complete"] = json!(passed);
        value["audit"] = json!(report.number);
        value["obligations"] = json!(report.obligations);
        value["beyond_collection_micro_usd"] = json!(report.beyond_collection);
        text.push_str(&format!(
            "audit {}: {}; {} obligations, {} USD of debt beyond collection\n",
            report.number,
            if passed { "the books are the sum of the positions" } else { "NOT EVERY POSITION IS FOUND" },
            report.obligations,
            dollars_down(Usd(i128::from(report.beyond_collection))),
        ));
    }
    output.show(&value, text);
    Ok(passed)
}

fn is_running(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<ballast_client::send::SendError>().and_then(|error| error.refusal());
    refusal.is_some_and(|refusal| refusal.is(ballast::error::BallastError::AuditRuns))
}

/// `verify`: `false` where anything disagrees.
pub async fn verify(session: &Session, output: &Output) -> Result<bool> {
    let evidence = session.rpc.evidence(session.vault()?).await?;
    let snapshot = session.snapshot().await?;
    match verify::verify(&evidence) {
        Ok(proof) => {
            let mut rows = vec![["reserve", "held", "owed by borrowers", "claims", "positions"]
                .map(String::from)
                .to_vec()];
            let mut values = vec![];
            for one in &proof.reserves {
                let reserve = snapshot.reserve(&one.reserve)?;
                let tokens = |units| format(TokenAmount(units), reserve.decimals);
                rows.push(vec![
                    session.names.of(&reserve.mint),
                    tokens(one.held),
                    tokens(one.debt),
                    tokens(one.claims),
                    one.positions.to_string(),
                ]);
                values.push(json!({
                    "token": session.names.of(&reserve.mint),
                    "held": tokens(one.held),
                    "debt": tokens(one.debt),
                    "claims": tokens(one.claims),
                    "positions": one.positions,
                }));
            }
            let text = format!(
                "solvent: tokens and debts cover claims, and the books are the sum of the positions\n\n{}",
                table(&rows)
            );
            output.show(&json!({ "solvent": true, "reserves": values }), text);
            Ok(true)
        }
        Err(found) => {
            let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
            let text = format!("NOT PROVEN SOLVENT:\n  {}", lines.join("\n  "));
            output.show(&json!({ "solvent": false, "disagreements": lines }), text);
            Ok(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_landed_without_a_report_proves_nothing_and_a_dry_run_says_nothing() {
        let silent = [Landed { what: "attest".into(), slot: 7, ..Landed::default() }];
        let read = |event| matches!(event, Event::SolvencyAttested(_)).then_some(());
        let error = reported(&silent, false, read).unwrap_err().to_string();
        assert!(error.contains("not in the logs") && error.contains("ballast verify"), "{error}");
        assert!(reported(&silent, true, read).unwrap().is_none());
    }
}
