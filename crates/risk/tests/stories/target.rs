//! `x* = (H·R − E)/(H·a − b)`: the tranche after which the equity is H times the requirement.

use crate::fixture::{usd, Alt, Btc, Fixture, Sol, Usdc};
use ballast_risk::{presets, score::Binding, tranche::TrancheLimit, Fraction};

const H: f64 = 1.04;

#[test]
fn the_restoring_tranche_by_hand() {
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Sol, 1_000.0), (Usdc, -884.0)]);
    let score = fixture.score();
    let (equity, required) = (1_000.0 - 884.0, 0.17 * 1_000.0 + 0.005 * 884.0);
    assert_eq!((score.equity(), score.requirement), (usd(equity), usd(required)));
    let u = 1.0 - equity / required;
    let bonus = 0.002 + (0.05 - 0.002) * (u / 0.4f64).powf(1.5);
    let plan = fixture.plan(1, 0).unwrap();
    assert!((f64::from(plan.bonus.0) / 1e6 - bonus).abs() < 2e-6);

    let bonus = f64::from(plan.bonus.0) / 1e6; // whole ppm from here
    let a = 0.005 + (1.0 + bonus) * 0.17; // k_D: the stable's basis; k_C: SOL's whole margin
    let x = (H * required - equity) / (H * a - bonus);
    assert_eq!(plan.limit, TrancheLimit::Target);
    assert!((plan.repay.0 - usd(x).0).abs() <= 5, "{:?} {x}", plan.repay);
    // and the equity really is H times the requirement after it
    let after = fixture.after(1, 0, &plan);
    assert!((after.equity().0 as f64 - H * after.requirement.0 as f64).abs() <= 5.0, "{after:?}");
    assert!(after.is_healthy());
}

#[test]
fn where_another_row_binds_on_the_way_the_tranche_stops_short_of_the_target() {
    // Long ALT against BTC: "ALT down while the others rise by half" binds at first, "BTC up while the others fall by half"
    // after it, where selling ALT relieves only half as much. R is convex: x* is at most what the target would take.
    let fixture =
        Fixture::new(presets::balanced().unwrap(), &[(Alt, 900.0), (Usdc, 1_200.0), (Btc, -1_812.0)]);
    let (before, plan) = (fixture.score(), fixture.plan(2, 0).unwrap());
    let after = fixture.after(2, 0, &plan);
    assert_eq!((before.worst_row, after.worst_row, plan.limit), (10, 5, TrancheLimit::Target));
    assert!(plan.check_after(&after).is_ok());
    assert!(after.equity().0 * 10_000 < after.requirement.0 * 10_400);
}

#[test]
fn where_the_debt_floor_binds_only_repaying_helps() {
    // Stables against stables of a wallet's worth: f·D = 6 % binds.
    let fixture =
        Fixture::new(presets::balanced().unwrap(), &[(Usdc, 1_000.0), (Btc, -0.000001), (Usdc, -950.0)]);
    let (before, plan) = (fixture.score(), fixture.plan(2, 0).unwrap());
    assert_eq!(before.binding, Binding::DebtFloor);
    let bonus = f64::from(plan.bonus.0) / 1e6;
    let gain = 0.06 - bonus; // every dollar repaid frees 6 cents of requirement and costs the bonus
    assert!((plan.gain as f64 / 1e10 - gain).abs() < 1e-9);
    let x = (H * 0.06 * 950.000001 - (1_000.0 - 950.000001)) / (H * 0.06 - bonus);
    assert_eq!(plan.limit, TrancheLimit::Target);
    assert!((plan.repay.0 - usd(x).0).abs() <= 200, "{plan:?} {x}");
}

#[test]
fn a_tranche_for_the_target_is_at_least_the_smallest_one() {
    // One cent below the requirement: x* is below ten dollars.
    let mut fixture = Fixture::new(presets::balanced().unwrap(), &[(Sol, 1_000.0), (Usdc, -825.88)]);
    fixture.curves[0].target = ballast_risk::Bps(10_000);
    let before = fixture.score();
    assert!(!before.is_healthy() && before.excess() > usd(-0.2), "{before:?}");
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!((plan.limit, plan.repay), (TrancheLimit::Target, usd(10.0)));
    assert!(plan.net_risk < Fraction(1 << 22));
}
