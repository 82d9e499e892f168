//! Breakers: what they allow, and that nothing lowers them before their time.

use super::{Asked, Verdict};
use crate::{build::Built, ensure, step::Step};
use ballast::state::{safety::Breaker, Obligation, Reserve, Vault};
use ballast_risk::{
    breaker::{allows, Action, State},
    Seconds,
};

/// What landed, the table allows in the states that held.
pub fn table_is_respected(step: &Step) -> Asked {
    let [call] = step.calls else { return Ok(false) };
    let Some((action, vault, reserve)) = guarded(step, call) else { return Ok(false) };
    let (vault, reserve) = (call.key(vault).unwrap_or_default(), call.key(reserve).unwrap_or_default());
    let now = step.now();
    let (Some(vault), Some(reserve)) =
        (step.before.state::<Vault>(&vault), step.before.state::<Reserve>(&reserve))
    else {
        return Ok(false);
    };
    check(action, state(&vault.breaker, now), state(&reserve.breaker, now))?;
    Ok(true)
}

/// A state falls by its time only, or by a reopening.
pub fn none_falls(step: &Step) -> Asked {
    let (now, reopens) = (step.now(), step.has("execute_change"));
    let vaults = step.changed::<Vault>().map(|(key, then, new)| {
        (key, then.map(|vault| state(&vault.breaker, now)), new.map(|vault| state(&vault.breaker, now)))
    });
    let reserves = step.changed::<Reserve>().map(|(key, then, new)| {
        (
            key,
            then.map(|reserve| state(&reserve.breaker, now)),
            new.map(|reserve| state(&reserve.breaker, now)),
        )
    });
    let mut asked = false;
    for (key, then, new) in vaults.chain(reserves) {
        let (Some(then), Some(new)) = (then, new) else { continue };
        ensure!(new >= then || reopens, "{key} fell from {then:?} to {new:?}");
        asked |= then > State::Normal;
    }
    Ok(asked)
}

fn state(breaker: &Breaker, now: Seconds) -> State {
    breaker.as_risk().state_at(now)
}

/// Fails where the table refuses.
pub fn check(action: Action, vault: State, reserve: State) -> Verdict {
    ensure!(allows(action, vault, reserve).is_allowed(), "{action:?} landed in {vault:?}, {reserve:?}");
    Ok(())
}

/// What an instruction that breakers can stop is to them, and the slots of vault and reserve.
fn guarded(step: &Step, call: &Built) -> Option<(Action, usize, usize)> {
    let owes = || {
        let obligation = call.key(2).and_then(|key| step.before.state::<Obligation>(&key));
        obligation.is_some_and(|obligation| obligation.has_debt())
    };
    Some(match call.does {
        "deposit" if owes() => (Action::TopUp, 1, 3),
        "deposit" => (Action::Deposit, 1, 3),
        "withdraw" if owes() => (Action::WithdrawWithDebt, 1, 3),
        "withdraw" => (Action::WithdrawDebtFree, 1, 3),
        "borrow" => (Action::Borrow, 1, 3),
        "collect_fees" => (Action::CollectFees, 0, 1),
        "collect_insurance" => (Action::CollectFees, 0, 2),
        _ => return None,
    })
}
