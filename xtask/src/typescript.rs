//! `cargo xtask typescript`: the client in `app/ts`, checked, tested against the embedded validator and documented.

use crate::{
    build_sbf, demo,
    process::{self, say},
    project::Project,
    wasm,
};
use anyhow::Result;
use std::process::Command;

/// Builds the programs, then [`check`]s.
pub fn run(project: &Project) -> Result<()> {
    build_sbf::run(project)?;
    check(project)
}

/// Installs the client's packages as locked, checks that it is what the interface gives, builds the risk module and runs the
/// tests on the programs as they were built. Skips, and says so, where there is no Node, or
/// no registry to install packages from.
pub fn check(project: &Project) -> Result<()> {
    if !process::succeeds("node", &["--version"]) || !process::succeeds("npm", &["--version"]) {
        say("skipped: node and npm are not installed (Node 20.18 or newer, https://nodejs.org)");
        return Ok(());
    }
    let npm = |arguments: &[&str], what: &str| {
        let mut npm = Command::new("npm");
        npm.current_dir(project.root.join("app/ts")).args(arguments);
        npm.env("SBF_OUT_DIR", project.deploy());
        npm.env("BALLAST_VALIDATOR", project.target.join("debug/examples/validator"));
        process::run(&mut npm, what)
    };
    if npm(&["ci"], "installing the packages of app/ts").is_err() {
        say("skipped: the packages of app/ts cannot be installed here (see above; npm needs its registry)");
        return Ok(());
    }
    npm(&["run", "--silent", "check"], "the check of app/ts")?;
    if wasm::build(project)?.is_none() {
        return Ok(());
    }
    demo::build(project, &["--example", "validator"])?;
    npm(&["run", "--silent", "build"], "the build of app/ts")?;
    npm(&["test", "--silent"], "the tests of app/ts")?;
    npm(&["run", "--silent", "docs"], "the documentation of app/ts")
}
