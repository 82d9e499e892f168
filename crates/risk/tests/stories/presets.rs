//! The presets are valid and have the margins that they claim.

use crate::fixture::{usd, Alt, Btc, Eth, Fixture, Lst, Sol, Usdc};
use ballast_risk::{
    model::MAX_BONUS,
    presets::{
        balanced, calm, named, safe, steady, still, AssetKind, Preset, ASSETS, GROUP_NAMES, ROW_NAMES, SHAPES,
    },
    Bps,
};

fn all() -> [Preset; 5] {
    [balanced().unwrap(), calm().unwrap(), safe().unwrap(), steady().unwrap(), still().unwrap()]
}

#[test]
fn every_preset_goes_by_its_name() {
    let names = ["balanced", "calm", "safe", "steady", "still"];
    assert_eq!(SHAPES.map(|shape| shape.name), names);
    for (name, preset) in names.into_iter().zip(all()) {
        assert_eq!(named(name).unwrap().build().unwrap(), preset, "{name}");
    }
    assert!(named("brave").is_none());
}

fn margins(preset: &Preset) -> Vec<u64> {
    let margin = |kind: AssetKind| {
        let risk = preset.asset(kind).unwrap().risk;
        preset.model.margin_up(risk.group, risk.beta, risk.idio)
    };
    ASSETS.iter().map(|&kind| margin(kind)).collect()
}

#[test]
fn every_parameter_is_within_its_compiled_bounds() {
    for preset in all() {
        preset.model.validate().unwrap();
        preset.rules.validate().unwrap();
        for kind in ASSETS {
            let asset = preset.asset(kind).unwrap();
            preset.model.validate_asset(&asset.risk).unwrap();
            asset.curve.validate().unwrap();
            asset.rates.validate().unwrap();
            assert!(asset.curve.bonus_max <= MAX_BONUS && MAX_BONUS < preset.model.debt_floor);
            assert!(asset.split.fee.0 + asset.split.insurance.0 <= 10_000);
        }
        assert_eq!(usize::from(preset.model.row_count), ROW_NAMES.len());
        assert_eq!(usize::from(preset.model.group_count), GROUP_NAMES.len());
        assert_eq!(GROUP_NAMES[usize::from(preset.model.numeraire_group)], "USD");
    }
}

#[test]
fn the_margins_are_those_of_the_table() {
    // BTC, ETH, SOL, LST, USD, ALT: row + basis + idio
    let expected = vec![1_450, 1_400, 1_700, 1_700 + 150, 300 * 3 / 2 + 50, 3_000];
    assert_eq!(margins(&balanced().unwrap()), expected);
    assert_eq!(margins(&calm().unwrap()), expected);
    assert_eq!(margins(&safe().unwrap()), vec![1_700, 1_700, 2_100, 2_100 + 150, 500, 5_000]);
}

#[test]
fn a_plain_long_against_stables_is_liquidated_where_its_margin_and_the_stables_basis_say() {
    // E = m·C + 0.5 %·D, hence D/C = (1 − m)/1.005
    for (kind, margin) in [(Btc, 0.145), (Eth, 0.14), (Sol, 0.17), (Lst, 0.185), (Alt, 0.30)] {
        let threshold = 10_000.0 * (1.0 - margin) / 1.005;
        let healthy = |debt: f64| {
            Fixture::new(balanced().unwrap(), &[(kind, 10_000.0), (Usdc, -debt)]).score().is_healthy()
        };
        assert!(healthy(threshold - 0.01) && !healthy(threshold + 0.01), "{kind:?}");
    }
}

#[test]
fn each_row_is_what_its_name_says() {
    let full = [1_250, 1_200, 1_250, 0, 2_600, 0, 0, 0];
    let half = full.map(|shock| shock / 2);
    let model = balanced().unwrap().model;
    let row = |name: &str| model.rows[ROW_NAMES.iter().position(|known| *known == name).unwrap()];
    assert_eq!(row("nothing moves"), [0; 8]);
    assert_eq!(row("all crypto down"), full.map(|shock| -shock));
    assert_eq!(row("all crypto up"), full);
    assert_eq!(row("all crypto down by half"), half.map(|shock| -shock));
    for (group, name) in [(0, "BTC"), (1, "ETH"), (2, "SOL"), (4, "ALT")] {
        let mut down = half;
        down[group] = -full[group];
        assert_eq!(row(&format!("{name} down while the others rise by half")), down);
        assert_eq!(row(&format!("{name} up while the others fall by half")), down.map(|shock| -shock));
    }
    let depeg = |usd| [0, 0, 0, usd, 0, 0, 0, 0];
    assert_eq!(row("USD stables depeg alone"), depeg(-450));
    let mut both = half.map(|shock| -shock);
    both[3] = -300;
    assert_eq!(row("USD stables depeg while crypto falls by half"), both);
    let wick = [1_250 / 4, 1_250 / 4, 0, 0, -2_600, 0, 0, 0];
    assert_eq!(row("ALT wicks on one venue while BTC and ETH rise by a quarter"), wick);
}

