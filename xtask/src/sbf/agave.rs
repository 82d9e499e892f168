//! Solana's own toolchain: `cargo-build-sbf` and the platform-tools that it downloads.

use crate::{
    build_sbf::Program,
    process::{output, say, succeeds},
    project::Project,
};
use anyhow::{bail, Context as _, Result};
use std::{
    env, fmt,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

const TOOL: &str = "cargo-build-sbf";

/// The tool ran and produced nothing usable, for a reason that may not lie in the program.
#[derive(Debug)]
pub struct Broken(String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{TOOL} failed on {}", self.0)
    }
}

impl std::error::Error for Broken {}

/// Whether the tool is there with its platform-tools, which it downloads here if need be.
pub fn works() -> Result<bool> {
    match env::var("BALLAST_SBF").as_deref() {
        Ok("upstream") => return Ok(false),
        Ok("agave") => return Ok(true),
        Ok(other) => bail!("BALLAST_SBF is {other:?}: it can be `agave` or `upstream`"),
        Err(_) => {}
    }
    if !succeeds(TOOL, &["--version"]) {
        return Ok(false);
    }
    // It names its rustc only once the platform-tools are there.
    if versions()?.contains("rustc") || succeeds(TOOL, &["--install-only"]) {
        return Ok(true);
    }
    say(format!(
        "{TOOL} is installed but cannot get its platform-tools: using upstream Rust and LLVM instead"
    ));
    Ok(false)
}

/// What the tool says of itself, on one line.
pub fn versions() -> Result<String> {
    Ok(output(Command::new(TOOL).arg("--version"))?.lines().collect::<Vec<_>>().join(", "))
}

/// Builds one program.
pub fn build(project: &Project, program: &Program) -> Result<()> {
    let mut child = Command::new(TOOL)
        .args(["--arch", "v3", "--manifest-path"])
        .arg(project.root.join(program.folder).join("Cargo.toml"))
        .arg("--sbf-out-dir")
        .arg(project.deploy())
        .args(["--", "--target-dir"])
        .arg(project.target.join("sbf-agave"))
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {TOOL}"))?;
    let mut frames = Vec::new();
    for line in BufReader::new(child.stderr.take().context("no stderr")?).lines() {
        let line = line?;
        eprintln!("{line}");
        // Its LLVM reports a frame over the limit, yet the build goes on and succeeds.
        if line.contains("max offset") || line.contains("stack frame") {
            frames.push(line);
        }
    }
    if !child.wait()?.success() {
        return Err(Broken(program.name.to_owned()).into());
    }
    if !frames.is_empty() {
        bail!("{}: functions use more than 4,096 bytes of stack:\n{}", program.name, frames.join("\n"));
    }
    Ok(())
}
