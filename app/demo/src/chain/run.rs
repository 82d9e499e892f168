//! The run: walks the tape, moves the chain whenever something may happen, and lets the keeper work.

use super::{
    audit::{self, Audit, Check},
    keeper::{self, Wanted},
    snapshot::{Snapshot, Totals},
    world::{World, POOLS},
};
use crate::{
    market::Market,
    outcome::{Fill, Outcome},
    rules::Rules,
    show::Show,
    tape::{Tape, Tick},
};
use anchor_lang::prelude::Clock;
use anyhow::{Context as _, Result};
use ballast::event::TrancheExecuted;

/// Most tranches of one borrower at one moment: more would mean that the pace does not hold.
const TRANCHES_A_MOMENT: usize = 16;

/// What the chain said at one moment.
pub struct Frame {
    /// When.
    pub time: u64,
    /// Each vault's sums.
    pub totals: [Totals; 2],
}

/// A whole run on the chain.
pub struct Run {
    /// The figures' source.
    pub outcome: Outcome,
    /// Moments at which the chain moved.
    pub frames: Vec<Frame>,
    /// The tranches' events, beside the outcome's fills.
    pub tranches: Vec<TrancheExecuted>,
    /// What events and accounts said of each other.
    pub checks: Vec<Check>,
    /// Most compute units that a tranche took.
    pub most_units: u64,
    /// Insurance of all reserves at the end, micro-USD.
    pub insurance: i128,
}

/// Walks the whole tape.
pub fn run(world: &mut World, rules: &Rules, tape: &Tape, show: &mut Show) -> Result<Run> {
    let first = tape.first();
    let clock = clock(world, first);
    let mut snapshot = Snapshot::read(world, &clock)?;
    let mut audit = Audit::begin(world, &snapshot)?;
    let mut collateral = vec![];
    let mut debt = 0.0;
    for borrower in 0..world.borrowers.len() {
        let score = snapshot.score(world, borrower)?.context("a borrower without a book")?;
        collateral.push(score.collateral.0 as f64 / 1e6);
        debt += score.debt.0 as f64 / 1e6;
    }
    let mut run = Run {
        outcome: Outcome::new("Ballast, on chain", collateral, debt),
        frames: vec![Frame { time: first.time, totals: snapshot.totals(world)? }],
        tranches: vec![],
        checks: vec![],
        most_units: 0,
        insurance: 0,
    };
    show.step(first, &run.frames[0].totals, &[]);
    let heartbeat = ((tape.last().time - first.time) / 96).clamp(300, 3_600);
    for (number, tick) in tape.ticks.iter().enumerate().skip(1) {
        let ahead = snapshot.at(tick)?;
        let totals = ahead.totals(world)?;
        run.outcome
            .note_bad_debt(tick.time, totals.iter().map(|sum| sum.bad_debt).sum::<i128>() as f64 / 1e6);
        let market = Market::new(rules, tick.depth);
        let due = run.frames.last().is_none_or(|frame| tick.time >= frame.time + heartbeat)
            || number + 1 == tape.ticks.len();
        let below = totals.iter().any(|sum| sum.below > 0);
        // As a keeper does with a pull oracle: post prices when somebody can be liquidated by them.
        let acts = due || below && anybody(world, &ahead, &market)?;
        if !acts {
            continue;
        }
        world.publish(tick)?;
        for pool in POOLS {
            world.refresh(pool, &world.curator)?;
        }
        snapshot.refresh_reserves(world, &self::clock(world, tick))?;
        let landed = liquidate(world, rules, tick, number, &mut snapshot, &mut audit, &mut run)?;
        let totals = snapshot.totals(world)?;
        show.step(tick, &totals, &run.outcome.fills[run.outcome.fills.len() - landed..]);
        run.frames.push(Frame { time: tick.time, totals });
    }
    let last = Snapshot::read(world, &self::clock(world, tape.last()))?;
    let (scores, bad_debt) = audit::scores(world, &last)?;
    run.outcome.note_bad_debt(tape.last().time, bad_debt as f64 / 1e6);
    for state in last.reserves.values() {
        let insurance = state.reserve.books.ledger().insurance_down();
        run.insurance += state.reserve.price.spot.as_risk().value_down(insurance).0;
    }
    run.checks = audit.finish(world, &last)?;
    run.checks.push(scores);
    Ok(run)
}

/// The clock as the validator shows it after [`World::publish`].
fn clock(world: &World, tick: &Tick) -> Clock {
    Clock { slot: world.validator.slot(), unix_timestamp: tick.time as i64, ..Clock::default() }
}

/// Whether the keeper would do anything at these prices.
fn anybody(world: &World, snapshot: &Snapshot, market: &Market) -> Result<bool> {
    for borrower in 0..world.borrowers.len() {
        if keeper::wanted(world, snapshot, borrower, market)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lets the keeper work until nothing more is allowed or pays; returns how many tranches landed.
fn liquidate(
    world: &World,
    rules: &Rules,
    tick: &Tick,
    number: usize,
    snapshot: &mut Snapshot,
    audit: &mut Audit,
    run: &mut Run,
) -> Result<usize> {
    let mut market = Market::new(rules, tick.depth);
    let count = world.borrowers.len();
    let before = run.outcome.fills.len();
    for turn in 0..count {
        let borrower = (turn + number * 7_919) % count;
        for _ in 0..TRANCHES_A_MOMENT {
            let Some(wanted) = keeper::wanted(world, snapshot, borrower, &market)? else { break };
            let (tranche, units) = keeper::send(world, snapshot, &wanted, tick)?;
            snapshot.refresh_borrower(world, borrower)?;
            let clock = snapshot.clock.clone();
            snapshot.refresh_reserves(world, &clock)?;
            audit.add(&tranche);
            market.sell(wanted.deposit, tranche.seized_value as f64 / 1e6);
            run.most_units = run.most_units.max(units);
            run.outcome.fills.push(fill(world, tick, &wanted, &tranche));
            run.tranches.push(tranche);
        }
    }
    Ok(run.outcome.fills.len() - before)
}

fn fill(world: &World, tick: &Tick, wanted: &Wanted, tranche: &TrancheExecuted) -> Fill {
    Fill {
        time: tick.time,
        borrower: wanted.borrower,
        kind: world.borrowers[wanted.borrower].kind.unwrap_or(crate::population::Kind::Plain),
        debt: wanted.debt,
        deposit: wanted.deposit,
        repaid: tranche.repaid_value as f64 / 1e6,
        bonus: (i128::from(tranche.seized_value) - i128::from(tranche.repaid_value)) as f64 / 1e6,
    }
}
