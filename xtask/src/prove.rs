//! `cargo xtask prove`: the rounding lemmas of the risk crate, by an SMT solver, and their table of vectors.

use crate::{process, project::Project};
use anyhow::Result;
use std::{env, process::Command};

/// Proves every lemma, refutes its wrong variant, and checks that the table which ties the proofs to the crate is theirs.
pub fn run(project: &Project) -> Result<()> {
    let python = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut prover = Command::new(python);
    // no `__pycache__` in the sources
    prover.current_dir(&project.root).env("PYTHONDONTWRITEBYTECODE", "1").arg("crates/risk/proofs/prove.py");
    process::run(&mut prover, "proving the lemmas")?;
    process::run(
        project.cargo().args(["test", "-p", "ballast-risk", "--test", "lemmas"]),
        "the lemmas on every small input",
    )
}
