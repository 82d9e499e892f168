//! Scenarios written by hand: a few knots a market, linear in log between them.

use crate::{
    asset::{Asset, ASSETS, COUNT},
    modelled,
    tape::{Prices, Rows, Tape},
    time,
};
use anyhow::{bail, Context as _, Result};
use rand::SeedableRng as _;
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution as _, StandardNormal};
use serde::Deserialize;

/// The scenario that comes with the project.
pub const SHIPPED: &str = include_str!("../scenarios/2025-10-10.toml");

/// The scenarios that come with the project, by name.
pub const ALL: [(&str, &str); 2] =
    [("2025-10-10", SHIPPED), ("2026-06-grind", include_str!("../scenarios/2026-06-grind.toml"))];

/// A scenario file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name for people.
    pub title: String,
    /// First moment, UTC.
    start: String,
    /// Last moment, UTC.
    end: String,
    /// Seconds between two moments.
    step_seconds: u64,
    /// Standard deviation of the seeded bridge between knots: log price a root of an hour.
    #[serde(default)]
    bridge: f64,
    /// Its markets.
    #[serde(rename = "market")]
    markets: Vec<Market>,
}

/// One market's knots.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Market {
    asset: Asset,
    knots: Vec<Knot>,
}

/// One price at one time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Knot {
    at: String,
    usd: f64,
    from: String,
}

/// A market's knots with times read.
struct Curve {
    times: Vec<u64>,
    logs: Vec<f64>,
}

impl Scenario {
    /// Reads a scenario from TOML.
    pub fn read(text: &str) -> Result<Self> {
        toml::from_str(text).context("the scenario cannot be read")
    }

    /// The tape of the scenario. Markets that it leaves out are modelled (LST, ALT) or 1.00 (stables).
    pub fn tape(&self) -> Result<Tape> {
        self.rows(None)?.tape()
    }

    /// Prices of the scenario. With a seed, a Brownian bridge of the scenario's deviation runs between the knots, which stay as they
    /// are; without one, straight lines.
    pub fn rows(&self, seed: Option<u64>) -> Result<Rows> {
        let (start, end) = (time::parse(&self.start)?, time::parse(&self.end)?);
        if !(0.0..=1.0).contains(&self.bridge) {
            bail!("{}: the bridge's deviation lies between 0 and 1 a root of an hour", self.title);
        }
        if self.step_seconds == 0 || end <= start || (end - start) / self.step_seconds > 100_000 {
            bail!("{}: the window must run forwards in at most 100,000 steps", self.title);
        }
        let mut curves: [Option<Curve>; COUNT] = Default::default();
        let mut sources =
            vec!["knots written by hand from public prices; the scenario file names the source of each"
                .to_string()];
        for market in &self.markets {
            let slot = &mut curves[market.asset.index()];
            if slot.is_some() {
                bail!("{}: {} appears twice", self.title, market.asset);
            }
            *slot = Some(market.curve().with_context(|| format!("{}: {}", self.title, market.asset))?);
        }
        let mut times: Vec<u64> = (start..=end).step_by(usize::try_from(self.step_seconds)?).collect();
        // A knot between two steps is a moment of its own: no extreme is skipped.
        times.extend(
            curves
                .iter()
                .flatten()
                .flat_map(|curve| curve.times.iter().copied())
                .filter(|t| (start..=end).contains(t)),
        );
        times.sort_unstable();
        times.dedup();
        let mut rows: Vec<(u64, Prices)> = times.iter().map(|time| (*time, [0.0; COUNT])).collect();
        for asset in ASSETS {
            if let Some(curve) = &curves[asset.index()] {
                let noise = seed.map(|seed| curve.bridge(&times, self.bridge, seed, asset));
                for (at, (time, prices)) in rows.iter_mut().enumerate() {
                    prices[asset.index()] = curve.at(*time) * noise.as_ref().map_or(1.0, |n| n[at].exp());
                }
                continue;
            }
            match asset {
                Asset::Lst => {
                    modelled::lst(&mut rows);
                    sources.push(modelled::LST_NOTE.into());
                }
                Asset::Alt => {
                    modelled::alt(&mut rows);
                    sources.push(modelled::ALT_NOTE.into());
                }
                Asset::Usdc | Asset::Usde => {
                    modelled::stable(&mut rows, asset);
                    sources.push(format!("{asset}: 1.00 throughout, for want of knots"));
                }
                Asset::Btc | Asset::Eth | Asset::Sol => bail!("{}: {asset} has no knots", self.title),
            }
        }
        if let Some(seed) = seed.filter(|_| self.bridge > 0.0) {
            sources.push(format!(
                "between knots a Brownian bridge of {} a root of an hour, seed {seed}",
                self.bridge
            ));
        }
        Ok(Rows { title: self.title.clone(), sources, prices: rows })
    }
}

impl Market {
    fn curve(&self) -> Result<Curve> {
        let mut curve = Curve { times: vec![], logs: vec![] };
        for knot in &self.knots {
            let at = time::parse(&knot.at)?;
            if curve.times.last().is_some_and(|last| *last >= at) {
                bail!("the knot at {} does not come after the one before", knot.at);
            }
            if !(knot.usd.is_finite() && knot.usd > 0.0) {
                bail!("the knot at {} has the price {}", knot.at, knot.usd);
            }
            if knot.from.trim().is_empty() {
                bail!("the knot at {} does not say where it comes from", knot.at);
            }
            curve.times.push(at);
            curve.logs.push(knot.usd.ln());
        }
        if curve.times.is_empty() {
            bail!("no knots");
        }
        Ok(curve)
    }
}

