//! `cargo xtask demo` and `cargo xtask ballast`: the demo and the command line, with a freshly built program.

use crate::{build_sbf, process, project::Project, test::ALL_BUT_RISK};
use anyhow::{Context as _, Result};
use std::{
    path::Path,
    process::{Command, ExitCode},
};

/// Builds the programs and the demo, and runs it with the arguments.
pub fn run(project: &Project, arguments: &[&str]) -> Result<ExitCode> {
    build_sbf::run(project)?;
    build(project, &["--bin", "ballast-demo"])?;
    start(project, &project.target.join("debug/ballast-demo"), arguments)
}

/// Builds the programs and the `ballast` command, and runs it with the arguments.
pub fn ballast(project: &Project, arguments: &[&str]) -> Result<ExitCode> {
    build_sbf::run(project)?;
    build(project, &["--bin", "ballast"])?;
    start(project, &project.target.join("debug/ballast"), arguments)
}

/// Builds one target of the workspace, with the features that the tests use: `cargo run -p` would choose others, and
/// compile hundreds of crates again.
pub fn build(project: &Project, target: &[&str]) -> Result<()> {
    process::say(format!("Building {}", target.join(" ")));
    process::run(project.cargo().arg("build").args(ALL_BUT_RISK).args(target), "the build")
}

/// Runs a built program from the checkout, and ends with its exit code.
pub fn start(project: &Project, program: &Path, arguments: &[&str]) -> Result<ExitCode> {
    let mut command = Command::new(program);
    command.current_dir(&project.root).args(arguments).env("SBF_OUT_DIR", project.deploy());
    let status = command.status().with_context(|| format!("cannot start {}", program.display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
