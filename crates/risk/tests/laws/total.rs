//! Law 6: every account that can come into being can be scored at any price; `i64` and `i128` agree.

use crate::{
    models::Setting,
    reference::{required, Margins, DENOMINATOR},
    runner::for_books,
    sandwich::MOST_PADDING,
    world::any_price,
};
use ballast_risk::{
    pace::{DepthBucket, PaceMeter},
    presets,
    price::UnitPrice,
    score::{explain, score, score_exact, Binding, Exposure, Score, EXACT_LIMIT, FAST_LIMIT},
    tranche::{plan_tranche, Legs, TrancheRequest},
    Fraction, RiskError, TokenAmount, Usd,
};
use num_bigint::BigInt;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

#[test]
fn the_fast_path_equals_the_exact_one_up_to_its_last_book() {
    for_books("fast path", |rng, setting| {
        let mut book = setting.book(rng);
        if let Some(last) = book.len().checked_sub(1) {
            if rng.random_bool(0.5) {
                // grow or shrink the last position until Σ|v| is within a few micro-USD of the limit
                let others: i128 = book[..last].iter().map(|e| e.value.0.abs()).sum();
                let rest = FAST_LIMIT - others + rng.random_range(-2..=2);
                if rest > 0 {
                    book[last].value.0 = rest * book[last].value.0.signum();
                }
            }
        }
        assert_eq!(score(&setting.model, &book), score_exact(&setting.model, &book), "{book:?}");
    });
}

/// Positions of up to `u64::MAX` units at any price, each with its price and amount.
fn extreme_book(rng: &mut ChaCha8Rng, setting: &Setting) -> Vec<(Exposure, UnitPrice, TokenAmount)> {
    let count = rng.random_range(2..=16.min(setting.assets.len()));
    let all = rng.random_bool(0.05);
    setting
        .some_assets(rng, count)
        .into_iter()
        .map(|asset| {
            let highest = UnitPrice::from_oracle(1_000_000_000, 0, 2).unwrap();
            let price = if all { highest } else { any_price(rng) };
            let amount = match rng.random_range(0..4) {
                _ if all => u64::MAX,
                0 => u64::MAX,
                1 => rng.random_range(1..=9),
                _ => rng.random::<u64>() >> rng.random_range(0..64),
            };
            let amount = TokenAmount(amount);
            let value =
                if rng.random_bool(0.5) { price.value_down(amount).0 } else { -price.value_up(amount).0 };
            (setting.exposure(asset, value), price, amount)
        })
        .collect()
}

#[test]
fn any_amounts_at_any_prices_are_scored_within_the_padding() {
    for_books("extreme books", |rng, setting| {
        let book: Vec<Exposure> = extreme_book(rng, setting).into_iter().map(|(e, ..)| e).collect();
        let score = score(&setting.model, &book).expect("a score");
        let denominator = BigInt::from(DENOMINATOR);
        let integer = BigInt::from(score.requirement.0) * &denominator;
        assert!(required::<BigInt>(&setting.model, &book, Margins::Exact) <= integer);
        let above = required::<BigInt>(&setting.model, &book, Margins::WholeBps);
        assert!(integer < above + denominator * MOST_PADDING);
    });
}

