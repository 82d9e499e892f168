//! Breakers: what they allow, and that nothing lowers them before their time.

use super::Verdict;
use crate::{action::Deed, ensure, step::Step};
use ballast::state::{Obligation, Reserve, Vault};
use ballast_risk::breaker::{allows, Action, State};

/// What landed, the table allows in the states that held; and a state falls by its time only, or by a reopening.
pub fn table_is_respected(step: &Step) -> Verdict {
    let now = step.now();
    for (key, before, after) in step.changed::<Reserve>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let (then, new) = (before.breaker.as_risk().state_at(now), after.breaker.as_risk().state_at(now));
        ensure!(new >= then || step.has("execute_change"), "{key} fell from {then:?} to {new:?}");
    }
    for (key, before, after) in step.changed::<Vault>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let (then, new) = (before.breaker.as_risk().state_at(now), after.breaker.as_risk().state_at(now));
        ensure!(new >= then || step.has("execute_change"), "{key} fell from {then:?} to {new:?}");
    }
    let Some(action) = step.only().and_then(|deed| action(step, deed)) else { return Ok(()) };
    let accounts = &step.calls[0].1.instruction.accounts;
    let [_, vault, _, reserve, ..] = accounts.as_slice() else { return Ok(()) };
    let (vault, reserve) = (vault.pubkey, reserve.pubkey);
    let state = |breaker: Option<ballast::state::safety::Breaker>| {
        breaker.map_or(State::Normal, |breaker| breaker.as_risk().state_at(now))
    };
    let vault = state(step.before.state::<Vault>(&vault).map(|vault| vault.breaker));
    let reserve = state(step.before.state::<Reserve>(&reserve).map(|reserve| reserve.breaker));
    check(action, vault, reserve)
}

/// Fails where the table refuses.
pub fn check(action: Action, vault: State, reserve: State) -> Verdict {
    ensure!(allows(action, vault, reserve).is_allowed(), "{action:?} landed in {vault:?}, {reserve:?}");
    Ok(())
}

/// What an owner's instruction is to the breakers.
fn action(step: &Step, deed: &Deed) -> Option<Action> {
    let obligation = step.calls[0].1.instruction.accounts.get(2)?.pubkey;
    let owes = step.before.state::<Obligation>(&obligation).is_some_and(|obligation| obligation.has_debt());
    match deed {
        Deed::Deposit { .. } if owes => Some(Action::TopUp),
        Deed::Deposit { .. } => Some(Action::Deposit),
        Deed::Withdraw { .. } if owes => Some(Action::WithdrawWithDebt),
        Deed::Withdraw { .. } => Some(Action::WithdrawDebtFree),
        Deed::Borrow { .. } => Some(Action::Borrow),
        _ => None,
    }
}
