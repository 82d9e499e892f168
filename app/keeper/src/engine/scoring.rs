//! Rescoring: by `ballast_risk::score`, and only books that something touched.

use super::{
    columns::{Columns, Row, HEALTHY},
    terms::Terms,
    Engine,
};
use anchor_lang::prelude::Clock;
use ballast::oracle::now;
use ballast_risk::{
    model::{RiskModel, MAX_POSITIONS},
    score::{score, Exposure, Score},
    Result, RiskError,
};
use rayon::prelude::*;

/// Rows that one thread scores at a time: large enough to be worth handing over, small enough to spread.
const CHUNK: usize = 8_192;

/// How much is brought up to the given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Books that changed, and books with a reserve whose price or account changed. Others keep the interest and the staleness that they
    /// were last scored with: a price tick must not pay for the second that has passed.
    Touched,
    /// Every book, with interest, staleness and ramps up to now. Meant for every few seconds.
    Everything,
}

/// What a rescoring did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rescored {
    /// Books that were scored.
    pub books: usize,
    /// Of them, those that could not be, because a reserve of theirs is not known. They count as healthy.
    pub unknown: usize,
    /// Bit i: the terms of reserve i had changed.
    pub reserves: u32,
}

/// Scores every book with a reserve whose terms changed, and every row that changed by itself; all books when the model moved.
pub(super) fn rescore(engine: &mut Engine, clock: &Clock, scope: Scope) -> Rescored {
    let looked = engine.market.look_ahead(clock, scope == Scope::Everything);
    let Some(model) = engine.market.vault().map(|vault| vault.model_at(now(clock))) else {
        return Rescored::default();
    };
    let mut changed = 0u32;
    engine.terms.resize(engine.market.len(), None);
    for (index, terms) in engine.terms.iter_mut().enumerate().filter(|(index, _)| looked >> index & 1 == 1) {
        let new = engine.market.ahead(index).map(|reserve| Terms::of(reserve, clock));
        if *terms != new {
            (*terms, changed) = (new, changed | 1 << index);
        }
    }
    // Where a ramp moves the model a little every second, that waits for the next whole rescoring, as interest does.
    let ramps = engine.market.vault().is_some_and(|vault| vault.ramp.duration > 0);
    let moved = engine.model.is_none() || scope == Scope::Everything || !ramps;
    let model = if moved { model } else { engine.model.unwrap_or(model) };
    if engine.model != Some(model) {
        (engine.model, changed) = (Some(model), u32::MAX);
    }
    let dirty = std::mem::take(&mut engine.dirty);
    let mut rescored = Rescored { reserves: changed, ..Rescored::default() };
    let mut excess = std::mem::take(&mut engine.columns.excess);
    let (columns, terms) = (&engine.columns, &engine.terms);
    if changed != 0 {
        let (books, unknown) = excess
            .par_chunks_mut(CHUNK)
            .zip(columns.scored().par_chunks(CHUNK))
            .enumerate()
            .map(|(chunk, (excess, scored))| {
                let mut counts = (0, 0);
                for (offset, (excess, reserves)) in excess.iter_mut().zip(scored).enumerate() {
                    if reserves & changed != 0 {
                        let row = (chunk * CHUNK + offset) as Row;
                        put(columns, row, &model, terms, excess, &mut counts);
                    }
                }
                counts
            })
            .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        (rescored.books, rescored.unknown) = (books, unknown);
    }
    for row in dirty {
        let reserves = columns.scored()[row as usize];
        if reserves != 0 && reserves & changed == 0 {
            let mut counts = (0, 0);
            put(columns, row, &model, terms, &mut excess[row as usize], &mut counts);
            rescored.books += counts.0;
            rescored.unknown += counts.1;
        }
    }
    engine.columns.excess = excess;
    rescored
}

fn put(
    columns: &Columns,
    row: Row,
    model: &RiskModel,
    terms: &[Option<Terms>],
    excess: &mut i64,
    counts: &mut (usize, usize),
) {
    counts.0 += 1;
    *excess = match score_row(columns, row, model, terms) {
        Ok(score) => score.excess().clamp_i64(),
        Err(_) => {
            counts.1 += 1;
            HEALTHY
        }
    };
}

/// The score of a row with these terms. Errors where a reserve is not known, or as [`score`].
pub fn score_row(columns: &Columns, row: Row, model: &RiskModel, terms: &[Option<Terms>]) -> Result<Score> {
    let mut book = [Exposure::default(); MAX_POSITIONS];
    let mut count = 0;
    for (exposure, leg) in book.iter_mut().zip(columns.legs(row)) {
        let terms = terms.get(leg.reserve).and_then(Option::as_ref).ok_or(RiskError::NoSuchPosition)?;
        *exposure = terms.exposure(leg.side, leg.shares)?;
        count += 1;
    }
    score(model, &book[..count])
}
