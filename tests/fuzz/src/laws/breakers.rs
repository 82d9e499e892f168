//! Breakers: what they allow, and that nothing lowers them before their time.

use super::{changes, worth, Asked, Verdict};
use crate::{build::Built, ensure, step::Step, svm::decode};
use anchor_lang::prelude::Pubkey;
use ballast::state::{safety::Breaker, Obligation, ProposedChange, Reserve, Vault};
use ballast_risk::{
    breaker::{allows, Action, Permission, State, STATES},
    Seconds,
};

/// What landed, the table allows in the states that held. Of one call: what a call does to breakers, the next one meets.
pub fn table_is_respected(step: &Step) -> Asked {
    let [call] = step.calls else { return Ok(false) };
    let mut asked = false;
    for (action, vault, reserve) in questions(step, call) {
        check(action, vault, reserve)?;
        check_amount(step, call, action, vault, reserve)?;
        asked |= STATES.iter().any(|state| allows(action, *state, *state) != Permission::Free);
    }
    Ok(asked)
}

/// A state falls by its time only, or by a change that reopens and waited. Of one call: a change that another one executes excuses
/// nothing.
pub fn none_falls(step: &Step) -> Asked {
    let [_] = step.calls else { return Ok(false) };
    let (now, mut asked) = (step.now(), false);
    let change = changes::executed(step).map(|change| change.proposed);
    let reserves = step.changed::<Reserve>().map(|(key, before, after)| {
        (key, before.map(|it| it.breaker), after.map(|it| it.breaker), ProposedChange::Reopen)
    });
    let vaults = step.changed::<Vault>().map(|(key, before, after)| {
        (key, before.map(|it| it.breaker), after.map(|it| it.breaker), ProposedChange::VaultReopen)
    });
    for (key, before, after, reopening) in reserves.chain(vaults) {
        let (Some(before), Some(after)) = (before, after) else { continue };
        check_fall(&before, &after, change.as_ref() == Some(&reopening), now)
            .map_err(|e| format!("{key}: {e}"))?;
        asked |= before.as_risk().state_at(now) > State::Normal;
    }
    Ok(asked)
}

/// Nothing falls, but out of WindDown into Guarded by a change that waited.
pub fn check_fall(before: &Breaker, after: &Breaker, reopened: bool, now: Seconds) -> Verdict {
    let (then, new) = (before.as_risk().state_at(now), after.as_risk().state_at(now));
    let reopens = reopened && then == State::WindDown && new == State::Guarded;
    ensure!(new >= then || reopens, "it fell from {then:?} to {new:?}, reopened: {reopened}");
    Ok(())
}

/// Fails where the table refuses.
pub fn check(action: Action, vault: State, reserve: State) -> Verdict {
    ensure!(allows(action, vault, reserve).is_allowed(), "{action:?} landed in {vault:?}, {reserve:?}");
    Ok(())
}

/// What heals is no more than what is missing, and what is lent is lent against deposits of reserves in Normal only. How much leaves is
/// counted over time, see [`super::exits`].
fn check_amount(step: &Step, call: &Built, action: Action, vault: State, reserve: State) -> Verdict {
    let heals = allows(action, vault, reserve) == Permission::Heals;
    if !heals && action != Action::LendAgainst {
        return Ok(());
    }
    let Some(book) = call.key(2).and_then(|key| step.after.book(&key)) else { return Ok(()) };
    match heals {
        true => worth::check_heals(&book, step.clock),
        false => worth::check_covered(&book, step.clock),
    }
}

