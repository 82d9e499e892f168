//! The tranche planner: how much of one debt may be repaid now for which bonus, and why not more.

pub use crate::{
    best::{best_pair, plan_beside_waiting_pairs, plan_that_passes, score_after},
    curve::{TrancheCurve, TrancheRules},
    settle::{Legs, TrancheOutcome},
};

use crate::{
    bonus::{curve_bonus_down, equity_bonus_down, insolvent_bonus},
    error::RiskError,
    marginal::Reliefs,
    math::{bps_of_down, mul_div_down},
    model::RiskModel,
    pace::{allowance_down, DepthBucket, PaceMeter},
    score::{score, Exposure, Score},
    units::{Bps, Fraction, Ppm, Seconds, Usd, BPS_ONE, PPM_ONE},
    Result,
};

/// What bounded a tranche.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrancheLimit {
    /// The target was reached.
    Target,
    /// The pace meter.
    Pace,
    /// The sold reserve's depth bucket.
    Depth,
    /// The liquidator's own maximum.
    Maximum,
    /// The whole debt position.
    Debt,
    /// The whole deposit position.
    Deposit,
}

/// Everything a plan depends on.
#[derive(Clone, Copy, Debug)]
pub struct TrancheRequest<'a> {
    /// The vault's model.
    pub model: &'a RiskModel,
    /// The vault's rules.
    pub rules: &'a TrancheRules,
    /// The sold reserve's curve.
    pub curve: &'a TrancheCurve,
    /// The obligation, at spot; stale assets already widened.
    pub book: &'a [Exposure],
    /// Bit i: position i has a fresh price and usable tokens.
    pub usable: u32,
    /// Position repaid.
    pub debt: usize,
    /// Position sold.
    pub deposit: usize,
    /// The obligation's meter.
    pub meter: PaceMeter,
    /// The sold reserve's bucket.
    pub bucket: DepthBucket,
    /// Now.
    pub now: Seconds,
    /// Most that the liquidator wants to repay.
    pub maximum: Usd,
}

/// A tranche before it is turned into tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TranchePlan {
    /// Value to repay.
    pub repay: Usd,
    /// Bonus on it.
    pub bonus: Ppm,
    /// Share of the bonus that stays as insurance.
    pub insurance_slice: Bps,
    /// What bounded it.
    pub limit: TrancheLimit,
    /// Repay the debt position to its end.
    pub close_debt: bool,
    /// Take the deposit position to its end.
    pub take_deposit: bool,
    /// `C ≤ (1 + b)·D` at the insolvent bonus: seized at it, paid by the loss; `E − R` need not rise.
    pub insolvent: bool,
    /// Pace and depth did not apply.
    pub backstop: bool,
    /// One window's allowance.
    pub allowance: Usd,
    /// Net risk before.
    pub net_risk: Fraction,
    /// Rise of `E − R` a dollar repaid, bps × ppm.
    pub gain: i64,
    /// The score before.
    pub before: Score,
}

/// Plans the tranche of one pair: the smallest of target, pace, depth, the liquidator's maximum and the positions.
///
/// Errors, in this order: [`RiskError::NotAPair`], [`RiskError::Healthy`], [`RiskError::PairNotUsable`],
/// [`RiskError::WorseningPair`], [`RiskError::BetterPairAvailable`], then the limit that leaves less than the smallest
/// tranche ([`RiskError::PaceMeterSpent`], [`RiskError::DepthBucketEmpty`], [`RiskError::TrancheTooSmall`]).
pub fn plan_tranche(request: &TrancheRequest) -> Result<TranchePlan> {
    let before = score(request.model, request.book)?;
    plan_scored_tranche(request, before)
}

