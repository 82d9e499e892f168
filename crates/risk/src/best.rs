//! For keepers: which pair to offer, checked by scoring the book again.

use crate::{
    error::RiskError,
    pace::DepthBucket,
    score::score,
    tranche::{plan_scored_tranche, TrancheCurve, TranchePlan, TrancheRequest},
    Result,
};

/// The pair of a book that removes the most risk now, for keepers: the largest `gain × repaid` of all pairs that can be
/// planned. `curves` and `buckets` are the reserves', in the book's order; the request's own pair is ignored.
/// `Ok(None)` when no pair admits a tranche now.
pub fn best_pair(
    request: &TrancheRequest,
    curves: &[TrancheCurve],
    buckets: &[DepthBucket],
) -> Result<Option<(usize, usize, TranchePlan)>> {
    let before = score(request.model, request.book)?;
    let mut best: Option<(usize, usize, TranchePlan, i128)> = None;
    for debt in 0..request.book.len() {
        for deposit in 0..request.book.len() {
            let (Some(curve), Some(bucket)) = (curves.get(deposit), buckets.get(deposit)) else {
                return Err(RiskError::NoSuchPosition);
            };
            let pair = TrancheRequest { curve, bucket: *bucket, debt, deposit, ..*request };
            let Ok(plan) = plan_scored_tranche(&pair, before) else { continue };
            let removed = plan.repay.0.saturating_mul(i128::from(plan.gain.max(1)));
            if best.is_none_or(|(_, _, _, most)| removed > most) {
                best = Some((debt, deposit, plan, removed));
            }
        }
    }
    Ok(best.map(|(debt, deposit, plan, _)| (debt, deposit, plan)))
}