#[test]
fn any_book_is_planned_settled_and_explained_without_overflow() {
    let curve = presets::balanced().unwrap().asset(presets::AssetKind::Sol).unwrap().curve;
    let rules = presets::balanced().unwrap().rules;
    for_books("extreme tranches", |rng, setting| {
        let positions = extreme_book(rng, setting);
        let book: Vec<Exposure> = positions.iter().map(|(e, ..)| *e).collect();
        let (debt, deposit) = (rng.random_range(0..book.len()), rng.random_range(0..book.len()));
        let request = TrancheRequest {
            model: &setting.model,
            rules: &rules,
            curve: &curve,
            book: &book,
            usable: rng.random::<u32>() | 1 << debt | 1 << deposit,
            debt,
            deposit,
            meter: PaceMeter { used: rng.random(), updated_at: rng.random() },
            bucket: DepthBucket { used: rng.random(), updated_at: rng.random() },
            now: rng.random(),
            maximum: Usd(i128::MAX >> rng.random_range(0..120)),
        };
        match plan_tranche(&request) {
            Err(error) => assert!(!is_arithmetic(error), "{error:?} {book:?}"),
            Ok(plan) => {
                let legs = Legs {
                    debt_price: positions[debt].1,
                    debt_owed: positions[debt].2,
                    deposit_price: positions[deposit].1,
                    deposit_held: positions[deposit].2,
                };
                match plan.settle(&legs) {
                    Err(error) => assert_eq!(error, RiskError::ZeroAmount, "{plan:?}"),
                    Ok(outcome) => {
                        assert!(outcome.repay <= legs.debt_owed && outcome.seize <= legs.deposit_held);
                        request.meter.spend_up(request.now, 75, plan.allowance, outcome.repaid_value);
                        request.bucket.spend_up(request.now, &curve, outcome.seized_value);
                    }
                }
            }
        }
        explain(&setting.model, &book).expect("an explanation");
    });
}

fn is_arithmetic(error: RiskError) -> bool {
    matches!(error, RiskError::Overflow | RiskError::DivisionByZero | RiskError::NoSuchPosition)
}

#[test]
fn sixteen_positions_of_all_units_at_the_highest_price_are_below_the_limit() {
    let highest = UnitPrice::from_oracle(1_000_000_000, 0, 2).unwrap();
    let most = highest.value_up(TokenAmount(u64::MAX)).0;
    assert!(16 * most <= EXACT_LIMIT);
    let preset = presets::balanced().unwrap();
    let book = [Exposure { value: Usd(-most), ..Exposure::default() }; 17];
    assert!(score(&preset.model, &book[..16]).is_ok());
    assert_eq!(score(&preset.model, &book), Err(RiskError::NoSuchPosition));
    let beyond = [Exposure { value: Usd(EXACT_LIMIT + 1), ..Exposure::default() }];
    assert_eq!(score(&preset.model, &beyond), Err(RiskError::Overflow));
    let within = [Exposure { value: Usd(EXACT_LIMIT), ..Exposure::default() }];
    assert!(score(&preset.model, &within).is_ok());
}

/// A book of more than 2^96 micro-USD that misses all but a little of its requirement.
#[test]
fn the_net_risk_of_the_largest_books_is_rounded_down_as_well() {
    let requirement = (1i128 << 96) + 1;
    let score = Score { collateral: Usd(1), requirement: Usd(requirement), ..Score::default() };
    let exact = BigInt::from(requirement - 1) * BigInt::from(Fraction::ONE.0) / BigInt::from(requirement);
    assert_eq!(BigInt::from(score.net_risk_down().0), exact);
    assert!(score.net_risk_down() < Fraction::ONE, "it has equity left");
}

/// What the client shows people: the parts of an explanation are those of the score that it explains, and add up to it but for
/// the rounding of each part.
#[test]
fn an_explanation_adds_up_to_the_score_it_explains() {
    /// At most two micro-USD of each of 8 groups' losses, one of each of 8 + 16 charges, and the padding of the score.
    const ROUNDING: i128 = 16 + 24 + MOST_PADDING;
    for_books("explanations", |rng, setting| {
        let book = setting.book(rng);
        let explanation = explain(&setting.model, &book).unwrap();
        let score = score(&setting.model, &book).unwrap();
        assert_eq!(explanation.score, score);
        let sum = |parts: &[Usd]| parts.iter().map(|part| part.0).sum::<i128>();
        let explained = match score.binding {
            Binding::Scenario => {
                sum(&explanation.group_loss) + sum(&explanation.basis_charge) + sum(&explanation.idio_charge)
            }
            Binding::GrossFloor => explanation.gross_floor.0,
            Binding::DebtFloor => explanation.debt_floor.0,
        };
        assert!((explained - score.requirement.0).abs() <= ROUNDING, "{explanation:?}");
        // and no part that does not bind is above it
        assert!(explanation.debt_floor <= score.requirement);
        assert!(explanation.gross_floor.0 <= score.requirement.0 + ROUNDING);
    });
}
