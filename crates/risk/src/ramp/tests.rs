extern crate std;

use super::*;
use crate::{
    model::{MAX_GROUPS, MAX_ROWS},
    score::{score, Exposure},
    units::{Usd, BPS_ONE},
};
use proptest::prelude::*;
use std::vec::Vec;

const START: Seconds = 20_000 * DAY;

fn models() -> impl Strategy<Value = RiskModel> {
    let rows = proptest::collection::vec(proptest::array::uniform8(-6_000i16..=6_000), 1..MAX_ROWS);
    let basis = proptest::collection::vec(0u16..=1_000, MAX_GROUPS);
    (rows, basis, 0u16..=10_000, 501u16..=3_000, 10_000u16..=12_000).prop_map(
        |(mut rows, basis, gross, debt, factor)| {
            rows.insert(0, [0; MAX_GROUPS]);
            let basis: [Bps; MAX_GROUPS] = core::array::from_fn(|g| Bps(basis[g]));
            RiskModel::new(&rows, &basis, 3, Bps(gross), Bps(debt), Bps(factor)).unwrap()
        },
    )
}

fn books() -> impl Strategy<Value = [Exposure; 6]> {
    let exposure = (-1_000_000i64..=1_000_000, 0u16..=20_000, 0u16..=1_000, 0u8..8).prop_map(
        |(dollars, beta, idio, group)| Exposure {
            value: Usd::dollars(dollars),
            beta: Bps(beta),
            idio: Bps(idio),
            group,
        },
    );
    proptest::array::uniform6(exposure)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A model moves from exactly the old to exactly the new, each field in one direction and never faster than it may, and
    /// passes every rule on the way.
    #[test]
    fn fields_move_one_way_and_no_faster_than_they_may(
        old in models(), new in models(), extra in 0u64..20 * DAY,
        times in proptest::collection::vec(0u64..400 * DAY, 2..20),
    ) {
        let needed = model_seconds_up(&old, &new);
        prop_assume!(needed + extra <= MAX_RAMP);
        let ramp = Ramp::new(START, needed + extra, needed).unwrap();
        prop_assert_eq!(ramp.model_at(&old, &new, START), old);
        prop_assert_eq!(ramp.model_at(&old, &new, START - 1), old);
        prop_assert_eq!(ramp.model_at(&old, &new, START + ramp.duration), new);
        prop_assert!(ramp.model_at(&old, &new, START + ramp.duration - 1) != new || old == new);

        let mut times: Vec<_> = times.iter().map(|t| START + t % ramp.duration).collect();
        times.sort_unstable();
        for pair in times.windows(2) {
            let (early, late) = (pair[0], pair[1]);
            let (a, b) = (ramp.model_at(&old, &new, early), ramp.model_at(&old, &new, late));
            b.validate().unwrap();
            let most = (late - early) * u64::from(MAX_STEP.0) / DAY + 2;
            for k in 0..MAX_ROWS {
                for g in 0..MAX_GROUPS {
                    let (from, to) = (old.rows[k][g], new.rows[k][g]);
                    let (x, y) = (a.rows[k][g], b.rows[k][g]);
                    prop_assert!((from <= x && x <= y && y <= to) || (from >= x && x >= y && y >= to));
                    prop_assert!(u64::from(x.abs_diff(y)) <= most);
                }
            }
            for (from, x, y, to) in [
                (old.gross_floor, a.gross_floor, b.gross_floor, new.gross_floor),
                (old.debt_floor, a.debt_floor, b.debt_floor, new.debt_floor),
                (old.basis[5], a.basis[5], b.basis[5], new.basis[5]),
            ] {
                prop_assert!((from <= x && x <= y && y <= to) || (from >= x && x >= y && y >= to));
                prop_assert!(u64::from(x.0.abs_diff(y.0)) <= most);
            }
        }
    }

    /// R itself never rises faster than its parts may: by a step each of rows (twice, for betas of up to 2), basis, and the two
    /// floors with the margins inside.
    #[test]
    fn the_requirement_rises_no_faster_than_the_ramp(
        old in models(), new in models(), book in books(), at in 0u64..90 * DAY, hours in 1u64..100,
    ) {
        let needed = model_seconds_up(&old, &new);
        prop_assume!(needed <= MAX_RAMP);
        let ramp = Ramp::new(START, needed, needed).unwrap();
        let early = START + at % ramp.duration;
        let late = early + hours * 3_600;
        let requirement = |now| score(&ramp.model_at(&old, &new, now), &book).unwrap().requirement.0;
        let gross: i128 = book.iter().map(|exposure| exposure.value.0.abs()).sum();
        // the margins in the gross floor move by two steps of the peak and one of basis, θ by one of at most 3.3
        let steps = i128::from(MAX_STEP.0) * i128::from(late - early) / i128::from(DAY) + 2;
        let bound = gross * 7 * steps / i128::from(BPS_ONE) + 100;
        prop_assert!(requirement(late) - requirement(early) <= bound);
    }

    /// Assets that fit both ends of a ramp need at most a dollar a dollar all the way, with two ramps at once.
    #[test]
    fn what_fits_both_ends_fits_all_the_way(
        models in proptest::array::uniform2(models()),
        betas in proptest::array::uniform2(0u16..=20_000), idios in proptest::array::uniform2(0u16..=2_000),
        group in 0u8..8, of_model in 0u64..=30 * DAY, of_asset in 0u64..=40 * DAY,
    ) {
        let assets = [0, 1].map(|i| AssetRisk { beta: Bps(betas[i]), idio: Bps(idios[i]), group, reserved: [0; 3] });
        prop_assume!(check_fit(&[&models[0], &models[1]], &[&assets[0], &assets[1]]).is_ok());
        let model = Ramp { start: START, duration: 30 * DAY }.model_at(&models[0], &models[1], START + of_model);
        let asset = Ramp { start: START, duration: 40 * DAY }.asset_at(&assets[0], &assets[1], START + of_asset);
        prop_assert!(model.validate_asset(&asset).is_ok(), "{}", model.margin_up(group, asset.beta, asset.idio));
    }
}

