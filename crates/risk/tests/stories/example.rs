//! The worked example of `docs/risk-model.md`: every number there is computed here, as the formula that the text shows.

use crate::fixture::{usd, Btc, Fixture, Lst, Sol, Usdc};
use ballast_risk::{
    presets::{self, ROW_NAMES},
    score::{explain, opening_score, Binding, EXACT_LIMIT, FAST_LIMIT},
    tranche::TrancheLimit,
    Fraction, RiskError,
};

const SOL_DOWN: usize = 8;

fn book(stables: f64) -> Fixture {
    let positions = [(Sol, 40_000.0), (Lst, 10_000.0), (Btc, -12_000.0), (Usdc, -stables)];
    Fixture::new(presets::balanced().unwrap(), &positions)
}

#[test]
fn the_requirement_term_by_term() {
    let fixture = book(24_500.0);
    let score = fixture.score();
    assert_eq!(score.collateral, usd(50_000.0));
    assert_eq!(score.debt, usd(12_000.0 + 24_500.0));
    assert_eq!(score.equity(), usd(13_500.0));

    let explanation = explain(&fixture.preset.model, &fixture.book).unwrap();
    assert_eq!(usize::from(score.worst_row), SOL_DOWN);
    assert_eq!(ROW_NAMES[SOL_DOWN], "SOL down while the others rise by half");
    // BTC, ETH, SOL, USD, ALT
    let losses = [12_000.0 * 0.0625, 0.0, 50_000.0 * 0.125, 0.0, 0.0];
    let basis = [0.02 * 12_000.0, 0.0, 0.045 * 50_000.0, 0.005 * 24_500.0, 0.0];
    for g in 0..5 {
        assert_eq!(explanation.group_loss[g], usd(losses[g]), "{g}");
        assert_eq!(explanation.basis_charge[g], usd(basis[g]), "{g}");
    }
    assert_eq!(explanation.idio_charge[..4], [usd(0.0), usd(0.015 * 10_000.0), usd(0.0), usd(0.0)]);
    let scenario = (750.0 + 6_250.0) + (240.0 + 2_250.0 + 122.5) + 150.0;
    let gross_floor = 0.4 * (0.17 * 40_000.0 + 0.185 * 10_000.0 + 0.145 * 12_000.0);
    let debt_floor = 0.06 * 36_500.0;
    assert_eq!(explanation.gross_floor, usd(gross_floor));
    assert_eq!(explanation.debt_floor, usd(debt_floor));
    assert_eq!((score.requirement, score.binding), (usd(scenario), Binding::Scenario));
    assert_eq!((scenario, gross_floor, debt_floor), (9_762.5, 4_156.0, 2_190.0));
    assert!(score.is_healthy());
}

#[test]
fn the_loss_of_each_row() {
    let fixture = book(24_500.0);
    let loss = |row: usize| -> f64 {
        let shocks = fixture.preset.model.rows[row];
        let net = [-12_000.0, 0.0, 50_000.0, -24_500.0, 0.0];
        -(0..5).map(|g| net[g] * f64::from(shocks[g]) / 1e4).sum::<f64>()
    };
    assert_eq!(loss(1), 50_000.0 * 0.125 - 12_000.0 * 0.125); // all down: 4,750
    assert_eq!(loss(5), 50_000.0 * 0.0625 + 12_000.0 * 0.125); // BTC up while the others fall by half: 4,625
    assert_eq!(loss(SOL_DOWN), 50_000.0 * 0.125 + 12_000.0 * 0.0625); // 7,000
    assert_eq!(loss(12), 50_000.0 * 0.0625 - 12_000.0 * 0.0625 - 24_500.0 * 0.03); // depeg: 1,640
    assert!((0..15).all(|row| loss(row) <= loss(SOL_DOWN)));
}

#[test]
fn opening_asks_for_a_quarter_more() {
    let fixture = book(24_500.0);
    let opening = opening_score(&fixture.preset.model, &fixture.book).unwrap();
    assert_eq!(opening.requirement, usd(1.25 * 9_762.5));
    assert!(opening.is_healthy(), "13,500 against 12,203.125");
}

