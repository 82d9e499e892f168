//! `ballast-keeper`: see the library and `docs/keeper.md`.

use anyhow::Result;
use ballast_keeper::{bench, config, run};
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// The soft-liquidation keeper of Ballast vaults.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Keeps a vault until it is stopped (Ctrl-C or SIGTERM)
    Run {
        /// The configuration
        #[arg(long, default_value = "keeper.toml")]
        config: PathBuf,
        /// Writes everything that the cluster says to this file
        #[arg(long)]
        record: Option<PathBuf>,
    },
    /// Prints a configuration with comments
    ExampleConfig,
    /// Measures how long this machine takes to load, rescore and rank vaults of these sizes
    Bench {
        /// How many obligations; several sizes show how it grows
        #[arg(long, value_delimiter = ',', default_value = "125000,250000,500000,1000000")]
        obligations: Vec<usize>,
        /// Price ticks to measure
        #[arg(long, default_value_t = 30)]
        ticks: usize,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Run { config, record } => {
            let config = config::Config::read(&config)?;
            run::start_logging(&config)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(run::run(&config, record.as_deref(), asked_to_stop()))
        }
        Command::ExampleConfig => {
            print!("{}", config::EXAMPLE);
            Ok(())
        }
        Command::Bench { obligations, ticks } => bench::print(&obligations, ticks),
    }
}

/// Ready once the process is asked to stop.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{signal, SignalKind};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler there is nothing to wait for.
    let _ = interrupt.await;
}
