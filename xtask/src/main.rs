//! `cargo xtask`: the project's build, check and demo commands, one file each.

mod build_sbf;
mod cu;
mod demo;
mod fuzz;
mod idl;
mod process;
mod project;
mod prove;
mod sbf;
mod setup;
mod test;
mod typescript;
mod wasm;

use project::Project;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  setup            install what is missing for the other commands
  build-sbf        build the on-chain programs into target/deploy
  idl [--check]    write the program's interface to target/idl and idl/, or check that idl/ is up to date
  test             everything that must pass before a merge
  prove            prove the risk engine's rounding lemmas with z3 (docs/proofs.md)
  wasm             build the risk module of the TypeScript client: app/ts/ballast.wasm
  typescript       check, test and document the TypeScript client, against freshly built programs
  demo [ARGS...]   run the demo on a local network, with a freshly built program
  ballast ARGS...  run the `ballast` command, freshly built: `cargo xtask ballast localnet` starts a local network
  fuzz [ARGS...]   play random sequences under the laws: --minutes N, --seed S, --threads T, --replay FILE
  cu               measure compute units: target/cu.json and docs/compute-units.md

CARGO_TARGET_DIR  where cargo builds (default: target)
SBF_HOME          where the SBF toolchain lives (default: ~/.cache/sbf-upstream)
BALLAST_SBF       `agave` or `upstream`: use that SBF toolchain and no other (default: agave's if it works)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let project = Project::find()?;
    forget_this_package();
    match words.as_slice() {
        ["setup"] => setup::run(&project).map(|_| ExitCode::SUCCESS),
        ["build-sbf"] => build_sbf::run(&project).map(|()| ExitCode::SUCCESS),
        ["idl"] => idl::write(&project).map(|()| ExitCode::SUCCESS),
        ["idl", "--check"] => idl::check(&project).map(|()| ExitCode::SUCCESS),
        ["test"] => test::run(&project).map(|()| ExitCode::SUCCESS),
        ["prove"] => prove::run(&project).map(|()| ExitCode::SUCCESS),
        ["wasm"] => wasm::build(&project).map(|_| ExitCode::SUCCESS),
        ["typescript"] => typescript::run(&project).map(|()| ExitCode::SUCCESS),
        ["demo", rest @ ..] => demo::run(&project, rest),
        ["fuzz", rest @ ..] => fuzz::run(&project, rest),
        ["ballast", rest @ ..] => demo::ballast(&project, rest),
        ["cu"] => cu::run(&project),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => anyhow::bail!("unknown command: {}\n\n{HELP}", words.join(" ")),
    }
}

/// Drops what `cargo run` says of this package. Build scripts of dependencies look at those variables: a cargo that is
/// started from here would find them changed, and compile again what a cargo started by hand had compiled.
fn forget_this_package() {
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            std::env::remove_var(name);
        }
    }
}
