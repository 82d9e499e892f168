//! Exact multiply-divide, 64-bit-fraction products and roots, with the rounding in the name.

use crate::{
    error::RiskError,
    units::{Fraction, Usd, BPS_ONE},
    Result,
};

/// `floor(a × b / divisor)`, exact over a 256-bit product.
/// Errors: [`RiskError::DivisionByZero`], or [`RiskError::Overflow`] when the quotient leaves `u128`.
pub fn mul_div_down(a: u128, b: u128, divisor: u128) -> Result<u128> {
    Ok(mul_div_rem(a, b, divisor)?.0)
}

/// `ceil(a × b / divisor)`, exact over a 256-bit product. Errors as [`mul_div_down`].
pub fn mul_div_up(a: u128, b: u128, divisor: u128) -> Result<u128> {
    let (quotient, remainder) = mul_div_rem(a, b, divisor)?;
    if remainder == 0 {
        Ok(quotient)
    } else {
        quotient.checked_add(1).ok_or(RiskError::Overflow)
    }
}

fn mul_div_rem(a: u128, b: u128, divisor: u128) -> Result<(u128, u128)> {
    if let Some(product) = checked_product(a, b) {
        let quotient = product.checked_div(divisor).ok_or(RiskError::DivisionByZero)?;
        return Ok((quotient, product.wrapping_sub(quotient.wrapping_mul(divisor))));
    }
    let (high, low) = wide_product(a, b);
    if divisor == 0 {
        return Err(RiskError::DivisionByZero);
    }
    divide_wide(high, low, divisor).ok_or(RiskError::Overflow)
}

/// `a × b` when it fits 128 bits for certain. Two halves that fit 64 bits take one wide multiplication, which is
/// several times cheaper on chain than a checked 128-bit one.
#[inline]
fn checked_product(a: u128, b: u128) -> Option<u128> {
    if (a | b) >> 64 == 0 {
        Some(a.wrapping_mul(b))
    } else {
        a.checked_mul(b)
    }
}

/// The 256-bit product as (high, low) halves, by schoolbook multiplication of 64-bit limbs.
fn wide_product(a: u128, b: u128) -> (u128, u128) {
    const MASK: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & MASK, b >> 64, b & MASK);
    // Each partial product is below (2^64)^2 and each sum below 2^128: see Knuth, TAOCP 2, 4.3.1, algorithm M.
    let low = a0.wrapping_mul(b0);
    let middle = a1.wrapping_mul(b0).wrapping_add(low >> 64);
    let middle2 = a0.wrapping_mul(b1).wrapping_add(middle & MASK);
    let high = a1.wrapping_mul(b1).wrapping_add(middle >> 64).wrapping_add(middle2 >> 64);
    (high, (middle2 << 64) | (low & MASK))
}

/// Divides a 256-bit number; `None` when the quotient leaves 128 bits. One bit a step: it runs only for amounts
/// beyond 2^64 on both sides, which no ordinary position reaches.
fn divide_wide(high: u128, low: u128, divisor: u128) -> Option<(u128, u128)> {
    if high >= divisor {
        return None;
    }
    let (mut remainder, mut quotient) = (high, 0u128);
    for bit in (0..128u32).rev() {
        let carry = remainder >> 127;
        remainder = (remainder << 1) | ((low >> bit) & 1);
        quotient <<= 1;
        if carry == 1 || remainder >= divisor {
            remainder = remainder.wrapping_sub(divisor);
            quotient |= 1;
        }
    }
    Some((quotient, remainder))
}

/// `floor(a × b / 2^64)`: the product of two numbers with 64 fractional bits, or of an integer and one of them.
pub fn mul_q64_down(a: u128, b: u128) -> Result<u128> {
    if let Some(product) = checked_product(a, b) {
        return Ok(product >> 64);
    }
    let (high, low) = wide_product(a, b);
    if high >> 64 != 0 {
        return Err(RiskError::Overflow);
    }
    Ok((high << 64) | (low >> 64))
}

/// `ceil(a × b / 2^64)`.
pub fn mul_q64_up(a: u128, b: u128) -> Result<u128> {
    if let Some(product) = checked_product(a, b) {
        let part = u128::from(product & u128::from(u64::MAX) != 0);
        return Ok((product >> 64).wrapping_add(part)); // the shifted product is below 2^64: + 1 fits
    }
    let (high, low) = wide_product(a, b);
    if high >> 64 != 0 {
        return Err(RiskError::Overflow);
    }
    let part = u128::from(low & u128::from(u64::MAX) != 0);
    ((high << 64) | (low >> 64)).checked_add(part).ok_or(RiskError::Overflow)
}

