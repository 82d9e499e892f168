//! What happened to an obligation, from the program's events.

use crate::{
    args::Whose,
    output::{table, Output},
    session::Session,
};
use anyhow::Result;
use ballast::event::PositionAction;
use ballast_client::{amount::dollars_down, view::Snapshot, Event};
use ballast_risk::{TokenAmount, Usd};
use serde_json::json;

/// `history`.
pub async fn history(session: &Session, whose: &Whose, limit: usize, output: &Output) -> Result<()> {
    let account = session.account(whose.id, whose.owner.as_deref())?;
    let snapshot = session.snapshot().await?;
    let past = session.rpc.history(&account.obligation(), limit).await?;
    let (mut rows, mut values) = (vec![], vec![]);
    for one in past.iter().rev() {
        for event in &one.events {
            let Some(words) = words(session, &snapshot, event) else { continue };
            let time = one.time.and_then(|time| u64::try_from(time).ok());
            rows.push(vec![
                time.map_or_else(|| format!("slot {}", one.slot), ballast_lab::time::second),
                words.clone(),
                one.signature.to_string(),
            ]);
            values.push(json!({
                "slot": one.slot,
                "time": one.time,
                "signature": one.signature.to_string(),
                "what": words,
            }));
        }
    }
    let text = if rows.is_empty() { "nothing yet".into() } else { table(&rows) };
    output.show(&json!({ "obligation": account.obligation().to_string(), "events": values }), text);
    Ok(())
}

/// An event that concerns an obligation, in words.
fn words(session: &Session, snapshot: &Snapshot, event: &Event) -> Option<String> {
    let tokens = |reserve, units| session.names.tokens(snapshot, reserve, TokenAmount(units));
    Some(match event {
        Event::ObligationOpened(_) => "opened".into(),
        Event::ObligationClosed(closed) => format!("closed, rent to {}", closed.rent_to),
        Event::PositionChanged(changed) => {
            let amount = tokens(&changed.reserve, changed.amount);
            match changed.action {
                PositionAction::Deposit => format!("deposited {amount}"),
                PositionAction::Withdraw => format!("withdrew {amount}"),
                PositionAction::Borrow => format!("borrowed {amount}"),
                PositionAction::Repay => format!("repaid {amount}"),
            }
        }
        Event::TrancheExecuted(tranche) => format!(
            "a tranche: {} repaid for {} ({} USD, bonus {:.2} %), equity − requirement from {} to {} USD",
            tokens(&tranche.debt_reserve, tranche.repaid),
            tokens(&tranche.deposit_reserve, tranche.seized),
            dollars_down(Usd(i128::from(tranche.repaid_value))),
            f64::from(tranche.bonus_ppm) / 10_000.0,
            excess(tranche.equity_before, tranche.requirement_before),
            excess(tranche.equity_after, tranche.requirement_after),
        ),
        Event::LossAbsorbed(loss) => format!(
            "{} written off: {} by insurance, {} by fees, {} by lenders",
            tokens(&loss.reserve, loss.debt),
            tokens(&loss.reserve, loss.insurance),
            tokens(&loss.reserve, loss.fees),
            tokens(&loss.reserve, loss.lenders),
        ),
        Event::SharesRetired(retired) => format!("{} worthless shares retired", retired.shares),
        _ => return None,
    })
}

fn excess(equity: i64, requirement: u64) -> String {
    dollars_down(Usd(i128::from(equity) - i128::from(requirement)))
}