#[test]
fn a_ramp_is_neither_too_fast_nor_endless() {
    assert_eq!(Ramp::new(0, MIN_RAMP - 1, 0), Err(Refusal::RampTooFast));
    assert_eq!(Ramp::new(0, 4 * DAY, 5 * DAY), Err(Refusal::RampTooFast));
    assert!(matches!(Ramp::new(0, MAX_RAMP + 1, 0), Err(Refusal::Risk(RiskError::InvalidParameter(_)))));
    assert_eq!(Ramp::new(9, MAX_RAMP, 0), Ok(Ramp { start: 9, duration: MAX_RAMP }));
    // all zeros is a ramp that is over
    assert_eq!(Ramp::default().progress_down(0), Fraction::ONE);
}

#[test]
fn an_assets_place_moves_along_its_ramp_and_its_group_does_not() {
    let place = |beta, idio| AssetRisk { beta: Bps(beta), idio: Bps(idio), group: 3, reserved: [0; 3] };
    let (old, new) = (place(10_000, 100), place(12_000, 60));
    let ramp = Ramp { start: START, duration: 4 * DAY };
    let at = |days| ramp.asset_at(&old, &new, START + days * DAY);
    assert_eq!([at(0), at(1), at(3)], [old, place(10_500, 90), place(11_500, 70)]);
    assert_eq!([at(4), at(400)], [new, new]);
}

#[test]
fn how_long_a_ramp_takes_follows_from_the_largest_step() {
    let place = |beta, idio| AssetRisk { beta: Bps(beta), idio: Bps(idio), ..AssetRisk::default() };
    assert_eq!(asset_seconds_up(&place(10_000, 0), &place(10_000, 0)), MIN_RAMP);
    assert_eq!(asset_seconds_up(&place(10_000, 0), &place(10_000, 1_000)), 1_000 / 200 * DAY);
    assert_eq!(asset_seconds_up(&place(10_000, 0), &place(15_000, 1_000)), 5_000 / 500 * DAY);
    assert_eq!(asset_seconds_up(&place(10_000, 0), &place(10_000, 601)), 3 * DAY + DAY / 200);
}

#[test]
fn half_way_is_half_way_rounded_towards_the_old() {
    let half = Fraction(1 << 31);
    assert_eq!(blend(Bps(100), Bps(201), half), Bps(150));
    assert_eq!(blend(Bps(201), Bps(100), half), Bps(151));
    assert_eq!(blend_shock(-100, 101, half), 0);
    assert_eq!(blend_shock(i16::MIN, i16::MAX, Fraction::ONE), i16::MAX);
    assert_eq!(blend_shock(i16::MAX, i16::MIN, Fraction::ONE), i16::MIN);
    assert_eq!(blend_shock(-7, 7, Fraction::ZERO), -7);
}
