//! A tape: what every market says at every tick, whether it comes from a scenario or from candles.

use crate::asset::{Asset, ASSETS, COUNT};
use anyhow::{bail, Context as _, Result};
use ballast_risk::{
    price::{Observation, UnitPrice},
    TokenAmount, Usd,
};

/// Exponent of every price of the demo's oracle.
pub const EXPONENT: i32 = -8;
/// Price of 1 USD at [`EXPONENT`].
const ONE: f64 = 1e8;
/// Seconds in which the oracle's average forgets a price.
const AVERAGE_SECONDS: f64 = 3_600.0;
/// Seconds over which market depth looks back.
const DEPTH_LOOKBACK: u64 = 900;
/// Depth never falls below this share of the calm one.
const DEPTH_FLOOR: f64 = 0.04;

/// Dollars of every asset.
pub type Prices = [f64; COUNT];

/// Prices of all assets at every moment, before the oracle's rounding.
#[derive(Clone, Debug)]
pub struct Rows {
    /// What they are.
    pub title: String,
    /// Where each market's prices come from, and what is modelled.
    pub sources: Vec<String>,
    /// Times and dollars, strictly ordered.
    pub prices: Vec<(u64, Prices)>,
}

impl Rows {
    /// The tape of these prices.
    pub fn tape(self) -> Result<Tape> {
        Tape::new(self.title, self.sources, self.prices)
    }
}

/// One moment.
#[derive(Clone, Debug)]
pub struct Tick {
    /// Seconds since the epoch.
    pub time: u64,
    /// What the oracle publishes for each asset.
    pub quotes: [Observation; COUNT],
    /// The market's depth as a share of the calm one.
    pub depth: f64,
}

/// Prices of all assets over time.
#[derive(Clone, Debug)]
pub struct Tape {
    /// What it is.
    pub title: String,
    /// Where each market's prices come from, and what is modelled.
    pub sources: Vec<String>,
    /// The moments, strictly ordered.
    pub ticks: Vec<Tick>,
}

impl Tick {
    /// Dollars of an asset.
    pub fn dollars(&self, asset: Asset) -> f64 {
        self.quotes[asset.index()].price as f64 / ONE
    }

    /// What the program takes for the asset's spot price.
    pub fn spot(&self, asset: Asset) -> Result<UnitPrice> {
        let quote = &self.quotes[asset.index()];
        let price = u64::try_from(quote.price).context("a price is negative")?;
        UnitPrice::from_oracle(price, quote.exponent, asset.decimals())
            .map_err(|error| anyhow::anyhow!("{asset}: {error}"))
    }

    /// Value of a deposit, rounded down.
    pub fn deposit_value(&self, asset: Asset, amount: TokenAmount) -> Result<Usd> {
        Ok(self.spot(asset)?.value_down(amount))
    }

    /// Value of a debt, rounded up.
    pub fn debt_value(&self, asset: Asset, amount: TokenAmount) -> Result<Usd> {
        Ok(self.spot(asset)?.value_up(amount))
    }
}

impl Tape {
    /// Builds a tape from prices: rounds them to the oracle's scale and adds its average, its confidence and the market's depth.
    ///
    /// Confidence is modelled as 3 bp and a tenth of the last five minutes' range, at most 1 %; depth as [`depths`] says.
    pub fn new(title: String, sources: Vec<String>, prices: Vec<(u64, Prices)>) -> Result<Self> {
        if prices.len() < 2 {
            bail!("{title}: fewer than two moments");
        }
        let mut average = prices[0].1;
        let depths = depths(&prices);
        let mut ticks: Vec<Tick> = Vec::with_capacity(prices.len());
        for (at, (time, now)) in prices.iter().enumerate() {
            let elapsed = at.checked_sub(1).map_or(0, |before| time.saturating_sub(prices[before].0));
            if at > 0 && elapsed == 0 {
                bail!("{title}: times are not in order at {}", crate::time::minute(*time));
            }
            let range = |asset: Asset, seconds: u64| range(&prices, at, asset, seconds);
            let mut quotes =
                [Observation { price: 1, confidence: 0, ema: 1, exponent: EXPONENT, publish_time: *time };
                    COUNT];
            for asset in ASSETS {
                let (i, price) = (asset.index(), now[asset.index()]);
                if !(price.is_finite() && (1e-6..1e9).contains(&price)) {
                    bail!("{title}: {asset} at {} is {price}", crate::time::minute(*time));
                }
                average[i] = average_after(average[i], price, elapsed);
                let confidence = price * (0.0003 + 0.1 * range(asset, 300)).min(0.01);
                quotes[i].price = (price * ONE).round() as i64;
                quotes[i].ema = (average[i] * ONE).round() as i64;
                quotes[i].confidence = (confidence * ONE).round() as u64;
            }
            ticks.push(Tick { time: *time, quotes, depth: depths[at] });
        }
        Ok(Self { title, sources, ticks })
    }

