//! The borrow rate curve and per-second compounding.

use crate::{
    error::{check_unused, RiskError},
    math::{mul_div_up, mul_q64_up},
    units::{Seconds, BPS_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// Most points of a rate curve.
pub const MAX_CURVE_POINTS: usize = 8;
/// Seconds of a year of 365 days.
pub const SECONDS_PER_YEAR: u64 = 31_536_000;
/// Highest yearly rate that a curve may ask: 1,000 %.
pub const MAX_RATE_BPS: u32 = 100_000;
/// 1 with 64 fractional bits.
pub const Q64_ONE: u128 = 1 << 64;
/// Indices stop here (2^40 times their start): accrual saturates rather than failing, so that nothing ever locks.
pub const MAX_INDEX: u128 = 1 << 104;

/// One corner of the curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct CurvePoint {
    /// Utilisation: debt over (free tokens + debt), bps.
    pub utilisation_bps: u32,
    /// Yearly rate there, bps, before compounding.
    pub rate_bps: u32,
}

/// A piecewise-linear curve: the first `count` points, from utilisation 0 to 100 %, rates never falling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct RateCurve {
    /// The corners; those beyond `count` are zero.
    pub points: [CurvePoint; MAX_CURVE_POINTS],
    /// How many corners, 2..=8.
    pub count: u64,
}

impl RateCurve {
    /// A curve of these corners. Errors as [`RateCurve::validate`].
    pub fn new(corners: &[(u32, u32)]) -> Result<Self> {
        let mut curve = Self { count: corners.len() as u64, ..Self::default() };
        if corners.len() > MAX_CURVE_POINTS {
            return Err(RiskError::InvalidParameter("a rate curve has at most 8 points"));
        }
        for (point, &(utilisation_bps, rate_bps)) in curve.points.iter_mut().zip(corners) {
            *point = CurvePoint { utilisation_bps, rate_bps };
        }
        curve.validate()?;
        Ok(curve)
    }

    fn corners(&self) -> &[CurvePoint] {
        let count = usize::try_from(self.count).unwrap_or(0).min(MAX_CURVE_POINTS);
        self.points.get(..count).unwrap_or(&[])
    }

    /// Checks that the curve runs from 0 to 100 %, strictly upwards in utilisation, never downwards in rate, and stays below
    /// [`MAX_RATE_BPS`].
    pub fn validate(&self) -> Result<()> {
        let corners = self.corners();
        let (Some(first), Some(last)) = (corners.first(), corners.last()) else {
            return Err(RiskError::InvalidParameter("a rate curve needs at least 2 points"));
        };
        if corners.len() as u64 != self.count || corners.len() < 2 {
            return Err(RiskError::InvalidParameter("a rate curve needs 2 to 8 points"));
        }
        if first.utilisation_bps != 0 || u64::from(last.utilisation_bps) != BPS_ONE {
            return Err(RiskError::InvalidParameter("a rate curve runs from utilisation 0 to 10,000 bps"));
        }
        for pair in corners.windows(2) {
            if let [a, b] = pair {
                if a.utilisation_bps >= b.utilisation_bps || a.rate_bps > b.rate_bps {
                    return Err(RiskError::InvalidParameter(
                        "a rate curve rises strictly in utilisation and never falls in rate",
                    ));
                }
            }
        }
        if last.rate_bps > MAX_RATE_BPS {
            return Err(RiskError::InvalidParameter("a rate curve stays below 100,000 bps (1,000 %) a year"));
        }
        check_unused(self.points.iter().skip(corners.len()).all(|point| *point == CurvePoint::default()))
    }

    /// Rate a second, 64 fractional bits, rounded up, at this utilisation (clamped to 100 %).
    pub fn rate_per_second_up(&self, utilisation_bps: u64) -> Result<u64> {
        let u = utilisation_bps.min(BPS_ONE);
        let mut yearly_scaled = 0u128; // rate in bps × 2^64
        for pair in self.corners().windows(2) {
            if let [a, b] = pair {
                let (from, to) = (u64::from(a.utilisation_bps), u64::from(b.utilisation_bps));
                if u >= from && u <= to {
                    let rise = u128::from(b.rate_bps.saturating_sub(a.rate_bps)) << 64;
                    let part = mul_div_up(
                        rise,
                        u128::from(u.wrapping_sub(from)),
                        u128::from(to.wrapping_sub(from)),
                    )?;
                    yearly_scaled =
                        (u128::from(a.rate_bps) << 64).checked_add(part).ok_or(RiskError::Overflow)?;
                    break;
                }
            }
        }
        let per_second =
            mul_div_up(yearly_scaled, 1, u128::from(BPS_ONE).wrapping_mul(u128::from(SECONDS_PER_YEAR)))?;
        u64::try_from(per_second).map_err(|_| RiskError::Overflow)
    }
}

/// Utilisation in bps, rounded up: `debt / (free + debt)`; 0 for an empty reserve.
pub fn utilisation_up(free: u64, debt: u64) -> u64 {
    let total = u128::from(free).saturating_add(u128::from(debt));
    match mul_div_up(u128::from(debt), u128::from(BPS_ONE), total) {
        Ok(bps) => u64::try_from(bps).unwrap_or(BPS_ONE).min(BPS_ONE),
        Err(_) => 0,
    }
}

