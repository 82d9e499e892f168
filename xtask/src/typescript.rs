//! `cargo xtask typescript`: the client in `app/ts`, checked, tested against the embedded validator and documented.

use crate::{
    build_sbf, demo,
    process::{self, say},
    project::Project,
    wasm,
};
use anyhow::{bail, ensure, Context as _, Result};
use std::process::{Command, Stdio};

/// Set to 1 where a machine has to be able to test the client: what would be skipped fails then.
const REQUIRED: &str = "BALLAST_REQUIRE_TYPESCRIPT";

/// Why the client was not tested; `None` where it was.
pub type Skipped = Option<String>;

/// Builds the programs, then [`check`]s.
pub fn run(project: &Project) -> Result<()> {
    build_sbf::run(project)?;
    if let Some(reason) = check(project)? {
        say(format!("NOT TESTED: the TypeScript client: {reason}"));
    }
    Ok(())
}

/// Installs the client's packages as locked, checks that it is what the interface gives, builds the risk module and runs the
/// tests on the programs as they were built. Skips, and says why, where there is no Node, no registry to install packages from, or
/// no target for WebAssembly; fails instead where [`REQUIRED`] says so, and wherever packages cannot be installed though their
/// registry answers.
pub fn check(project: &Project) -> Result<Skipped> {
    if !process::succeeds("node", &["--version"]) || !process::succeeds("npm", &["--version"]) {
        return skip("node and npm are not installed (Node 20.18 or newer, https://nodejs.org)");
    }
    let npm = |arguments: &[&str]| {
        let mut npm = Command::new("npm");
        npm.current_dir(project.root.join("app/ts")).args(arguments);
        npm.env("SBF_OUT_DIR", project.deploy());
        npm.env("BALLAST_VALIDATOR", project.target.join("debug/examples/validator"));
        npm
    };
    let run = |arguments: &[&str], what: &str| process::run(&mut npm(arguments), what);
    let installed = npm(&["ci"]).stdout(Stdio::inherit()).output().context("cannot start npm")?;
    let said = String::from_utf8_lossy(&installed.stderr);
    eprint!("{said}");
    if !installed.status.success() {
        ensure!(is_about_the_network(&said), "npm ci failed in app/ts (see above)");
        return skip("its packages cannot be installed here (see above; npm needs its registry)");
    }
    run(&["run", "--silent", "check"], "the check of app/ts")?;
    if wasm::build(project)?.is_none() {
        return skip("its module cannot be built here (see above)");
    }
    demo::build(project, &["--example", "validator"])?;
    run(&["run", "--silent", "build"], "the build of app/ts")?;
    run(&["test", "--silent"], "the tests of app/ts")?;
    run(&["run", "--silent", "docs"], "the documentation of app/ts")?;
    Ok(None)
}

fn skip(reason: &str) -> Result<Skipped> {
    if std::env::var_os(REQUIRED).is_some_and(|value| value == "1") {
        bail!("the TypeScript client cannot be tested, and {REQUIRED}=1: {reason}");
    }
    Ok(Some(reason.to_owned()))
}

/// Whether npm failed for want of a connection: its codes for that, and servers that are down. Packages that the registry does not
/// have, or that differ from the lock file, are failures.
fn is_about_the_network(said: &str) -> bool {
    const CODES: [&str; 10] = [
        "ENOTFOUND",
        "EAI_AGAIN",
        "ECONNREFUSED",
        "ECONNRESET",
        "ETIMEDOUT",
        "ENETUNREACH",
        "EHOSTUNREACH",
        "ERR_SOCKET_TIMEOUT",
        "ENOTCACHED",
        "E5",
    ];
    let codes = said.lines().filter_map(|line| line.split_once("error code ")).map(|(_, code)| code.trim());
    codes.into_iter().any(|code| CODES.iter().any(|known| code.starts_with(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_connection_would_mend_is_skipped() {
        for code in ["ENOTFOUND", "ECONNREFUSED", "E503"] {
            assert!(is_about_the_network(&format!("npm error code {code}\nnpm error network …")), "{code}");
        }
        for code in ["EUSAGE", "E404", "EINTEGRITY", "EBADENGINE"] {
            assert!(!is_about_the_network(&format!("npm error code {code}\nnpm error …")), "{code}");
        }
        assert!(!is_about_the_network("npm warn ENOTFOUND is mentioned"));
    }
}