impl Curve {
    /// Deviations of the log price from the straight lines at these times: zero at and beyond the knots.
    fn bridge(&self, times: &[u64], deviation: f64, seed: u64, asset: Asset) -> Vec<f64> {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        rng.set_stream(asset.index() as u64);
        let (mut value, mut before) = (0.0f64, times.first().copied().unwrap_or(0));
        let mut noise = Vec::with_capacity(times.len());
        for time in times {
            let normal: f64 = StandardNormal.sample(&mut rng);
            let next = self.times.get(self.times.partition_point(|knot| *knot <= before)).copied();
            value = match next {
                Some(next) if *time < next && self.times[0] <= before => {
                    let left = (next - time) as f64 / (next - before) as f64;
                    value * left + deviation * ((time - before) as f64 / 3_600.0 * left).sqrt() * normal
                }
                _ => 0.0,
            };
            noise.push(value);
            before = *time;
        }
        noise
    }

    /// The price at a time: linear in log between knots, constant beyond them.
    fn at(&self, time: u64) -> f64 {
        let after = self.times.partition_point(|knot| *knot <= time);
        let Some(before) = after.checked_sub(1) else { return self.logs[0].exp() };
        let Some(next) = self.times.get(after) else { return self.logs[before].exp() };
        let share = (time - self.times[before]) as f64 / (next - self.times[before]) as f64;
        (self.logs[before] + share * (self.logs[after] - self.logs[before])).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_scenario_has_the_lows_that_it_names() {
        let tape = Scenario::read(SHIPPED).unwrap().tape().unwrap();
        let at = |text: &str| {
            let time = time::parse(text).unwrap();
            tape.ticks.iter().find(|tick| tick.time == time).unwrap()
        };
        let low = at("2025-10-10T21:20");
        assert!(
            (low.dollars(Asset::Btc) - 102_000.0).abs() < 0.01
                && (low.dollars(Asset::Eth) - 3_435.0).abs() < 0.01
        );
        assert!((at("2025-10-10T21:25").dollars(Asset::Sol) - 168.79).abs() < 0.01);
        // ALT: 3.26 before, floored 40 % below
        assert!((low.dollars(Asset::Alt) / 3.26 - 0.6).abs() < 0.01);
        assert!((tape.worst_fall(Asset::Sol) - (1.0 - 168.79 / 220.0)).abs() < 1e-6);
        assert!(tape.sources.iter().any(|note| note.starts_with("LST: modelled")));
        assert!(tape.ticks.windows(2).all(|pair| pair[0].time < pair[1].time));
    }

    #[test]
    fn every_shipped_scenario_can_be_replayed_with_and_without_a_bridge() {
        for (name, text) in ALL {
            let scenario = Scenario::read(text).unwrap();
            for seed in [None, Some(3)] {
                let tape = scenario.rows(seed).and_then(Rows::tape).unwrap();
                assert!(tape.worst_fall(Asset::Sol) > 0.2, "{name}");
            }
        }
    }

    #[test]
    fn a_bridge_moves_what_lies_between_knots_and_no_knot() {
        let text = SHIPPED.replacen("step_seconds", "bridge = 0.005\nstep_seconds", 1);
        let scenario = Scenario::read(&text).unwrap();
        let straight = scenario.rows(None).unwrap().prices;
        let one = scenario.rows(Some(1)).unwrap().prices;
        assert_eq!(one, scenario.rows(Some(1)).unwrap().prices);
        assert_ne!(one, scenario.rows(Some(2)).unwrap().prices);
        let btc = Asset::Btc.index();
        for (text, usd) in [("2025-10-10T21:20", 102_000.0), ("2025-10-10T21:10", 114_400.0)] {
            let time = time::parse(text).unwrap();
            let row = one.iter().find(|row| row.0 == time).unwrap();
            assert!((row.1[btc] / usd - 1.0).abs() < 1e-9, "{text}: {}", row.1[btc]);
        }
        let moved = one.iter().zip(&straight).filter(|(a, b)| a.1[btc] != b.1[btc]).count();
        assert!(moved > straight.len() / 2);
        // within ten deviations of an hour
        assert!(one.iter().zip(&straight).all(|(a, b)| (a.1[btc] / b.1[btc]).ln().abs() < 0.05));
    }

    #[test]
    fn prices_move_in_straight_lines_on_a_log_scale() {
        let curve = Curve { times: vec![100, 300], logs: vec![1f64.ln(), 4f64.ln()] };
        assert!((curve.at(200) - 2.0).abs() < 1e-12);
        assert_eq!((curve.at(0), curve.at(100)), (1.0, 1.0));
        assert!((curve.at(1_000) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn broken_scenarios_are_refused_and_the_reason_names_the_place() {
        let reason = |from: &str, to: &str| {
            assert!(SHIPPED.contains(from), "{from}");
            let tape = Scenario::read(&SHIPPED.replacen(from, to, 1)).and_then(|scenario| scenario.tape());
            format!("{:#}", tape.unwrap_err())
        };
        assert!(reason("2025-10-10T18:00\", usd = 117600", "2025-10-10T13:00\", usd = 117600")
            .contains("BTC: the knot at 2025-10-10T13:00"));
        assert!(
            reason("usd = 4365", "usd = -1.0").contains("ETH: the knot at 2025-10-10T14:00 has the price -1")
        );
        assert!(reason("from = \"about: second thoughts\"", "from = \" \"").contains("does not say where"));
        assert!(reason("asset = \"ETH\"", "asset = \"BTC\"").contains("BTC appears twice"));
        assert!(reason("end = \"2025-10-11T06:00\"", "end = \"2025-10-09\"").contains("forwards"));
        assert!(reason("step_seconds", "steps").contains("cannot be read"));
    }
}
