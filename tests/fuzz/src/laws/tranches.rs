//! What a tranche does to the book that it unwinds.

use super::{Asked, Verdict};
use crate::{ensure, step::Step};
use anchor_lang::prelude::Pubkey;
use ballast::state::{Obligation, Reserve};
use ballast_risk::{
    bonus::{equity_bonus_down, insolvent_bonus},
    pace::allowance_down,
    score::Score,
    units::Ppm,
    Seconds, TokenAmount,
};

/// A transaction that is one tranche and nothing else.
struct Tranche {
    obligation: Pubkey,
    debt: Pubkey,
    sold: Pubkey,
}

impl Tranche {
    fn of(step: &Step) -> Option<Self> {
        let call = step.only(&["soft_liquidate"])?;
        Some(Self { obligation: call.key(2)?, debt: call.key(4)?, sold: call.key(9)? })
    }
}

/// Whether `C ≤ (1 + b)·D` at the bonus of insolvent books: what is insolvent is closed, and need not get better on the way.
pub fn is_insolvent(score: &Score, bonus: Ppm) -> bool {
    equity_bonus_down(score) <= bonus
}

/// `E − R_maint` strictly rises, insolvent books excepted.
pub fn risk_falls(step: &Step) -> Asked {
    let Some(Tranche { obligation: key, sold, .. }) = Tranche::of(step) else { return Ok(false) };
    let before = step.before.book(&key).ok_or("the book was there")?.score(step.clock)?;
    ensure!(!before.is_healthy(), "a healthy book was unwound: {before:?}");
    let sold = step.before.state::<Reserve>(&sold).ok_or("it was sold from a reserve")?;
    let Some(after) = step.after.book(&key) else { return Ok(false) };
    if is_insolvent(&before, insolvent_bonus(sold.curve.as_risk())) {
        return Ok(false);
    }
    let after = after.score(step.clock)?;
    check_rise(&before, &after)?;
    Ok(true)
}

/// The same of two scores.
pub fn check_rise(before: &Score, after: &Score) -> Verdict {
    ensure!(after.excess() > before.excess(), "E − R from {:?} to {:?}", before.excess(), after.excess());
    Ok(())
}

/// What a window still allows falls by no more than what was repaid.
pub fn pace_is_spent_fairly(step: &Step) -> Asked {
    let Some(Tranche { obligation: key, debt, sold }) = Tranche::of(step) else { return Ok(false) };
    let book = step.before.book(&key).ok_or("the book was there")?;
    let Some(after) = step.after.state::<Obligation>(&key) else { return Ok(false) };
    let Some((reserve, curve)) = step.before.state::<Reserve>(&debt).zip(step.before.state::<Reserve>(&sold))
    else {
        return Ok(false);
    };
    let score = book.score(step.clock)?;
    let rules = book.vault.rules.as_risk();
    let allowance = allowance_down(curve.curve.as_risk(), rules, score.net_risk_down(), score.debt)
        .map_err(|error| format!("{error:?}"))?;
    // what arrived: the debt falls by a little less, because its shares are rounded down
    let till = &reserve.token_account;
    let arrived = step.after.tokens(till).saturating_sub(step.before.tokens(till));
    let repaid = reserve.price.spot.as_risk().value_up(TokenAmount(arrived));
    let available = |obligation: &Obligation| {
        let meter = obligation.meter.as_risk();
        meter.available_down(step.now(), Seconds::from(rules.window_seconds), allowance)
    };
    let (then, now) = (available(&book.obligation), available(&after));
    let (then, now) = (then.map_err(|e| format!("{e:?}"))?, now.map_err(|e| format!("{e:?}"))?);
    // the plan is in dollars, the transfer in token units: less than one unit apart
    let unit = reserve.price.spot.as_risk().value_up(TokenAmount(1));
    ensure!(
        then.0 - now.0 <= repaid.0 + unit.0,
        "the allowance fell from {then:?} to {now:?}, and only {repaid:?} was repaid"
    );
    Ok(true)
}
