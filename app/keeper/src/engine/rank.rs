//! Whom to look at first: what a book lacks to its requirement, over what it costs to act on it.
//!
//! This first ranking reads two columns and chooses whom to plan for. The tranches planned for them are then ranked by what they
//! truly take off, over what they truly cost: see [`crate::act`].

use super::columns::{Columns, Row};
use ballast_risk::model::MAX_POSITIONS;
use rayon::prelude::*;

/// What a tranche costs to send by number of positions, micro-USD.
pub type CostOf = [u64; MAX_POSITIONS + 1];

/// Rows that one thread looks through at a time.
const CHUNK: usize = 65_536;

/// A book below its requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// What it lacks, over the cost: micro-USD a dollar.
    pub urgency: u64,
    /// What it lacks to its requirement, micro-USD.
    pub lacks: u64,
    /// Whose.
    pub row: Row,
}

/// The most urgent books, most urgent first, without those to `skip`.
pub(super) fn worst(
    columns: &Columns,
    most: usize,
    cost: &CostOf,
    skip: impl Fn(Row) -> bool + Sync,
) -> Vec<Candidate> {
    let best = |mut found: Vec<Candidate>| {
        if found.len() > most {
            found.select_nth_unstable_by(most, |a, b| b.cmp(a));
            found.truncate(most);
        }
        found
    };
    let mut found = columns
        .excess
        .par_chunks(CHUNK)
        .enumerate()
        .map(|(chunk, excess)| {
            let mut found = vec![];
            for (offset, excess) in excess.iter().enumerate().filter(|(_, excess)| **excess < 0) {
                let row = (chunk * CHUNK + offset) as Row;
                if !skip(row) {
                    found.push(candidate(columns, row, excess.unsigned_abs(), cost));
                }
                if found.len() >= 2 * most.max(1_024) {
                    found = best(found);
                }
            }
            best(found)
        })
        .reduce(Vec::new, |mut a, b| {
            a.extend(b);
            best(a)
        });
    found.sort_unstable_by(|a, b| b.cmp(a));
    found
}

fn candidate(columns: &Columns, row: Row, lacks: u64, cost: &CostOf) -> Candidate {
    let cost = cost.get(columns.count(row)).copied().unwrap_or(u64::MAX).max(1);
    let urgency = u128::from(lacks) * 1_000_000 / u128::from(cost);
    Candidate { urgency: u64::try_from(urgency).unwrap_or(u64::MAX), lacks, row }
}
