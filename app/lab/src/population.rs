//! Borrowers, drawn from a seed and a description in TOML: the same accounts and the same debts for every design.

use crate::{
    asset::{Asset, ASSETS, COUNT},
    rules::{Rules, OPENING_DISTANCE},
    tape::Prices,
};
use anyhow::{bail, Context as _, Result};
use ballast_risk::{
    caps::ReserveCaps,
    price::UnitPrice,
    score::{opening_score, Exposure},
    TokenAmount, Usd,
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha12Rng;
use rand_distr::{Beta, Distribution as _, Gamma, Normal};
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The population that comes with the project.
pub const SHIPPED: &str = include_str!("../populations/default.toml");
/// Most accounts of one population.
pub const MOST_ACCOUNTS: usize = 5_000_000;

/// A description of a population.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// How many accounts.
    pub accounts: usize,
    size: Size,
    usage: Usage,
    #[serde(rename = "kind")]
    kinds: Vec<Kind>,
    /// Most deposits of an asset in the vault, dollars at the opening prices. A deposit that does not fit is not made, and less is borrowed.
    #[serde(default)]
    pub caps: BTreeMap<Asset, f64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Size {
    median: f64,
    deviation: f64,
    least: f64,
    most: f64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Usage {
    alpha: f64,
    beta: f64,
    most: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    name: String,
    share: f64,
    deposits: Vec<Part>,
    debt: BTreeMap<Asset, f64>,
}

/// A part of a book's deposits: one asset drawn by weight, or a mix of several.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    share: f64,
    one_of: Option<BTreeMap<Asset, f64>>,
    mix: Option<BTreeMap<Asset, f64>>,
}

/// Token amounts of an account, by asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Deposits, base units.
    pub deposits: [u64; COUNT],
    /// Debts, base units.
    pub debts: [u64; COUNT],
    /// Its kind: an index into [`Population::kinds`].
    pub kind: u8,
}

/// Everybody.
#[derive(Clone, Debug)]
pub struct Population {
    /// Names of the kinds.
    pub kinds: Vec<String>,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// Deposits at the opening prices, dollars.
    pub opening_collateral: f64,
    /// Debts at the opening prices, dollars.
    pub opening_debt: f64,
}

/// Prices of a token unit at these dollars, rounded to the oracle's eight decimals as the program takes them.
pub fn unit_prices(dollars: &Prices) -> Result<[UnitPrice; COUNT]> {
    let mut prices = [UnitPrice::default(); COUNT];
    for asset in ASSETS {
        let mantissa = (dollars[asset.index()] * 1e8).round().max(1.0) as u64;
        prices[asset.index()] = UnitPrice::from_oracle(mantissa, -8, asset.decimals())
            .with_context(|| format!("{asset} at {}", dollars[asset.index()]))?;
    }
    Ok(prices)
}

impl Description {
    /// Reads a description, and checks it.
    pub fn read(text: &str) -> Result<Self> {
        let description: Self = toml::from_str(text).context("the population cannot be read")?;
        description.validate()?;
        Ok(description)
    }

    /// Checks every number. Errors say which one, and where it has to lie.
    pub fn validate(&self) -> Result<()> {
        let Size { median, deviation, least, most } = self.size;
        if !(1..=MOST_ACCOUNTS).contains(&self.accounts) {
            bail!("a population has 1 to {MOST_ACCOUNTS} accounts");
        }
        if !(least > 0.0
            && least <= median
            && median <= most
            && most <= 1e9
            && (0.0..=5.0).contains(&deviation))
        {
            bail!("sizes need 0 < least ≤ median ≤ most ≤ 1e9 and a deviation of 0 to 5");
        }
        let Usage { alpha, beta, most } = self.usage;
        if !(alpha > 0.0 && beta > 0.0 && most > 0.0 && most < 1.0) {
            bail!("usage needs alpha and beta above 0, and most between 0 and 1");
        }
        if self.kinds.is_empty() || self.kinds.len() > 255 {
            bail!("a population has 1 to 255 kinds");
        }
        let sum: f64 = self.kinds.iter().map(|kind| kind.share).sum();
        if (sum - 1.0).abs() > 1e-9 {
            bail!("the kinds' shares sum to {sum}, not to 1");
        }
        if self.caps.values().any(|dollars| !(0.0..=1e12).contains(dollars)) {
            bail!("a cap lies between 0 and 1e12 dollars");
        }
        for kind in &self.kinds {
            kind.validate().with_context(|| format!("kind {:?}", kind.name))?;
        }
        Ok(())
    }

