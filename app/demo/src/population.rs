//! A few dozen borrowers, drawn from a seed: the same accounts and the same debts for every design.

use crate::{
    asset::{Asset, ASSETS, COUNT},
    rules::{Rules, CONFIDENCE_FACTOR, OPENING_DISTANCE},
    tape::Tick,
};
use anyhow::{bail, Result};
use ballast_risk::{
    math::{bps_of_down, mul_div_down},
    score::{opening_score, Exposure},
    TokenAmount, Usd,
};
use rand::{seq::SliceRandom, Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use serde::Serialize;

/// What a borrower is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One volatile asset against stable debt.
    Plain,
    /// LST against SOL, as a loop of deposits and swaps leaves it.
    LstLoop,
    /// One stable against the other, as a loop leaves it.
    StableLoop,
    /// Several assets against stable debt.
    Diversified,
    /// Stable against a volatile debt.
    Short,
    /// The alt against stable debt, in the alt vault.
    AltVault,
}

/// All kinds, with their share of the borrowers in percent.
pub const KINDS: [(Kind, usize); 6] = [
    (Kind::Plain, 40),
    (Kind::LstLoop, 14),
    (Kind::StableLoop, 12),
    (Kind::Diversified, 14),
    (Kind::Short, 10),
    (Kind::AltVault, 10),
];

impl Kind {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::LstLoop => "LST/SOL loop",
            Self::StableLoop => "stable loop",
            Self::Diversified => "diversified",
            Self::Short => "short",
            Self::AltVault => "alt vault",
        }
    }
}

/// Which vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// Majors, LST, stables and a little of the alt.
    Main,
    /// The alt and USDC.
    Alt,
}

/// Token amounts of a book, by asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Deposits.
    pub deposits: [TokenAmount; COUNT],
    /// Debts.
    pub debts: [TokenAmount; COUNT],
}

/// One borrower as the run begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Borrower {
    /// What it is up to.
    pub kind: Kind,
    /// Its vault.
    pub pool: Pool,
    /// Its book.
    pub holdings: Holdings,
}

/// Everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// The borrowers.
    pub borrowers: Vec<Borrower>,
    /// What lenders supply to the main vault and to the alt vault.
    pub supply: [[TokenAmount; COUNT]; 2],
}

/// Values of a book at a moment: deposits rounded down, debts up.
pub fn value(holdings: &Holdings, tick: &Tick) -> Result<Vec<(Asset, Usd)>> {
    let mut book = vec![];
    for asset in ASSETS {
        let (deposit, debt) = (holdings.deposits[asset.index()], holdings.debts[asset.index()]);
        if !deposit.is_zero() {
            book.push((asset, tick.deposit_value(asset, deposit)?));
        }
        if !debt.is_zero() {
            book.push((asset, Usd(-tick.debt_value(asset, debt)?.0)));
        }
    }
    Ok(book)
}

/// What one borrower would like.
struct Wish {
    kind: Kind,
    pool: Pool,
    /// Dollars by asset.
    deposits: [f64; COUNT],
    debt: Asset,
    /// Share of the most that it could borrow.
    used: f64,
}

/// Draws a population for the tape's first moment.
///
/// Sizes are log-normal around $20,000. Every debt is a share of what both the vault (`R_init`) and a plain protocol (5 points below
/// its threshold) lend against the same deposits; within each kind the shares are spread evenly between 30 % and 100 %. Real
/// books keep further away from their limits, but then a few dozen would show nothing. The seed decides who has which size and
/// which assets.
pub fn draw(seed: u64, count: usize, rules: &Rules, tick: &Tick) -> Result<Population> {
    if !(KINDS.len()..=200).contains(&count) {
        bail!("the population has {} to 200 borrowers", KINDS.len());
    }
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let kinds: Vec<Kind> = (0..count).map(|number| kind_of(number, count)).collect();
    let mut wishes = vec![];
    for (kind, _) in KINDS {
        let members = kinds.iter().filter(|k| **k == kind).count();
        // Evenly spaced quantiles, not draws: so few borrowers would otherwise be a lottery of who is near the limit.
        let mut sizes = quantiles(members, (20_000f64.ln() - 3.0, 20_000f64.ln() + 3.0), size_density);
        sizes.shuffle(&mut rng);
        wishes.extend(sizes.iter().enumerate().map(|(number, size)| {
            let used = 0.3 + 0.7 * (number as f64 + 0.5) / members as f64;
            wish(&mut rng, kind, size.exp(), used)
        }));
    }
    let amounts = |dollars: &[f64; COUNT]| {
        ASSETS.map(|asset| {
            let tokens = dollars[asset.index()] / tick.dollars(asset);
            TokenAmount((tokens * 10f64.powi(i32::from(asset.decimals()))) as u64)
        })
    };
    // Lenders supply twice what could at most be borrowed, so that rates stay low.
    let mut supply = [[0.0; COUNT]; 2];
    for wish in &wishes {
        supply[wish.pool as usize][wish.debt.index()] += 2.0 * wish.deposits.iter().sum::<f64>();
    }
    let supply = supply.map(|dollars| amounts(&dollars));
    let mut held = supply;
    for wish in &wishes {
        for (total, more) in held[wish.pool as usize].iter_mut().zip(amounts(&wish.deposits)) {
            total.0 += more.0;
        }
    }
    let mut borrowers = vec![];
    for wish in &wishes {
        let mut holdings = Holdings { deposits: amounts(&wish.deposits), ..Holdings::default() };
        let most = most_debt(&holdings, wish.debt, rules, tick, &held[wish.pool as usize])?;
        holdings.debts[wish.debt.index()] = TokenAmount((most.0 as f64 * wish.used) as u64);
        borrowers.push(Borrower { kind: wish.kind, pool: wish.pool, holdings });
    }
    Ok(Population { borrowers, supply })
}