#[test]
fn stables_are_dear_to_borrow_from_nine_tenths_on_and_others_from_seven() {
    for preset in all() {
        for kind in ASSETS {
            let kink = preset.asset(kind).unwrap().rates.points[1].utilisation_bps;
            assert_eq!(kink, if kind == Usdc { 9_000 } else { 7_000 }, "{kind:?}");
        }
    }
}

#[test]
fn the_slow_presets_pay_their_bonus_later_by_its_exponent_too() {
    let halves =
        |preset: Preset| [Sol, Alt].map(|kind| preset.asset(kind).unwrap().curve.bonus_exponent_halves);
    let [balanced, calm, safe, steady, still] = all();
    assert_eq!([balanced, calm, safe].map(halves), [[3, 3]; 3]);
    assert_eq!([steady, still].map(halves), [[6, 8], [4, 8]]);
}

#[test]
fn opening_asks_for_a_quarter_more() {
    for preset in all() {
        assert_eq!(preset.model.opening_factor, Bps(12_500));
    }
}

#[test]
fn thin_assets_and_collateral_that_must_be_there_are_not_borrowable() {
    for preset in all() {
        let borrowable: Vec<_> =
            ASSETS.into_iter().filter(|&k| preset.asset(k).unwrap().borrowable).collect();
        assert_eq!(borrowable, [Btc, Eth, Sol, Usdc]);
    }
}

#[test]
fn a_hedge_within_a_group_keeps_a_charge() {
    // LST against SOL: the rows cancel, the basis on the larger side and the LST's own charge remain, and the floor of θ.
    let fixture = Fixture::new(balanced().unwrap(), &[(Lst, 10_000.0), (Sol, -8_000.0)]);
    let floor = 0.4 * (0.185 * 10_000.0 + 0.17 * 8_000.0);
    let scenario = 0.125 * (10_000.0 - 8_000.0) + 0.045 * 10_000.0 + 0.015 * 10_000.0;
    assert_eq!(fixture.score().requirement, usd(floor).max(usd(scenario)));
    assert!(floor > scenario);
}

#[test]
fn calm_is_balanced_sold_more_slowly_and_safe_is_wider_and_faster() {
    let [balanced, calm, safe, ..] = all();
    assert_eq!(balanced.model, calm.model);
    let curve = |preset: &Preset, kind| preset.asset(kind).unwrap().curve;
    for kind in [Btc, Sol, Alt] {
        assert!(curve(&calm, kind).pace_urgency > curve(&balanced, kind).pace_urgency);
    }
    assert!(calm.rules.window_seconds > balanced.rules.window_seconds);
    assert!(curve(&safe, Alt).pace_urgency < curve(&balanced, Alt).pace_urgency);
    assert!(safe.rules.backstop_urgency < balanced.rules.backstop_urgency);
}

#[test]
fn steady_and_still_keep_balanceds_margins_and_sell_the_alt_last() {
    let [balanced, _, _, steady, still] = all();
    assert_eq!((steady.model, still.model), (balanced.model, balanced.model));
    let curve = |preset: &Preset, kind| preset.asset(kind).unwrap().curve;
    for kind in [Btc, Sol, Alt] {
        assert!(curve(&steady, kind).pace_urgency > curve(&balanced, kind).pace_urgency);
        assert!(curve(&still, kind).pace_urgency > curve(&steady, kind).pace_urgency);
        assert!(curve(&steady, kind).bonus_urgency > curve(&balanced, kind).bonus_urgency);
    }
    assert!(still.rules.window_seconds > steady.rules.window_seconds);
}
