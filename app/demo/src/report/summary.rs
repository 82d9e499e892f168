//! `summary.json`: the figures of a run, for machines.

use crate::{
    chain::{audit::Check, run::Run},
    outcome::{Figures, Fill},
    rules::Rules,
    second::Act,
    tape::Tape,
    time,
};
use serde::Serialize;

/// The whole summary.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// What was replayed.
    pub title: String,
    /// First moment, UTC.
    pub from: String,
    /// Last moment, UTC.
    pub to: String,
    /// Where prices come from, and what is modelled.
    pub sources: Vec<String>,
    /// The vaults' preset.
    pub preset: String,
    /// Seed of the borrowers.
    pub seed: u64,
    /// How many borrowers.
    pub borrowers: usize,
    /// Dollars owed by all of them at the start.
    pub opening_debt_usd: f64,
    /// Dollars that they deposited.
    pub opening_collateral_usd: f64,
    /// The designs: the vaults on the chain first.
    pub designs: Vec<Figures>,
    /// How many times less the vaults liquidated than the plain protocol; absent when they liquidated nothing.
    pub times_less_than_plain: Option<f64>,
    /// The same against the plain protocol at our margins: what is left when the later threshold is taken away.
    pub times_less_than_raised: Option<f64>,
    /// Insurance in kind at the end, dollars, all reserves.
    pub insurance_usd: f64,
    /// Moments at which the chain moved.
    pub chain_steps: usize,
    /// Most compute units of a tranche.
    pub most_units_of_a_tranche: u64,
    /// Seconds that the whole run took.
    pub seconds: f64,
    /// What events and accounts said of each other.
    pub checks: Vec<Check>,
    /// Every tranche on the chain.
    pub tranches: Vec<Fill>,
    /// The second act.
    pub second_act: Act,
}

impl Summary {
    /// Gathers the figures.
    pub fn new(
        tape: &Tape,
        rules: &Rules,
        seed: u64,
        run: &Run,
        plain: &[Figures],
        second: &Act,
        seconds: f64,
    ) -> Self {
        let ours = run.outcome.figures();
        let times = |other: Option<&Figures>| {
            other.map(|other| other.liquidated_usd / ours.liquidated_usd).filter(|times| times.is_finite())
        };
        Self {
            title: tape.title.clone(),
            from: time::minute(tape.first().time),
            to: time::minute(tape.last().time),
            sources: tape.sources.clone(),
            preset: rules.preset.name.into(),
            seed,
            borrowers: run.outcome.opening_collateral.len(),
            opening_debt_usd: run.outcome.opening_debt,
            opening_collateral_usd: run.outcome.opening_collateral.iter().sum(),
            times_less_than_plain: times(plain.first()),
            times_less_than_raised: times(plain.get(1)),
            designs: std::iter::once(ours).chain(plain.iter().cloned()).collect(),
            insurance_usd: run.insurance as f64 / 1e6,
            chain_steps: run.frames.len(),
            most_units_of_a_tranche: run.most_units,
            seconds,
            checks: run.checks.clone(),
            tranches: run.outcome.fills.clone(),
            second_act: second.clone(),
        }
    }
}
