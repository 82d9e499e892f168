//! Compound growth against exact rationals: never below, and above by less than the stated error.

use ballast_risk::interest::{growth_up, Q64_ONE};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Pow, Zero};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn growth_is_never_below_the_exact_one_and_barely_above(rate in 0u64..6_000_000_000_000, seconds in 0u64..200) {
        let one = BigRational::from_integer(BigInt::from(1));
        let unit = BigRational::new(BigInt::from(1), BigInt::from(Q64_ONE));
        let exact = Pow::pow(&one + &unit * BigRational::from_integer(rate.into()), seconds) - &one;
        let growth = &unit * BigRational::from_integer(BigInt::from(growth_up(rate, seconds)));
        let error = growth - &exact;
        let bound = BigRational::from_integer((2 * seconds).into()) * (&one + &exact) * unit;
        prop_assert!(error >= BigRational::zero());
        prop_assert!(error < bound || (seconds == 0 && error.is_zero()), "{error}");
    }
}