/// Kinds in proportion to [`KINDS`], every one at least once.
fn kind_of(number: usize, count: usize) -> Kind {
    let place = number * 100 / count;
    let mut sum = 0;
    for (kind, share) in KINDS {
        sum += share;
        if place < sum {
            return kind;
        }
    }
    Kind::Plain
}

fn wish(rng: &mut ChaCha12Rng, kind: Kind, size: f64, used: f64) -> Wish {
    let mut deposits = [0.0; COUNT];
    let mut put = |asset: Asset, share: f64| deposits[asset.index()] += size * share;
    let volatile = [Asset::Btc, Asset::Eth, Asset::Sol];
    let mut pick = |from: &[Asset]| from[rng.random_range(0..from.len())];
    let (pool, debt) = match kind {
        Kind::Plain => {
            put(
                pick(&[Asset::Btc, Asset::Eth, Asset::Eth, Asset::Sol, Asset::Sol, Asset::Sol, Asset::Lst]),
                1.0,
            );
            (Pool::Main, Asset::Usdc)
        }
        Kind::LstLoop => {
            put(Asset::Lst, 1.0);
            (Pool::Main, Asset::Sol)
        }
        Kind::StableLoop => {
            put(Asset::Usde, 1.0);
            (Pool::Main, Asset::Usdc)
        }
        Kind::Diversified => {
            let assets = [Asset::Btc, Asset::Eth, Asset::Sol, Asset::Lst, Asset::Alt];
            let mut weights = assets.map(|_| rng.random_range(0.2..1.0));
            // The main vault takes little of the alt.
            weights[4] *= 0.2;
            let sum: f64 = weights.iter().sum();
            for (asset, weight) in assets.into_iter().zip(weights) {
                put(asset, weight / sum);
            }
            (Pool::Main, Asset::Usdc)
        }
        Kind::Short => {
            put(Asset::Usdc, 1.0);
            (Pool::Main, pick(&volatile))
        }
        Kind::AltVault => {
            put(Asset::Alt, 1.0);
            (Pool::Alt, Asset::Usdc)
        }
    };
    Wish { kind, pool, deposits, debt, used }
}

/// Density of the logarithm of a size: normal around $20,000 with deviation 0.9.
fn size_density(x: f64) -> f64 {
    (-0.5 * ((x - 20_000f64.ln()) / 0.9).powi(2)).exp()
}

/// The quantiles at the middles of `count` equal parts of a distribution with this density, which need not be scaled.
fn quantiles(count: usize, (from, to): (f64, f64), density: fn(f64) -> f64) -> Vec<f64> {
    const STEPS: usize = 10_000;
    let at = |step: usize| from + (to - from) * (step as f64 + 0.5) / STEPS as f64;
    let whole: f64 = (0..STEPS).map(|step| density(at(step))).sum();
    let (mut found, mut sum) = (vec![], 0.0);
    for step in 0..STEPS {
        sum += density(at(step));
        while found.len() < count && sum >= whole * (found.len() as f64 + 0.5) / count as f64 {
            found.push(at(step));
        }
    }
    found
}