/// `floor(value × fraction)` of an amount that is not negative (negative counts as zero).
pub fn fraction_of_down(value: Usd, fraction: Fraction) -> Result<Usd> {
    Usd::from_unsigned(mul_div_down(
        value.positive_part(),
        u128::from(fraction.0),
        u128::from(Fraction::ONE.0),
    )?)
}

/// `ceil(value × bps / 10,000)` for `value ≥ 0`.
pub fn bps_of_up(value: Usd, bps: u64) -> Result<Usd> {
    Usd::from_unsigned(mul_div_up(value.positive_part(), u128::from(bps), u128::from(BPS_ONE))?)
}

/// `floor(value × bps / 10,000)` for `value ≥ 0`.
pub fn bps_of_down(value: Usd, bps: u64) -> Result<Usd> {
    Usd::from_unsigned(mul_div_down(value.positive_part(), u128::from(bps), u128::from(BPS_ONE))?)
}

/// `floor(√n)`, by Newton's iteration from above.
pub const fn sqrt_down(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let mut guess = 1u64 << (64u32.wrapping_sub(n.leading_zeros()).wrapping_add(1) >> 1);
    loop {
        // guess ≥ √n ≥ 1 and both terms are below 2^33: the sum cannot overflow, the division always succeeds.
        let Some(quotient) = n.checked_div(guess) else { return 0 };
        let next = guess.wrapping_add(quotient) >> 1;
        if next >= guess {
            return guess;
        }
        guess = next;
    }
}

/// `min(1, x)^(halves/2)`, rounded down: the shape of pace and bonus curves (`halves` = 3 is the power 1.5).
pub const fn power_in_halves_down(x: Fraction, halves: u8) -> Fraction {
    if x.0 >= Fraction::ONE.0 {
        return Fraction::ONE;
    }
    let mut result = if halves & 1 == 1 { sqrt_down(x.0 << 32) } else { Fraction::ONE.0 };
    let mut i = 0;
    while i < halves >> 1 {
        // Both factors are at most 2^32.
        result = if result == Fraction::ONE.0 { x.0 } else { result.wrapping_mul(x.0) >> 32 };
        i = i.wrapping_add(1);
    }
    Fraction(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn multiply_divide_is_exact(a: u128, b: u128, shift_a in 0u32..128, shift_b in 0u32..128, d in 1u128..) {
            use num_bigint::BigUint;
            let (a, b) = (a >> shift_a, b >> shift_b);
            let product = BigUint::from(a) * BigUint::from(b);
            let down = u128::try_from(&product / BigUint::from(d)).ok();
            let up = u128::try_from((&product + BigUint::from(d) - 1u32) / BigUint::from(d)).ok();
            prop_assert_eq!(mul_div_down(a, b, d).ok(), down);
            prop_assert_eq!(mul_div_up(a, b, d).ok(), up);
            let q64 = BigUint::from(1u128 << 64);
            prop_assert_eq!(mul_q64_down(a, b).ok(), u128::try_from(&product / &q64).ok());
            prop_assert_eq!(mul_q64_up(a, b).ok(), u128::try_from((&product + &q64 - 1u32) / &q64).ok());
        }

        #[test]
        fn square_root_rounds_down(n: u64, shift in 0u32..64) {
            let n = n >> shift;
            let root = u128::from(sqrt_down(n));
            prop_assert!(root * root <= u128::from(n) && (root + 1) * (root + 1) > u128::from(n));
        }
    }

    #[test]
    fn powers_in_halves() {
        let half = Fraction(1 << 31);
        assert_eq!(power_in_halves_down(half, 2), half);
        assert_eq!(power_in_halves_down(half, 4), Fraction(1 << 30));
        assert_eq!(power_in_halves_down(half, 0), Fraction::ONE);
        assert_eq!(power_in_halves_down(Fraction::ONE, 3), Fraction::ONE);
        assert_eq!(power_in_halves_down(Fraction::ZERO, 3), Fraction::ZERO);
        // 0.5^1.5 = 0.35355…
        assert_eq!(power_in_halves_down(half, 3).to_ppm_down().0, 353_553);
    }
}
