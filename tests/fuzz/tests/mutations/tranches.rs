//! What the laws of tranches and of opened risk notice.

use super::*;
use ballast_fuzz::laws::{opening, tranches};

#[test]
fn a_tranche_that_hurts_or_takes_too_much_pace_is_noticed() {
    let mut player = crashed(2_500);
    let clock = player.world.clock();
    let sick: Vec<Pubkey> = player
        .world
        .obligations
        .keys()
        .filter(|key| player.world.is_unhealthy(key, &clock))
        .copied()
        .collect();
    let before = Book::of(&player.world.svm, &sick[0]).unwrap().score(&clock).unwrap();
    let landed = player.play(&tranche(0)).unwrap().is_some_and(|outcome| outcome.landed());
    assert!(landed, "the tranche of {before:?} was refused");
    let after = Book::of(&player.world.svm, &sick[0]).unwrap().score(&clock).unwrap();
    tranches::check_rise(&before, &after).unwrap();
    tranches::check_rise(&after, &before).unwrap_err();

    let mut player = crashed(2_500);
    player.tamper = Some(|world| {
        for key in world.obligations.clone().keys() {
            edit::<Obligation>(world, *key, |obligation| obligation.meter.used *= 3);
        }
    });
    player.play(&tranche(0)).unwrap_err();
    let law = "a tranche spends what it repays";
    assert!(player.broken.iter().any(|violation| violation.law == law), "{:?}", player.broken);
}

#[test]
fn a_loan_beyond_the_opening_requirement_is_noticed() {
    let clock = WORLD.clock();
    let sound = Book::of(&WORLD.svm, &obligation(&WORLD, 3)).unwrap().score(&clock).unwrap();
    opening::check(&sound).unwrap();
    let player = crashed(2_500);
    let clock = player.world.clock();
    let sick = player.world.obligations.keys().find(|key| player.world.is_unhealthy(key, &clock)).unwrap();
    opening::check(&Book::of(&player.world.svm, sick).unwrap().score(&clock).unwrap()).unwrap_err();
}

#[test]
fn a_solvent_book_that_passes_for_insolvent_is_noticed() {
    use ballast_risk::{bonus::insolvent_bonus, score::Score, tranche::TrancheCurve, units::Bps, Usd};
    // sold at 5 % from the start; lenders pay half a percent of it at most
    let bonus = insolvent_bonus(&TrancheCurve { bonus_min: Bps(500), ..TrancheCurve::default() });
    let of = |collateral| Score { collateral: Usd(collateral), debt: Usd(1_000), ..Score::default() };
    assert!(tranches::is_insolvent(&of(1_005), bonus));
    assert!(!tranches::is_insolvent(&of(1_006), bonus));
}
