//! What rounding leaves to nobody: the tokens and debts of a reserve beyond all claims on it.

use super::{
    sums::{rise_of_surplus, Sums, UNIT},
    Asked, Verdict,
};
use crate::{ensure, step::Step};
use anchor_lang::prelude::Pubkey;
use ballast::state::Reserve;

/// Without time, what belongs to nobody never falls, and rises by what rounding takes and no more: every token that comes, goes or is owed is
/// somebody's, and a loss is charged once. Tokens are those in the token account, and move as the books say.
pub fn only_rounding_raises_it(step: &Step) -> Asked {
    let mut asked = false;
    for (key, before, after) in step.changed::<Reserve>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let held = |lens: &crate::step::Lens| i128::from(lens.tokens(&before.token_account));
        let came = held(&step.after) - held(&step.before);
        let booked = i128::from(after.books.free_tokens) - i128::from(before.books.free_tokens);
        ensure!(came == booked, "{came} tokens came into {key}, its books say {booked}");
        let (then, now) = (Sums::of(&before, step.now()), Sums::of(&after, step.now()));
        check(&key, &then, &now, came, step.calls.len())?;
        asked |= then.claims() != now.claims() || came != 0;
    }
    Ok(asked)
}

/// The same of one reserve, into which so many tokens came with so many calls.
pub fn check(key: &Pubkey, then: &Sums, now: &Sums, came: i128, calls: usize) -> Verdict {
    let rise = rise_of_surplus(then, now, came);
    // a loss beyond all that anybody had is nobody's
    let nothing_left = now.claims() == 0 && now.debt() < then.debt();
    ensure!(
        rise >= 0 || nothing_left,
        "what is nobody's in {key} fell by 2^-64 units {}: {then:?} {now:?}",
        -rise
    );
    let most = most_by_rounding(then, now).saturating_mul(calls as i128);
    ensure!(
        rise <= most,
        "what is nobody's in {key} rose by 2^-64 units {rise}, over {most}: {then:?} {now:?}"
    );
    Ok(())
}

/// What one call may round away: a share on either side (a deposit is seized, and the liquidator paid in shares), and a unit for each of a
/// position that closes, debts in total, the fall of an index and what was coming back.
fn most_by_rounding(then: &Sums, now: &Sums) -> i128 {
    let share = |then: u128, now: u128| i128::try_from(then.max(now)).unwrap_or(i128::MAX);
    let deposit = share(then.ledger.deposit_index, now.ledger.deposit_index);
    let debt = share(then.ledger.debt_index, now.ledger.debt_index);
    deposit.saturating_mul(2).saturating_add(debt).saturating_add(4 * UNIT)
}
