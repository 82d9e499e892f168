//! What a run found, and statistics over seeds.

use crate::{engine::Fill, population::Population};
use std::collections::HashMap;

/// Width of a bin of tranche sizes, in log dollars: quantiles are right within half a percent.
const BIN: f64 = 0.01;
/// Log of the smallest size.
const LOWEST: f64 = -9.0;
/// Bins: up to e^22 dollars.
const BINS: usize = 3_100;

/// Counts of tranches by size: bounded memory however many there are.
#[derive(Clone, Debug)]
pub struct Sizes(Vec<u32>);

impl Default for Sizes {
    fn default() -> Self {
        Self(vec![0; BINS])
    }
}

impl Sizes {
    /// Counts a tranche of these dollars.
    pub fn add(&mut self, dollars: f64) {
        let bin = ((dollars.max(1e-9).ln() - LOWEST) / BIN).clamp(0.0, (BINS - 1) as f64);
        self.0[bin as usize] += 1;
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Self) {
        for (to, from) in self.0.iter_mut().zip(&other.0) {
            *to += from;
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|count| u64::from(*count)).sum()
    }

    /// A quantile in dollars, 0 without any.
    pub fn quantile(&self, share: f64) -> f64 {
        let wanted = (self.count() as f64 * share).ceil().max(1.0) as u64;
        let mut sum = 0;
        for (bin, count) in self.0.iter().enumerate() {
            sum += u64::from(*count);
            if sum >= wanted {
                return (LOWEST + BIN * (bin as f64 + 0.5)).exp();
            }
        }
        0.0
    }
}

/// What one design did to one population. Dollars, unless it says otherwise.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The design's name.
    pub design: String,
    /// Owed by everybody at the start.
    pub opening_debt: f64,
    /// Deposits at the start.
    pub opening_collateral: f64,
    /// Deposits less debts at the start.
    pub opening_equity: f64,
    /// Deposits less debts of everybody at the end.
    pub equity_at_end: f64,
    /// Repaid by liquidations.
    pub liquidated: f64,
    /// Taken by bonuses.
    pub bonus: f64,
    /// Of that, what stayed as insurance.
    pub insured: f64,
    /// Sizes of the liquidations.
    pub sizes: Sizes,
    /// Bonus by account that was touched.
    pub touched_bonus: HashMap<u32, f64>,
    /// What bonuses took from each of those, as a share of its opening deposits, sorted.
    pub loss_shares: Vec<f32>,
    /// The same beside the opening deposits, dollars.
    pub losses: Vec<[f32; 2]>,
    /// Σ(D − C)⁺ at its worst.
    pub worst_bad_debt: f64,
    /// That moment.
    pub worst_bad_debt_at: u64,
    /// Σ(D − C)⁺ then, by kind.
    pub worst_by_kind: Vec<f64>,
    /// The worst of Σ(D − C)⁺ less the insurance fund of that moment.
    pub worst_lender_loss: f64,
    /// Σ(D − C)⁺ at the end.
    pub bad_debt: f64,
    /// The same less the fund.
    pub lender_loss: f64,
    /// Largest price impact that sales caused, as a share.
    pub worst_impact: f64,
    /// Repaid by kind.
    pub liquidated_by_kind: Vec<f64>,
    /// Opening debt by kind.
    pub debt_by_kind: Vec<f64>,
    /// Σ(D − C)⁺ and the fund at every moment.
    pub series: Vec<[f32; 2]>,
    /// Tranches that the exact check refused.
    pub refused: u64,
    /// Every liquidation, where they were kept.
    pub fills: Vec<Fill>,
}

impl Outcome {
    /// Nothing yet.
    pub fn new(population: &Population) -> Self {
        let kinds = population.kinds.len();
        Self {
            opening_debt: population.opening_debt,
            opening_collateral: population.opening_collateral,
            worst_by_kind: vec![0.0; kinds],
            liquidated_by_kind: vec![0.0; kinds],
            debt_by_kind: vec![0.0; kinds],
            ..Self::default()
        }
    }

    /// Counts a liquidation.
    pub fn note(&mut self, account: u32, kind: usize, repaid: f64, bonus: f64) {
        self.liquidated += repaid;
        self.bonus += bonus;
        self.sizes.add(repaid);
        self.liquidated_by_kind[kind] += repaid;
        *self.touched_bonus.entry(account).or_default() += bonus;
    }
}
