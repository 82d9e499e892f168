//! Law 1: more collateral, or less debt paid from outside, never lowers `E − R`.

use crate::{
    models::{size, Setting},
    reference::excess,
    runner::for_books,
    sandwich::MOST_PADDING,
};
use ballast_risk::{
    price::{stale_debt_value_up, stale_deposit_value_down},
    score::{score, Exposure},
    Usd,
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Integers lose less than the padding; with betas of one they lose nothing.
fn integers_follow(setting: &Setting, before: &[Exposure], after: &[Exposure]) {
    let of = |book: &[Exposure]| score(&setting.model, book).unwrap().excess().0;
    let lost = of(before) - of(after);
    let most = if setting.has_whole_betas() { 0 } else { MOST_PADDING - 1 };
    assert!(lost <= most, "lost {lost} of {most}\n{before:?}\n{after:?}");
}

/// A deposit grows, a debt shrinks to nothing at most, or a new deposit arrives.
fn improved(rng: &mut ChaCha8Rng, setting: &Setting, book: &[Exposure]) -> Vec<Exposure> {
    let mut next = book.to_vec();
    let moves = if rng.random_bool(0.7) { 1 } else { rng.random_range(1..=4) };
    for _ in 0..moves {
        let change = if rng.random_bool(0.2) { 1 } else { size(rng) };
        if next.is_empty() || (rng.random_bool(0.1) && next.len() < 16) {
            next.push(setting.exposure(rng.random_range(0..setting.assets.len()), change));
            continue;
        }
        let i = rng.random_range(0..next.len());
        let value = &mut next[i].value.0;
        *value = if *value < 0 { (*value + change).min(0) } else { *value + change };
    }
    next
}

#[test]
fn more_collateral_or_less_debt_never_lowers_the_excess() {
    for_books("monotone", |rng, setting| {
        let before = setting.book(rng);
        let after = improved(rng, setting, &before);
        let (was, is) = (excess(&setting.model, &before), excess(&setting.model, &after));
        assert!(is >= was, "{was} {is}\n{before:?}\n{after:?}");
        integers_follow(setting, &before, &after);
    });
}

#[test]
fn stale_prices_never_make_a_healthy_book_liquidatable() {
    for_books("stale", |rng, setting| {
        let before = setting.book(rng);
        let mut after = before.clone();
        for exposure in &mut after {
            let age = [0, 60, 62, 3_600, rng.random_range(0..10_000), u64::MAX][rng.random_range(0..6)];
            exposure.value = if exposure.value.0 > 0 {
                stale_deposit_value_down(exposure.value, age).unwrap()
            } else {
                Usd(-stale_debt_value_up(Usd(-exposure.value.0), age).unwrap().0)
            };
        }
        assert!(excess(&setting.model, &after) >= excess(&setting.model, &before));
        integers_follow(setting, &before, &after);
    });
}
