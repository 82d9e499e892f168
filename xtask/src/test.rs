//! `cargo xtask test`: everything that must pass before a merge.

use crate::{build_sbf, fuzz, idl, process, project::Project, prove, setup, typescript, wasm};
use anyhow::{Context as _, Result};
use std::time::{Duration, Instant};

/// Every member but the risk engine. The engine's laws run on their own, optimized; the others share one set of
/// features in every cargo call, for another set would compile hundreds of crates again.
pub const ALL_BUT_RISK: [&str; 3] = ["--workspace", "--exclude", "ballast-risk"];

/// Runs all steps, the quick ones first, and stops at the first that fails.
pub fn run(project: &Project) -> Result<()> {
    let mut steps = Steps::default();
    let outcome = all(project, &mut steps);
    steps.print();
    outcome
}

fn all(project: &Project, steps: &mut Steps) -> Result<()> {
    steps.step("format", "the sources are formatted", || {
        process::run(project.cargo().args(["fmt", "--all", "--check"]), "cargo fmt --all --check")
    })?;
    let toolchain = steps.step("setup", "what the other steps need is installed", || setup::run(project))?;
    let what = "the rounding lemmas are proved, and their table is theirs";
    let skipped = steps.step("proofs", what, || prove::check(project))?;
    steps.skipped.extend(skipped.map(|reason| ("the rounding lemmas", reason)));
    steps.step("build-sbf", "the programs build for SBF, within its limits", || {
        build_sbf::build(project, toolchain)
    })?;
    steps.step("laws", "the risk engine keeps its laws, optimized and with many cases", || {
        process::run(
            project.cargo().args(["test", "--release", "-p", "ballast-risk"]),
            "the risk engine's tests",
        )
    })?;
    steps.step("lints", "clippy and rustc have nothing to say", || {
        let mut clippy = project.cargo();
        clippy.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
        process::run(&mut clippy, "cargo clippy")
    })?;
    steps.step("docs", "rustdoc has nothing to say", || {
        let mut doc = project.cargo();
        doc.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        process::run(&mut doc, "cargo doc")
    })?;
    steps.step("wasm", "the risk engine compiles without std", || wasm::check(project))?;
    steps.step("idl", "the committed interface is the program's", || idl::check(project))?;
    steps.step("tests", "all other tests, on the programs as built for SBF", || {
        process::run(project.cargo().arg("test").args(ALL_BUT_RISK), "the tests")
    })?;
    steps.step("fuzz", "every kept case and a minute of new sequences keep the laws", || {
        fuzz::check(project)
    })?;
    let what = "the TypeScript client is the program's, and computes as it does";
    let skipped = steps.step("typescript", what, || typescript::check(project))?;
    steps.skipped.extend(skipped.map(|reason| ("the TypeScript client", reason)));
    Ok(())
}

#[derive(Default)]
struct Steps {
    /// Name, time, and whether it passed.
    done: Vec<(&'static str, Duration, bool)>,
    /// What was left out, and why.
    skipped: Vec<(&'static str, String)>,
}

impl Steps {
    fn step<T>(&mut self, name: &'static str, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n[{name}] {what}");
        let start = Instant::now();
        let result = work();
        self.done.push((name, start.elapsed(), result.is_ok()));
        result.with_context(|| format!("step {name}"))
    }

    fn print(&self) {
        println!("\nWhere the time went:");
        for (name, time, passed) in &self.done {
            println!("  {name:<10} {:>9} {}", clock(*time), if *passed { "" } else { "failed" });
        }
        println!("  {:<10} {:>9}", "total", clock(self.done.iter().map(|step| step.1).sum()));
        for (what, reason) in &self.skipped {
            println!("\nNOT TESTED: {what}: {reason}");
        }
    }
}

fn clock(time: Duration) -> String {
    format!("{} m {:02} s", time.as_secs() / 60, time.as_secs() % 60)
}
