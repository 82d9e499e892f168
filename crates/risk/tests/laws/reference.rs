//! R as the design writes it, in exact arithmetic, without a line of the crate's.
//!
//! `required` works in integers over one denominator, 10^12 (three factors in bps), in `i128` or in big integers. `literally`
//! is the same formula in rationals, term by term; a test holds the two together.

use ballast_risk::{model::RiskModel, score::Exposure};
use num_bigint::BigInt;
use num_rational::{BigRational, Ratio};
use num_traits::Signed;

/// What [`required`] counts in: 10^-12 micro-USD.
pub const DENOMINATOR: i128 = 1_000_000_000_000;

/// How margins `m_i` enter the gross floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margins {
    /// `β·max|s| + basis + idio`.
    Exact,
    /// The same, rounded up to a bps: what the model's parameters are.
    WholeBps,
}

/// E of a book.
pub fn equity(book: &[Exposure]) -> i128 {
    book.iter().map(|e| e.value.0).sum()
}

/// D of a book.
pub fn debt(book: &[Exposure]) -> i128 {
    book.iter().map(|e| (-e.value.0).max(0)).sum()
}

fn peak(model: &RiskModel, group: usize) -> i128 {
    model.rows.iter().map(|row| i128::from(row[group]).abs()).max().unwrap()
}

/// R in 10^-12 micro-USD.
pub fn required<T: Clone + Ord + Signed + From<i128>>(
    model: &RiskModel,
    book: &[Exposure],
    margins: Margins,
) -> T {
    let t = |n: i128| T::from(n);
    let bps = t(10_000);
    let (mut long, mut short, mut net) = (vec![t(0); 8], vec![t(0); 8], vec![t(0); 8]);
    let (mut gross, mut idio, mut debt) = (t(0), t(0), t(0));
    for e in book {
        let g = usize::from(e.group);
        let (v, size) = (t(e.value.0), t(e.value.0.abs()));
        net[g] = net[g].clone() + v.clone() * t(i128::from(e.beta.0));
        if v.is_positive() {
            long[g] = long[g].clone() + size.clone();
        } else {
            short[g] = short[g].clone() + size.clone();
            debt = debt + size.clone();
        }
        idio = idio + size.clone() * t(i128::from(e.idio.0));
        if e.group != model.numeraire_group {
            let shock = i128::from(e.beta.0) * peak(model, g);
            let others = (i128::from(model.basis[g].0) + i128::from(e.idio.0)) * 10_000;
            let margin = match margins {
                Margins::Exact => shock + others,
                Margins::WholeBps => (shock + 9_999) / 10_000 * 10_000 + others,
            };
            gross = gross + size * t(margin);
        }
    }
    let mut worst = t(0);
    for row in &model.rows {
        let loss = (0..8).fold(t(0), |sum, g| sum - net[g].clone() * t(i128::from(row[g])));
        worst = worst.max(loss);
    }
    let basis = (0..8)
        .fold(t(0), |sum, g| sum + long[g].clone().max(short[g].clone()) * t(i128::from(model.basis[g].0)));
    let scenario = worst * bps.clone() + (basis + idio) * bps.clone() * bps.clone();
    let gross_floor = gross * t(i128::from(model.gross_floor.0));
    let debt_floor = debt * t(i128::from(model.debt_floor.0)) * bps.clone() * bps;
    scenario.max(gross_floor).max(debt_floor)
}

/// R in micro-USD.
pub fn exact(model: &RiskModel, book: &[Exposure], margins: Margins) -> Ratio<i128> {
    Ratio::new_raw(required::<i128>(model, book, margins), DENOMINATOR)
}

/// A whole number of micro-USD, to compare with [`exact`].
pub fn whole(micro_usd: i128) -> Ratio<i128> {
    Ratio::new_raw(micro_usd * DENOMINATOR, DENOMINATOR)
}

/// `E − R` in micro-USD.
pub fn excess(model: &RiskModel, book: &[Exposure]) -> Ratio<i128> {
    Ratio::new_raw(equity(book) * DENOMINATOR - required::<i128>(model, book, Margins::Exact), DENOMINATOR)
}

/// R in rationals, term by term as it is written.
pub fn literally(model: &RiskModel, book: &[Exposure]) -> BigRational {
    let number = |n: i128| BigRational::from_integer(BigInt::from(n));
    let bps = |n: i128| BigRational::new(BigInt::from(n), BigInt::from(10_000));
    let in_group = |g: usize| book.iter().filter(move |e| usize::from(e.group) == g);
    let net = |g: usize| in_group(g).map(|e| bps(e.beta.0.into()) * number(e.value.0)).sum::<BigRational>();
    let long = |g: usize| in_group(g).map(|e| number(e.value.0.max(0))).sum::<BigRational>();
    let short = |g: usize| in_group(g).map(|e| number((-e.value.0).max(0))).sum::<BigRational>();
    let scenarios = model.rows[..usize::from(model.row_count)]
        .iter()
        .map(|row| (0..8).map(|g| -net(g) * bps(row[g].into())).sum::<BigRational>())
        .max()
        .unwrap();
    let basis: BigRational = (0..8).map(|g| bps(model.basis[g].0.into()) * long(g).max(short(g))).sum();
    let idio: BigRational = book.iter().map(|e| bps(e.idio.0.into()) * number(e.value.0.abs())).sum();
    let gross: BigRational = book
        .iter()
        .filter(|e| e.group != model.numeraire_group)
        .map(|e| {
            let g = usize::from(e.group);
            let shock = bps(e.beta.0.into()) * bps(peak(model, g));
            (shock + bps(model.basis[g].0.into()) + bps(e.idio.0.into())) * number(e.value.0.abs())
        })
        .sum();
    (scenarios + basis + idio)
        .max(bps(model.gross_floor.0.into()) * gross)
        .max(bps(model.debt_floor.0.into()) * number(debt(book)))
}
