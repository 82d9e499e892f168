//! The liquidator's bonus: it rises with net risk until somebody comes, and never takes more than the borrower's equity.

use crate::{
    marginal::ratio_down,
    math::{mul_div_down, power_in_halves_down},
    score::Score,
    tranche::TrancheCurve,
    units::{Bps, Fraction, Ppm, PPM_ONE},
};

/// Most that is paid for closing an insolvent book, where lenders pay it: 0.5 %.
pub const MAX_INSOLVENT_BONUS: Bps = Bps(50);

/// What an insolvent book pays: `b_min`, at most [`MAX_INSOLVENT_BONUS`]. A book counts as insolvent when its equity is not
/// above this. Without the bound, an asset sold at 5 % from the start would have lenders pay for books that are solvent.
pub fn insolvent_bonus(curve: &TrancheCurve) -> Ppm {
    Ppm(bps_to_ppm(curve.bonus_min.0.min(MAX_INSOLVENT_BONUS.0)))
}

/// `b_min + (b_max − b_min)·min(1, u/u_b)^p`, rounded down.
pub fn curve_bonus_down(curve: &TrancheCurve, net_risk: Fraction) -> Ppm {
    let rise = power_in_halves_down(ratio_down(net_risk, curve.bonus_urgency), curve.bonus_exponent_halves);
    let (low, high) = (bps_to_ppm(curve.bonus_min.0), bps_to_ppm(curve.bonus_max.0));
    // At most 5 % in ppm times 2^32: below 2^48.
    Ppm(low.wrapping_add((u64::from(high.saturating_sub(low)).wrapping_mul(rise.0) >> 32) as u32))
}

/// `C/D − 1`, rounded down: the largest bonus that leaves a book no worse. 0 under water; `u32::MAX` without debt.
pub fn equity_bonus_down(score: &Score) -> Ppm {
    let debt = score.debt.positive_part();
    match mul_div_down(score.equity().positive_part(), u128::from(PPM_ONE), debt) {
        Ok(ppm) => Ppm(u32::try_from(ppm).unwrap_or(u32::MAX)),
        Err(_) => Ppm(if debt == 0 { u32::MAX } else { 0 }),
    }
}

/// Basis points in parts per million.
pub fn bps_to_ppm(bps: u16) -> u32 {
    u32::from(bps).wrapping_mul(100)
}