/// What an instruction may be to the breakers, by the table's rows.
pub fn rows(does: &str) -> &'static [Action] {
    use Action::*;
    match does {
        "open_obligation" => &[OpenObligation],
        "close_obligation" => &[CloseObligation],
        "deposit" => &[Deposit, TopUp],
        "withdraw" => &[WithdrawDebtFree, WithdrawWithDebt, LendAgainst],
        "borrow" => &[Borrow, LendAgainst],
        "repay" => &[Repay],
        "soft_liquidate" => &[SoftLiquidate],
        "absorb_loss" => &[AbsorbLoss, RetireShares],
        "refresh_reserves" => &[RefreshReserves],
        "refresh_obligation" => &[RefreshObligation],
        "trip_breaker" => &[TripBreaker],
        "step_breaker" => &[StepBreaker],
        "tighten" => &[Tighten],
        "attest_solvency" => &[AttestSolvency],
        "audit_book" => &[AuditBook],
        "collect_fees" | "collect_insurance" => &[CollectFees],
        "propose_change" => &[ProposeChange],
        "cancel_change" => &[CancelChange],
        "execute_change" => &[ExecuteTightening, ExecuteLoosening, ExecuteReopening],
        "add_reserve" => &[ExecuteLoosening],
        "open_stake" | "close_stake" | "stake_insurance" | "request_unstake" | "unstake" => &[StakeInsurance],
        "enroll_validator" | "leave_roll" | "call_roll" | "open_claim" | "vote_claim" | "settle_claim"
        | "close_claim" => &[ClaimInsurance],
        "cover_loss" => &[CoverLoss],
        // no row: what is made anew holds nothing, and a migration changes nothing
        _ => &[],
    }
}

/// The rows that apply to what was done, with the states of the vault and the reserves that it is about.
fn questions(step: &Step, call: &Built) -> Vec<(Action, State, State)> {
    let owes = |slot| {
        let book = call.key(slot).and_then(|key| step.before.state::<Obligation>(&key));
        book.is_some_and(|book| book.has_debt())
    };
    let vault = |slot| {
        let vault = call.key(slot).and_then(|key| step.before.state::<Vault>(&key));
        vault.map_or(State::Normal, |vault| state(&vault.breaker, step.now()))
    };
    let reserve = |slot| {
        let reserve = call.key(slot).and_then(|key| step.before.state::<Reserve>(&key));
        reserve.map_or(State::Normal, |reserve| state(&reserve.breaker, step.now()))
    };
    // against deposits is lent what their own reserves say; the vault is asked about the debt
    let lends = (Action::LendAgainst, State::Normal, State::Normal);
    match call.does {
        "deposit" => {
            vec![(if owes(2) { Action::TopUp } else { Action::Deposit }, vault(1), reserve(3))]
        }
        "withdraw" if owes(2) => vec![(Action::WithdrawWithDebt, vault(1), reserve(3)), lends],
        "withdraw" => vec![(Action::WithdrawDebtFree, vault(1), reserve(3))],
        "borrow" => vec![(Action::Borrow, vault(1), reserve(3)), lends],
        "collect_fees" => vec![(Action::CollectFees, vault(0), reserve(1))],
        "collect_insurance" => vec![(Action::CollectFees, vault(0), reserve(2))],
        "execute_change" => {
            let before = call.key(1).and_then(|key| step.before.state::<Vault>(&key));
            let about = call.key(2).and_then(|key| step.before.state::<Reserve>(&key));
            let (Some(change), Some(before)) = (changes::executed(step), before) else { return vec![] };
            let action = changes::action(&change.proposed, &before, about.as_ref(), step.now());
            vec![(action, vault(1), reserve(2))]
        }
        // while it is being set up, a vault takes assets in any state
        "add_reserve" if changes::executed(step).is_none() => vec![],
        "add_reserve" => vec![(Action::ExecuteLoosening, vault(1), State::Normal)],
        does => {
            let (vault, reserve) = strictest(step, call);
            rows(does).iter().map(|action| (*action, vault, reserve)).collect()
        }
    }
}

/// The strictest states among the vaults and among the reserves that an instruction was passed.
fn strictest(step: &Step, call: &Built) -> (State, State) {
    let keys: Vec<Pubkey> = call.instruction.accounts.iter().map(|meta| meta.pubkey).collect();
    let accounts = || keys.iter().filter_map(|key| step.before.account(key));
    let most = |breakers: &mut dyn Iterator<Item = Breaker>| {
        breakers.map(|breaker| state(&breaker, step.now())).max().unwrap_or_default()
    };
    let vault = most(&mut accounts().filter_map(decode::<Vault>).map(|vault| vault.breaker));
    (vault, most(&mut accounts().filter_map(decode::<Reserve>).map(|reserve| reserve.breaker)))
}

fn state(breaker: &Breaker, now: Seconds) -> State {
    breaker.as_risk().state_at(now)
}
