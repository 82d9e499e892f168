//! What a change of parameters is to the breakers: by what it replaces, field by field, as `docs/governance.md` has it.

use crate::step::Step;
use ballast::state::{Change, ProposedChange, Reserve, RiskModel, Vault};
use ballast_client::governance::decode_change;
use ballast_risk::{
    breaker::{Action, Cause, State},
    Seconds,
};
use solana_account::ReadableAccount as _;

/// The cause of a breaker whose rate is not believed.
const RATE: u8 = Cause::Rate as u8;

/// The change that a transaction executed: its account is gone. `None` where none was, or several.
pub fn executed(step: &Step) -> Option<Change> {
    if !step.has("execute_change") && !step.has("add_reserve") {
        return None;
    }
    let mut gone = step.changed.iter().filter_map(|key| {
        let closed = step.after.account(key).is_none_or(|account| account.data().is_empty());
        closed.then(|| decode_change(step.before.account(key)?.data())).flatten()
    });
    let change = gone.next()?;
    gone.next().is_none().then_some(change)
}

/// Whether it reopens, only tightens or mends a feed, or may loosen.
pub fn action(proposed: &ProposedChange, vault: &Vault, reserve: Option<&Reserve>, now: Seconds) -> Action {
    let tightens = match (proposed, reserve) {
        (ProposedChange::Reopen | ProposedChange::VaultReopen, _) => return Action::ExecuteReopening,
        (ProposedChange::Open, None) => true,
        (ProposedChange::VaultCaps(new), None) => {
            let old = &vault.caps;
            let groups = new.groups.iter().zip(&old.groups).all(|(new, old)| new <= old);
            groups && new.leverage <= old.leverage && new.ltv <= old.ltv
        }
        (ProposedChange::Model { model, .. }, None) => is_nowhere_milder(model, &vault.model),
        (ProposedChange::Borrowable(lent), Some(_)) => !lent,
        (ProposedChange::ReserveCaps(new), Some(reserve)) => {
            let old = &reserve.caps;
            new.deposits <= old.deposits
                && new.debt <= old.debt
                && new.exposure <= old.exposure
                && new.debt_over_depth <= old.debt_over_depth
                && new.utilisation <= old.utilisation
        }
        (ProposedChange::Asset { risk, .. }, Some(reserve)) => {
            risk.beta == reserve.risk.beta
                && risk.group == reserve.risk.group
                && risk.idio >= reserve.risk.idio
        }
        // a feed that is silent for as long as halts, or whose rate trips the breaker, keeps its reserve out of Normal
        (ProposedChange::Oracle(_), Some(reserve)) => {
            let silent = now.saturating_sub(reserve.price.publish_time);
            let held = reserve.breaker.as_risk().state_at(now) != State::Normal;
            silent >= reserve.thresholds.stale_halts.into() || held && reserve.breaker.cause == RATE
        }
        _ => false,
    };
    if tightens {
        Action::ExecuteTightening
    } else {
        Action::ExecuteLoosening
    }
}

/// Whether no shock is smaller or turns round, and no charge, floor or factor is lower.
fn is_nowhere_milder(new: &RiskModel, old: &RiskModel) -> bool {
    let mut shocks = new.rows.iter().flatten().zip(old.rows.iter().flatten());
    let harsher = |(new, old): (&i16, &i16)| match old.signum() {
        0 => true,
        sign => new.signum() == sign && new.unsigned_abs() >= old.unsigned_abs(),
    };
    shocks.all(harsher)
        && new.basis.iter().zip(&old.basis).all(|(new, old)| new >= old)
        && new.gross_floor >= old.gross_floor
        && new.debt_floor >= old.debt_floor
        && new.opening_factor >= old.opening_factor
}
