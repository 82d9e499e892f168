//! From a plan to tokens: every rounding is against the liquidator, and dust closes whole.

use crate::fixture::{usd, Btc, Fixture, Sol, Usdc};
use ballast_risk::{
    presets,
    price::UnitPrice,
    tranche::{Legs, TrancheLimit},
    Bps, RiskError, TokenAmount, Usd,
};

/// One dollar a token, in units of a cent.
fn cents() -> UnitPrice {
    UnitPrice::from_oracle(100_000_000, -8, 2).unwrap()
}

/// One dollar a token, in units of a micro-USD.
fn micros() -> UnitPrice {
    UnitPrice::from_oracle(100_000_000, -8, 6).unwrap()
}

#[test]
fn a_deposit_is_taken_whole_only_for_its_full_worth() {
    // The deposit is worth 1.002 times the debt and one micro-USD: the bonus of an insolvent book and something over.
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Btc, 100.200001), (Usdc, -100.000001)]);
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!((plan.limit, plan.insolvent, plan.bonus.0), (TrancheLimit::Deposit, true, 2_000));
    let legs = Legs {
        debt_price: cents(),
        debt_owed: TokenAmount(10_000),
        deposit_price: micros(),
        deposit_held: TokenAmount(100_200_001),
    };
    let outcome = plan.settle(&legs).unwrap();
    assert_eq!((outcome.repay, outcome.close_debt), (TokenAmount(10_000), true));
    assert!(outcome.seize.0 <= 100_000_000 * 1_002 / 1_000, "{outcome:?}");
    assert!(!outcome.take_deposit);
}

#[test]
fn a_deposit_that_is_taken_whole_is_paid_for_rounded_up() {
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Btc, 50.000001), (Usdc, -100.0)]);
    let plan = fixture.plan(1, 0).unwrap();
    let legs = Legs {
        debt_price: cents(),
        debt_owed: TokenAmount(10_000),
        deposit_price: micros(),
        deposit_held: TokenAmount(50_000_001),
    };
    let outcome = plan.settle(&legs).unwrap();
    assert!(outcome.take_deposit);
    assert_eq!(outcome.seize, TokenAmount(50_000_001));
    // 50.000001 / 1.002 = 49.9002 dollars, in cents rounded up
    assert_eq!(outcome.repay, TokenAmount(4_991));
}

#[test]
fn a_partial_tranche_rounds_both_legs_down() {
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Sol, 1_210.0), (Usdc, -1_000.0)]);
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!(plan.repay, usd(10.0));
    let legs = Legs {
        debt_price: cents(),
        debt_owed: TokenAmount(100_000),
        deposit_price: cents(),
        deposit_held: TokenAmount(121_000),
    };
    let outcome = plan.settle(&legs).unwrap();
    // A value rounded up would pay for 999 cents only because the price's own rounding counts against the liquidator.
    assert_eq!(outcome.repay, TokenAmount(999));
    assert!(outcome.seize.0 <= 999 * (1_000_000 + u64::from(plan.bonus.0)) / 1_000_000);
    assert_eq!(outcome.seize.0, outcome.insurance.0 + outcome.to_liquidator.0);
}

#[test]
fn insurance_keeps_its_slice_of_the_bonus_rounded_up() {
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Sol, 1_150.0), (Usdc, -1_000.0)]);
    let (plan, outcome) = fixture.settle(1, 0).unwrap();
    assert_eq!(plan.insurance_slice, Bps(3_000));
    let bonus = u128::from(plan.bonus.0);
    let slice = u128::from(outcome.seize.0) * bonus * 3_000;
    let whole = (1_000_000 + bonus) * 10_000;
    assert_eq!(u128::from(outcome.insurance.0), slice.div_ceil(whole));
}

#[test]
fn what_would_remain_below_the_smallest_tranche_goes_with_it() {
    // 19 dollars of debt: the allowance is the smallest tranche, 10, and the 9 that would remain go with it.
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Sol, 22.5), (Usdc, -19.0)]);
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!((plan.repay, plan.limit, plan.close_debt), (usd(19.0), TrancheLimit::Debt, true));
    // 21 dollars would leave 11: they stay.
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Sol, 24.8), (Usdc, -21.0)]);
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!((plan.repay, plan.close_debt), (usd(10.0), false));
    // and so does a rest of exactly the smallest tranche, of 20
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Sol, 23.6), (Usdc, -20.0)]);
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!((plan.repay, plan.close_debt), (usd(10.0), false));
}

#[test]
fn a_deposit_that_is_worth_exactly_the_debt_and_its_bonus_ends_with_the_debt() {
    // an insolvent book pays 0.2 %
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Btc, 100.2), (Usdc, -100.0)]);
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!((plan.repay, plan.limit), (usd(100.0), TrancheLimit::Debt));
    assert!(plan.insolvent && plan.close_debt && !plan.take_deposit);
}

#[test]
fn a_tranche_that_changes_nothing_does_not_pass_the_check_after_it() {
    let plan =
        Fixture::new(presets::balanced().unwrap(), &[(Sol, 1_210.0), (Usdc, -1_000.0)]).plan(1, 0).unwrap();
    assert_eq!(plan.check_after(&plan.before), Err(RiskError::WorseningPair));
    let mut better = plan.before;
    better.requirement.0 -= 1;
    assert_eq!(plan.check_after(&better), Ok(()));
}

#[test]
fn a_liquidator_with_less_than_the_rest_leaves_it() {
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Sol, 22.5), (Usdc, -19.0)]);
    let plan = fixture.plan_up_to(1, 0, usd(12.0)).unwrap();
    assert_eq!((plan.repay, plan.close_debt), (usd(10.0), false));
    assert_eq!(fixture.plan_up_to(1, 0, usd(9.9)).unwrap_err(), RiskError::TrancheTooSmall);
}

#[test]
fn a_leg_that_rounds_to_nothing_is_refused() {
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Sol, 1_210.0), (Usdc, -1_000.0)]);
    let plan = fixture.plan(1, 0).unwrap();
    // a token of two decimals at 5,000 dollars: one unit is 50 dollars, more than the tranche
    let coarse = UnitPrice::from_oracle(5_000, 0, 2).unwrap();
    let legs = Legs {
        debt_price: coarse,
        debt_owed: TokenAmount(20),
        deposit_price: micros(),
        deposit_held: TokenAmount(1_210_000_000),
    };
    assert_eq!(plan.settle(&legs).unwrap_err(), RiskError::ZeroAmount);
    assert_eq!(
        plan.settle(&Legs { debt_price: UnitPrice::default(), ..legs }),
        Err(RiskError::PriceOutOfRange)
    );
    assert_eq!(plan.repay, Usd(10_000_000));
    // ten dollars that would buy a fifth of a unit
    let legs = Legs { debt_price: micros(), deposit_price: coarse, ..legs };
    let legs = Legs { debt_owed: TokenAmount(1_000_000_000), deposit_held: TokenAmount(24), ..legs };
    assert_eq!(plan.settle(&legs).unwrap_err(), RiskError::ZeroAmount);
}
