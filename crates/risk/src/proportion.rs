//! Proportions of 64-bit amounts, which the safety systems use everywhere. They saturate instead of failing, because they
//! bound what may happen and a bound must always exist.

use crate::{
    math::mul_div_down,
    units::{Seconds, BPS_ONE},
};

/// `floor(a × b / divisor)`, at most `u64::MAX`; `u64::MAX` for a divisor of zero.
pub(crate) fn part_down(a: u64, b: u64, divisor: u64) -> u64 {
    if let Some(quotient) = a.checked_mul(b).and_then(|product| product.checked_div(divisor)) {
        return quotient;
    }
    clamp(mul_div_down(u128::from(a), u128::from(b), u128::from(divisor)))
}

/// `floor(part × 10,000 / whole)`, at most `u64::MAX`; 0 for nothing of nothing.
pub(crate) fn ratio_bps_down(part: u64, whole: u64) -> u64 {
    if part == 0 {
        return 0;
    }
    part_down(part, BPS_ONE, whole)
}

/// What is left of an amount that fades evenly to nothing within `seconds`, rounded down.
pub(crate) fn fade_down(amount: u64, at: Seconds, seconds: Seconds, now: Seconds) -> u64 {
    part_down(amount, seconds.saturating_sub(now.saturating_sub(at)), seconds.max(1))
}

fn clamp(quotient: crate::Result<u128>) -> u64 {
    quotient.ok().and_then(|q| u64::try_from(q).ok()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_round_the_way_they_say(a: u64, b: u64, divisor: u64, shift in 0u32..64) {
            let b = b >> shift;
            let product = u128::from(a) * u128::from(b);
            let down = product.checked_div(u128::from(divisor)).and_then(|q| u64::try_from(q).ok());
            prop_assert_eq!(part_down(a, b, divisor), down.unwrap_or(u64::MAX));
        }
    }
}
