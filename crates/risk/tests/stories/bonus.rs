//! The bonus: a curve of net risk, never beyond the borrower's equity, and a small fixed one for insolvent books.

use crate::fixture::{usd, Alt, Btc, Fixture, Sol, Usdc};
use ballast_risk::{
    bonus::{curve_bonus_down, equity_bonus_down, MAX_INSOLVENT_BONUS},
    presets,
    score::Score,
    Bps, Fraction, Ppm,
};

#[test]
fn the_bonus_rises_from_its_lowest_to_its_highest_with_the_net_risk() {
    let curve = Fixture::new(presets::balanced().unwrap(), &[(Sol, 1.0)]).curves[0];
    let bonus = |u: f64| f64::from(curve_bonus_down(&curve, Fraction((u * 2f64.powi(32)) as u64)).0);
    let formula = |u: f64| 1e6 * (0.002 + (0.05 - 0.002) * (u / 0.4).min(1.0).powf(1.5));
    for u in [0.0, 0.01, 0.1, 0.2, 0.399, 0.4, 0.9, 1.0] {
        assert!((formula(u) - 1.0..=formula(u)).contains(&bonus(u)), "u {u}: {} {}", bonus(u), formula(u));
    }
}

#[test]
fn the_equity_bounds_the_bonus_and_is_rounded_down() {
    let score = |collateral: f64, debt: f64| Score {
        collateral: usd(collateral),
        debt: usd(debt),
        ..Score::default()
    };
    assert_eq!(equity_bonus_down(&score(103.0, 100.0)), Ppm(30_000));
    assert_eq!(equity_bonus_down(&score(100.1, 99.0)), Ppm(11_111)); // 1.1 / 99
    assert_eq!(equity_bonus_down(&score(99.0, 100.0)), Ppm(0));
    assert_eq!(equity_bonus_down(&score(100.0, 0.0)), Ppm(u32::MAX));
}

#[test]
fn near_the_end_of_its_equity_a_book_pays_what_it_has() {
    // 103 against 100: the curve would pay 5 %, the equity is 3 %.
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Btc, 1_030.0), (Usdc, -1_000.0)]);
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!((plan.bonus, plan.insolvent, plan.backstop), (Ppm(30_000), false, true));
}

#[test]
fn an_insolvent_book_pays_the_lowest_bonus_and_no_insurance() {
    for collateral in [1_001.9, 1_000.0, 900.0] {
        let fixture = Fixture::new(presets::balanced().unwrap(), &[(Btc, collateral), (Usdc, -1_000.0)]);
        let plan = fixture.plan(1, 0).unwrap();
        assert_eq!((plan.bonus, plan.insolvent, plan.insurance_slice), (Ppm(2_000), true, Bps(0)));
        assert!(plan.take_deposit);
    }
}

#[test]
fn a_solvent_book_of_an_asset_with_a_high_lowest_bonus_does_not_count_as_insolvent() {
    // The safe preset sells its alt at 5 % from the start. At 104 against 100 that would be one dollar of the lenders' in
    // every hundred, although the borrower can pay everybody.
    let fixture = Fixture::new(presets::safe().unwrap(), &[(Alt, 1_040.0), (Usdc, -1_000.0)]);
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!((plan.bonus, plan.insolvent), (Ppm(40_000), false));
    let after = fixture.after(1, 0, &plan);
    assert!(after.equity().0 >= 0 && plan.check_after(&after).is_ok());
}

#[test]
fn what_the_lenders_pay_for_closing_an_insolvent_book_is_bounded() {
    let fixture = Fixture::new(presets::safe().unwrap(), &[(Alt, 1_004.0), (Usdc, -1_000.0)]);
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!((plan.bonus.0, plan.insolvent), (u32::from(MAX_INSOLVENT_BONUS.0) * 100, true));
}
