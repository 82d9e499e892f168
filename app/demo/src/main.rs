//! `ballast-demo`: a crash, replayed on a local network that lives in this process.
//!
//! Two vaults, a few dozen borrowers with mixed books, Pyth price accounts in their true layout, and a keeper that only sends
//! public instructions. The same accounts and debts then go through a plain LTV protocol by the same prices. At the end the events
//! of all tranches are compared with the accounts, to the unit; any difference fails the run.

use anyhow::{Context as _, Result};
use ballast_demo::{
    args::Args, chain, outcome, plain, population, replay, report, rules, scenario, second, show, tape,
};
use clap::Parser as _;
use std::{process::ExitCode, time::Instant};

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    if args.second_act_only {
        return second::play(&args.program()).map(|_| ());
    }
    let rules = rules::Rules::balanced()?;
    let tape = tape(args)?;
    let population = population::draw(args.seed, args.borrowers, &rules, tape.first())?;
    let mut show = show::Show::default();
    show.opening(&tape, population.borrowers.len());

    let mut world = chain::setup::world(&args.program(), args.seed, &population, &rules, tape.first())?;
    println!(
        "local network at {}, set up after {:.1} s\n",
        world.validator.url(),
        start.elapsed().as_secs_f64()
    );
    let run = chain::run::run(&mut world, &rules, &tape, &mut show)?;
    let designs =
        [("plain LTV", rules.ordinary_thresholds()), ("plain LTV at our margin", rules.raised_thresholds())];
    let mut plain = vec![];
    for (name, thresholds) in designs {
        plain.push(plain::run(name, &thresholds, &population, &rules, &tape)?);
    }
    let second = second::play(&args.program())?;
    let figures: Vec<_> = plain.iter().map(outcome::Outcome::figures).collect();
    let seconds = start.elapsed().as_secs_f64();
    let summary = report::summary::Summary::new(&tape, &rules, args.seed, &run, &figures, &second, seconds);
    let page = report::html::page(&summary, &tape, &run, &plain, &second)?;
    let designs: Vec<_> = std::iter::once(&run.outcome).chain(&plain).collect();
    let picture = report::picture::draw((tape.first().time, tape.last().time), &designs)?;
    let files = report::write(&args.out, &summary, &page, &picture)?;
    show.closing(&summary.designs, &run.checks, seconds);
    for file in &files {
        println!("{}", file.display());
    }
    chain::audit::verdict(&run.checks)
}

fn tape(args: &Args) -> Result<tape::Tape> {
    if let Some(folder) = &args.candles {
        return replay::tape(&replay::Request { folder, window: &args.window, from: args.from, to: args.to });
    }
    let text = match &args.scenario {
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
        }
        None => scenario::SHIPPED.to_string(),
    };
    scenario::Scenario::read(&text)?.tape()
}
