//! Every compiled bound refuses what lies beyond it, by name, and accepts what lies on it.

use ballast_risk::{
    model::{AssetRisk, RiskModel, MAX_BETA, MAX_BONUS},
    presets::{balanced, AssetKind::Sol},
    reserve::InterestSplit,
    tranche::{TrancheCurve, TrancheRules},
    Bps, Result, RiskError,
};

fn refused(result: Result<()>, part: &str) {
    match result {
        Err(RiskError::InvalidParameter(rule)) => assert!(rule.contains(part), "{rule}: {part}"),
        other => panic!("{other:?}: {part}"),
    }
}

fn model(change: impl Fn(&mut RiskModel)) -> Result<()> {
    let mut model = balanced().unwrap().model;
    change(&mut model);
    model.validate()
}

#[test]
fn models_beyond_their_bounds_are_refused() {
    refused(model(|m| m.group_count = 0), "1 to 8 groups");
    refused(model(|m| m.group_count = 9), "1 to 8 groups");
    refused(model(|m| m.row_count = 0), "1 to 16 rows");
    refused(model(|m| m.row_count = 17), "1 to 16 rows");
    refused(model(|m| m.rows[0][0] = 1), "first row");
    refused(model(|m| m.rows[1][0] -= 1), "peaks");
    refused(model(|m| m.peak[0].0 -= 1), "peaks");
    refused(model(|m| m.basis[5] = Bps(1)), "beyond their counts");
    refused(model(|m| m.row_count -= 1), "beyond their counts");
    let shocked = |shock: i16| {
        model(|m| {
            m.rows[1][0] = shock;
            m.peak = m.peaks();
        })
    };
    refused(shocked(10_001), "at most 100 %");
    refused(shocked(-10_001), "at most 100 %");
    refused(shocked(i16::MIN), "at most 100 %");
    assert!(shocked(10_000).is_ok() && shocked(-10_000).is_ok());
    refused(model(|m| m.numeraire_group = 5), "numeraire");
    refused(model(|m| m.gross_floor = Bps(10_001)), "gross floor");
    assert!(model(|m| m.gross_floor = Bps(10_000)).is_ok());
    refused(model(|m| m.debt_floor = MAX_BONUS), "above the highest bonus");
    assert!(model(|m| m.debt_floor = Bps(MAX_BONUS.0 + 1)).is_ok());
    assert!(model(|m| m.debt_floor = Bps(10_000)).is_ok());
    refused(model(|m| m.debt_floor = Bps(10_001)), "above the highest bonus");
    refused(model(|m| m.opening_factor = Bps(9_999)), "opening factor");
    refused(model(|m| m.opening_factor = Bps(30_001)), "opening factor");
    assert!(model(|m| m.opening_factor = Bps(30_000)).is_ok());
    assert!(RiskModel::new(&[[0; 8]; 17], &[Bps(0)], 0, Bps(0), Bps(600), Bps(10_000)).is_err());
    assert!(RiskModel::new(&[[0; 8]; 16], &[Bps(0); 9], 0, Bps(0), Bps(600), Bps(10_000)).is_err());
}

#[test]
fn assets_that_could_ask_for_more_than_their_worth_are_refused() {
    let model = balanced().unwrap().model; // opening factor 1.25: margins up to 80 %
    let asset = |beta: u16, idio: u16, group: u8| {
        model.validate_asset(&AssetRisk { beta: Bps(beta), idio: Bps(idio), group, reserved: [0; 3] })
    };
    refused(asset(10_000, 0, 5), "group");
    refused(asset(MAX_BETA.0 + 1, 0, 0), "beta");
    // BTC: 12.5 % and a basis of 2 %
    assert!(asset(10_000, 8_000 - 1_450, 0).is_ok());
    refused(asset(10_000, 8_000 - 1_450 + 1, 0), "100 %");
    assert!(asset(20_000, 8_000 - 2_700, 0).is_ok());
    refused(asset(20_000, 8_000 - 2_700 + 1, 0), "100 %");
}

