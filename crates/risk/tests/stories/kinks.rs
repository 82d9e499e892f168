//! Books where two scenarios are nearly as bad: what one pair seems to gain in the worse one, it loses in the other.

use crate::fixture::{usd, Alt, Btc, Eth, Fixture, Lst, Sol, Usdc, ANY};
use ballast_risk::{
    presets,
    tranche::{best_pair, score_after},
    Bps, RiskError, Usd,
};

/// ALT and USD against ETH and BTC: "ALT down while the others rise by half" is the worst row, by little before "all up".
fn between_two_rows() -> Fixture {
    let preset = presets::balanced().unwrap();
    let held = [(Alt, 179.658132), (Usdc, 1_518.064785), (Sol, 1.108449), (Lst, 1.182114)];
    let owed = [(Eth, -890.303639), (Btc, -630.683432)];
    Fixture::new(preset, &[held.as_slice(), &owed].concat())
}

#[test]
fn a_pair_that_only_seems_better_does_not_shield_the_book() {
    let fixture = between_two_rows();
    assert!(!fixture.score().is_healthy());
    // By the marginals of the worst row, selling ALT beats selling USD more than twice. But no tranche of it helps.
    let fake = fixture.plan(4, 0).unwrap();
    for maximum in [10.0, 20.0, 50.0, 1e6] {
        let plan = fixture.plan_up_to(4, 0, usd(maximum)).unwrap();
        assert_eq!(plan.check_after(&fixture.after(4, 0, &plan)), Err(RiskError::WorseningPair));
    }
    let real =
        fixture.plan(4, 1).expect("selling USD is not refused for the sake of a pair that cannot help");
    assert!(real.gain * 2 < fake.gain);
    assert_eq!(real.check_after(&fixture.after(4, 1, &real)), Ok(()));
}

#[test]
fn keepers_are_shown_a_pair_that_passes_the_exact_check() {
    let fixture = between_two_rows();
    let request = fixture.request(4, 0, ANY);
    let (debt, deposit, plan) =
        best_pair(&request, &fixture.curves, &fixture.buckets).unwrap().expect("a pair");
    assert_eq!(plan.check_after(&fixture.after(debt, deposit, &plan)), Ok(()));
}

#[test]
fn a_pair_that_gains_exactly_twice_as_much_over_its_smallest_tranche_does_not_shield_the_book() {
    let mut fixture = between_two_rows();
    // one bonus for all, so that only the alt's worth moves the kink; the alt for BTC is what would be better
    for curve in &mut fixture.curves {
        (curve.bonus_min, curve.bonus_max) = (Bps(20), Bps(20));
    }
    let mut with_alt = |worth: i128| {
        fixture.book[0].value = Usd(worth);
        let (alt, stables) = (fixture.plan(5, 0).unwrap(), fixture.plan(4, 1));
        let smallest = fixture.rules.minimum();
        let after = score_after(&fixture.preset.model, &fixture.book, 5, 0, smallest, alt.bonus).unwrap();
        // micro-USD a smallest tranche in bps × ppm a dollar
        let measured = (after.excess().0 - alt.before.excess().0) * 10_000_000_000 / smallest.0;
        (measured, stables.map(|plan| i128::from(plan.gain) * 2))
    };
    // a dollar of ETH repaid relieves 8 cents, 1.002 of stables sold half a cent each, and 0.2 cents are paid for it
    let twice = 2 * (800 * 1_000_000 + 50 * 1_002_000 - 20 * 1_000_000);
    assert_eq!(with_alt(182_937_254), (twice, Ok(twice)));
    // a micro-USD of rise more, and it is the better pair
    assert_eq!(with_alt(182_937_257), (twice + 1_000, Err(RiskError::BetterPairAvailable)));
}

#[test]
fn rounding_makes_no_pair_more_than_twice_as_good() {
    // a bonus of what repaying stables relieves, and stables that relieve exactly half of what SOL does
    let mut fixture =
        Fixture::new(presets::balanced().unwrap(), &[(Sol, 500.000006), (Usdc, 700.0), (Usdc, -1_060.0)]);
    fixture.preset.model.basis[3] = Bps(20);
    fixture.book[1].idio = Bps(1_700 / 2);
    for curve in &mut fixture.curves {
        (curve.bonus_min, curve.bonus_max) = (Bps(20), Bps(20));
    }
    // over this smallest tranche the requirement's rounding falls by a micro-USD more than it does
    fixture.rules.minimum_tranche = 10_000_005;
    let (sol, stables) = (fixture.plan(2, 0).unwrap(), fixture.plan(2, 1).unwrap());
    assert_eq!(sol.gain, stables.gain * 2);
    let smallest = fixture.rules.minimum();
    let after = score_after(&fixture.preset.model, &fixture.book, 2, 0, smallest, sol.bonus).unwrap();
    let rise = after.excess().0 - sol.before.excess().0;
    assert!(rise * 10_000_000_000 > smallest.0 * i128::from(sol.gain));
}

#[test]
fn a_pair_that_really_is_better_is_still_asked_for() {
    // Long SOL against USD: selling the USD deposit beside it would hardly lower the risk.
    let fixture =
        Fixture::new(presets::balanced().unwrap(), &[(Sol, 1_000.0), (Usdc, 300.0), (Btc, -1_150.0)]);
    assert!(!fixture.score().is_healthy());
    assert!(fixture.plan(2, 0).is_ok());
    assert_eq!(fixture.plan(2, 1).unwrap_err(), RiskError::BetterPairAvailable);
}
