//! The risk engine for WebAssembly: a target that has no std to fall back on; and `cargo xtask wasm`, the module of `app/ts`.

use crate::{
    process::{self, say},
    project::Project,
};
use anyhow::Result;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's compiler, which brings its library's source; the SBF build installs it.
const DEBIAN: &str = "/usr/bin/rustc";

/// Checks `crates/risk` for `wasm32-unknown-unknown`: with the toolchain's own target where it is installed, otherwise with
/// core and alloc built from the source of the SBF toolchain's compiler. Skips, and says so, where there is neither.
pub fn check(project: &Project) -> Result<()> {
    let what = "the risk engine for wasm32";
    let arguments = ["check", "-p", "ballast-risk", "--target", TARGET];
    if is_installed()? {
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

/// What the module of `app/ts` gives; nothing else of its crates is to be reached from outside.
const EXPORTS: [&str; 3] = ["ballast_buffer", "ballast_call", "ballast_answer"];

/// Builds `app/ts/ballast.wasm`, with the target and linker that come with rustup. `None`, said in words, where they are missing.
pub fn build(project: &Project) -> Result<Option<PathBuf>> {
    let linker = rustlib()?.join(process::host()?).join("bin/rust-lld");
    let add = || process::succeeds("rustup", &["target", "add", TARGET]);
    if !linker.is_file() || !(is_installed()? || add()) {
        say(format!("skipped: {TARGET} and rust-lld are not installed (rustup target add {TARGET})"));
        return Ok(None);
    }
    // Cargo's own link would export what every crate of the tree wants to export, the proof system of confidential tokens with it, and
    // import what that needs of a browser. So cargo stops at a library, and this links what the exports reach: no imports at all.
    let mut cargo = project.cargo();
    cargo.args(["rustc", "-p", "ballast-wasm", "--lib", "--crate-type", "staticlib"]);
    cargo.args(["--profile", "wasm", "--target", TARGET]);
    process::run(&mut cargo, "the risk module")?;
    let library = project.target.join(TARGET).join("wasm/libballast_wasm.a");
    let module = project.root.join("app/ts/ballast.wasm");
    let mut link = Command::new(linker);
    link.args(["-flavor", "wasm", "--no-entry", "--gc-sections", "--strip-all", "-O2", "--stack-first"]);
    link.args(["-z", "stack-size=1048576"]).args(EXPORTS.map(|name| format!("--export={name}")));
    process::run(link.arg(library).arg("-o").arg(&module), "linking the risk module")?;
    let size = std::fs::metadata(&module)?.len();
    say(format!("Wrote {}: {size} bytes", project.name(&module)));
    Ok(Some(module))
}

fn is_installed() -> Result<bool> {
    Ok(rustlib()?.join(TARGET).is_dir())
}

fn rustlib() -> Result<PathBuf> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    Ok(Path::new(&sysroot).join("lib/rustlib"))
}