/// The same book after its debt in stables has grown to 28,600.
#[test]
fn the_tranche_of_the_unhealthy_book() {
    let fixture = book(28_600.0);
    let score = fixture.score();
    let required = 7_000.0 + (240.0 + 2_250.0 + 0.005 * 28_600.0) + 150.0;
    assert_eq!((score.equity(), score.requirement), (usd(9_400.0), usd(required)));
    assert_eq!(required, 9_783.0);
    let u: f64 = 1.0 - 9_400.0 / 9_783.0;
    let bonus = 0.002 + 0.048 * (u / 0.4).powf(1.5);
    let allowance = 40_600.0 * (0.003 + 0.997 * (u / 0.35).powf(1.5));

    // repay stables, sell SOL
    let plan = fixture.plan(3, 0).unwrap();
    assert!((f64::from(plan.bonus.0) - bonus * 1e6).abs() <= 1.0 && (0.00346..0.00348).contains(&bonus));
    let a = 0.005 + (1.0 + bonus) * 0.17;
    let target = (1.04 * 9_783.0 - 9_400.0) / (1.04 * a - bonus);
    assert!((4_300.0..4_340.0).contains(&target), "{target}");
    assert!((plan.allowance.0 as f64 / 1e6 - allowance).abs() < 0.01, "{allowance}");
    assert_eq!((plan.limit, plan.repay), (TrancheLimit::Pace, plan.allowance));
    assert!((1_635.0..1_645.0).contains(&allowance), "{allowance}");
    assert!((plan.gain as f64 / 1e10 - (a - bonus)).abs() < 1e-6);

    // after it the equity has fallen by the bonus and the requirement by a
    let after = fixture.after(3, 0, &plan);
    assert!((after.equity().0 as f64 / 1e6 - (9_400.0 - bonus * allowance)).abs() < 0.01);
    assert!((after.requirement.0 as f64 / 1e6 - (9_783.0 - a * allowance)).abs() < 0.01);
}

#[test]
fn the_four_pairs_of_the_unhealthy_book() {
    let fixture = book(28_600.0);
    let bonus = f64::from(fixture.plan(3, 0).unwrap().bonus.0) / 1e6;
    // what a dollar repaid relieves: stables their basis, BTC its rise in the worst row and its basis
    let (stables, btc) = (0.005, 0.0625 + 0.02);
    // what a dollar sold relieves
    let (sol, lst) = (0.125 + 0.045, 0.125 + 0.045 + 0.015);
    for (debt, deposit, k_debt, k_deposit) in
        [(3, 0, stables, sol), (3, 1, stables, lst), (2, 0, btc, sol), (2, 1, btc, lst)]
    {
        let gain = k_debt + (1.0 + bonus) * k_deposit - bonus;
        let plan = fixture.plan(debt, deposit).unwrap();
        assert!((plan.gain as f64 / 1e10 - gain).abs() < 1e-6, "{debt} {deposit}");
        // all of them are more than half as good as the best, so a liquidator may choose
        assert!(2.0 * gain > btc + (1.0 + bonus) * lst - bonus);
    }
    assert_eq!(fixture.plan(0, 1).unwrap_err(), RiskError::NotAPair);
}

#[test]
fn a_book_with_more_equity_than_it_needs_has_no_net_risk_however_large_it_is() {
    for scale in [1.0, 1e3, 1e6, 1e9] {
        let positions = [(Sol, 40_000.0 * scale), (Usdc, -24_500.0 * scale)];
        let score = Fixture::new(presets::balanced().unwrap(), &positions).score();
        assert!(score.excess().0 > 0);
        assert_eq!(score.net_risk_down(), Fraction::ZERO, "{scale}");
    }
}

#[test]
fn the_bounds_of_a_book_are_the_largest_whose_sums_fit() {
    // four full shocks of 10^4 bps a micro-USD, and 17 times 10^4 for rounding
    let largest =
        |book: i128, sums: i128| book * 40_000 <= sums - 170_000 && book + 1 > (sums - 170_000) / 40_000;
    assert!(largest(FAST_LIMIT, i64::MAX.into()) && largest(EXACT_LIMIT, i128::MAX));
}
