//! The rate of a reserve, and compound growth against exact rationals: never below, and above by less than the stated error.

use ballast_risk::{
    interest::{growth_up, RateCurve, Q64_ONE},
    reserve::{InterestSplit, Ledger},
    Bps, DebtShares, DepositShares, TokenAmount,
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

#[test]
fn lenders_are_told_what_the_next_second_brings_them() {
    let split =
        InterestSplit { fee: Bps(1_000), insurance: Bps(500), insurance_target: Bps(100), reserved: 0 };
    let (lent, rate) = (1 << 50, 1 << 35);
    // (deposits, insurance held, of the borrowers' rate in bps): half lent, all lent with insurance at its target, and more lent
    // than deposits are, where a deposit earns no more than debt does
    let cases = [
        (2 * lent, 0, 8_500 / 2),
        (lent, 0, 8_500),
        (lent, lent / 99, 9_000),
        (lent / 4 * 3, lent, 10_000),
        (lent / 20 * 19, lent, 9_000 * 20 / 19),
    ];
    for (deposits, insured, bps) in cases {
        let ledger = Ledger {
            debt_shares: DebtShares(lent),
            deposit_shares: DepositShares(deposits),
            insurance_q64: u128::from(insured) << 64,
            rate_per_second: rate,
            ..Ledger::new(0)
        };
        let told = ledger.lending_rate_down(&split);
        let expected = rate * bps / 10_000;
        assert!(told.abs_diff(expected) <= expected / 1_000, "{deposits} {insured}: {told} {expected}");
        let mut later = ledger;
        later.accrue(1, &split);
        let rise = later.deposit_index - ledger.deposit_index;
        assert!(rise.abs_diff(told.into()) * 100_000 <= rise, "{rise} {told}");
    }
    let nobody = Ledger { debt_shares: DebtShares(lent), rate_per_second: rate, ..Ledger::new(0) };
    assert_eq!(nobody.lending_rate_down(&split), 0);
    assert_eq!(Ledger::new(0).lending_rate_down(&split), 0);
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
