//! `ballast-lab bench`: how fast scores and replays are, and how that grows with accounts and cores. (`cargo bench -p ballast-lab` has
//! the kernels under criterion.)

use crate::{
    args::Bench,
    design,
    engine::{self, Options, Window},
    inputs,
    kernel::Vault,
    report::plots::{self, Line, COLOURS},
    rules::Rules,
    scenario::{Scenario, SHIPPED},
    stress::Stress,
    tape::Rows,
};
use anyhow::{Context as _, Result};
use rayon::ThreadPoolBuilder;
use serde::Serialize;
use std::time::Instant;

/// What the bench measured.
#[derive(Debug, Default, Serialize)]
pub struct Measured {
    /// Threads that this machine has.
    pub threads: usize,
    /// Scores a second of obligations with 16 positions, by threads.
    pub scores: Vec<(usize, f64)>,
    /// Gigabytes a second at which all threads read the columns.
    pub read_gb_per_second: f64,
    /// Scores a second that this reading would allow.
    pub scores_at_that_rate: f64,
    /// Replays of a day of five-minute bars: accounts, threads and seconds, drawing the accounts left out.
    pub replays: Vec<(usize, usize, f64)>,
}

/// Longest time between two measurements of a kernel.
const ROUNDS: usize = 8;

/// Measures and prints; writes `bench.json` and `bench.svg` where a folder is named.
pub fn run(args: &Bench) -> Result<()> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut measured = Measured { threads, ..Measured::default() };
    let mut counts: Vec<usize> = (0..).map(|power| 1 << power).take_while(|count| *count < threads).collect();
    counts.push(threads);
    kernels(args, &counts, &mut measured)?;
    let day = day()?;
    for &accounts in &args.accounts {
        for &count in &counts {
            measured.replays.push((accounts, count, replay(&day, accounts, count)?));
        }
    }
    for (count, rate) in &measured.scores {
        println!("{:>8.1} M scores/s of 16 positions on {count} threads", rate / 1e6);
    }
    println!(
        "{:>8.1} GB/s read by all threads: {:.0} M scores/s at that rate",
        measured.read_gb_per_second,
        measured.scores_at_that_rate / 1e6
    );
    for (accounts, count, seconds) in &measured.replays {
        println!(
            "{seconds:>8.2} s for {accounts} accounts over a day of five-minute bars on {count} threads"
        );
    }
    if let Some(out) = &args.out {
        std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
        std::fs::write(out.join("bench.json"), serde_json::to_string_pretty(&measured)?)?;
        std::fs::write(out.join("bench.svg"), plot(&measured, &counts)?)?;
    }
    Ok(())
}

fn kernels(args: &Bench, counts: &[usize], measured: &mut Measured) -> Result<()> {
    let accounts = args.score_accounts;
    let vault = Vault::largest(accounts, 1)?;
    let (mut equity, mut requirement) = (vec![0; accounts], vec![0; accounts]);
    let best = |work: &mut dyn FnMut() -> Result<()>| -> Result<f64> {
        let mut best = f64::MAX;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            work()?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        Ok(best)
    };
    for &count in counts {
        let pool = ThreadPoolBuilder::new().num_threads(count).build()?;
        let seconds = pool.install(|| best(&mut || vault.score(&mut equity, &mut requirement)))?;
        measured.scores.push((count, accounts as f64 / seconds));
    }
    let seconds = best(&mut || {
        std::hint::black_box(vault.read_all());
        Ok(())
    })?;
    measured.read_gb_per_second = (accounts * vault.columns.len() * 8) as f64 / seconds / 1e9;
    measured.scores_at_that_rate = accounts as f64 / seconds;
    Ok(())
}

/// The shipped crash as a day of five-minute bars at four moments each: quiet before its first knot and after its last.
fn day() -> Result<Rows> {
    let mut rows = Scenario::read(SHIPPED)?.rows(None)?;
    let start = rows.prices[0].0;
    rows.prices.retain(|(time, _)| (time - start) % 75 == 0);
    let (last, prices) = rows.prices[rows.prices.len() - 1];
    rows.prices.extend((last + 75..start + 86_400).step_by(75).map(|time| (time, prices)));
    Ok(rows)
}

fn replay(day: &Rows, accounts: usize, threads: usize) -> Result<f64> {
    let window = Window::new(day, &Stress::default())?;
    let (description, rules) = (inputs::shipped_population()?, Rules::balanced()?);
    let population = description.draw(1, accounts, &rules, window.opening())?;
    let designs = design::named(&["steady".into()])?;
    let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
    let start = Instant::now();
    pool.install(|| engine::run(&window, &population, &designs[1], &Options::default()))?;
    Ok(start.elapsed().as_secs_f64())
}

fn plot(measured: &Measured, counts: &[usize]) -> Result<String> {
    let lines: Vec<Line> = counts
        .iter()
        .enumerate()
        .map(|(at, count)| Line {
            colour: COLOURS[(3 + at) % COLOURS.len()],
            marked: true,
            points: measured
                .replays
                .iter()
                .filter(|replay| replay.1 == *count)
                .map(|replay| (replay.0 as f64 / 1e3, replay.2))
                .collect(),
        })
        .collect();
    let svg =
        plots::lines(&lines, ("thousand accounts", &plots::number), "seconds a day of five-minute bars")?;
    Ok(svg.replacen("<svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"", 1))
}