    /// First tick.
    pub fn first(&self) -> &Tick {
        &self.ticks[0]
    }

    /// Last tick.
    pub fn last(&self) -> &Tick {
        &self.ticks[self.ticks.len() - 1]
    }

    /// Greatest fall of an asset below its opening price, as a share.
    pub fn worst_fall(&self, asset: Asset) -> f64 {
        let low = self.ticks.iter().map(|tick| tick.dollars(asset)).fold(f64::MAX, f64::min);
        1.0 - low / self.first().dollars(asset)
    }
}

/// The oracle's average of a price, some seconds after it was written last.
pub fn average_after(average: f64, price: f64, seconds: u64) -> f64 {
    average + (price - average) * (1.0 - (-(seconds as f64) / AVERAGE_SECONDS).exp())
}

/// Highest over lowest price of an asset, minus one, over the seconds before a moment.
fn range(prices: &[(u64, Prices)], at: usize, asset: Asset, seconds: u64) -> f64 {
    let from = prices[at].0.saturating_sub(seconds);
    let window = prices[..=at].iter().rev().take_while(|(time, _)| *time >= from);
    let (low, high) = window
        .map(|(_, prices)| prices[asset.index()])
        .fold((f64::MAX, 0f64), |(low, high), price| (low.min(price), high.max(price)));
    high / low - 1.0
}

/// The market's depth at each moment as a share of the calm one.
///
/// It falls with SOL's range over the last quarter of an hour (to `e^(−20·range)`, not below 4 %) and returns by about 2 % in 75
/// seconds. That is how bitcoin's order book behaved on 10 October 2025, whose bids within 5 % of the price, as a share of
/// those of the two hours before, were 97 % at 20:30 (this model: 87 %), 36 % at 21:00 (22 %), 6 % at 21:20 (8 %), 15 % at 22:00 (7 %),
/// 29 % at 22:50 (18 %) and 28 % at 23:30 (34 %). Looking back for an hour gives 66, 22, 4, 4, 7 and 14 %.
pub fn depths(prices: &[(u64, Prices)]) -> Vec<f64> {
    let mut depth = 1.0f64;
    let mut depths = Vec::with_capacity(prices.len());
    for (at, (time, _)) in prices.iter().enumerate() {
        let pace = at.checked_sub(1).map_or(0, |before| time.saturating_sub(prices[before].0)) as f64 / 75.0;
        let recovered = depth * 1.019f64.powf(pace) + 0.0004 * pace;
        let worst = (-20.0 * range(prices, at, Asset::Sol, DEPTH_LOOKBACK)).exp();
        depth = worst.min(recovered).clamp(DEPTH_FLOOR, 1.0);
        depths.push(depth);
    }
    depths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(prices: &[f64]) -> Tape {
        let rows = prices.iter().enumerate().map(|(i, p)| (1_000_000 + 75 * i as u64, [*p; COUNT])).collect();
        Tape::new("test".into(), vec![], rows).unwrap()
    }

    #[test]
    fn a_quiet_tape_keeps_its_average_and_depth() {
        let tape = flat(&[100.0; 50]);
        assert!(tape.ticks.iter().all(|t| t.quotes[0].ema == t.quotes[0].price && t.depth == 1.0));
        assert_eq!(tape.last().dollars(Asset::Btc), 100.0);
        // 100 × 0.0003 at exponent −8
        assert_eq!(tape.last().quotes[0].confidence, 3_000_000);
    }

    #[test]
    fn a_fall_empties_the_book_and_widens_confidence() {
        let mut prices = vec![100.0; 10];
        prices.extend([80.0; 10]);
        let tape = flat(&prices);
        assert_eq!(tape.ticks[10].depth, DEPTH_FLOOR);
        assert!(tape.ticks[19].depth <= DEPTH_FLOOR * 1.0 + 1e-12, "still within the lookback");
        // at most 1 % of 80
        assert_eq!(tape.ticks[10].quotes[0].confidence, 80_000_000);
        assert!(tape.ticks[10].quotes[0].ema > tape.ticks[10].quotes[0].price);
        assert!((tape.worst_fall(Asset::Sol) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn broken_prices_are_refused() {
        let row = |p: f64, t: u64| (t, [p; COUNT]);
        for rows in [
            vec![row(1.0, 1)],
            vec![row(1.0, 1), row(0.0, 2)],
            vec![row(1.0, 2), row(1.0, 2)],
            vec![row(1.0, 1), row(f64::NAN, 2)],
        ] {
            assert!(Tape::new("test".into(), vec![], rows).is_err());
        }
    }
}
