//! For keepers: which pair to offer, checked by scoring the book again.

use crate::{
    error::RiskError,
    math::mul_div_up,
    model::{RiskModel, MAX_POSITIONS},
    pace::DepthBucket,
    score::{score, Exposure, Score},
    tranche::{plan_scored_tranche, TrancheCurve, TranchePlan, TrancheRequest},
    units::{Ppm, Usd, PPM_ONE},
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
            let Some((plan, rise)) = plan_that_passes(pair, before)? else { continue };
            if best.is_none_or(|(_, _, _, most)| rise > most) {
                best = Some((debt, deposit, plan, rise));
            }
        }
    }
    Ok(best.map(|(debt, deposit, plan, _)| (debt, deposit, plan)))
}

/// The largest tranche of a pair that passes the exact check, and how much it raises `E − R`.
fn plan_that_passes(mut pair: TrancheRequest, before: Score) -> Result<Option<(TranchePlan, Usd)>> {
    for _ in 0..=HALVINGS {
        let Ok(plan) = plan_scored_tranche(&pair, before) else { return Ok(None) };
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
