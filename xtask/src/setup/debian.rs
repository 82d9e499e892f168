//! Packages of the system.

use crate::process::{output, run, say, succeeds};
use anyhow::{bail, ensure, Result};
use std::process::Command;

/// What the host-side dependencies link to.
pub fn host_libraries() -> Result<()> {
    // Elsewhere they use the system's own TLS.
    if !cfg!(target_os = "linux") || succeeds("pkg-config", &["--exists", "openssl"]) {
        return Ok(());
    }
    install(&["pkg-config", "libssl-dev"], "the RPC clients link to OpenSSL")
}

/// Installs Debian packages, or says what to install where it cannot.
pub fn install(packages: &[&str], why: &str) -> Result<()> {
    let wanted = packages.join(" ");
    ensure!(
        succeeds("apt-get", &["--version"]),
        "missing: {wanted} ({why}). They are named as in Debian, and this system has no apt-get: install them by hand."
    );
    say(format!("Installing {wanted}: {why}"));
    run(apt_get()?.args(["update", "-q"]), "apt-get update")?;
    run(
        apt_get()?.args(["install", "-yq", "--no-install-recommends"]).args(packages),
        &format!("installing {wanted}"),
    )
}

/// apt-get as root, and never with a question.
fn apt_get() -> Result<Command> {
    let mut command = if output(Command::new("id").arg("-u"))? == "0" {
        Command::new("apt-get")
    } else if succeeds("sudo", &["-n", "true"]) {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    } else {
        bail!("installing system packages needs root: run `cargo xtask setup` once as root or with sudo at hand");
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}
