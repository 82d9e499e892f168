//! Any account at any price is scored, on the fast path as on the exact one, and a dollar more never lowers equity over the
//! requirement by more than rounding.

use crate::legal::Account;
use ballast_risk::{
    bonus::equity_bonus_down,
    marginal::Reliefs,
    score::{explain, opening_score, score, score_exact, FAST_LIMIT},
    Fraction,
};

/// Tries one input.
pub fn run(account: &Account) {
    let (model, mut book) = (&account.model, account.book());
    let one = score(model, &book).expect("every legal account has a score");
    assert_eq!(Ok(one), score_exact(model, &book));
    assert!(one.requirement.0 >= 0 && one.net_risk_down() <= Fraction::ONE);
    // the floor on debt, by hand
    assert!(one.requirement.0 * 10_000 >= one.debt.0 * i128::from(model.debt_floor.0));
    let opening = opening_score(model, &book).expect("and an opening score");
    assert!(opening.requirement >= one.requirement);
    explain(model, &book).expect("and an explanation");
    equity_bonus_down(&one);
    Reliefs::new(model, &book, &one).expect("and reliefs");

    // the same book around the bound of the fast path
    if let Some(last) = book.last_mut() {
        let size = last.value.0.rem_euclid(5) + FAST_LIMIT - 2;
        last.value.0 = if last.value.0 < 0 { -size } else { size };
        let bounded = [*last];
        assert_eq!(score(model, &bounded), score_exact(model, &bounded));
    }
    // law 1: more collateral, or less debt
    let mut book = account.book();
    for i in 0..book.len() {
        let before = book[i];
        book[i].value.0 += 1_000_000;
        let more = score(model, &book).expect("a score");
        assert!(more.excess().0 >= one.excess().0 - 17, "{one:?} {more:?}");
        book[i] = before;
    }
}
