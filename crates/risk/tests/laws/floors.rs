//! Law 3: the floors bind always, and a hard cap on loan to value stays below `1/(1 + b_max)`.

use crate::{
    reference::{debt, whole},
    runner::for_books,
};
use ballast_risk::{
    model::MAX_BONUS,
    score::{score, Binding},
};
use num_rational::Ratio;
use rand::Rng;

#[test]
fn the_requirement_is_never_below_a_floor() {
    for_books("floors", |rng, setting| {
        let (model, book) = (&setting.model, setting.book(rng));
        let score = score(model, &book).unwrap();
        let required = Ratio::from_integer(score.requirement.0);
        let debt_floor = Ratio::new(i128::from(model.debt_floor.0) * debt(&book), 10_000);
        let gross: i128 = book
            .iter()
            .filter(|e| e.group != model.numeraire_group)
            .map(|e| i128::from(model.margin_up(e.group, e.beta, e.idio)) * e.value.0.abs())
            .sum();
        let gross_floor = Ratio::new(i128::from(model.gross_floor.0) * gross, 100_000_000);
        assert!(required >= debt_floor && required >= gross_floor, "{book:?}");
        // and it is the floor itself, but for rounding, where the score says so
        match score.binding {
            Binding::DebtFloor => assert!(required < debt_floor + Ratio::from_integer(1)),
            Binding::GrossFloor => assert!(required < gross_floor + Ratio::from_integer(2)),
            Binding::Scenario => (),
        }
        assert_eq!(score.debt.0, debt(&book));
    });
}

#[test]
fn no_book_whose_equity_is_at_most_the_highest_bonus_is_healthy() {
    for_books("cap on loan to value", |rng, setting| {
        let mut book = setting.book(rng);
        let Some(deposit) = book.iter().position(|e| e.value.0 > 0) else { return };
        let owed = debt(&book);
        if owed == 0 {
            return;
        }
        // collateral of at most (1 + b_max) times the debt, in one deposit or in all
        let most = owed + owed * i128::from(MAX_BONUS.0) / 10_000;
        let wanted = if rng.random_bool(0.5) { most } else { rng.random_range(0..=most) };
        let others: i128 = book.iter().map(|e| e.value.0.max(0)).sum::<i128>() - book[deposit].value.0;
        if others > wanted {
            book.iter_mut().for_each(|e| e.value.0 = e.value.0.min(0));
        }
        book[deposit].value.0 = if others > wanted { wanted } else { wanted - others };
        let score = score(&setting.model, &book).unwrap();
        assert!(!score.is_healthy(), "{score:?}");
        assert!(whole(score.equity().0) < whole(score.requirement.0));
    });
}