#[test]
fn opening_charges_grow_with_what_the_vault_holds_and_stop_at_the_assets_worth() {
    let model = balanced().unwrap().model;
    let asset = AssetRisk { beta: Bps(10_000), idio: Bps(100), group: 0, reserved: [0; 3] };
    let idio = |held: u64| model.opening_idio_up(&asset, Bps(1_000), held, 200_000_000).0;
    assert_eq!(idio(0), 100);
    assert_eq!(idio(100_000_000), 100 + 500);
    assert_eq!(idio(100_000_001), 100 + 501);
    // margin of 80 %, times 1.25
    assert_eq!(idio(u64::MAX), 8_000 - 1_450);
    assert_eq!(model.opening_idio_up(&asset, Bps(1_000), 1, 0).0, 100 + 1_000);
}

#[test]
fn curves_beyond_their_bounds_are_refused() {
    let curve = |change: &dyn Fn(&mut TrancheCurve)| {
        let mut curve = balanced().unwrap().asset(Sol).unwrap().curve;
        change(&mut curve);
        curve.validate()
    };
    refused(curve(&|c| c.bonus_max = Bps(MAX_BONUS.0 + 1)), "0.01 % and 5 %");
    refused(curve(&|c| c.bonus_min = Bps(0)), "0.01 % and 5 %");
    refused(curve(&|c| c.bonus_min = Bps(c.bonus_max.0 + 1)), "lowest bonus");
    refused(curve(&|c| c.target = Bps(9_999)), "100 % and 200 %");
    refused(curve(&|c| c.target = Bps(20_001)), "100 % and 200 %");
    refused(curve(&|c| c.pace_floor = Bps(0)), "pace floor");
    refused(curve(&|c| c.pace_urgency = Bps(10_001)), "pace floor");
    refused(curve(&|c| c.bonus_urgency = Bps(0)), "bonus urgency");
    refused(curve(&|c| c.pace_exponent_halves = 13), "exponents");
    refused(curve(&|c| c.bonus_exponent_halves = 13), "exponents");
    refused(curve(&|c| c.bucket_share = Bps(99)), "1 % to 100 %");
    refused(curve(&|c| c.bucket_refill_seconds = 0), "within a day");
    refused(curve(&|c| c.bucket_refill_seconds = 86_401), "within a day");
    refused(curve(&|c| c.depth = 999_999_999), "1,000 USD");
}

#[test]
fn splits_of_interest_beyond_their_bounds_are_refused() {
    let split = |fee: u16, insurance: u16, target: u16| {
        let split = InterestSplit {
            fee: Bps(fee),
            insurance: Bps(insurance),
            insurance_target: Bps(target),
            reserved: 0,
        };
        split.validate()
    };
    for (fee, insurance) in [(0, 0), (5_000, 0), (0, 5_000), (2_000, 3_000)] {
        assert!(split(fee, insurance, 500).is_ok());
        refused(split(fee + 5_000 - insurance, insurance + 1, 500), "half of the interest");
    }
    refused(split(u16::MAX, u16::MAX, 500), "half of the interest");
    refused(split(2_000, 3_000, 501), "5 % of debt");
    refused(split(2_000, 3_000, u16::MAX), "5 % of debt");
}

#[test]
fn rules_beyond_their_bounds_are_refused() {
    let rules = |change: &dyn Fn(&mut TrancheRules)| {
        let mut rules = balanced().unwrap().rules;
        change(&mut rules);
        rules.validate()
    };
    refused(rules(&|r| r.minimum_tranche = 999_999), "smallest tranche");
    refused(rules(&|r| r.minimum_tranche = 1_000_000_001), "smallest tranche");
    refused(rules(&|r| r.minimum_debt = r.minimum_tranche * 10 - 1), "ten smallest tranches");
    refused(rules(&|r| r.minimum_debt = 100_000_000_001), "100,000 USD");
    refused(rules(&|r| r.window_seconds = 0), "at most an hour");
    refused(rules(&|r| r.window_seconds = 3_601), "at most an hour");
    refused(rules(&|r| r.backstop_urgency = Bps(9_501)), "backstop");
    refused(rules(&|r| r.backstop_urgency = Bps(999)), "backstop");
    refused(rules(&|r| r.bucket_off_urgency = Bps(5_001)), "depth bucket");
    refused(rules(&|r| r.insurance_slice = Bps(5_001)), "half of a bonus");
}
