//! `ballast-keeper bench`: how long this machine takes to load, rescore and rank a vault of a given size, and how much memory.

use crate::{
    engine::{Engine, Scope},
    synthetic::{clock, reserve_address, Synthetic, PRICES},
};
use anchor_lang::{prelude::Pubkey, Discriminator};
use anyhow::{anyhow, Result};
use ballast::state::Obligation;
use ballast_client::decode;
use std::time::{Duration, Instant};

/// Obligations that are made and loaded at a time, so that the made-up accounts themselves take little memory.
const BATCH: usize = 20_000;
/// Ticks that do not count.
const WARM_UP: usize = 3;
/// Books that are picked.
const WORST: usize = 100;
/// The asset that ticks: SOL, which most books hold.
const SOL: usize = 2;

/// What one size took.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Obligations.
    pub obligations: usize,
    /// From account bytes into columns, all of them.
    pub load: Duration,
    /// Every book, with interest.
    pub everything: Duration,
    /// A tick of SOL and the worst 100: the median.
    pub tick_median: Duration,
    /// The slowest tick.
    pub tick_worst: Duration,
    /// Of a median tick, what picking the worst 100 took.
    pub pick: Duration,
    /// Books that a tick rescores.
    pub touched: usize,
    /// Books below their requirement after the last tick.
    pub below: usize,
    /// Most memory that the process had so far, bytes.
    pub memory: u64,
}

/// Measures one size. Prices wander a little around the start, so that a few books in a thousand are below their requirement.
pub fn measure(obligations: usize, ticks: usize) -> Result<Measured> {
    let mut world = Synthetic::new(1);
    let mut engine = Engine::new(world.vault);
    let named = |error| anyhow!("the made-up vault: {error}");
    engine.set_vault(world.vault_account().map_err(named)?);
    for asset in 0..PRICES.len() {
        let reserve = world.reserve_account(asset, 1_000_000, 0).map_err(named)?;
        engine.set_reserve(reserve_address(asset), reserve);
    }
    engine.reserve(obligations, obligations * 7 / 2);
    let mut load = Duration::ZERO;
    let mut left = obligations;
    while left > 0 {
        let batch: Vec<(Pubkey, Vec<u8>)> = (0..BATCH.min(left))
            .map(|_| {
                let (address, obligation) = world.obligation();
                (address, [Obligation::DISCRIMINATOR, bytemuck::bytes_of(&obligation)].concat())
            })
            .collect();
        left -= batch.len();
        let start = Instant::now();
        for (address, data) in &batch {
            let obligation: Obligation = decode(data).ok_or_else(|| anyhow!("not an obligation"))?;
            engine.set_obligation(address, &obligation);
        }
        load += start.elapsed();
    }
    engine.rescore(&clock(0), Scope::Everything);
    let start = Instant::now();
    engine.rescore(&clock(1), Scope::Everything);
    let everything = start.elapsed();

    let cost = [20_000; 17];
    let (mut times, mut touched) = (vec![], 0);
    for tick in 0..WARM_UP + ticks {
        let wander = (tick as i64 * 7_919) % 20_000 - 10_000;
        let reserve = world.reserve_account(SOL, 900_000 + wander, 1).map_err(named)?;
        let start = Instant::now();
        engine.set_reserve(reserve_address(SOL), reserve);
        touched = engine.rescore(&clock(1), Scope::Touched).books;
        let rescored = start.elapsed();
        let worst = engine.worst(WORST, &cost, |_| false);
        let all = start.elapsed();
        anyhow::ensure!(worst.len() <= WORST, "more than the worst {WORST} were picked");
        if tick >= WARM_UP {
            times.push((all, all.saturating_sub(rescored)));
        }
    }
    times.sort_unstable();
    let (tick_median, pick) = times[times.len() / 2];
    let below = engine.worst(obligations, &cost, |_| false).len();
    let (tick_worst, _) = times[times.len() - 1];
    let memory = most_memory();
    Ok(Measured { obligations, load, everything, tick_median, tick_worst, pick, touched, below, memory })
}

/// The process's largest resident size so far in bytes; 0 where the system does not say.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1_024
}

/// Measures sizes in turn, the smallest first, and prints a table.
pub fn print(sizes: &[usize], ticks: usize) -> Result<()> {
    println!("{} threads; a tick moves SOL's price; times in ms", rayon::current_num_threads());
    println!(
        "{:>11} {:>9} {:>11} {:>13} {:>12} {:>7} {:>9} {:>9} {:>10}",
        "obligations",
        "load",
        "everything",
        "tick + worst",
        "slowest tick",
        "pick",
        "touched",
        "below",
        "memory MB"
    );
    for size in sizes {
        let m = measure(*size, ticks)?;
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{:>11} {:>9.0} {:>11.1} {:>13.1} {:>12.1} {:>7.1} {:>9} {:>9} {:>10.0}",
            m.obligations,
            ms(m.load),
            ms(m.everything),
            ms(m.tick_median),
            ms(m.tick_worst),
            ms(m.pick),
            m.touched,
            m.below,
            m.memory as f64 / 1e6
        );
    }
    Ok(())
}