    /// Draws the accounts for these opening prices. Account `i` of a seed is always the same, however many there are, and under caps depends
    /// on those before it only.
    pub fn draw(&self, seed: u64, accounts: usize, rules: &Rules, opening: &Prices) -> Result<Population> {
        if !(1..=MOST_ACCOUNTS).contains(&accounts) {
            bail!("a population has 1 to {MOST_ACCOUNTS} accounts");
        }
        let prices = unit_prices(opening)?;
        let account = |number: usize, refused: &[bool; COUNT]| {
            let mut rng = ChaCha12Rng::seed_from_u64(seed);
            rng.set_stream(number as u64);
            self.account(&mut rng, rules, opening, &prices, refused)
        };
        let mut accounts: Vec<Account> = (0..accounts)
            .into_par_iter()
            .map(|number| account(number, &[false; COUNT]))
            .collect::<Result<_>>()?;
        let mut total = [0u64; COUNT];
        for (number, drawn) in accounts.iter_mut().enumerate().filter(|_| !self.caps.is_empty()) {
            let refused = self.refused(&total, &drawn.deposits, &prices);
            if refused.contains(&true) {
                *drawn = account(number, &refused)?;
            }
            for (total, amount) in total.iter_mut().zip(drawn.deposits) {
                *total = total.saturating_add(amount);
            }
        }
        let worth = |amounts: fn(&Account) -> &[u64; COUNT]| -> f64 {
            let of = |account: &Account| -> f64 {
                amounts(account)
                    .iter()
                    .zip(&prices)
                    .map(|(amount, price)| price.value_down(TokenAmount(*amount)).0 as f64 / 1e6)
                    .sum()
            };
            accounts.iter().map(of).sum()
        };
        Ok(Population {
            kinds: self.kinds.iter().map(|kind| kind.name.clone()).collect(),
            opening_collateral: worth(|account| &account.deposits),
            opening_debt: worth(|account| &account.debts),
            accounts,
        })
    }

    /// Which deposits the vault's caps have no room for, by the rule of the program.
    fn refused(
        &self,
        total: &[u64; COUNT],
        deposits: &[u64; COUNT],
        prices: &[UnitPrice; COUNT],
    ) -> [bool; COUNT] {
        let mut refused = [false; COUNT];
        for (asset, dollars) in &self.caps {
            let i = asset.index();
            let caps = ReserveCaps { exposure: (dollars * 1e6) as u64, ..ReserveCaps::OPEN };
            let after = TokenAmount(total[i].saturating_add(deposits[i]));
            refused[i] = deposits[i] > 0 && caps.check_deposit(after, prices[i].value_up(after)).is_err();
        }
        refused
    }

    fn account(
        &self,
        rng: &mut ChaCha12Rng,
        rules: &Rules,
        dollars: &Prices,
        prices: &[UnitPrice; COUNT],
        refused: &[bool; COUNT],
    ) -> Result<Account> {
        let size = Normal::new(self.size.median.ln(), self.size.deviation)?.sample(rng).exp();
        let size = size.clamp(self.size.least, self.size.most);
        let usage = Beta::new(self.usage.alpha, self.usage.beta)?.sample(rng) * self.usage.most;
        let mut point: f64 = rng.random();
        let mut index = 0;
        while index + 1 < self.kinds.len() && point >= self.kinds[index].share {
            point -= self.kinds[index].share;
            index += 1;
        }
        let kind = &self.kinds[index];
        let mut deposits = [0.0; COUNT];
        for part in &kind.deposits {
            part.draw(rng, size, &mut deposits)?;
        }
        let free = |asset: &Asset| deposits[asset.index()] == 0.0;
        let debt = pick(rng, kind.debt.iter().filter(|(asset, _)| free(asset)))
            .with_context(|| format!("kind {:?} deposits all assets that it could borrow", kind.name))?;
        let units = |asset: Asset, usd: f64| {
            (usd / dollars[asset.index()] * 10f64.powi(i32::from(asset.decimals()))) as u64
        };
        let mut account = Account { kind: index as u8, ..Account::default() };
        for asset in ASSETS {
            account.deposits[asset.index()] = units(asset, deposits[asset.index()]);
        }
        for (i, _) in refused.iter().enumerate().filter(|(_, refused)| **refused) {
            (deposits[i], account.deposits[i]) = (0.0, 0);
        }
        let most = plain_limit(&deposits, rules).min(opening_limit(&account, debt, rules, prices)?);
        account.debts[debt.index()] = units(debt, most * usage);
        Ok(account)
    }
}

