//! Breakers: what they allow, and that nothing lowers them before their time.

use super::{changes, worth, Verdict};
use crate::{action::Deed, ensure, step::Step, svm::decode};
use anchor_lang::prelude::Pubkey;
use ballast::state::{safety::Breaker, Obligation, ProposedChange, Reserve, Vault};
use ballast_risk::{
    breaker::{allows, Action, Permission, State},
    Seconds,
};

/// What landed, the table allows in the states that held; and a state falls by its time only, or by a reopening.
pub fn table_is_respected(step: &Step) -> Verdict {
    let now = step.now();
    let reopened = changes::executed(step).map(|change| change.proposed);
    for (key, before, after) in step.changed::<Reserve>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let may = matches!(reopened, Some(ProposedChange::Reopen));
        check_fall(&before.breaker, &after.breaker, may, now).map_err(|e| format!("{key}: {e}"))?;
    }
    for (key, before, after) in step.changed::<Vault>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let may = matches!(reopened, Some(ProposedChange::VaultReopen));
        check_fall(&before.breaker, &after.breaker, may, now).map_err(|e| format!("{key}: {e}"))?;
    }
    let Some(deed) = step.only() else { return Ok(()) };
    for (action, vault, reserve) in asked(step, deed) {
        check(action, vault, reserve)?;
        check_amount(step, action, vault, reserve)?;
    }
    Ok(())
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
fn check_amount(step: &Step, action: Action, vault: State, reserve: State) -> Verdict {
    let heals = allows(action, vault, reserve) == Permission::Heals;
    if !heals && action != Action::LendAgainst {
        return Ok(());
    }
    let Some(obligation) = step.calls[0].1.instruction.accounts.get(2) else { return Ok(()) };
    let Some(book) = step.after.book(&obligation.pubkey) else { return Ok(()) };
    match heals {
        true => worth::check_heals(&book, step.clock),
        false => worth::check_covered(&book, step.clock),
    }
}

/// What a deed may be to the breakers, by the table's rows.
pub fn rows(deed: &Deed) -> &'static [Action] {
    use Action::*;
    match deed {
        Deed::OpenObligation { .. } => &[OpenObligation],
        Deed::CloseObligation { .. } => &[CloseObligation],
        Deed::Deposit { .. } => &[Deposit, TopUp],
        Deed::Withdraw { .. } => &[WithdrawDebtFree, WithdrawWithDebt, LendAgainst],
        Deed::Borrow { .. } => &[Borrow, LendAgainst],
        Deed::Repay { .. } => &[Repay],
        Deed::SoftLiquidate { .. } => &[SoftLiquidate],
        Deed::AbsorbLoss { .. } => &[AbsorbLoss, RetireShares],
        Deed::RefreshReserves { .. } => &[RefreshReserves],
        Deed::RefreshObligation { .. } => &[RefreshObligation],
        Deed::TripBreaker { .. } => &[TripBreaker],
        Deed::StepBreaker { .. } => &[StepBreaker],
        Deed::Tighten { .. } => &[Tighten],
        Deed::AttestSolvency { .. } => &[AttestSolvency],
        Deed::AuditBook { .. } => &[AuditBook],
        Deed::CollectFees { .. } | Deed::CollectInsurance { .. } => &[CollectFees],
        Deed::ProposeChange { .. } => &[ProposeChange],
        Deed::CancelChange { .. } => &[CancelChange],
        Deed::ExecuteChange { .. } => &[ExecuteTightening, ExecuteLoosening, ExecuteReopening],
        Deed::AddReserve { .. } => &[ExecuteLoosening],
        Deed::OpenStake { .. }
        | Deed::CloseStake { .. }
        | Deed::StakeInsurance { .. }
        | Deed::RequestUnstake { .. }
        | Deed::Unstake { .. } => &[StakeInsurance],
        Deed::EnrollValidator { .. }
        | Deed::LeaveRoll { .. }
        | Deed::CallRoll { .. }
        | Deed::OpenClaim { .. }
        | Deed::VoteClaim { .. }
        | Deed::SettleClaim { .. }
        | Deed::CloseClaim { .. } => &[ClaimInsurance],
        Deed::CoverLoss { .. } => &[CoverLoss],
        // no row: what is made anew holds nothing, and a migration changes nothing
        Deed::CreateVault { .. }
        | Deed::CreateFund { .. }
        | Deed::MigrateAccount { .. }
        | Deed::Garbage { .. } => &[],
    }
}

