//! Running other programs.

use anyhow::{bail, ensure, Context as _, Result};
use std::{path::Path, process::Command};

/// Announces a step.
pub fn say(text: impl AsRef<str>) {
    println!("==> {}", text.as_ref());
}

/// Runs a program in the foreground; a failure names what was being done.
pub fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    ensure!(status.success(), "{what} failed ({status})");
    Ok(())
}

/// What a program prints, trimmed.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| cannot_start(command))?;
    if !output.status.success() {
        bail!(
            "{} failed ({}): {}",
            command.get_program().to_string_lossy(),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Whether a program runs and succeeds, without a word.
pub fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// The machine that compiles, as the compiler names it.
pub fn host() -> Result<String> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say for which machine it compiles")
}

/// SHA-256 of a file, in hexadecimal, by whichever tool the system has.
pub fn sha256(file: &Path) -> Result<String> {
    let text = output(Command::new("sha256sum").arg(file))
        .or_else(|_| output(Command::new("shasum").args(["-a", "256"]).arg(file)))?;
    Ok(text.split_whitespace().next().unwrap_or_default().to_owned())
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start {}", command.get_program().to_string_lossy())
}
