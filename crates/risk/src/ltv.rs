//! A plain loan-to-value protocol, for comparison only: per-asset thresholds, a close factor and a fixed bonus.

use crate::{
    error::RiskError,
    math::{bps_of_down, mul_div_down},
    score::Exposure,
    units::{Bps, Usd, BPS_ONE},
    Result,
};

/// How a plain LTV protocol liquidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LtvRules {
    /// Share of the debt that one liquidation repays.
    pub close_factor: Bps,
    /// Below this health the whole debt may be repaid.
    pub full_close_health: Bps,
    /// Debts up to this are repaid whole.
    pub full_close_debt: Usd,
    /// Paid on what is repaid.
    pub bonus: Bps,
}

/// The ordinary protocol of the comparison: half of the debt at a 5 % bonus; all of it below 95 % of health or up to
/// $2,000, as in Aave v3.
pub const ORDINARY: LtvRules = LtvRules {
    close_factor: Bps(5_000),
    full_close_health: Bps(9_500),
    full_close_debt: Usd::dollars(2_000),
    bonus: Bps(500),
};

/// One liquidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LtvLiquidation {
    /// Value repaid, taken from the debts in proportion.
    pub repay: Usd,
    /// Value seized, taken from the deposits in proportion.
    pub seize: Usd,
}

/// `Σ C_i·LT_i − D`: negative when the account may be liquidated.
pub fn ltv_excess_down(book: &[Exposure], thresholds: &[Bps]) -> Result<Usd> {
    Ok(totals(book, thresholds)?.2)
}

fn totals(book: &[Exposure], thresholds: &[Bps]) -> Result<(Usd, Usd, Usd)> {
    let (mut collateral, mut debt, mut weighted) = (Usd::ZERO, Usd::ZERO, Usd::ZERO);
    for (exposure, threshold) in book.iter().zip(thresholds) {
        if exposure.value.0 > 0 {
            collateral = collateral.plus(exposure.value)?;
            weighted = weighted.plus(bps_of_down(exposure.value, u64::from(threshold.0))?)?;
        } else {
            debt = debt.minus(exposure.value)?;
        }
    }
    Ok((collateral, debt, weighted.minus(debt)?))
}

/// The liquidation that the rules allow now, or `None` for a healthy account or one with nothing left to seize.
pub fn ltv_liquidation(
    book: &[Exposure],
    thresholds: &[Bps],
    rules: &LtvRules,
) -> Result<Option<LtvLiquidation>> {
    let (collateral, debt, excess) = totals(book, thresholds)?;
    if excess.0 >= 0 || collateral.0 <= 0 {
        return Ok(None);
    }
    let weighted = debt.plus(excess)?;
    let full =
        debt <= rules.full_close_debt || weighted < bps_of_down(debt, u64::from(rules.full_close_health.0))?;
    let wanted = if full { debt } else { bps_of_down(debt, u64::from(rules.close_factor.0))? };
    let one_and_bonus = BPS_ONE.checked_add(u64::from(rules.bonus.0)).ok_or(RiskError::Overflow)?;
    let most = mul_div_down(collateral.positive_part(), u128::from(BPS_ONE), u128::from(one_and_bonus))?;
    let repay = wanted.min(Usd::from_unsigned(most)?);
    let seize = bps_of_down(repay, one_and_bonus)?.min(collateral);
    Ok((repay.0 > 0).then_some(LtvLiquidation { repay, seize }))
}
