//! `cargo xtask fuzz`: random and hostile sequences on freshly built programs.

use crate::{
    build_sbf,
    demo::{build, start},
    project::Project,
};
use anyhow::{ensure, Result};
use std::process::ExitCode;

/// Builds the programs and the fuzzer, and runs it with the arguments.
pub fn run(project: &Project, arguments: &[&str]) -> Result<ExitCode> {
    build_sbf::run(project)?;
    play(project, arguments)
}

/// Every kept case, then a minute of sequences that nobody has played before.
pub fn check(project: &Project) -> Result<()> {
    let code = play(project, &["--kept", "--minutes", "1"])?;
    ensure!(code == ExitCode::SUCCESS, "a law is broken: the lines above say how to replay the case");
    Ok(())
}

fn play(project: &Project, arguments: &[&str]) -> Result<ExitCode> {
    build(project, &["--bin", "ballast-fuzz"])?;
    start(project, &project.target.join("debug/ballast-fuzz"), arguments)
}