/// Growth of an index over `seconds` at a rate a second: `(1 + rate)^seconds − 1` with 64 fractional bits, rounded up,
/// by repeated squaring of the growth itself (not of the factor), which keeps all 64 bits. Saturates at `u128::MAX`.
///
/// Error: each of the at most `2·log2(seconds)` products rounds up by less than 2^-64, and a product's error is doubled by every
/// later squaring, so the result is above the exact value by less than `2·seconds·(1 + growth)·2^-64`. Hence n steps and
/// one step over the same time differ by less than that.
pub fn growth_up(rate_per_second: u64, seconds: Seconds) -> u128 {
    let mut result = 0u128;
    let mut square = u128::from(rate_per_second);
    let mut left = seconds;
    while left > 0 {
        if left & 1 == 1 {
            result = compose_up(result, square);
        }
        left >>= 1;
        if left > 0 {
            square = compose_up(square, square);
        }
    }
    result
}

/// `(1 + a)(1 + b) − 1 = a + b + a·b`, rounded up, saturating.
fn compose_up(a: u128, b: u128) -> u128 {
    let product = mul_q64_up(a, b).unwrap_or(u128::MAX);
    a.saturating_add(b).saturating_add(product)
}

/// `index × (1 + growth)`, rounded up, at most [`MAX_INDEX`].
pub fn grow_index_up(index: u128, growth: u128) -> u128 {
    let rise = mul_q64_up(index, growth).unwrap_or(MAX_INDEX);
    index.saturating_add(rise).min(MAX_INDEX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn curve() -> RateCurve {
        RateCurve::new(&[(0, 0), (8_000, 800), (10_000, 10_000)]).unwrap()
    }

    fn rate(yearly: f64) -> u64 {
        (yearly / SECONDS_PER_YEAR as f64 * Q64_ONE as f64) as u64
    }

    #[test]
    fn the_curve_is_linear_between_its_corners() {
        let per_second = |bps: u64| {
            mul_div_up(u128::from(bps) << 64, 1, 10_000 * u128::from(SECONDS_PER_YEAR)).unwrap() as u64
        };
        assert_eq!(curve().rate_per_second_up(0).unwrap(), 0);
        assert_eq!(curve().rate_per_second_up(4_000).unwrap(), per_second(400));
        assert_eq!(curve().rate_per_second_up(8_000).unwrap(), per_second(800));
        assert_eq!(curve().rate_per_second_up(9_000).unwrap(), per_second(800 + (10_000 - 800) / 2));
        assert_eq!(curve().rate_per_second_up(20_000).unwrap(), per_second(10_000));
    }

    #[test]
    fn curves_that_fall_or_leave_the_range_are_refused() {
        for corners in [
            &[(0, 0)][..],
            &[(0, 5), (10_000, 4)],
            &[(1, 0), (10_000, 4)],
            &[(0, 0), (9_999, 4)],
            &[(0, 0), (0, 1), (10_000, 4)],
            &[(0, 0), (10_000, MAX_RATE_BPS + 1)],
            &[(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (10_000, 0)],
        ] {
            assert!(matches!(RateCurve::new(corners), Err(RiskError::InvalidParameter(_))), "{corners:?}");
        }
    }

    #[test]
    fn curves_on_their_bounds_are_accepted_and_a_count_beyond_the_points_is_not() {
        let eight = [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (10_000, MAX_RATE_BPS)];
        let curve = RateCurve::new(&eight).unwrap();
        assert!(RateCurve::new(&[(0, 5), (10_000, 5)]).is_ok(), "a flat one");
        for count in [0, 1, 7, 9, u64::MAX] {
            assert!(RateCurve { count, ..curve }.validate().is_err(), "{count}");
        }
    }

    #[test]
    fn a_year_at_ten_percent_compounds_to_e_to_the_tenth() {
        let growth = growth_up(rate(0.10), SECONDS_PER_YEAR) as f64 / Q64_ONE as f64;
        assert!((growth - (0.1f64.exp() - 1.0)).abs() < 1e-8, "{growth}");
    }

    #[test]
    fn thirty_years_at_the_highest_rate_saturate_and_never_panic() {
        let fastest = rate(MAX_RATE_BPS as f64 / 10_000.0);
        assert_eq!(grow_index_up(Q64_ONE, growth_up(fastest, 30 * SECONDS_PER_YEAR)), MAX_INDEX);
        assert_eq!(growth_up(u64::MAX, u64::MAX), u128::MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn many_steps_equal_one_within_the_stated_error(yearly in 0.0f64..10.0, steps in 1u64..200, each in 1u64..5_000) {
            let rate = rate(yearly);
            let one = grow_index_up(Q64_ONE, growth_up(rate, steps * each));
            let mut many = Q64_ONE;
            for _ in 0..steps {
                many = grow_index_up(many, growth_up(rate, each));
            }
            let bound = ((u128::from(2 * steps * each) * one) >> 64) + u128::from(2 * steps * each);
            prop_assert!(one.abs_diff(many) <= bound, "{one} {many} {bound}");
        }
    }
}
