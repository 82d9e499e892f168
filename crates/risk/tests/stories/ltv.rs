//! The ordinary loan-to-value protocol of the comparisons, and where the net-risk model becomes one.

use crate::fixture::usd;
use ballast_risk::{
    ltv::{ltv_excess_down, ltv_liquidation, ORDINARY},
    model::{AssetRisk, RiskModel},
    score::{score, Exposure},
    Bps, Usd,
};
use proptest::prelude::*;

fn book(collateral: Usd, debt: Usd) -> Vec<Exposure> {
    let one = Exposure { beta: Bps(10_000), ..Exposure::default() };
    vec![Exposure { value: collateral, ..one }, Exposure { value: Usd(-debt.0), group: 1, ..one }]
}

const THRESHOLDS: [Bps; 2] = [Bps(8_000), Bps(0)];

fn liquidation(collateral: f64, debt: f64) -> Option<(Usd, Usd)> {
    let liquidation = ltv_liquidation(&book(usd(collateral), usd(debt)), &THRESHOLDS, &ORDINARY).unwrap();
    liquidation.map(|l| (l.repay, l.seize))
}

#[test]
fn below_its_threshold_an_account_is_left_alone() {
    assert_eq!(liquidation(10_000.0, 8_000.0), None);
    assert_eq!(ltv_excess_down(&book(usd(10_000.0), usd(8_000.0)), &THRESHOLDS).unwrap(), Usd::ZERO);
}

#[test]
fn above_it_half_of_the_debt_goes_at_five_percent() {
    let (repay, seize) = liquidation(10_000.0, 8_100.0).unwrap();
    assert_eq!((repay, seize), (usd(8_100.0 / 2.0), usd(8_100.0 / 2.0 * 1.05)));
}

#[test]
fn below_95_percent_of_health_or_for_small_debts_all_of_it_goes() {
    assert_eq!(liquidation(10_000.0, 8_500.0).unwrap().0, usd(8_500.0)); // 8,000 < 95 % of 8,500
    assert_eq!(liquidation(2_400.0, 1_930.0).unwrap().0, usd(1_930.0)); // at most 2,000
                                                                        // at 95 % exactly, a half: 80 % of 11,875 is 9,500
    assert_eq!(liquidation(11_875.0, 10_000.0).unwrap().0, usd(5_000.0));
}

#[test]
fn nobody_repays_more_than_the_collateral_covers() {
    let (repay, seize) = liquidation(10_000.0, 9_990.0).unwrap();
    assert_eq!(repay, Usd(10_000_000_000 * 10_000 / 10_500));
    assert!(seize <= usd(10_000.0) && seize.0 > usd(10_000.0).0 - 2);
    assert_eq!(liquidation(0.0, 9_990.0), None);
    assert_eq!(liquidation(0.000001, 9_990.0), None, "less than a micro-USD pays for nothing");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50_000))]

    /// One asset against a stable: a row of `−(1 − LT)` and no charges is the ordinary protocol with that threshold, to the
    /// micro-USD, up to the hard cap that the debt floor sets at `LT = 1/(1 + f)`.
    #[test]
    fn one_asset_against_stable_debt_is_plain_ltv(
        threshold in 1u16..=9_522, collateral in 1i128..1_000_000_000_000_000, share in 0u32..=12_000,
        nudge in -2i128..=2,
    ) {
        let mut rows = [[0; 8]; 2];
        rows[1][0] = -(10_000 - threshold as i16);
        let model = RiskModel::new(&rows, &[Bps(0); 2], 1, Bps(0), Bps(501), Bps(10_000)).unwrap();
        for group in [0, 1] {
            model.validate_asset(&AssetRisk { beta: Bps(10_000), group, ..AssetRisk::default() }).unwrap();
        }
        // debts around the threshold as well as anywhere
        let at = collateral * i128::from(threshold) / 10_000;
        let debt = if share > 10_000 { (at + nudge).max(0) } else { collateral * i128::from(share) / 10_000 };
        let book = book(Usd(collateral), Usd(debt));
        let ordinary = ltv_excess_down(&book, &[Bps(threshold), Bps(0)]).unwrap();
        prop_assert_eq!(score(&model, &book).unwrap().is_healthy(), ordinary.0 >= 0);
        prop_assert!(f64::from(threshold) / 1e4 <= 1.0 / (1.0 + 0.0501));
    }
}
