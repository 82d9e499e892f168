//! Scores against what accounts are worth by the reference, which knows only the accounts' raw fields and what the docs say.

use super::{Asked, Verdict};
use crate::{
    ensure,
    reference::{
        prices::{bounds_are_of_the_rule, is_composed_rightly},
        worth, At,
    },
    step::Step,
    world::Book,
};
use anchor_lang::prelude::Clock;
use ballast::state::{safety::Ramp, Obligation, Vault};
use ballast_risk::{score::Score, Seconds};

/// What `refresh_obligation` writes down is what the positions are worth and need at their prices, old ones in the borrower's favour.
pub fn written_score_is_right(step: &Step) -> Asked {
    let Some(call) = step.only(&["refresh_obligation"]) else { return Ok(false) };
    let Some(book) = call.key(1).and_then(|key| step.after.book(&key)) else { return Ok(false) };
    check_written(&book, step.clock)
}

/// The same of a book that was refreshed now.
pub fn check_written(book: &Book, clock: &Clock) -> Asked {
    check_parameters(book, ballast::oracle::now(clock))?;
    let Some(worth) = worth(book, clock, At::Spot) else { return Ok(false) };
    let Obligation { collateral, debt, requirement, .. } = book.obligation;
    // what does not fit 64 bits is written as the most that does
    let capped = |range: &crate::reference::Range, written: u64| {
        range.holds(written) || (written == u64::MAX && range.high >= u64::MAX.into())
    };
    let right = capped(&worth.collateral, collateral)
        && capped(&worth.debt, debt)
        && capped(&worth.requirement, requirement);
    ensure!(
        right,
        "collateral {collateral}, debt {debt}, requirement {requirement} were written for {worth:?}"
    );
    Ok(true)
}

/// Whether a score is one of a book.
pub fn check(book: &Book, clock: &Clock, at: At, score: &Score) -> Verdict {
    check_parameters(book, ballast::oracle::now(clock))?;
    let Some(worth) = worth(book, clock, at) else { return Ok(()) };
    ensure!(worth.is_of(score), "{at:?}: {score:?} for {worth:?}");
    Ok(())
}

/// Fails where a book could borrow: what came in beyond every cap and breaker was more than it needed.
pub fn check_heals(book: &Book, clock: &Clock) -> Verdict {
    // the rule of the bounds may have changed since the price came in
    if !book.reserves.iter().all(bounds_are_of_the_rule) {
        return Ok(());
    }
    let Some(worth) = worth(book, clock, At::Healing) else { return Ok(()) };
    ensure!(worth.excess_low() <= 0.into(), "it healed more than was missing: {worth:?}");
    Ok(())
}

/// Fails where a book with debt lacks equity at conservative prices, counting no deposit whose own reserve is outside Normal.
pub fn check_covered(book: &Book, clock: &Clock) -> Verdict {
    if !book.obligation.has_debt() || !book.reserves.iter().all(bounds_are_of_the_rule) {
        return Ok(());
    }
    let Some(worth) = worth(book, clock, At::Opening) else { return Ok(()) };
    ensure!(worth.excess_high() >= 0.into(), "it was opened, and equity is missing: {worth:?}");
    Ok(())
}

/// Whether composed prices are products, and parameters on a ramp where a straight line has them.
fn check_parameters(book: &Book, now: Seconds) -> Verdict {
    check_model(&book.vault, now)?;
    for reserve in &book.reserves {
        ensure!(is_composed_rightly(reserve), "{:?} is no product of {:?}", reserve.price, reserve.source);
        let (from, to, at) = (&reserve.risk_before, &reserve.risk, reserve.risk_at(now));
        check_line(&reserve.ramp, now, from.beta.into(), to.beta.into(), at.beta.0.into())?;
        check_line(&reserve.ramp, now, from.idio.into(), to.idio.into(), at.idio.0.into())?;
        ensure!(at.group == to.group, "it counts in group {} and not in {}", at.group, to.group);
    }
    Ok(())
}

/// The model that counts now, field by field.
pub fn check_model(vault: &Vault, now: Seconds) -> Verdict {
    let (from, to, at) = (&vault.model_before, &vault.model, vault.model_at(now));
    let line = |from: i64, to: i64, at: i64| check_line(&vault.ramp, now, from, to, at);
    let shocks = from.rows.iter().flatten().zip(to.rows.iter().flatten());
    for ((from, to), at) in shocks.zip(at.rows.iter().flatten()) {
        line((*from).into(), (*to).into(), (*at).into())?;
    }
    for ((from, to), at) in from.basis.iter().zip(&to.basis).zip(&at.basis) {
        line((*from).into(), (*to).into(), at.0.into())?;
    }
    line(from.gross_floor.into(), to.gross_floor.into(), at.gross_floor.0.into())?;
    line(from.debt_floor.into(), to.debt_floor.into(), at.debt_floor.0.into())?;
    ensure!(at.numeraire_group == to.numeraire_group, "the group of the unit of account moved");
    Ok(())
}

/// Whether a number is on its way from one to another: never ahead of the line, and less than two behind it.
pub fn check_line(ramp: &Ramp, now: Seconds, from: i64, to: i64, at: i64) -> Verdict {
    let elapsed = now.saturating_sub(ramp.start);
    if elapsed >= ramp.duration {
        ensure!(at == to, "{at} counts, and it is {to}");
        return Ok(());
    }
    let (way, gone) = (i128::from(to - from), i128::from(at - from));
    let line = way.abs() * i128::from(elapsed);
    let on_it = gone * way >= 0
        && gone.abs() * i128::from(ramp.duration) <= line
        && (gone.abs() + 2) * i128::from(ramp.duration) > line;
    ensure!(on_it, "from {from} to {to} it is at {at} after {elapsed} of {} s", ramp.duration);
    Ok(())
}