impl Kind {
    fn validate(&self) -> Result<()> {
        let weights =
            |map: &BTreeMap<Asset, f64>| !map.is_empty() && map.values().all(|w| *w > 0.0 && w.is_finite());
        let sum: f64 = self.deposits.iter().map(|part| part.share).sum();
        if self.share < 0.0 || (sum - 1.0).abs() > 1e-9 {
            bail!("the shares of its deposits sum to {sum}, not to 1");
        }
        for part in &self.deposits {
            match (&part.one_of, &part.mix) {
                (Some(map), None) | (None, Some(map)) if weights(map) && part.share > 0.0 => {}
                _ => bail!(
                    "a part of the deposits has a share and either `one_of` or `mix`, with weights above 0"
                ),
            }
        }
        if !weights(&self.debt) {
            bail!("`debt` needs weights above 0");
        }
        if self.debt.keys().any(|asset| matches!(asset, Asset::Lst | Asset::Alt | Asset::Usde)) {
            bail!("LST, ALT and USDE cannot be borrowed");
        }
        Ok(())
    }
}

impl Part {
    fn draw(&self, rng: &mut ChaCha12Rng, size: f64, deposits: &mut Prices) -> Result<()> {
        if let Some(map) = &self.one_of {
            let asset = pick(rng, map.iter()).context("nothing to deposit")?;
            deposits[asset.index()] += size * self.share;
        }
        if let Some(map) = &self.mix {
            let mut parts = vec![];
            for (asset, alpha) in map {
                parts.push((*asset, Gamma::new(*alpha, 1.0)?.sample(rng)));
            }
            let sum: f64 = parts.iter().map(|(_, part)| part).sum();
            for (asset, part) in parts {
                deposits[asset.index()] += size * self.share * part / sum;
            }
        }
        Ok(())
    }
}

fn pick<'a>(rng: &mut ChaCha12Rng, map: impl Iterator<Item = (&'a Asset, &'a f64)> + Clone) -> Option<Asset> {
    let sum: f64 = map.clone().map(|(_, weight)| weight).sum();
    let mut point = rng.random::<f64>() * sum;
    let mut last = None;
    for (asset, weight) in map {
        last = Some(*asset);
        point -= weight;
        if point < 0.0 {
            break;
        }
    }
    last
}

/// What a plain LTV protocol lends at most, dollars: 5 points below its thresholds.
fn plain_limit(deposits: &Prices, rules: &Rules) -> f64 {
    let share =
        |asset: Asset| f64::from(rules.assets[asset.index()].ordinary_threshold.0 - OPENING_DISTANCE) / 1e4;
    ASSETS.iter().map(|asset| deposits[asset.index()] * share(*asset)).sum()
}

/// What the vault lends at most, dollars: the largest debt with `E ≥ R_init` at spot, by bisection to a thousandth.
fn opening_limit(account: &Account, debt: Asset, rules: &Rules, prices: &[UnitPrice; COUNT]) -> Result<f64> {
    let mut book: Vec<Exposure> = vec![rules.exposure(debt, Usd::ZERO)];
    for asset in ASSETS {
        let amount = account.deposits[asset.index()];
        if amount > 0 {
            book.push(rules.exposure(asset, prices[asset.index()].value_down(TokenAmount(amount))));
        }
    }
    let collateral: i128 = book.iter().map(|exposure| exposure.value.0).sum();
    let (mut low, mut high) = (0i128, collateral);
    while high - low > (collateral / 1_000).max(1) {
        let middle = (low + high) / 2;
        book[0].value = Usd(-middle);
        if opening_score(&rules.preset.model, &book)?.is_healthy() {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(low as f64 / 1e6)
}

#[cfg(test)]
mod tests;