/// The largest debt that the vault and a plain protocol both lend against these deposits.
fn most_debt(
    holdings: &Holdings,
    debt: Asset,
    rules: &Rules,
    tick: &Tick,
    held: &[TokenAmount; COUNT],
) -> Result<TokenAmount> {
    let (mut low, mut high) = (0u64, 0u64);
    let thresholds = rules.ordinary_thresholds();
    let mut plain = Usd::ZERO;
    for asset in ASSETS {
        let deposit = tick.deposit_value(asset, holdings.deposits[asset.index()])?;
        let share = thresholds[asset.index()].0.saturating_sub(OPENING_DISTANCE);
        plain = plain.plus(bps_of_down(deposit, u64::from(share))?)?;
    }
    high = high.max(tick.spot(debt)?.amount_down(plain)?.0);
    while low < high {
        let middle = high - (high - low) / 2;
        let mut book = *holdings;
        book.debts[debt.index()] = TokenAmount(middle);
        if opens(&book, rules, tick, held)? {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(TokenAmount(low))
}

/// Whether the vault lends this much: `E ≥ R_init` at conservative prices, with half a percent of equity to spare.
fn opens(holdings: &Holdings, rules: &Rules, tick: &Tick, held: &[TokenAmount; COUNT]) -> Result<bool> {
    let mut book: Vec<Exposure> = vec![];
    for asset in ASSETS {
        let i = asset.index();
        let prices = tick.quotes[i].prices(asset.decimals(), CONFIDENCE_FACTOR)?;
        let parameters = &rules.assets[i];
        let held = tick.deposit_value(asset, held[i])?.clamp_u64();
        let idio = rules.preset.model.opening_idio_up(
            &parameters.risk,
            parameters.size_charge,
            held,
            parameters.curve.depth,
        );
        let values =
            [prices.low.value_down(holdings.deposits[i]), Usd(-prices.high.value_up(holdings.debts[i]).0)];
        book.extend(
            values
                .into_iter()
                .filter(|value| *value != Usd::ZERO)
                .map(|value| Exposure { idio, ..rules.exposure(asset, value) }),
        );
    }
    let score = opening_score(&rules.preset.model, &book)?;
    let spare = mul_div_down(score.requirement.positive_part(), 5, 1_000)?;
    Ok(score.excess() >= Usd::from_unsigned(spare)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Scenario, SHIPPED};
    use ballast_risk::{ltv::ltv_excess_down, score::score, Bps};

    fn draw_shipped(seed: u64, count: usize) -> (Rules, Tick, Population) {
        let rules = Rules::balanced().unwrap();
        let tick = Scenario::read(SHIPPED).unwrap().tape().unwrap().first().clone();
        let population = draw(seed, count, &rules, &tick).unwrap();
        (rules, tick, population)
    }

    #[test]
    fn a_seed_always_draws_the_same_borrowers() {
        let (_, _, one) = draw_shipped(7, 40);
        assert_eq!(one, draw_shipped(7, 40).2);
        assert_ne!(one, draw_shipped(8, 40).2);
        assert_eq!(one.borrowers.len(), 40);
    }

    #[test]
    fn sizes_are_the_quantiles_of_their_distribution() {
        let middle = 20_000f64.ln();
        let found = quantiles(3, (middle - 3.0, middle + 3.0), size_density);
        // of a normal distribution: 1/6, 1/2 and 5/6 lie at -0.967, 0 and 0.967 deviations (the cut at 3.3 moves them by 0.002)
        for (found, deviations) in found.iter().zip([-0.967, 0.0, 0.967]) {
            assert!((found - (middle + 0.9 * deviations)).abs() < 0.005, "{found}");
        }
    }

    #[test]
    fn every_kind_is_there_and_the_shares_sum_to_all() {
        assert_eq!(KINDS.iter().map(|(_, share)| share).sum::<usize>(), 100);
        for count in [12, 40, 100] {
            let (_, _, population) = draw_shipped(1, count);
            for (kind, _) in KINDS {
                assert!(population.borrowers.iter().any(|b| b.kind == kind), "{kind:?} of {count}");
            }
        }
    }

    #[test]
    fn all_designs_accept_every_book_at_the_opening() {
        for seed in 0..20 {
            let (rules, tick, population) = draw_shipped(seed, 44);
            for borrower in &population.borrowers {
                let values = value(&borrower.holdings, &tick).unwrap();
                let book: Vec<Exposure> =
                    values.iter().map(|(asset, value)| rules.exposure(*asset, *value)).collect();
                let thresholds: Vec<Bps> = values
                    .iter()
                    .map(|(asset, _)| Bps(rules.ordinary_thresholds()[asset.index()].0 - OPENING_DISTANCE))
                    .collect();
                assert!(score(&rules.preset.model, &book).unwrap().is_healthy(), "{borrower:?}");
                assert!(ltv_excess_down(&book, &thresholds).unwrap().0 >= 0, "{borrower:?}");
                let debt: i128 = book.iter().map(|e| -e.value.0.min(0)).sum();
                assert!(debt >= 100_000_000, "at least the smallest debt: {borrower:?}");
            }
        }
    }
}
