//! The integer requirement lies between the exact one and 17 micro-USD above it.

use crate::{
    models::Setting,
    reference::{exact, literally, required, whole, Margins, DENOMINATOR},
    runner::{for_books, for_some_books},
};
use ballast_risk::{
    model::{AssetRisk, RiskModel},
    score::{score, Exposure},
    units::BPS_ONE,
    Bps, Usd,
};
use num_rational::{BigRational, Ratio};

/// The integer requirement stays below the exact one plus this many micro-USD: one for the last division, and for each group
/// whose net is rounded up to one at its largest shock and one that is charged for it. In the gross floor one for each of two
/// divisions, the first times θ.
pub fn padding(model: &RiskModel, book: &[Exposure]) -> Ratio<i128> {
    let rounded = |g: usize| {
        let net: i128 =
            book.iter().filter(|e| usize::from(e.group) == g).map(|e| e.value.0 * i128::from(e.beta.0)).sum();
        net % i128::from(BPS_ONE) != 0
    };
    let of_one = |bps: u16| Ratio::new(i128::from(bps), i128::from(BPS_ONE));
    let one = Ratio::from_integer(1);
    let nets: Ratio<i128> = (0..8).filter(|&g| rounded(g)).map(|g| one + of_one(model.peak[g].0)).sum();
    (one + nets).max(one + of_one(model.gross_floor.0))
}

/// The most that [`padding`] can be: 8 groups shocked by 100 %.
pub const MOST_PADDING: i128 = 17;

#[test]
fn the_integer_requirement_is_never_below_the_exact_one_and_less_than_the_padding_above_it() {
    for_books("sandwich", |rng, setting| {
        let (model, book) = (&setting.model, setting.book(rng));
        let integer = whole(score(model, &book).unwrap().requirement.0);
        assert!(exact(model, &book, Margins::Exact) <= integer, "{book:?}");
        let above = exact(model, &book, Margins::WholeBps);
        assert!(integer < above + padding(model, &book), "{integer} {above} {book:?}");
    });
}

#[test]
fn the_reference_in_integers_equals_the_formula_in_rationals() {
    for_some_books("reference", 5_000, |rng, setting| {
        let book = setting.book(rng);
        let scaled = required::<i128>(&setting.model, &book, Margins::Exact);
        assert_eq!(BigRational::new(scaled.into(), DENOMINATOR.into()), literally(&setting.model, &book));
    });
}

#[test]
fn margins_in_whole_bps_are_those_of_the_model() {
    for_some_books("margins", 5_000, |_, setting| {
        for asset in &setting.assets {
            let peak =
                setting.model.rows.iter().map(|row| row[usize::from(asset.group)].unsigned_abs()).max();
            let shock = u64::from(asset.beta.0) * u64::from(peak.unwrap());
            let others = u64::from(setting.model.basis[usize::from(asset.group)].0 + asset.idio.0);
            let margin = shock.div_ceil(10_000) + others;
            assert_eq!(setting.model.margin_up(asset.group, asset.beta, asset.idio), margin);
        }
    });
}

/// Eight groups that may rise by 100 %: one large debt makes that row the worst, and in every group a deposit of almost a
/// beta-weighted micro-USD is rounded away.
#[test]
fn the_padding_of_seventeen_is_reached() {
    let mut rows = [[0; 8]; 2];
    rows[1] = [10_000; 8];
    let basis = [Bps(0); 8];
    let model = RiskModel::new(&rows, &basis, 0, Bps(0), Bps(501), Bps(10_000)).unwrap();
    let mut book = Vec::new();
    for group in 0..8 {
        let asset = AssetRisk { beta: Bps(1), idio: Bps(0), group, reserved: [0; 3] };
        model.validate_asset(&asset).unwrap();
        book.push(Exposure { value: Usd(9_999), beta: asset.beta, idio: asset.idio, group });
    }
    let debt = AssetRisk { beta: Bps(10_000), idio: Bps(0), group: 0, reserved: [0; 3] };
    model.validate_asset(&debt).unwrap();
    book.push(Exposure { value: Usd(-1_000_000), beta: debt.beta, idio: debt.idio, group: 0 });
    // a charge of a ten-thousandth of a micro-USD, so that the last division rounds up as well
    let charged = AssetRisk { beta: Bps(0), idio: Bps(1), group: 0, reserved: [0; 3] };
    model.validate_asset(&charged).unwrap();
    book.push(Exposure { value: Usd(1), beta: charged.beta, idio: charged.idio, group: 0 });
    let integer = whole(score(&model, &book).unwrap().requirement.0);
    let gap = integer - exact(&model, &book, Margins::Exact);
    assert!(gap > Ratio::new(MOST_PADDING * 10_000 - 20, 10_000), "{gap}");
    assert!(gap < padding(&model, &book) && padding(&model, &book) == Ratio::from_integer(MOST_PADDING));
}

#[test]
fn with_betas_of_one_only_the_last_division_rounds() {
    for_some_books("whole betas", 50_000, |rng, setting| {
        let setting = Setting {
            assets: setting.assets.iter().map(|a| AssetRisk { beta: Bps(10_000), ..*a }).collect(),
            ..setting.clone()
        };
        if setting.assets.iter().any(|asset| setting.model.validate_asset(asset).is_err()) {
            return;
        }
        let book = setting.book(rng);
        let integer = whole(score(&setting.model, &book).unwrap().requirement.0);
        assert!(integer < exact(&setting.model, &book, Margins::Exact) + Ratio::from_integer(2));
    });
}
