//! One design over one window and one population.
//!
//! At every moment the oracle's prices are taken as the program would take them, every account that may have become unhealthy is
//! scored, and keepers act where a liquidation pays them. What they sell moves prices for everybody afterwards. Accounts that
//! provably stayed healthy are not scored again (`certificate`); a test shows that this changes no result.

mod act_ltv;
mod act_net_risk;
mod certificate;
mod reserves;
mod state;
mod watch;

pub use act_net_risk::{legs, Selling};
pub use reserves::Reserves;
pub use state::{Fill, Now, State, Valued};
pub use watch::{Taken, Watch};

use crate::{
    asset::{ASSETS, COUNT},
    design::{Design, Insurance, Mechanism},
    market::Market,
    metrics::Outcome,
    population::{unit_prices, Population},
    rules::Rules,
    stress::Stress,
    tape::{depths, Prices, Rows},
};
use anyhow::{Context as _, Result};
use certificate::Certificates;

/// Prices of a window, ready to run: what the market pays and what the oracle shows.
#[derive(Clone, Debug)]
pub struct Window {
    /// What it is.
    pub title: String,
    /// Where prices come from, and what is modelled.
    pub sources: Vec<String>,
    /// The moments, seconds since the epoch.
    pub times: Vec<u64>,
    /// Dollars on the market.
    pub market: Vec<Prices>,
    /// Dollars that the oracle shows.
    pub oracle: Vec<Prices>,
    /// The market's depth as a share of the calm one.
    pub depth: Vec<f64>,
}

impl Window {
    /// These prices under a stress.
    pub fn new(rows: &Rows, stress: &Stress) -> Result<Self> {
        let stressed = stress.apply(rows)?;
        // Checks that every price is one that the oracle could publish.
        stressed.clone().tape()?;
        Ok(Self {
            oracle: stress.oracle(&stressed),
            depth: depths(&stressed.prices),
            times: stressed.prices.iter().map(|row| row.0).collect(),
            market: stressed.prices.iter().map(|row| row.1).collect(),
            title: stressed.title,
            sources: stressed.sources,
        })
    }

    /// What the oracle shows first: populations are drawn for these prices.
    pub fn opening(&self) -> &Prices {
        &self.oracle[0]
    }
}

/// How a run is made; the same for every design of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The insurance rule.
    pub insurance: Insurance,
    /// How much of what is sold, as a share of sold and depth, moves the price: 0.5, or 0 for none.
    pub impact: f64,
    /// Score every account at every moment, to check the certificates.
    pub score_everybody: bool,
    /// Keep every fill; otherwise only their statistics.
    pub keep_fills: bool,
    /// Keep positions as shares of reserves with interest, as the program does, with so many token units lent by somebody else;
    /// otherwise as amounts that stay. Everybody is scored then, and a debt that nobody will repay ends with the last deposit.
    pub reserves: Option<[u64; COUNT]>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            insurance: Insurance::default(),
            impact: 0.5,
            score_everybody: false,
            keep_fills: false,
            reserves: None,
        }
    }
}

/// Largest price impact.
const MOST_IMPACT: f64 = 0.5;
/// What remains of an impact after 75 seconds.
const IMPACT_MEMORY: f64 = 0.917;

/// Runs a design.
pub fn run(window: &Window, population: &Population, design: &Design, options: &Options) -> Result<Outcome> {
    run_watched(window, population, design, options, &mut ())
}

/// Runs a design while somebody watches. An error of the watcher ends the run.
pub fn run_watched(
    window: &Window,
    population: &Population,
    design: &Design,
    options: &Options,
    watch: &mut dyn Watch,
) -> Result<Outcome> {
    let calm = Rules::balanced()?;
    let mut state = State::new(population, options);
    if let (Some(lent), Mechanism::NetRisk(rules)) = (&options.reserves, &design.mechanism) {
        let reserves = Reserves::open(population, lent, rules, window.times[0]);
        state.reserves = Some(reserves.context("the reserves cannot be opened")?);
    }
    let mut certificates = Certificates::new(design);
    let mut impact = [0.0f64; COUNT];
    let mut visited = vec![];
    for (at, &time) in window.times.iter().enumerate() {
        let elapsed = at.checked_sub(1).map_or(0, |before| time - window.times[before]);
        for share in &mut impact {
            *share *= IMPACT_MEMORY.powf(elapsed as f64 / 75.0);
        }
        let moved = |prices: &Prices| -> Prices { std::array::from_fn(|i| prices[i] * (1.0 - impact[i])) };
        let (market, oracle) = (moved(&window.market[at]), moved(&window.oracle[at]));
        let mut now = state::Now {
            time,
            prices: unit_prices(&oracle)?,
            same: market == oracle,
            true_prices: unit_prices(&market)?,
            gap: std::array::from_fn(|i| market[i] / oracle[i]),
            market: Market::new(&calm, window.depth[at]),
        };
        state.bring_up(time)?;
        watch.begin(time, &oracle)?;
        if options.score_everybody || state.reserves.is_some() {
            visited.clear();
            visited.extend(0..population.accounts.len() as u32);
        } else {
            certificates.at_risk(&state.accounts, &now, [&market, &oracle], &mut visited)?;
        }
        state.in_turn(&mut visited, at);
        for &account in &visited {
            let acted = match &design.mechanism {
                Mechanism::Ltv(ltv) => act_ltv::visit(&mut state, account, ltv, &calm, &mut now)?,
                Mechanism::NetRisk(rules) => {
                    act_net_risk::visit(&mut state, account, rules, &mut now, watch)?
                }
            };
            if acted {
                certificates.touched(account);
            }
        }
        state.close_moment(time);
        state.fill_in_all();
        watch.end(&now, &state)?;
        for asset in ASSETS.into_iter().filter(|asset| !asset.is_stable()) {
            let (i, sold) = (asset.index(), now.market.sold()[asset.index()]);
            let pressure = options.impact * sold / (sold + now.market.depth_of(asset));
            impact[i] = (impact[i] + pressure).min(MOST_IMPACT);
            state.outcome.worst_impact = state.outcome.worst_impact.max(impact[i]);
        }
    }
    state.finish(window, design)
}

#[cfg(test)]
mod tests;
