//! The risk engine for WebAssembly: a target that has no std to fall back on.

use crate::{
    process::{self, say},
    project::Project,
};
use anyhow::Result;
use std::{path::Path, process::Command};

const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's compiler, which brings its library's source; the SBF build installs it.
const DEBIAN: &str = "/usr/bin/rustc";

/// Checks `crates/risk` for `wasm32-unknown-unknown`: with the toolchain's own target where it is installed, otherwise with
/// core and alloc built from the source of the SBF toolchain's compiler. Skips, and says so, where there is neither.
pub fn check(project: &Project) -> Result<()> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let what = "the risk engine for wasm32";
    let arguments = ["check", "-p", "ballast-risk", "--target", TARGET];
    if Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).is_dir() {
        return process::run(project.cargo().args(arguments), what);
    }
    let debian = process::output(Command::new(DEBIAN).args(["--print", "sysroot"]));
    let has_source =
        debian.is_ok_and(|root| Path::new(root.trim()).join("lib/rustlib/src/rust/library").is_dir());
    if !has_source {
        say(format!("skipped: {TARGET} is not installed (rustup target add {TARGET})"));
        return Ok(());
    }
    let mut cargo = Command::new("/usr/bin/cargo");
    cargo
        .current_dir(&project.root)
        .env("CARGO_TARGET_DIR", project.target.join("wasm"))
        .env("RUSTC", DEBIAN)
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("RUSTUP_TOOLCHAIN")
        .args(arguments)
        .arg("-Zbuild-std=core,alloc");
    process::run(&mut cargo, what)
}
