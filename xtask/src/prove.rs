//! `cargo xtask prove`: the rounding lemmas of the risk crate, by an SMT solver, and their table of vectors.

use crate::{process, project::Project};
use anyhow::{bail, ensure, Result};
use std::{env, process::Command};

/// Set to 1 where a machine has to be able to prove: what would be skipped fails then.
const REQUIRED: &str = "BALLAST_REQUIRE_PROOFS";
/// `prove.py` has checked all that it can without z3.
const NO_Z3: i32 = 3;

/// Proves every lemma, refutes its wrong variant, and checks that the table which ties the proofs to the crate is theirs.
pub fn run(project: &Project) -> Result<()> {
    process::run(&mut prover(project), "proving the lemmas")?;
    process::run(
        project.cargo().args(["test", "-p", "ballast-risk", "--test", "lemmas"]),
        "the lemmas on every small input",
    )
}

/// The same without the crate's tests, which run anyway. Says what was left out, for want of Python or of z3; fails instead where
/// [`REQUIRED`] says so.
pub fn check(project: &Project) -> Result<Option<String>> {
    let missing = match prover(project).status() {
        Err(_) => "python3 is not installed, so neither the table nor the lemmas were looked at",
        Ok(status) if status.code() == Some(NO_Z3) => {
            "z3 is not installed (apt-get install z3), so only their table was compared"
        }
        Ok(status) => {
            ensure!(status.success(), "proving the lemmas failed (see above)");
            return Ok(None);
        }
    };
    if env::var_os(REQUIRED).is_some_and(|value| value == "1") {
        bail!("the lemmas cannot be proved, and {REQUIRED}=1: {missing}");
    }
    Ok(Some(missing.to_owned()))
}

fn prover(project: &Project) -> Command {
    let python = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut prover = Command::new(python);
    // no `__pycache__` in the sources
    prover.current_dir(&project.root).env("PYTHONDONTWRITEBYTECODE", "1").arg("crates/risk/proofs/prove.py");
    prover
}
