//! `ballast`: for borrowers, operators and local networks. `ballast --help` lists the commands.

mod args;
mod commands;
mod localnet;
mod network;
mod output;
mod parse;
mod session;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.global.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.fail(&error.into()),
    };
    match runtime.block_on(run(cli, &output)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => output.fail(&error),
    }
}

/// Runs a command; `false` where it found what should not be, such as a vault that does not add up.
async fn run(cli: Cli, output: &Output) -> anyhow::Result<bool> {
    let Cli { global, command } = cli;
    match command {
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "ballast", &mut std::io::stdout());
            Ok(true)
        }
        Command::Localnet(options) => localnet::run(&options, output).await.map(|()| true),
        command => commands::run(&session::Session::open(global)?, command, output).await,
    }
}
