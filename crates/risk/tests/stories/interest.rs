//! The rate of a reserve, and compound growth against exact rationals: never below, and above by less than the stated error.

use ballast_risk::{
    interest::{growth_up, RateCurve, Q64_ONE},
    reserve::Ledger,
    TokenAmount,
};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Pow, Zero};
use proptest::prelude::*;

#[test]
fn a_reserves_rate_follows_its_utilisation_as_it_stands() {
    let curve = RateCurve::new(&[(0, 100), (8_000, 900), (10_000, 10_000)]).unwrap();
    let mut ledger = Ledger::new(0);
    ledger.deposit_down(TokenAmount(1_000)).unwrap();
    for (borrowed, utilisation) in [(0, 0), (400, 4_000), (400, 8_000), (200, 10_000)] {
        if borrowed > 0 {
            ledger.borrow_up(TokenAmount(borrowed)).unwrap();
        }
        ledger.update_rate(&curve).unwrap();
        assert_eq!(Ok(ledger.rate_per_second), curve.rate_per_second_up(utilisation), "{utilisation}");
    }
}

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
