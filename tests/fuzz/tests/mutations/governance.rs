//! What the laws of governance notice.

use super::*;
use ballast_fuzz::laws::{governance, requirements};

/// The first borrower's book, whose deposit and debt fall together in the only row: a hedge.
fn hedged() -> Book {
    let mut book = Book::of(&WORLD.svm, &obligation(&WORLD, 3)).unwrap();
    let groups = [usize::from(book.reserves[0].risk.group), usize::from(book.reserves[1].risk.group)];
    let model = &mut book.vault.model;
    model.rows = Default::default();
    model.rows[1][groups[0]] = -3_000;
    model.rows[1][groups[1]] = -3_000;
    (model.gross_floor, model.basis) = (0, [0; 8]);
    (model.row_count, model.peak) = (2, [3_000; 8]);
    book
}

#[test]
fn a_milder_shock_at_once_is_noticed_in_the_model_and_in_a_hedged_book() {
    let clock = WORLD.clock();
    let (before, mut after) = (hedged(), hedged());
    requirements::check(&before, &after, &clock).unwrap();
    let group = usize::from(after.reserves[1].risk.group);
    after.vault.model.rows[1][group] = -1_000;
    requirements::check(&before, &after, &clock).unwrap_err();
    let (then, now) = (before.vault.model_at(0), after.vault.model_at(0));
    governance::check_model(&then, &now, 0).unwrap_err();
    // ten days of a ramp, and one for rounding
    governance::check_model(&then, &now, 10 * 86_400).unwrap();
    governance::check_model(&then, &now, 9 * 86_400).unwrap_err();
}

#[test]
fn a_row_that_is_another_of_the_old_ones_is_no_jump() {
    let then = hedged().vault.model_at(0);
    let mut now = then;
    now.rows[1] = then.rows[0];
    governance::check_model(&then, &now, 0).unwrap();
}

#[test]
fn a_lower_beta_at_once_is_noticed_in_the_asset_and_in_a_hedged_book() {
    let clock = WORLD.clock();
    let (before, mut after) = (hedged(), hedged());
    after.reserves[1].risk.beta -= 501;
    requirements::check(&before, &after, &clock).unwrap_err();
    let (then, now) = (before.reserves[1].risk_at(0), after.reserves[1].risk_at(0));
    governance::check_asset(&then, &now, 0).unwrap_err();
    governance::check_asset(&then, &now, 86_400).unwrap();
    governance::check_asset(&then, &now, 80_000).unwrap_err();
}

#[test]
fn a_change_that_does_more_than_it_says_is_noticed() {
    // lower caps, which the curator need not wait for
    let curator = CURATOR as u8;
    let change = Deed::ProposeChange { vault: 0, asset: None, kind: 4, size: -100 };
    let execute = send(curator, Deed::ExecuteChange { vault: 0, back: 0 }, vec![]);
    let mut player = Player::new(WORLD.clone());
    player.play(&send(curator, change, vec![])).unwrap();
    let mut honest = Player::new(player.world.clone());
    assert!(honest.play(&execute).unwrap().unwrap().landed());
    player.tamper =
        Some(|world| edit::<Vault>(world, world.houses[0].key, |vault| vault.model.debt_floor *= 9));
    player.play(&execute).unwrap_err();
    let law = "executing a change raises nobody's requirement";
    assert!(player.broken.iter().any(|violation| violation.law == law), "{:?}", player.broken);
}

#[test]
fn a_requirement_that_jumps_is_noticed() {
    let propose = Deed::ProposeChange { vault: 0, asset: None, kind: 4, size: -100 };
    let call = send(CURATOR as u8, propose, vec![]);
    let jump = |world: &mut World| edit::<Vault>(world, world.houses[0].key, |v| v.model.debt_floor += 1);
    breaks(&call, jump, "governance raises no requirement at once");
    let vault: Vault = WORLD.svm.state(&WORLD.houses[0].key).unwrap();
    let (then, mut now) = (vault.model_at(0), vault.model_at(0));
    now.debt_floor.0 += 201;
    // 2 % a day, and one for rounding
    governance::check_model(&then, &now, 86_400).unwrap();
    now.debt_floor.0 += 1;
    governance::check_model(&then, &now, 86_400).unwrap_err();
}
