//! A live view of a vault.

use super::vault::{reserve_rows, vault_json};
use crate::{
    output::{table, Output},
    session::Session,
};
use anyhow::Result;
use ballast::state::Obligation;
use ballast_client::{
    amount::dollars_down,
    decode,
    names::short,
    view::{words, Snapshot},
};
use ballast_risk::score::Score;
use serde_json::{json, Value};
use std::time::Duration;
use tokio::sync::Notify;

/// Clears the terminal and goes to its top.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// An obligation's standing.
struct Standing {
    key: anchor_lang::prelude::Pubkey,
    score: Score,
}

/// Shortest pause between two looks, however much happens.
const SHORTEST: Duration = Duration::from_millis(200);

/// `watch`: looks again whenever the websocket tells of a transaction of the vault, and `every` so many seconds anyway.
pub async fn watch(
    session: &Session,
    every: f64,
    looks: Option<u64>,
    worst: usize,
    output: &Output,
) -> Result<()> {
    let (vault, happened) = (session.vault()?, Notify::new());
    let pause = Duration::try_from_secs_f64(every)?;
    tokio::select! {
        done = look_on(session, pause, looks, worst, &happened, output) => done,
        never = session.rpc.follow(&vault, &happened) => match never {},
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

async fn look_on(
    session: &Session,
    pause: Duration,
    looks: Option<u64>,
    worst: usize,
    happened: &Notify,
    output: &Output,
) -> Result<()> {
    let mut look = 0u64;
    loop {
        match frame(session, worst).await {
            Ok((value, text)) => {
                let clear = if output.is_json() || looks == Some(1) { "" } else { CLEAR };
                output.show(&value, format!("{clear}{text}"));
            }
            // A look that fails does not end the watch.
            Err(error) if looks.is_none() => eprintln!("error: {error:#}"),
            Err(error) => return Err(error),
        }
        look = look.saturating_add(1);
        if looks.is_some_and(|looks| look >= looks) {
            return Ok(());
        }
        tokio::time::sleep(SHORTEST).await;
        let _ = tokio::time::timeout(pause.saturating_sub(SHORTEST), happened.notified()).await;
    }
}

async fn frame(session: &Session, worst: usize) -> Result<(Value, String)> {
    let snapshot = session.snapshot().await?;
    let standings = standings(session, &snapshot).await?;
    let below = standings.iter().filter(|one| !one.score.is_healthy()).count();
    let mut rows =
        vec![["obligation", "equity, USD", "required, USD", "net risk"].map(String::from).to_vec()];
    for one in standings.iter().take(worst) {
        rows.push(vec![
            short(&one.key),
            dollars_down(one.score.equity()),
            dollars_down(one.score.requirement),
            format!("{:.2} %", f64::from(one.score.net_risk_down().to_ppm_down().0) / 10_000.0),
        ]);
    }
    let state = snapshot.vault.breaker.as_risk().state_at(snapshot.now());
    let text = format!(
        "vault {} at slot {}, {}\nbreaker: {}\n\n{}\n{} obligations with debt, {} may be liquidated\n{}",
        snapshot.key,
        snapshot.clock.slot,
        ballast_lab::time::second(snapshot.now()),
        words::breaker(state),
        table(&reserve_rows(session, &snapshot)),
        standings.len(),
        below,
        table(&rows),
    );
    let mut value = vault_json(session, &snapshot);
    value["below_requirement"] = json!(below);
    value["riskiest"] = standings
        .iter()
        .take(worst)
        .map(|one| {
            json!({
                "obligation": one.key.to_string(),
                "equity_micro_usd": one.score.equity().clamp_i64(),
                "requirement_micro_usd": one.score.requirement.clamp_u64(),
            })
        })
        .collect();
    Ok((value, text))
}

/// Obligations with debt, the nearest to liquidation first.
async fn standings(session: &Session, snapshot: &Snapshot) -> Result<Vec<Standing>> {
    let mut standings = vec![];
    for found in session.rpc.obligations(snapshot.key).await? {
        let Some(obligation) = decode::<Obligation>(&found.data).filter(Obligation::has_debt) else {
            continue;
        };
        let Some(portfolio) = snapshot.portfolio(&obligation) else { continue };
        standings.push(Standing { key: found.key, score: portfolio.maintenance()? });
    }
    let share = |one: &Standing| one.score.equity().0 as f64 / (one.score.requirement.0 as f64).max(1.0);
    standings.sort_by(|a, b| share(a).total_cmp(&share(b)));
    Ok(standings)
}