/// The rows that apply to what was done, with the states of the vault and the reserves that it is about.
fn asked(step: &Step, deed: &Deed) -> Vec<(Action, State, State)> {
    let key = |slot: usize| step.calls[0].1.instruction.accounts.get(slot).map(|meta| meta.pubkey);
    let owes =
        |slot| key(slot).and_then(|key| step.before.state::<Obligation>(&key)).is_some_and(|o| o.has_debt());
    let vault = |slot| key(slot).and_then(|key| step.before.state::<Vault>(&key)).map(|vault| vault.breaker);
    let reserve =
        |slot| key(slot).and_then(|key| step.before.state::<Reserve>(&key)).map(|reserve| reserve.breaker);
    let state = |breaker: Option<Breaker>| {
        breaker.map_or(State::Normal, |breaker| breaker.as_risk().state_at(step.now()))
    };
    match deed {
        Deed::Deposit { .. } => {
            let action = if owes(2) { Action::TopUp } else { Action::Deposit };
            vec![(action, state(vault(1)), state(reserve(3)))]
        }
        // against deposits is lent what their own reserves say; the vault is asked about the debt
        Deed::Withdraw { .. } if owes(2) => vec![
            (Action::WithdrawWithDebt, state(vault(1)), state(reserve(3))),
            (Action::LendAgainst, State::Normal, State::Normal),
        ],
        Deed::Withdraw { .. } => vec![(Action::WithdrawDebtFree, state(vault(1)), state(reserve(3)))],
        Deed::Borrow { .. } => vec![
            (Action::Borrow, state(vault(1)), state(reserve(3))),
            (Action::LendAgainst, State::Normal, State::Normal),
        ],
        Deed::CollectFees { .. } => vec![(Action::CollectFees, state(vault(0)), state(reserve(1)))],
        Deed::CollectInsurance { .. } => vec![(Action::CollectFees, state(vault(0)), state(reserve(2)))],
        Deed::ExecuteChange { .. } => {
            let before = key(1).and_then(|key| step.before.state::<Vault>(&key));
            let about = key(2).and_then(|key| step.before.state::<Reserve>(&key));
            let (Some(change), Some(before)) = (changes::executed(step), before) else { return vec![] };
            let action = changes::action(&change.proposed, &before, about.as_ref());
            vec![(action, state(vault(1)), state(reserve(2)))]
        }
        // while it is being set up, a vault takes assets in any state
        Deed::AddReserve { .. } if changes::executed(step).is_none() => vec![],
        Deed::AddReserve { .. } => vec![(Action::ExecuteLoosening, state(vault(1)), State::Normal)],
        _ => {
            let (vault, reserve) = strictest(step);
            rows(deed).iter().map(|action| (*action, vault, reserve)).collect()
        }
    }
}

/// The strictest states among the vaults and among the reserves that an instruction was passed.
fn strictest(step: &Step) -> (State, State) {
    let keys: Vec<Pubkey> = step.calls[0].1.instruction.accounts.iter().map(|meta| meta.pubkey).collect();
    let accounts = || keys.iter().filter_map(|key| step.before.account(key));
    let most = |breakers: &mut dyn Iterator<Item = Breaker>| {
        breakers.map(|breaker| breaker.as_risk().state_at(step.now())).max().unwrap_or_default()
    };
    let vault = most(&mut accounts().filter_map(decode::<Vault>).map(|vault| vault.breaker));
    (vault, most(&mut accounts().filter_map(decode::<Reserve>).map(|reserve| reserve.breaker)))
}
