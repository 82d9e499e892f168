//! Transforms of prices: what if the crash had been deeper, had not come back, or had broken something else.

use crate::{
    asset::Asset,
    tape::{Prices, Rows},
};
use anyhow::{bail, Result};
use serde::{Deserialize, Serialize};

/// How long a wick on one venue lasts, seconds.
const WICK_SECONDS: u64 = 300;
/// How long a depeg takes to open and to close, and how long it stays, seconds.
const DEPEG: (u64, u64, u64) = (900, 6 * 3_600, 6 * 3_600);
/// Shortest time that prices are held where there is no rebound.
const HELD_SECONDS: u64 = 2 * 86_400;

/// A stress of a window. Empty, it changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stress {
    /// Every price relative to its first one, to this power: 2 doubles every fall, in log.
    pub factor: f64,
    /// From SOL's low on, prices stay where they are, for at least two days.
    pub no_rebound: bool,
    /// With `no_rebound`: volatile assets move on by this share over the rest, −0.25 for a quarter down.
    pub drift: f64,
    /// The oracle shows prices of this many seconds ago.
    pub lag_seconds: u64,
    /// At SOL's low, the oracle shows this asset lower by this share for five minutes, the market does not.
    pub wick: Option<(Asset, f64)>,
    /// This asset's relative price is taken to this power, so that it stops moving with the others.
    pub decouple: Option<(Asset, f64)>,
    /// From an hour before SOL's low, this stable falls to this price, stays for six hours and comes back.
    pub depeg: Option<(Asset, f64)>,
}

impl Default for Stress {
    fn default() -> Self {
        Self {
            factor: 1.0,
            no_rebound: false,
            drift: 0.0,
            lag_seconds: 0,
            wick: None,
            decouple: None,
            depeg: None,
        }
    }
}

impl Stress {
    /// A crash that is deeper by this factor.
    pub fn times(factor: f64) -> Self {
        Self { factor, ..Self::default() }
    }

    /// Checks ranges.
    pub fn validate(&self) -> Result<()> {
        let share = |pair: Option<(Asset, f64)>| pair.is_none_or(|(_, s)| (0.0..1.0).contains(&s));
        if !(0.1..=5.0).contains(&self.factor) {
            bail!("a stress factor lies between 0.1 and 5");
        }
        if !(-0.95..=0.95).contains(&self.drift) || (self.drift != 0.0 && !self.no_rebound) {
            bail!("a drift lies between -0.95 and 0.95 and needs no_rebound");
        }
        if self.lag_seconds > 3_600 {
            bail!("an oracle lags by at most an hour");
        }
        if !share(self.wick) {
            bail!("a wick is a share between 0 and 1");
        }
        if self.decouple.is_some_and(|(_, power)| !(-2.0..=2.0).contains(&power)) {
            bail!("a decoupled asset's power lies between -2 and 2");
        }
        if self.depeg.is_some_and(|(asset, price)| !asset.is_stable() || !(0.05..=1.0).contains(&price)) {
            bail!("a depeg names a stable and a price between 0.05 and 1");
        }
        Ok(())
    }

    /// What it says, for titles.
    pub fn describe(&self) -> String {
        let mut parts = vec![];
        if self.factor != 1.0 {
            parts.push(format!("×{}", self.factor));
        }
        if self.no_rebound {
            parts.push("no rebound".into());
        }
        if self.drift != 0.0 {
            parts.push(format!("then {:+.0} %", 100.0 * self.drift));
        }
        if self.lag_seconds > 0 {
            parts.push(format!("oracle {} s late", self.lag_seconds));
        }
        if let Some((asset, share)) = self.wick {
            parts.push(format!("{asset} wicks by {:.0} %", 100.0 * share));
        }
        if let Some((asset, power)) = self.decouple {
            parts.push(format!("{asset} to the power of {power}"));
        }
        if let Some((asset, price)) = self.depeg {
            parts.push(format!("{asset} at {price}"));
        }
        if parts.is_empty() {
            "as it was".into()
        } else {
            parts.join(", ")
        }
    }

    /// The market's prices under this stress. Lag and wick concern the oracle only: see [`Stress::oracle`].
    pub fn apply(&self, rows: &Rows) -> Result<Rows> {
        self.validate()?;
        let mut out = rows.clone();
        let Some(&(_, first)) = rows.prices.first() else { bail!("{}: no prices", rows.title) };
        for (_, prices) in &mut out.prices {
            for (i, price) in prices.iter_mut().enumerate() {
                let power = match self.decouple {
                    Some((asset, power)) if asset.index() == i => power,
                    _ => 1.0,
                };
                if self.factor * power != 1.0 {
                    *price = first[i] * (*price / first[i]).powf(self.factor * power);
                }
            }
        }
        let low = low_of_sol(&out.prices);
        if self.no_rebound {
            self.hold(&mut out.prices, low);
        }
        if let Some((asset, price)) = self.depeg {
            depeg(&mut out.prices, low, asset, price);
        }
        if *self != Self::default() {
            out.title = format!("{}: {}", out.title, self.describe());
        }
        Ok(out)
    }

    /// What the oracle shows at each moment of these market prices.
    pub fn oracle(&self, rows: &Rows) -> Vec<Prices> {
        let low = rows.prices[low_of_sol(&rows.prices)].0;
        let mut shown: Vec<Prices> = Vec::with_capacity(rows.prices.len());
        let mut from = 0;
        for (time, now) in &rows.prices {
            while rows.prices.get(from + 1).is_some_and(|next| next.0 + self.lag_seconds <= *time) {
                from += 1;
            }
            let mut prices = if self.lag_seconds == 0 { *now } else { rows.prices[from].1 };
            if let Some((asset, share)) = self.wick {
                if (low..low + WICK_SECONDS).contains(time) {
                    prices[asset.index()] *= 1.0 - share;
                }
            }
            shown.push(prices);
        }
        shown
    }

