//! Law 2: R is convex and scales with the book, hence subadditive; splitting an account never helps.

use crate::{
    models::Setting,
    reference::{exact, required, Margins},
    runner::for_books,
    sandwich::MOST_PADDING,
};
use ballast_risk::{
    score::{opening_score, score, Exposure},
    Usd,
};
use num_rational::Ratio;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Two books over the same assets, so that they can be added.
fn two_books(rng: &mut ChaCha8Rng, setting: &Setting) -> (Vec<Exposure>, Vec<Exposure>) {
    let mut a = setting.book(rng);
    let mut b = a.clone();
    let other = setting.book(rng);
    for (i, exposure) in b.iter_mut().enumerate() {
        exposure.value.0 = match other.get(i) {
            Some(e) if rng.random_bool(0.7) => e.value.0,
            _ => -exposure.value.0 * rng.random_range(0..=2),
        };
    }
    if rng.random_bool(0.1) {
        a.iter_mut().for_each(|e| e.value.0 = e.value.0.abs());
    }
    (a, b)
}

/// `p·a + q·b`.
fn sum(p: i128, a: &[Exposure], q: i128, b: &[Exposure]) -> Vec<Exposure> {
    a.iter().zip(b).map(|(x, y)| Exposure { value: Usd(p * x.value.0 + q * y.value.0), ..*x }).collect()
}

#[test]
fn the_requirement_of_a_sum_is_at_most_the_sum_of_the_requirements() {
    for_books("subadditive", |rng, setting| {
        let model = &setting.model;
        let (a, b) = two_books(rng, setting);
        let (p, q) = (rng.random_range(1..=9), rng.random_range(1..=9));
        for margins in [Margins::Exact, Margins::WholeBps] {
            let r = |book: &[Exposure]| exact(model, book, margins);
            // convex: with weights p/(p+q) and q/(p+q), both sides times p + q
            let mixed = r(&sum(p, &a, q, &b));
            assert!(mixed <= r(&a) * Ratio::from_integer(p) + r(&b) * Ratio::from_integer(q), "{a:?}\n{b:?}");
        }
        // homogeneous
        let scaled = required::<i128>(model, &sum(p, &a, 0, &a), Margins::Exact);
        assert_eq!(scaled, p * required::<i128>(model, &a, Margins::Exact));
        // one account in integers against two, up to the padding
        let together = sum(1, &a, 1, &b);
        let r = |book: &[Exposure]| score(model, book).unwrap().requirement.0;
        assert!(r(&together) < r(&a) + r(&b) + MOST_PADDING);
        let r = |book: &[Exposure]| opening_score(model, book).unwrap().requirement.0;
        let padding = 1 + MOST_PADDING * i128::from(model.opening_factor.0) / 10_000;
        assert!(r(&together) <= r(&a) + r(&b) + padding);
    });
}

#[test]
fn the_opening_requirement_is_the_factor_times_the_requirement_rounded_up() {
    for_books("opening", |rng, setting| {
        let book = setting.book(rng);
        let maintenance = score(&setting.model, &book).unwrap();
        let opening = opening_score(&setting.model, &book).unwrap();
        let exact =
            Ratio::new(maintenance.requirement.0 * i128::from(setting.model.opening_factor.0), 10_000);
        assert_eq!(Ratio::from_integer(opening.requirement.0), exact.ceil());
        assert_eq!(opening.equity(), maintenance.equity());
    });
}
