//! Which pair `best_pair` shows a keeper: the one whose tranche raises `E − R` the most.

use crate::fixture::{Alt, Btc, Eth, Fixture, Lst, Sol, Usdc, ANY};
use ballast_risk::{
    presets,
    tranche::{best_pair, TranchePlan},
};

#[test]
fn the_best_pair_raises_the_excess_more_than_any_other() {
    for positions in [
        vec![(Sol, 500.0), (Lst, 500.0), (Usdc, -840.0)],
        vec![(Btc, 400.0), (Alt, 600.0), (Eth, 100.0), (Usdc, -540.0), (Sol, -340.0)],
        vec![(Eth, 1_000.0), (Btc, 1_000.0), (Usdc, -1_000.0), (Sol, -800.0)],
        vec![(Sol, 5_000.0), (Alt, 12.0), (Usdc, -4_150.0), (Btc, -60.0)],
    ] {
        let fixture = Fixture::new(presets::balanced().unwrap(), &positions);
        let before = fixture.score();
        assert!(!before.is_healthy(), "{positions:?} {before:?}");
        let request = fixture.request(0, 0, ANY);
        let (debt, deposit, plan) =
            best_pair(&request, &fixture.curves, &fixture.buckets).unwrap().expect("a pair");
        let rise = |debt, deposit, plan: &TranchePlan| {
            fixture.after(debt, deposit, plan).excess().0 - before.excess().0
        };
        let best = rise(debt, deposit, &plan);
        for other_debt in 0..positions.len() {
            for other_deposit in 0..positions.len() {
                if let Ok(plan) = fixture.plan(other_debt, other_deposit) {
                    let other = rise(other_debt, other_deposit, &plan);
                    assert!(
                        best >= other - 2,
                        "{debt}-{deposit} {best}, {other_debt}-{other_deposit} {other}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_healthy_book_has_no_pair() {
    let fixture = Fixture::new(presets::balanced().unwrap(), &[(Sol, 1_000.0), (Usdc, -500.0)]);
    let request = fixture.request(1, 0, ANY);
    assert_eq!(best_pair(&request, &fixture.curves, &fixture.buckets), Ok(None));
}