    fn hold(&self, prices: &mut Vec<(u64, Prices)>, low: usize) {
        let (start, at) = prices[low];
        let step = if low > 0 { start - prices[low - 1].0 } else { 75 };
        let end = prices.last().map_or(start, |row| row.0).max(start + HELD_SECONDS);
        prices.truncate(low + 1);
        for time in (start + step..=end).step_by(step.max(1) as usize) {
            let share = (time - start) as f64 / (end - start) as f64;
            let mut now = at;
            for asset in crate::asset::ASSETS.into_iter().filter(|asset| !asset.is_stable()) {
                now[asset.index()] *= (1.0 + self.drift).powf(share);
            }
            prices.push((time, now));
        }
    }
}

/// Where SOL is lowest.
fn low_of_sol(prices: &[(u64, Prices)]) -> usize {
    let sol = Asset::Sol.index();
    let by_price =
        |a: &(usize, &(u64, Prices)), b: &(usize, &(u64, Prices))| a.1 .1[sol].total_cmp(&b.1 .1[sol]);
    prices.iter().enumerate().min_by(by_price).map_or(0, |(index, _)| index)
}

fn depeg(prices: &mut [(u64, Prices)], low: usize, asset: Asset, to: f64) {
    let (open, stay, close) = DEPEG;
    let start = prices[low].0.saturating_sub(3_600);
    for (time, now) in prices.iter_mut().filter(|(time, _)| *time >= start) {
        let age = *time - start;
        let depth = if age < open {
            age as f64 / open as f64
        } else if age < open + stay {
            1.0
        } else {
            (1.0 - (age - open - stay) as f64 / close as f64).max(0.0)
        };
        let floor = 1.0 + depth * (to - 1.0);
        now[asset.index()] = now[asset.index()].min(floor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::COUNT;

    fn rows(sol: &[f64]) -> Rows {
        let prices = sol.iter().enumerate().map(|(i, sol)| {
            let mut prices = [1.0; COUNT];
            prices[Asset::Sol.index()] = *sol;
            (1_000_000 + 75 * i as u64, prices)
        });
        Rows { title: "t".into(), sources: vec![], prices: prices.collect() }
    }

    fn sol(rows: &Rows) -> Vec<f64> {
        rows.prices.iter().map(|row| row.1[Asset::Sol.index()]).collect()
    }

    #[test]
    fn nothing_changes_without_a_stress() {
        let rows = rows(&[100.0, 80.0, 90.0]);
        let same = Stress::default().apply(&rows).unwrap();
        assert_eq!((same.title.as_str(), sol(&same)), ("t", vec![100.0, 80.0, 90.0]));
    }

    #[test]
    fn a_factor_of_two_squares_relative_prices() {
        let doubled = sol(&Stress::times(2.0).apply(&rows(&[100.0, 80.0, 90.0])).unwrap());
        for (got, expected) in doubled.iter().zip([100.0, 100.0 * 0.8 * 0.8, 100.0 * 0.9 * 0.9]) {
            assert!((got - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn without_a_rebound_prices_stay_or_drift_for_two_days() {
        let stress = Stress { no_rebound: true, drift: -0.25, ..Stress::default() };
        let held = stress.apply(&rows(&[100.0, 80.0, 90.0])).unwrap();
        let prices = sol(&held);
        assert_eq!(prices[..2], [100.0, 80.0]);
        assert!((prices.last().unwrap() - 80.0 * 0.75).abs() < 0.01);
        assert_eq!(held.prices.last().unwrap().0, 1_000_075 + 2 * 86_400);
        assert_eq!(held.prices.last().unwrap().1[Asset::Usdc.index()], 1.0);
    }

    #[test]
    fn lag_and_wick_concern_the_oracle_only() {
        let rows = rows(&[100.0, 80.0, 90.0]);
        let late = Stress { lag_seconds: 75, ..Stress::default() }.oracle(&rows);
        let shown: Vec<f64> = late.iter().map(|p| p[Asset::Sol.index()]).collect();
        assert_eq!(shown, [100.0, 100.0, 80.0]);
        let wick = Stress { wick: Some((Asset::Alt, 0.5)), ..Stress::default() }.oracle(&rows);
        let shown: Vec<f64> = wick.iter().map(|p| p[Asset::Alt.index()]).collect();
        assert_eq!(shown, [1.0, 0.5, 0.5]);
    }

    #[test]
    fn a_decoupled_asset_goes_its_own_way() {
        let stress = Stress { decouple: Some((Asset::Sol, -0.5)), ..Stress::default() };
        let prices = sol(&stress.apply(&rows(&[100.0, 64.0])).unwrap());
        // (64/100)^(−1/2) = 1/0.8
        assert!((prices[1] - 100.0 / 0.8).abs() < 1e-9);
    }

    #[test]
    fn a_stable_depegs_around_the_low() {
        let stress = Stress { depeg: Some((Asset::Usdc, 0.9)), ..Stress::default() };
        let shown = stress.apply(&rows(&[100.0, 80.0, 90.0])).unwrap();
        assert_eq!(
            shown.prices[0].1[Asset::Usdc.index()],
            0.9,
            "the hour before the low covers the whole tape"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for stress in [
            Stress::times(0.0),
            Stress { drift: -0.2, ..Stress::default() },
            Stress { lag_seconds: 4_000, ..Stress::default() },
            Stress { wick: Some((Asset::Alt, 1.0)), ..Stress::default() },
            Stress { depeg: Some((Asset::Sol, 0.9)), ..Stress::default() },
        ] {
            assert!(stress.validate().is_err(), "{stress:?}");
        }
    }
}
