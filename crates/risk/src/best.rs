//! For keepers: which pair to offer, checked by scoring the book again.

use crate::{
    bonus::{curve_bonus_down, equity_bonus_down},
    error::RiskError,
    math::{bps_of_up, mul_div_up},
    model::{RiskModel, MAX_BONUS, MAX_POSITIONS},
    pace::{allowance_down, DepthBucket},
    score::{score, Exposure, Score},
    tranche::{plan_scored_tranche, TrancheCurve, TranchePlan, TrancheRequest},
    units::{Fraction, Ppm, Seconds, Usd, BPS_ONE, PPM_ONE},
    Result,
};

/// The score after `repay` of a debt and `(1 + bonus)·repay`, rounded up, of a deposit; each at most the whole position.
pub fn score_after(
    model: &RiskModel,
    book: &[Exposure],
    debt: usize,
    deposit: usize,
    repay: Usd,
    bonus: Ppm,
) -> Result<Score> {
    let mut next = [Exposure::default(); MAX_POSITIONS];
    let next = next.get_mut(..book.len()).ok_or(RiskError::NoSuchPosition)?;
    next.copy_from_slice(book);
    let one_and_bonus = u128::from(PPM_ONE).saturating_add(u128::from(bonus.0));
    let seize = Usd::from_unsigned(mul_div_up(repay.positive_part(), one_and_bonus, u128::from(PPM_ONE))?)?;
    let debt = next.get_mut(debt).ok_or(RiskError::NoSuchPosition)?;
    debt.value = debt.value.plus(repay)?.min(Usd::ZERO);
    let deposit = next.get_mut(deposit).ok_or(RiskError::NoSuchPosition)?;
    deposit.value = deposit.value.minus(seize)?.max(Usd::ZERO);
    score(model, next)
}

/// [`plan_scored_tranche`] where pairs that wait for their pace or their depth bucket do not count as better ones: otherwise the
/// slowest of a book's assets, or a bucket that others keep empty, would hold back the rest of the book. `selling` gives a
/// position's curve and bucket, and is asked only when a better pair is in the way.
pub fn plan_beside_waiting_pairs(
    request: &TrancheRequest,
    before: Score,
    selling: impl Fn(usize) -> Option<(TrancheCurve, DepthBucket)>,
) -> Result<TranchePlan> {
    match plan_scored_tranche(request, before) {
        Err(RiskError::BetterPairAvailable) => {
            let usable = without_waiting(request, &before, selling)?;
            plan_scored_tranche(&TrancheRequest { usable, ..*request }, before)
        }
        planned => planned,
    }
}

/// The usable positions without other deposits that have to wait: whose pace has no room for the smallest tranche now, or whose
/// bucket none for it and its bonus. What the backstop sells waits for neither.
fn without_waiting(
    request: &TrancheRequest,
    before: &Score,
    selling: impl Fn(usize) -> Option<(TrancheCurve, DepthBucket)>,
) -> Result<u32> {
    let TrancheRequest { rules, meter, now, .. } = *request;
    let (net_risk, equity_bonus) = (before.net_risk_down(), equity_bonus_down(before));
    let has_buckets = net_risk < Fraction::from_bps_down(rules.bucket_off_urgency);
    let least = bps_of_up(rules.minimum(), BPS_ONE.wrapping_add(u64::from(MAX_BONUS.0)))?;
    let window = Seconds::from(rules.window_seconds);
    let mut usable = request.usable;
    for (i, exposure) in request.book.iter().enumerate() {
        if exposure.value <= Usd::ZERO || i == request.deposit {
            continue;
        }
        let Some((curve, bucket)) = selling(i) else { continue };
        if equity_bonus <= curve_bonus_down(&curve, net_risk) {
            continue;
        }
        let allowance = allowance_down(&curve, rules, net_risk, before.debt)?;
        let paced = meter.available_down(now, window, allowance)? < rules.minimum();
        if paced || (has_buckets && bucket.available_down(now, &curve, net_risk) < least) {
            usable &= !1u32.checked_shl(i as u32).unwrap_or(0);
        }
    }
    Ok(usable)
}

/// How often [`best_pair`] halves a tranche that the exact check refuses.
const HALVINGS: u32 = 64;

/// The pair of a book that removes the most risk now, for keepers: the largest rise of `E − R` of all pairs that can be
/// planned, by the exact score. A tranche that is too large for its pair (the requirement falls at first and rises again)
/// is halved until it passes; offer the plan's `repay` as the maximum then. `curves` and `buckets` are the reserves', in the
/// book's order; the request's own pair is ignored. `Ok(None)` when no pair admits a tranche now.
pub fn best_pair(
    request: &TrancheRequest,
    curves: &[TrancheCurve],
    buckets: &[DepthBucket],
) -> Result<Option<(usize, usize, TranchePlan)>> {
    let before = score(request.model, request.book)?;
    let mut best: Option<(usize, usize, TranchePlan, Usd)> = None;
    for debt in 0..request.book.len() {
        for deposit in 0..request.book.len() {
            let (Some(curve), Some(bucket)) = (curves.get(deposit), buckets.get(deposit)) else {
                return Err(RiskError::NoSuchPosition);
            };
            let pair = TrancheRequest { curve, bucket: *bucket, debt, deposit, ..*request };
            let selling = |i: usize| Some((*curves.get(i)?, *buckets.get(i)?));
            let Some((plan, rise)) = plan_that_passes(pair, before, selling)? else { continue };
            if best.is_none_or(|(_, _, _, most)| rise > most) {
                best = Some((debt, deposit, plan, rise));
            }
        }
    }
    Ok(best.map(|(debt, deposit, plan, _)| (debt, deposit, plan)))
}

/// The largest tranche of a pair that passes the exact check, and how much it raises `E − R`; `Ok(None)` when there is none now. For
/// keepers whose maximum depends on the pair. A tranche that is too large is halved, as [`best_pair`] does.
pub fn plan_that_passes(
    mut pair: TrancheRequest,
    before: Score,
    selling: impl Fn(usize) -> Option<(TrancheCurve, DepthBucket)>,
) -> Result<Option<(TranchePlan, Usd)>> {
    for _ in 0..=HALVINGS {
        let Ok(plan) = plan_beside_waiting_pairs(&pair, before, &selling) else { return Ok(None) };
        let after = score_after(pair.model, pair.book, pair.debt, pair.deposit, plan.repay, plan.bonus)?;
        if plan.check_after(&after).is_ok() {
            return Ok(Some((plan, after.excess().minus(before.excess())?)));
        }
        let least = pair.rules.minimum();
        if plan.repay <= least {
            return Ok(None);
        }
        pair.maximum = Usd(plan.repay.0 >> 1).max(least);
    }
    Ok(None)
}
