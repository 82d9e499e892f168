//! The same book under a plain LTV protocol, by the same prices, with the same market. Every number of the rule comes from
//! `ballast_risk::ltv`; this file only moves tokens as that rule says.

use crate::{
    asset::{Asset, COUNT},
    market::Market,
    outcome::{Fill, Outcome},
    population::{value, Holdings, Population},
    rules::Rules,
    tape::{Tape, Tick},
};
use anyhow::Result;
use ballast_risk::{
    ltv::{ltv_liquidation, LtvLiquidation, ORDINARY},
    math::mul_div_down,
    score::Exposure,
    units::PPM_ONE,
    Bps, TokenAmount, Usd,
};

/// Debts below this are left alone, as nobody earns anything on them.
const DUST: Usd = Usd(500_000);

/// One micro-USD in dollars.
const MICRO: f64 = 1e-6;

/// Runs the plain protocol over the whole tape. At each moment everybody may be liquidated once, in an order that changes.
pub fn run(
    design: &str,
    thresholds: &[Bps; COUNT],
    population: &Population,
    rules: &Rules,
    tape: &Tape,
) -> Result<Outcome> {
    let mut books: Vec<Holdings> = population.borrowers.iter().map(|borrower| borrower.holdings).collect();
    let mut collateral = vec![];
    let mut debt = 0.0;
    for book in &books {
        let sides = Sides::of(&value(book, tape.first())?);
        collateral.push(sides.deposits.0 as f64 * MICRO);
        debt += sides.debts.0 as f64 * MICRO;
    }
    let mut outcome = Outcome::new(design, collateral, debt);
    for (number, tick) in tape.ticks.iter().enumerate() {
        let mut market = Market::new(rules, tick.depth);
        let mut bad = 0i128;
        for turn in 0..books.len() {
            let borrower = (turn + number * 7_919) % books.len();
            let values = value(&books[borrower], tick)?;
            let sides = Sides::of(&values);
            bad += (sides.debts.0 - sides.deposits.0).max(0);
            if sides.debts < DUST {
                continue;
            }
            let Some((liquidation, assets)) = liquidation(&values, thresholds, rules, &mut market)? else {
                continue;
            };
            apply(&mut books[borrower], &values, &sides, &liquidation, tick)?;
            outcome.fills.push(Fill {
                time: tick.time,
                borrower,
                kind: population.borrowers[borrower].kind,
                debt: assets.0,
                deposit: assets.1,
                repaid: liquidation.repay.0 as f64 * MICRO,
                bonus: (liquidation.seize.0 - liquidation.repay.0) as f64 * MICRO,
            });
        }
        outcome.note_bad_debt(tick.time, bad as f64 * MICRO);
    }
    Ok(outcome)
}

/// Totals of a valued book.
struct Sides {
    deposits: Usd,
    debts: Usd,
}

impl Sides {
    fn of(values: &[(Asset, Usd)]) -> Self {
        let sum = |sign: i128| Usd(values.iter().map(|(_, value)| (value.0 * sign).max(0)).sum());
        Self { deposits: sum(1), debts: sum(-1) }
    }
}

/// What the rule allows and the market takes, with the largest debt and deposit; `None` for nothing.
fn liquidation(
    values: &[(Asset, Usd)],
    thresholds: &[Bps; COUNT],
    rules: &Rules,
    market: &mut Market,
) -> Result<Option<(LtvLiquidation, (Asset, Asset))>> {
    let book: Vec<Exposure> = values.iter().map(|(asset, value)| rules.exposure(*asset, *value)).collect();
    let limits: Vec<Bps> = values.iter().map(|(asset, _)| thresholds[asset.index()]).collect();
    let Some(allowed) = ltv_liquidation(&book, &limits, &ORDINARY)? else { return Ok(None) };
    let deposits: Vec<(Asset, f64)> =
        values.iter().filter(|(_, v)| v.0 > 0).map(|(a, v)| (*a, v.0 as f64)).collect();
    let total: f64 = deposits.iter().map(|(_, value)| value).sum();
    let seized = |asset_value: f64| asset_value / total * allowed.seize.0 as f64 * MICRO;
    // As actually paid: below 5 % where the deposits do not suffice.
    let bonus = (allowed.seize.0 - allowed.repay.0) as f64 / allowed.repay.0 as f64;
    let mut share = 1.0f64;
    for (asset, asset_value) in &deposits {
        let room = market.room(*asset, bonus).unwrap_or(0.0);
        share = share.min(room / seized(*asset_value));
    }
    let ppm = (share * PPM_ONE as f64) as u128;
    let part = |value: Usd| -> Result<Usd> {
        Ok(Usd::from_unsigned(mul_div_down(value.positive_part(), ppm, u128::from(PPM_ONE))?)?)
    };
    let taken = LtvLiquidation { repay: part(allowed.repay)?, seize: part(allowed.seize)? };
    let largest = |sign: i128| values.iter().max_by_key(|(_, value)| value.0 * sign).map(|(asset, _)| *asset);
    let (Some(debt), Some(deposit)) = (largest(-1), largest(1)) else { return Ok(None) };
    if taken.repay.0 <= 0 || !market.pays(deposit, bonus, taken.repay.0 as f64 * MICRO) {
        return Ok(None);
    }
    for (asset, asset_value) in &deposits {
        market.sell(*asset, seized(*asset_value) * share);
    }
    Ok(Some((taken, (debt, deposit))))
}

