//! The pace meter: what one window allows, what spending it costs, and how it refills.

use crate::fixture::{usd, Fixture, Sol, Usdc, NOW};
use ballast_risk::{
    pace::{allowance_down, PaceMeter},
    presets,
    tranche::TrancheLimit,
    Bps, Fraction, RiskError, Usd,
};

const WINDOW: u64 = 75;

fn spent(dollars: f64) -> PaceMeter {
    PaceMeter::default().spend_up(NOW, WINDOW, usd(1_000.0), usd(dollars))
}

fn left(meter: &PaceMeter, now: u64, allowance: f64) -> Usd {
    meter.available_down(now, WINDOW, usd(allowance)).unwrap()
}

#[test]
fn a_tranche_spends_what_it_repays_and_no_more() {
    assert_eq!(left(&spent(300.0), NOW, 1_000.0), usd(1_000.0 - 300.0));
    assert_eq!(left(&spent(1_000.0), NOW, 1_000.0), Usd::ZERO);
    assert_eq!(left(&spent(1_200.0), NOW, 1_000.0), Usd::ZERO);
}

#[test]
fn the_meter_refills_by_one_allowance_a_window() {
    for seconds in [0, 15, 30, 74] {
        let refilled = 1_000.0 * seconds as f64 / WINDOW as f64;
        let expected = usd((300.0 + refilled).min(1_000.0)).0;
        let available = left(&spent(700.0), NOW + seconds, 1_000.0).0;
        assert!((expected - available).abs() <= 1, "{seconds}: {expected} {available}");
    }
    assert_eq!(left(&spent(1_000.0), NOW + WINDOW, 1_000.0), usd(1_000.0));
}

#[test]
fn a_clock_that_runs_backwards_refills_nothing() {
    let meter = spent(1_000.0);
    assert_eq!(left(&meter, NOW - 50, 1_000.0), Usd::ZERO);
    assert_eq!(meter.spend_up(NOW - 50, WINDOW, usd(1_000.0), usd(1.0)).updated_at, NOW);
}

#[test]
fn ten_dollars_repaid_in_calm_do_not_lock_the_book_when_the_price_falls() {
    // At little net risk the allowance of a small book is the smallest tranche. Spending it and then falling by a third
    // must leave the larger allowance but for the ten dollars, or anyone could hold liquidators off with dust.
    let calm = PaceMeter::default().spend_up(NOW, WINDOW, usd(10.0), usd(10.0));
    assert_eq!(left(&calm, NOW, 3_000.0), usd(3_000.0 - 10.0));
}

#[test]
fn a_slow_asset_sold_first_does_not_slow_a_fast_one() {
    // The meter is the obligation's; the allowance belongs to the asset that is sold.
    let (slow, fast) = (usd(30.0), 2_000.0);
    let meter = PaceMeter::default().spend_up(NOW, WINDOW, slow, slow);
    assert_eq!(left(&meter, NOW, 30.0), Usd::ZERO);
    assert_eq!(left(&meter, NOW, fast), usd(fast - 30.0));
}

#[test]
fn dust_of_a_slow_asset_does_not_stop_the_refill_of_a_fast_one() {
    // Dust closes whole where the meter has no room for it. Every second somebody sells nine dollars of the slow asset.
    let (slow, fast, dust) = (usd(30.0), 1_000.0, 9.0);
    let mut meter = spent(fast);
    for second in 1..WINDOW {
        meter = meter.spend_up(NOW + second, WINDOW, slow, usd(dust));
        let expected = usd((fast * (second as f64 / WINDOW as f64) - dust * second as f64).max(0.0)).0;
        let available = left(&meter, NOW + second, fast).0;
        assert!((expected - available).abs() <= 1, "{second}: {expected} {available}");
    }
    // and what was spent before is forgotten after its window
    assert_eq!(left(&meter, NOW + WINDOW, fast), usd(fast));
}

#[test]
fn the_allowance_is_the_curve_of_the_net_risk() {
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Sol, 1_000.0)]);
    let curve = fixture.curves[0];
    let allowance = |u: Bps, debt: f64| {
        allowance_down(&curve, &fixture.rules, Fraction::from_bps_down(u), usd(debt)).unwrap().0 as f64 / 1e6
    };
    let formula = |u: f64, debt: f64| debt * (0.003 + (1.0 - 0.003) * (u / 0.35f64).min(1.0).powf(1.5));
    for (u, debt) in [(0, 1e6), (350, 1e6), (1_750, 1e6), (3_500, 1e6), (9_000, 1e6), (100, 40_000.0)] {
        let (is, should) = (allowance(Bps(u), debt), formula(f64::from(u) / 1e4, debt));
        assert!((is - should).abs() <= 1e-6 * debt, "u {u} bps: {is} {should}");
    }
    // never below the smallest tranche, nor above the debt
    assert_eq!(allowance(Bps(0), 2_000.0), 10.0);
    assert_eq!(allowance(Bps(0), 4.0), 4.0);
}

#[test]
fn a_spent_meter_is_named_as_the_reason() {
    let mut fixture = Fixture::new(presets::balanced().unwrap(), &[(Sol, 1_199.0), (Usdc, -1_000.0)]);
    let first = fixture.plan(1, 0).unwrap();
    assert_eq!(first.limit, TrancheLimit::Pace);
    fixture.meter = fixture.meter.spend_up(NOW, WINDOW, first.allowance, first.repay);
    assert_eq!(fixture.plan(1, 0).unwrap_err(), RiskError::PaceMeterSpent);
    fixture.now = NOW + WINDOW;
    assert_eq!(fixture.plan(1, 0).unwrap().repay, first.repay);
}

#[test]
fn after_a_window_even_what_the_backstop_sells_beside_a_pace_of_nothing_starts_the_meter_anew() {
    let later = spent(300.0).spend_up(NOW + WINDOW, WINDOW, Usd::ZERO, usd(5.0));
    assert_eq!(later, PaceMeter { used: usd(5.0).0 as u64, updated_at: NOW + WINDOW });
}
