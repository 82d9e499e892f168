//! Laws of a reserve's books.

use super::{Asked, Verdict};
use crate::{
    ensure,
    step::{Lens, Step},
};
use anchor_lang::prelude::Pubkey;
use ballast::state::{Obligation, Reserve, Side};
use ballast_tests::law::{owed_up, worth_down};
use std::collections::BTreeMap;

/// Tokens held + debt ≥ deposits + fees + insurance + recoveries to be streamed, by the accounts and not by the program's sums.
pub fn books_hold(step: &Step) -> Asked {
    let mut asked = false;
    for (key, _, after) in step.changed::<Reserve>() {
        let Some(reserve) = after else { return Err(format!("reserve {key} is gone")) };
        check_books(&step.after, step.missing, &key, &reserve)?;
        asked = true;
    }
    Ok(asked)
}

/// The same of one reserve, with the tokens that vanished from it.
pub fn check_books(lens: &Lens, missing: &Missing, key: &Pubkey, reserve: &Reserve) -> Verdict {
    let ledger = reserve.books.ledger();
    let till = &reserve.token_account;
    let tokens = lens.tokens(till).saturating_add(missing.get(till).copied().unwrap_or_default());
    ensure!(tokens >= reserve.books.free_tokens, "{key} holds {tokens}, its books say {ledger:?}");
    let assets = u128::from(reserve.books.free_tokens)
        + u128::from(owed_up(reserve.books.debt_shares, ledger.debt_index));
    let claims = u128::from(worth_down(reserve.books.deposit_shares, ledger.deposit_index))
        + (ledger.fees_q64 + ledger.insurance_q64).div_ceil(1 << 64)
        + u128::from(reserve.losses.pending);
    ensure!(assets >= claims, "{key}: assets {assets} < claims {claims}, {ledger:?}");
    Ok(())
}

/// Tokens that vanished, by token account.
type Missing = BTreeMap<Pubkey, u64>;

/// Where tokens are missing, nobody new comes in and nothing is lent.
pub fn nobody_comes_in_short(step: &Step) -> Asked {
    let Some(call) = step.only(&["deposit", "borrow"]) else { return Ok(false) };
    let obligation = call.key(2).and_then(|key| step.before.state::<Obligation>(&key));
    let owes = obligation.is_some_and(|obligation| obligation.has_debt());
    // whoever owes may add what heals
    if owes && call.does == "deposit" {
        return Ok(false);
    }
    let reserve = call.key(3).and_then(|key| step.before.state::<Reserve>(&key));
    let Some(reserve) = reserve else { return Ok(false) };
    check_complete(call.does, step.before.tokens(&reserve.token_account), &reserve)?;
    Ok(true)
}

/// Fails where fewer tokens are held than the books say.
pub fn check_complete(does: &str, held: u64, reserve: &Reserve) -> Verdict {
    let booked = reserve.books.free_tokens;
    ensure!(held >= booked, "{does} landed where {held} of {booked} tokens are there");
    Ok(())
}

/// Shares and number of positions on one side of a reserve.
type Sums = BTreeMap<(Pubkey, bool), (i128, i128)>;

fn add(sums: &mut Sums, obligation: &Obligation, sign: i128) {
    for position in obligation.active() {
        let sum = sums.entry((position.reserve, position.side() == Some(Side::Debt))).or_default();
        *sum = (sum.0 + sign * i128::from(position.shares), sum.1 + sign);
    }
}

fn totals(reserve: &Reserve) -> [(i128, i128); 2] {
    [
        (reserve.books.deposit_shares.into(), reserve.deposit_positions.into()),
        (reserve.books.debt_shares.into(), reserve.debt_positions.into()),
    ]
}

/// What changed in positions changed in totals: the sum of positions stays the total.
pub fn changes_sum(step: &Step) -> Asked {
    let mut asked = false;
    let mut sums = Sums::new();
    for (key, before, after) in step.changed::<Obligation>() {
        asked = true;
        if let Some(obligation) = &before {
            add(&mut sums, obligation, -1);
        }
        if let Some(obligation) = &after {
            for (place, position) in obligation.positions.iter().enumerate() {
                let used = place < usize::from(obligation.position_count);
                ensure!(position.side().is_some() == used, "slot {place} of {key}");
                ensure!(!used || position.shares > 0, "{key} has an empty position");
            }
            add(&mut sums, obligation, 1);
        }
    }
    for (key, before, after) in step.changed::<Reserve>() {
        let Some(after) = after else { return Err(format!("reserve {key} is gone")) };
        let before = before.map_or([(0, 0); 2], |before| totals(&before));
        for (side, (now, then)) in totals(&after).into_iter().zip(before).enumerate() {
            let moved = sums.remove(&(key, side == 1)).unwrap_or_default();
            ensure!(
                (now.0 - then.0, now.1 - then.1) == moved,
                "{key}, side {side}: from {then:?} to {now:?}, positions by {moved:?}"
            );
        }
    }
    let rest = sums.iter().find(|(_, moved)| **moved != (0, 0));
    ensure!(rest.is_none(), "positions without their reserve: {rest:?}");
    Ok(asked)
}

/// Sums of positions equal totals, counted anew.
pub fn recount<'a>(
    lens: &Lens,
    missing: &Missing,
    obligations: impl Iterator<Item = &'a Pubkey>,
    reserves: impl Iterator<Item = Pubkey>,
) -> Verdict {
    let mut sums = Sums::new();
    for key in obligations {
        if let Some(obligation) = lens.state::<Obligation>(key) {
            add(&mut sums, &obligation, 1);
        }
    }
    for key in reserves {
        let Some(reserve) = lens.state::<Reserve>(&key) else { continue };
        check_books(lens, missing, &key, &reserve)?;
        for (side, total) in totals(&reserve).into_iter().enumerate() {
            let sum = sums.remove(&(key, side == 1)).unwrap_or_default();
            ensure!(sum == total, "{key}, side {side}: total {total:?}, positions {sum:?}");
        }
    }
    Ok(())
}

/// Without time, indices stand still; a deposit's falls only where a loss of that reserve is absorbed.
pub fn indices_stand(step: &Step) -> Asked {
    let mut asked = false;
    let absorbs = step.has("absorb_loss") || step.has("soft_liquidate");
    // frozen and thawed accounts accrue by another rule from then on, oracle refreshes and new rates only by new numbers
    for (key, before, after) in step.changed::<Reserve>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let (then, now) = (before.accrued_ledger(step.now()), after.accrued_ledger(step.now()));
        let starts_again = now.deposit_shares.0 == 0;
        ensure!(
            now.debt_index == then.debt_index,
            "{key}: debt index from {} to {}",
            then.debt_index,
            now.debt_index
        );
        let kept = now.deposit_index == then.deposit_index;
        // a loss is debt that nobody owes any more; another call may have lent as much again
        let absorbed = absorbs && (step.calls.len() > 1 || now.debt_shares < then.debt_shares);
        ensure!(
            kept || starts_again || (absorbed && now.deposit_index < then.deposit_index),
            "{key}: deposit index from {} to {}",
            then.deposit_index,
            now.deposit_index
        );
        asked = true;
    }
    Ok(asked)
}
