//! Products, roots and powers of every small input.

use crate::up_to;
use ballast_risk::{
    math::{
        bps_of_down, bps_of_up, fraction_of_down, mul_div_down, mul_div_up, mul_q64_down, mul_q64_up,
        power_in_halves_down, sqrt_down,
    },
    Fraction, RiskError, Usd,
};
use num_bigint::BigUint;

#[test]
fn every_small_product_is_divided_down_and_up() {
    let most = u128::from(up_to(255, 60));
    for (a, b) in (0..=most).flat_map(|a| (0..=most).map(move |b| (a, b))) {
        for d in 1..=most {
            let (down, up) = (mul_div_down(a, b, d).unwrap(), mul_div_up(a, b, d).unwrap());
            assert!(down * d <= a * b && a * b < (down + 1) * d, "{a} {b} {d}");
            assert!(up * d >= a * b && up * d < a * b + d, "{a} {b} {d}");
        }
        assert_eq!(mul_div_down(a, b, 0), Err(RiskError::DivisionByZero));
        assert_eq!(mul_div_up(a, b, 0), Err(RiskError::DivisionByZero));
    }
}

/// The same products where they leave 128 bits: both factors a high part and a low part of a few bits.
#[test]
fn every_small_wide_product_is_divided_as_by_paper() {
    let parts = [0u128, 1, 2, 3, 1 << 63, (1 << 63) + 1, u128::from(u64::MAX) - 1, u128::from(u64::MAX)];
    let all: Vec<u128> =
        parts.iter().flat_map(|high| parts.iter().map(move |low| high << 64 | low)).collect();
    for &a in &all {
        for &b in &all {
            let product = BigUint::from(a) * b;
            for &d in all.iter().filter(|d| **d > 0) {
                let down = &product / d;
                let up = (&product + (d - 1)) / d;
                assert_eq!(mul_div_down(a, b, d).ok(), u128::try_from(down).ok(), "{a} {b} {d}");
                assert_eq!(mul_div_up(a, b, d).ok(), u128::try_from(up).ok(), "{a} {b} {d}");
            }
            let one = BigUint::from(1u128 << 64);
            assert_eq!(mul_q64_down(a, b).ok(), u128::try_from(&product / &one).ok());
            assert_eq!(mul_q64_up(a, b).ok(), u128::try_from((&product + &one - 1u8) / &one).ok());
        }
    }
}

#[test]
fn every_small_share_of_a_value_is_rounded_as_named() {
    for value in 0..=i128::from(up_to(2_000, 300)) {
        for bps in 0..=u128::from(up_to(2_000, 300)) {
            let exact = value as u128 * bps;
            let (down, up) = (
                bps_of_down(Usd(value), bps as u64).unwrap().0,
                bps_of_up(Usd(value), bps as u64).unwrap().0,
            );
            assert!(down as u128 * 10_000 <= exact && exact < (down as u128 + 1) * 10_000);
            assert!(up as u128 * 10_000 >= exact && (up as u128) * 10_000 < exact + 10_000);
        }
        for eighths in 0..=8u64 {
            let part = fraction_of_down(Usd(value), Fraction(eighths << 29)).unwrap().0;
            assert_eq!(part, value * i128::from(eighths) / 8);
        }
    }
    assert_eq!(fraction_of_down(Usd(-1), Fraction::ONE), Ok(Usd(0)), "negative counts as zero");
}

#[test]
fn every_small_root_and_the_neighbours_of_every_square_round_down() {
    let root = |n: u64| u128::from(sqrt_down(n));
    let check = |n: u64| {
        let wide = u128::from(n);
        assert!(root(n) * root(n) <= wide && wide < (root(n) + 1) * (root(n) + 1), "{n}");
    };
    (0..=up_to(1 << 22, 1 << 16)).for_each(check);
    for root in (1..=up_to(1 << 20, 1 << 14)).chain((1 << 32) - 1_000..1 << 32) {
        let square = root * root;
        (square - 1..=square + 1).for_each(check);
    }
    check(u64::MAX);
}

#[test]
fn powers_in_halves_are_never_above_the_exact_ones_nor_far_below() {
    let one = BigUint::from(Fraction::ONE.0);
    for halves in 0..=12u8 {
        let mut last = Fraction::ZERO;
        for step in 0..=up_to(1 << 12, 1 << 8) {
            let x = Fraction(step * (Fraction::ONE.0 / up_to(1 << 12, 1 << 8)));
            let power = power_in_halves_down(x, halves);
            // power / 2^32 <= (x / 2^32)^(halves / 2), squared
            let squared = BigUint::from(power.0).pow(2) * one.pow(u32::from(halves));
            let exact = BigUint::from(x.0).pow(u32::from(halves)) * one.pow(2);
            assert!(squared <= exact, "{x:?} {halves}");
            // each of the at most seven roundings loses less than 2^-32
            let above = BigUint::from(power.0 + 7).pow(2) * one.pow(u32::from(halves));
            assert!(above > exact, "{x:?} {halves}");
            assert!(power >= last && power <= Fraction::ONE, "it never falls");
            last = power;
        }
    }
}
