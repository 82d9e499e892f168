//! What a dollar of each position does to the requirement: signs, the term that binds, and ties.

use crate::fixture::{usd, Alt, Btc, Eth, Fixture, Lst, Sol, Usdc};
use ballast_risk::{marginal::Reliefs, presets, score::Binding, Bps, Ppm};

fn reliefs(fixture: &Fixture) -> (Vec<i64>, Binding, u8) {
    let score = fixture.score();
    let reliefs = Reliefs::new(&fixture.preset.model, &fixture.book, &score).unwrap();
    ((0..fixture.book.len()).map(|i| reliefs.bps_down(i).unwrap()).collect(), score.binding, score.worst_row)
}

fn balanced(positions: &[(presets::AssetKind, f64)]) -> Fixture {
    Fixture::new(presets::balanced().unwrap(), positions)
}

#[test]
fn selling_a_falling_deposit_relieves_by_shock_basis_and_idio() {
    // All down: SOL 12.5 % and a basis of 4.5 %, the LST 1.5 % more, the debt's basis 0.5 %.
    let (bps, binding, row) = reliefs(&balanced(&[(Sol, 1_000.0), (Lst, 500.0), (Usdc, -1_200.0)]));
    assert_eq!((bps, binding, row), (vec![1_250 + 450, 1_250 + 450 + 150, 50], Binding::Scenario, 1));
}

#[test]
fn repaying_the_short_leg_of_a_hedge_raises_the_requirement() {
    // Long 1,000 SOL, short 300 LST of it: the short leg earns the shock back and is not the larger side.
    let (bps, _, row) = reliefs(&balanced(&[(Sol, 1_000.0), (Usdc, -500.0), (Lst, -300.0)]));
    assert_eq!((bps, row), (vec![1_250 + 450, 50, -1_250 + 150], 1));
}

#[test]
fn a_pair_relieves_by_both_legs_and_gains_what_the_bonus_leaves() {
    let fixture = balanced(&[(Sol, 1_000.0), (Usdc, -830.0)]);
    let score = fixture.score();
    let reliefs = Reliefs::new(&fixture.preset.model, &fixture.book, &score).unwrap();
    let bonus = Ppm(2_000);
    assert_eq!(reliefs.relief_of_pair_up(1, 0, bonus).unwrap(), 50 * 1_000_000 + 1_700 * 1_002_000);
    assert_eq!(
        reliefs.gain_of_pair_down(1, 0, bonus).unwrap(),
        50 * 1_000_000 + 1_700 * 1_002_000 - 2_000 * 10_000
    );
}

#[test]
fn the_best_pair_is_of_the_legs_that_relieve_the_most_and_the_first_of_equals() {
    // the LST relieves more than SOL, BTC (rising in the worst row) more than stables; the last two are the same again
    let positions =
        [(Sol, 900.0), (Usdc, -500.0), (Lst, 90.0), (Btc, -80.0), (Lst, 90.0), (Btc, -80.0), (Usdc, 0.0)];
    let fixture = balanced(&positions);
    let score = fixture.score();
    assert_eq!(score.worst_row, 8, "SOL down while the others rise by half");
    let reliefs = Reliefs::new(&fixture.preset.model, &fixture.book, &score).unwrap();
    let best = |usable, least| reliefs.best_legs(&fixture.book, usable, usd(least));
    assert_eq!(best(u32::MAX, 10.0), Some((3, 2)));
    // a position of exactly the least counts, one below it does not
    assert_eq!(best(u32::MAX, 80.0), Some((3, 2)));
    assert_eq!(best(u32::MAX, 80.000001), Some((1, 2)));
    assert_eq!(best(u32::MAX, 90.000001), Some((1, 0)));
    assert_eq!(best(u32::MAX, 500.000001), None);
    // so does one that can be used
    assert_eq!(best(!0b1100, 10.0), Some((5, 4)));
    assert_eq!(best(!0b101010, 10.0), None, "no debt");
}

#[test]
fn where_the_gross_floor_binds_every_margin_counts_by_theta() {
    // With θ at 100 %: 14.5 % and 14 %, and nothing for the stable.
    let mut fixture = balanced(&[(Btc, 1_000.0), (Usdc, 10.0), (Eth, -1_000.0)]);
    fixture.preset.model.gross_floor = Bps(10_000);
    let (bps, binding, _) = reliefs(&fixture);
    assert_eq!((bps, binding), (vec![1_450, 0, 1_400], Binding::GrossFloor));
}

#[test]
fn where_the_debt_floor_binds_only_debts_count() {
    let (bps, binding, _) = reliefs(&balanced(&[(Usdc, 1_000.0), (Alt, 1.0), (Btc, -0.0), (Usdc, -990.0)]));
    assert_eq!(binding, Binding::DebtFloor);
    assert_eq!((bps[0], bps[1], bps[3]), (0, 0, 600));
}

#[test]
fn where_both_sides_of_a_group_are_equal_one_of_them_carries_its_basis() {
    // R falls by the basis when both legs shrink: a pair's relief must not be below that, or x* would pass the target.
    let book = |dollars: f64| {
        let mut fixture = balanced(&[(Sol, dollars), (Lst, -dollars)]);
        fixture.preset.model.gross_floor = Bps(0);
        fixture.preset.model.debt_floor = Bps(501);
        fixture
    };
    let (fixture, score) = (book(1_000.0), book(1_000.0).score());
    assert_eq!(score.binding, Binding::Scenario);
    let reliefs = Reliefs::new(&fixture.preset.model, &fixture.book, &score).unwrap();
    let fall = score.requirement.0 - book(900.0).score().requirement.0;
    assert_eq!(fall, 100 * (450 + 150) * 100);
    let dollar = 10_000_000_000i128; // bps × ppm
    assert!(i128::from(reliefs.relief_of_pair_up(1, 0, Ppm(0)).unwrap()) * 100_000_000 >= fall * dollar);
}
