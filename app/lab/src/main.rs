//! `ballast-lab`: see the library.

use anyhow::Result;
use ballast_lab::{
    args::{Cli, Command},
    bench, fetch, frontier, onchain, replay, report,
};
use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Replay(args) => replay::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Fetch(args) => fetch::run(&args),
        Command::Frontier(args) => frontier::run(&args),
        Command::Onchain(args) => onchain::run(&args),
    }
}