/// Takes the liquidation from all debts and deposits in proportion to their values.
fn apply(
    book: &mut Holdings,
    values: &[(Asset, Usd)],
    sides: &Sides,
    liquidation: &LtvLiquidation,
    tick: &Tick,
) -> Result<()> {
    for (asset, value) in values {
        let (held, of, total) = if value.0 > 0 {
            (&mut book.deposits[asset.index()], liquidation.seize, sides.deposits)
        } else {
            (&mut book.debts[asset.index()], liquidation.repay, sides.debts)
        };
        let taken = if of >= total {
            *held
        } else {
            let part = mul_div_down(of.positive_part(), value.0.unsigned_abs(), total.positive_part())?;
            tick.spot(*asset)?.amount_down(Usd::from_unsigned(part)?)?
        };
        *held = TokenAmount(held.0.saturating_sub(taken.0));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::{Borrower, Kind, Pool};

    /// One borrower with 100 SOL at $100 against USDC, over these SOL prices.
    fn run_one(debt_dollars: u64, sol: &[f64]) -> Outcome {
        let rules = Rules::balanced().unwrap();
        let mut holdings = Holdings::default();
        holdings.deposits[Asset::Sol.index()] = TokenAmount(100_000_000_000);
        holdings.debts[Asset::Usdc.index()] = TokenAmount(debt_dollars * 1_000_000);
        let borrowers = vec![Borrower { kind: Kind::Plain, pool: Pool::Main, holdings }];
        let population = Population { borrowers, supply: [[TokenAmount::ZERO; COUNT]; 2] };
        let rows = sol.iter().enumerate().map(|(i, price)| {
            let mut prices = [1.0; COUNT];
            prices[Asset::Sol.index()] = *price;
            (1_000_000 + 75 * i as u64, prices)
        });
        let tape = Tape::new("test".into(), vec![], rows.collect()).unwrap();
        run("plain", &rules.ordinary_thresholds(), &population, &rules, &tape).unwrap()
    }

    #[test]
    fn half_of_the_debt_goes_at_five_percent() {
        // threshold 75 %: 7,200 of debt is liquidated below 96, and at 95 its health is 95·0.75/72 = 0.99
        let outcome = run_one(7_200, &[100.0, 97.0, 95.0]);
        let figures = outcome.figures();
        assert_eq!(figures.tranches, 1);
        assert!((figures.liquidated_usd - 7_200.0 / 2.0).abs() < 0.01, "{figures:?}");
        assert!((figures.bonuses_usd - 0.05 * 7_200.0 / 2.0).abs() < 0.01);
        assert!((figures.median_loss_share - 0.05 * 3_600.0 / 10_000.0).abs() < 1e-6);
        assert_eq!(figures.bad_debt_usd, 0.0);
    }

    #[test]
    fn all_of_it_goes_far_below_the_threshold() {
        // at 88: 88·0.75/72 = 0.917 of health
        let figures = run_one(7_200, &[100.0, 88.0]).figures();
        assert!((figures.liquidated_usd - 7_200.0).abs() < 0.01, "{figures:?}");
    }

    #[test]
    fn a_gap_leaves_bad_debt_and_everything_is_seized() {
        // 6,000 of deposits pay for 6,000/1.05 of the debt; depth at 4 % of $60M takes it
        let outcome = run_one(7_200, &[100.0, 60.0, 60.0]);
        let figures = outcome.figures();
        assert!((figures.liquidated_usd - 6_000.0 / 1.05).abs() < 0.01, "{figures:?}");
        // more than the 1,200 that were missing before: seizing at 5 % under water makes the hole deeper
        assert!((figures.bad_debt_usd - (7_200.0 - 6_000.0 / 1.05)).abs() < 0.02, "{figures:?}");
        assert_eq!(figures.worst_bad_debt_usd, figures.bad_debt_usd);
    }

    #[test]
    fn a_healthy_book_is_left_alone() {
        let figures = run_one(7_000, &[100.0, 94.0, 100.0]).figures();
        assert_eq!((figures.tranches, figures.liquidated_usd, figures.worst_bad_debt_usd), (0, 0.0, 0.0));
    }
}