/// [`plan_tranche`] for a book that is scored already.
pub fn plan_scored_tranche(request: &TrancheRequest, before: Score) -> Result<TranchePlan> {
    let TrancheRequest { model, rules, curve, book, .. } = *request;
    let debt_value = Usd(book.get(request.debt).ok_or(RiskError::NoSuchPosition)?.value.0.wrapping_neg());
    let deposit_value = book.get(request.deposit).ok_or(RiskError::NoSuchPosition)?.value;
    if debt_value.0 <= 0 || deposit_value.0 < 0 {
        return Err(RiskError::NotAPair);
    }
    if before.is_healthy() {
        return Err(RiskError::Healthy);
    }
    let trades = |position: usize| (request.usable >> (position & 31)) & 1 == 1;
    if !trades(request.debt) || !trades(request.deposit) {
        return Err(RiskError::PairNotUsable);
    }

    let net_risk = before.net_risk_down();
    let equity_bonus = equity_bonus_down(&before);
    let wanted = curve_bonus_down(curve, net_risk);
    let lowest = insolvent_bonus(curve);
    let insolvent = equity_bonus <= lowest;
    // A unit that is worth less than a micro-USD is sold with an insolvent book, which must come to its end, and not otherwise.
    if deposit_value == Usd::ZERO && !insolvent {
        return Err(RiskError::NotAPair);
    }
    let bonus = if insolvent { lowest } else { wanted.min(equity_bonus) };
    let backstop =
        insolvent || net_risk >= Fraction::from_bps_down(rules.backstop_urgency) || equity_bonus <= wanted;

    let reliefs = Reliefs::new(model, book, &before)?;
    let gain = reliefs.gain_of_pair_down(request.debt, request.deposit, bonus)?;
    if !insolvent && gain <= 0 {
        return Err(RiskError::WorseningPair);
    }
    if !backstop {
        let best = reliefs.best_legs(book, request.usable, dust_of(&before, rules));
        if let Some((best_debt, best_deposit)) = best {
            let promised = reliefs.gain_of_pair_down(best_debt, best_deposit, bonus)?;
            // Where two rows are nearly as bad, the pair that is best in one may be bad in the other: then its promise
            // must not keep others away. So it is held to its promise by scoring the smallest tranche of it.
            if gain.saturating_mul(2) < promised
                && gain.saturating_mul(2)
                    < smallest_gain_down(request, &before, best_debt, best_deposit, bonus)?
            {
                return Err(RiskError::BetterPairAvailable);
            }
        }
    }

    let one_and_bonus = u128::from(PPM_ONE).wrapping_add(u128::from(bonus.0));
    let of_deposit = |value: Usd| mul_div_down(value.positive_part(), u128::from(PPM_ONE), one_and_bonus);
    let whole_deposit = Usd::from_unsigned(of_deposit(deposit_value)?)?;
    let (position, position_limit) = if whole_deposit < debt_value {
        (whole_deposit, TrancheLimit::Deposit)
    } else {
        (debt_value, TrancheLimit::Debt)
    };
    let minimum = rules.minimum();
    let mut bound = (position, position_limit);
    let mut tighten = |value: Usd, limit: TrancheLimit| {
        if value < bound.0 {
            bound = (value, limit);
        }
    };
    if !insolvent {
        let relief = reliefs.relief_of_pair_up(request.debt, request.deposit, bonus)?;
        if let Some(restoring) = restoring_value(&before, curve.target, relief, bonus)? {
            tighten(restoring.max(minimum), TrancheLimit::Target);
        }
    }
    let allowance = allowance_down(curve, rules, net_risk, before.debt)?;
    if !backstop {
        let window = Seconds::from(rules.window_seconds);
        tighten(request.meter.available_down(request.now, window, allowance)?, TrancheLimit::Pace);
        if net_risk < Fraction::from_bps_down(rules.bucket_off_urgency) {
            let room = request.bucket.available_down(request.now, curve, net_risk);
            tighten(Usd::from_unsigned(of_deposit(room)?)?, TrancheLimit::Depth);
        }
    }
    tighten(request.maximum, TrancheLimit::Maximum);
    let (mut repay, mut limit) = bound;

    // Dust closes whole: what would remain below the smallest tranche goes with it, where the maximum allows.
    let rest = position.minus(repay)?;
    if rest < minimum && position <= request.maximum {
        (repay, limit) = (position, position_limit);
    }
    if repay < minimum.min(position) {
        return Err(match limit {
            TrancheLimit::Pace => RiskError::PaceMeterSpent,
            TrancheLimit::Depth => RiskError::DepthBucketEmpty,
            _ => RiskError::TrancheTooSmall,
        });
    }
    Ok(TranchePlan {
        repay,
        bonus,
        insurance_slice: if insolvent { Bps(0) } else { rules.insurance_slice },
        limit,
        close_debt: limit == TrancheLimit::Debt,
        take_deposit: limit == TrancheLimit::Deposit,
        insolvent,
        backstop,
        allowance,
        net_risk,
        gain,
        before,
    })
}

/// Rise of `E − R` a dollar over the smallest tranche of a pair, by scoring it: bps × ppm, rounded down; 0 for a fall.
fn smallest_gain_down(
    request: &TrancheRequest,
    before: &Score,
    debt: usize,
    deposit: usize,
    bonus: Ppm,
) -> Result<i64> {
    let minimum = request.rules.minimum();
    let after = score_after(request.model, request.book, debt, deposit, minimum, bonus)?;
    let rise = after.excess().minus(before.excess())?;
    let dollar = u128::from(BPS_ONE).wrapping_mul(u128::from(PPM_ONE));
    let gain = mul_div_down(rise.positive_part(), dollar, minimum.positive_part())?;
    i64::try_from(gain).map_err(|_| RiskError::Overflow)
}

/// Positions below this do not set the standard that other pairs must meet: 2 % of collateral, at most $200, at least the
/// smallest tranche.
fn dust_of(before: &Score, rules: &TrancheRules) -> Usd {
    let share = bps_of_down(before.collateral, 200).unwrap_or(Usd::ZERO);
    share.min(Usd::dollars(200)).max(rules.minimum())
}

/// `x* = (H·R − E)/(H·a − b)`: the repayment after which `E = H·R` along the binding term, rounded down; `None` when
/// no size of this pair reaches the target. R is convex, so the true `E/R` after `x*` is at most H.
fn restoring_value(before: &Score, target: Bps, relief: i64, bonus: Ppm) -> Result<Option<Usd>> {
    // H·a − b in bps × (bps × ppm): a ≤ 3·10^10, H ≤ 2·10^4.
    let slope = i128::from(target.0).wrapping_mul(i128::from(relief)).wrapping_sub(
        i128::from(bonus.0).wrapping_mul(i128::from(BPS_ONE)).wrapping_mul(i128::from(BPS_ONE)),
    );
    if slope <= 0 {
        return Ok(None);
    }
    let missing = before
        .requirement
        .0
        .checked_mul(i128::from(target.0))
        .and_then(|required| required.checked_sub(before.equity().0.checked_mul(i128::from(BPS_ONE))?))
        .ok_or(RiskError::Overflow)?;
    let scale = u128::from(BPS_ONE).wrapping_mul(u128::from(PPM_ONE));
    // Beyond 128 bits is beyond any position.
    Ok(mul_div_down(Usd(missing).positive_part(), scale, slope as u128).and_then(Usd::from_unsigned).ok())
}
