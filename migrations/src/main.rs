//! The `ballast-deploy` command.

use anchor_lang::prelude::Pubkey;
use anyhow::{anyhow, bail, Context as _, Result};
use ballast_deploy::{apply, plan, Chain, Config};
use clap::{Args, Parser, Subcommand};
use solana_keypair::{read_keypair_file, Keypair};
use solana_signer::Signer;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Deploys Ballast, sets up vaults from a file, and verifies what stands.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Says what stands, what differs and what would be done.
    Plan(Target),
    /// Shows the same plan, asks, does it, and reads everything back.
    Apply {
        #[command(flatten)]
        target: Target,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Checks that everything stands: the program's bytes, its upgrade authority, every vault and reserve.
    Verify(Target),
}

#[derive(Args)]
struct Target {
    /// The file that says what should stand.
    #[arg(long)]
    config: PathBuf,
    /// The cluster's RPC.
    #[arg(long)]
    url: String,
    /// Who pays and signs; to plan and to verify, the curator's address is enough, and the file has it.
    #[arg(long)]
    keypair: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Plan(target) => {
            let (config, chain) = (Config::read(&target.config)?, Chain::connect(&target.url));
            println!("{}", plan(&config, &chain, &deployer(&config, &target)?)?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Apply { target, yes } => {
            let (config, chain) = (Config::read(&target.config)?, Chain::connect(&target.url));
            let keypair = keypair(target.keypair.as_deref().context("--keypair is needed to sign")?)?;
            let shown = plan(&config, &chain, &keypair.pubkey())?;
            println!("{shown}");
            if shown.to_do().count() == 0 {
                return Ok(if shown.all_stands() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            if !yes && !confirmed()? {
                bail!("nothing was done");
            }
            let after = apply(&config, &chain, &keypair, &shown, &|text| println!("==> {text}"))?;
            println!("\nRead back:\n{after}");
            Ok(if after.all_stands() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Verify(target) => {
            let (config, chain) = (Config::read(&target.config)?, Chain::connect(&target.url));
            let found = plan(&config, &chain, &deployer(&config, &target)?)?;
            println!("{found}");
            if !found.all_stands() {
                bail!("not everything stands as {} says", config.file.display());
            }
            println!("Verified: the program is the build with this sha256, and every vault and reserve is as the file says.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Whose address a plan is made for.
fn deployer(config: &Config, target: &Target) -> Result<Pubkey> {
    match &target.keypair {
        Some(path) => Ok(keypair(path)?.pubkey()),
        None => Ok(config.curator.0),
    }
}

fn keypair(path: &Path) -> Result<Keypair> {
    read_keypair_file(path).map_err(|error| anyhow!("cannot read the keypair {}: {error}", path.display()))
}

fn confirmed() -> Result<bool> {
    print!("Do this? Type `yes`: ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
