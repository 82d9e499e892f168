//! What a run counts.

use crate::outcome::Outcome;
use serde::Serialize;
use std::collections::BTreeMap;

/// Counts of a run, or of a part of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// Sequences played.
    pub sequences: u64,
    /// Steps: transactions sent, and changes of time, prices and accounts.
    pub steps: u64,
    /// Transactions sent, those of probes left out.
    pub transactions: u64,
    /// Of those, landed.
    pub landed: u64,
    /// Actions that found nothing to act on. No steps.
    pub idle: u64,
    /// Instruction → outcome → how often.
    pub coverage: BTreeMap<String, BTreeMap<String, u64>>,
    /// Law → how often it was asked. For a probe: how often it found something to try.
    pub laws: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts one instruction's outcome.
    pub fn count(&mut self, name: &str, outcome: &str) {
        if !self.coverage.contains_key(name) {
            self.coverage.insert(name.to_owned(), BTreeMap::new());
        }
        let Some(outcomes) = self.coverage.get_mut(name) else { return };
        match outcomes.get_mut(outcome) {
            Some(count) => *count += 1,
            None => {
                outcomes.insert(outcome.to_owned(), 1);
            }
        }
    }

    /// Counts a transaction: each landed instruction, or the one that was refused.
    pub fn transaction(&mut self, names: &[&str], outcome: &Outcome) {
        self.transactions += 1;
        match outcome {
            Outcome::Landed { .. } => {
                self.landed += 1;
                for name in names {
                    self.count(name, "ok");
                }
            }
            Outcome::Refused { name: error, at, .. } => {
                if let Some(name) = names.get(*at) {
                    self.count(name, error);
                }
            }
            Outcome::Broke { how, at } => {
                if let Some(name) = names.get(*at) {
                    self.count(name, how);
                }
            }
        }
    }

    /// Counts a law that was asked.
    pub fn asked(&mut self, law: &str) {
        match self.laws.get_mut(law) {
            Some(count) => *count += 1,
            None => {
                self.laws.insert(law.to_owned(), 1);
            }
        }
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        self.sequences += other.sequences;
        self.steps += other.steps;
        self.transactions += other.transactions;
        self.landed += other.landed;
        self.idle += other.idle;
        for (name, outcomes) in &other.coverage {
            let mine = self.coverage.entry(name.clone()).or_default();
            for (outcome, count) in outcomes {
                *mine.entry(outcome.clone()).or_default() += count;
            }
        }
        for (law, count) in &other.laws {
            *self.laws.entry(law.clone()).or_default() += count;
        }
    }
}
