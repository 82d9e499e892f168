//! `cargo xtask cu`: measures compute units, into target/cu.json and docs/compute-units.md.

use crate::{build_sbf, demo, project::Project};
use anyhow::Result;
use std::process::ExitCode;

/// Builds the programs and runs the example `cu` of the tests.
pub fn run(project: &Project) -> Result<ExitCode> {
    build_sbf::run(project)?;
    demo::build(project, &["--example", "cu"])?;
    demo::start(project, &project.target.join("debug/examples/cu"), &[])
}
