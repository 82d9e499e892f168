//! `cargo xtask build-sbf`: the on-chain programs, into target/deploy.

use crate::{
    process::say,
    project::Project,
    sbf::{agave, compile::Compiler, link, record::Record},
    setup::{self, SbfToolchain},
};
use anyhow::{Context as _, Result};
use std::{env, fs, path::PathBuf};

/// A program of the workspace.
pub struct Program {
    /// Its package.
    pub package: &'static str,
    /// Its library, and so its file's name.
    pub name: &'static str,
    /// Its folder in the checkout.
    pub folder: &'static str,
}

const PROGRAMS: [Program; 3] = [
    Program { package: "ballast", name: "ballast", folder: "programs/ballast" },
    Program { package: "ballast-wide-math", name: "wide_math", folder: "tests/sbf/wide-math" },
    Program { package: "ballast-score-cost", name: "score_cost", folder: "tests/sbf/score-cost" },
];

/// Installs what is missing and builds.
pub fn run(project: &Project) -> Result<()> {
    let toolchain = setup::run(project)?;
    build(project, toolchain)
}

/// Builds with a toolchain that is there. If agave's turns out not to work, upstream's takes over.
pub fn build(project: &Project, toolchain: SbfToolchain) -> Result<()> {
    fs::create_dir_all(project.deploy())?;
    if toolchain == SbfToolchain::Agave {
        match with_agave(project) {
            Err(error) if env::var_os("BALLAST_SBF").is_none() && error.is::<agave::Broken>() => {
                say(format!("{error}: building with upstream Rust and LLVM instead"));
                setup::upstream(project)?;
            }
            result => return result,
        }
    }
    with_upstream(project)
}

fn with_agave(project: &Project) -> Result<()> {
    for program in &PROGRAMS {
        say(format!("Building {} with cargo-build-sbf", program.name));
        agave::build(project, program)?;
        Record::new(program, agave::versions()?).write(&so(project, program))?;
    }
    say(
        "Not checked with this toolchain: floating point and writable statics (the upstream one checks them)",
    );
    Ok(())
}

fn with_upstream(project: &Project) -> Result<()> {
    let compiler = Compiler::prepare(project)?;
    for program in &PROGRAMS {
        // One cargo call for each, so that what the test program asks for cannot change the real one's features.
        say(format!("Building {} for SBF", program.name));
        let bitcode = compiler.bitcode(program)?;
        let out = so(project, program);
        let linked = link::link(project, program, &bitcode, &out)
            .with_context(|| format!("{} cannot be an on-chain program", program.name))?;
        let record = Record::new(program, compiler.versions()?);
        let summary = record.write(&out)?;
        println!("    {}{summary}", if linked { "" } else { "unchanged: " });
    }
    Ok(())
}

fn so(project: &Project, program: &Program) -> PathBuf {
    project.deploy().join(program.name).with_extension("so")
}
