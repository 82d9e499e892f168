//! `ballast-fuzz`: plays sequences for a time, or one kept case. `cargo xtask fuzz` builds and calls it.

use ballast_fuzz::{
    kept::{self, Case},
    run::{run, Plan},
    setup,
};
use clap::Parser;
use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, SystemTime},
};

/// Random and hostile sequences on the compiled program, and the laws that they must keep.
#[derive(Parser)]
struct Arguments {
    /// For how many minutes new sequences begin.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// The first sequence's seed; from the clock without it.
    #[arg(long)]
    seed: Option<u64>,
    /// Sequences at once.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Plays on when a law is broken, and makes a case of each law.
    #[arg(long)]
    keep_going: bool,
    /// Plays this case and nothing else, action by action.
    #[arg(long)]
    replay: Option<PathBuf>,
    /// Plays the kept cases first.
    #[arg(long)]
    kept: bool,
    /// Where the report and cases are written.
    #[arg(long, default_value = "target/fuzz")]
    out: PathBuf,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let world = setup::build()?;
    if let Some(path) = arguments.replay {
        let case = Case::read(&path)?;
        println!("{}", case.about);
        return Ok(match case.play(&world, true) {
            Some((place, violation)) => {
                println!("action {place} breaks \"{}\": {}", violation.law, violation.words);
                ExitCode::FAILURE
            }
            None => {
                println!("every law holds");
                ExitCode::SUCCESS
            }
        });
    }
    if arguments.kept {
        let cases = kept::all()?;
        for (path, case) in &cases {
            if let Some((place, violation)) = case.play(&world, false) {
                println!(
                    "{}: action {place} breaks \"{}\": {}",
                    path.display(),
                    violation.law,
                    violation.words
                );
                return Ok(ExitCode::FAILURE);
            }
        }
        println!("{} kept cases hold", cases.len());
    }
    let clock = || {
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // room for all seeds of a run before the next run's
        time.as_secs() << 24
    };
    let plan = Plan {
        seed: arguments.seed.unwrap_or_else(clock),
        time: Duration::from_secs_f64(arguments.minutes * 60.0),
        threads: arguments.threads,
        keep_going: arguments.keep_going,
        out: arguments.out.clone(),
    };
    println!("seeds from {}, {} minutes, {} threads", plan.seed, arguments.minutes, plan.threads);
    let report = run(&world, &plan);
    report.print();
    report.write(&arguments.out.join("report.json"))?;
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
