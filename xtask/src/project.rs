//! Where things are.

use anyhow::{Context as _, Result};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The checkout and the folders that its commands write to.
pub struct Project {
    /// The checkout.
    pub root: PathBuf,
    /// Cargo's target folder, which may lie outside the checkout.
    pub target: PathBuf,
    /// The SBF toolchain's folder.
    pub sbf_home: PathBuf,
}

impl Project {
    /// Finds the checkout from where cargo says this package is, or else from the current folder upwards.
    /// Not from a path fixed at compile time: checkouts may share one target folder, and so this binary.
    pub fn find() -> Result<Self> {
        let here = env::current_dir()?;
        let start = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| here.clone(), PathBuf::from);
        let root = start
            .ancestors()
            .find(|folder| folder.join("xtask/Cargo.toml").is_file())
            .context("run this inside the project's checkout")?
            .to_owned();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => here.join(folder),
            None => root.join("target"),
        };
        let sbf_home = match env::var_os("SBF_HOME") {
            Some(folder) => here.join(folder),
            None => {
                PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache/sbf-upstream")
            }
        };
        Ok(Self { root, target, sbf_home })
    }

    /// Where the built programs go: in the checkout, where Solana's tools look for them.
    pub fn deploy(&self) -> PathBuf {
        self.root.join("target/deploy")
    }

    /// `cargo` in the checkout, with the programs' folder set as the test harness wants it.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target).env("SBF_OUT_DIR", self.deploy());
        cargo
    }

    /// A path as a person would name it from the checkout.
    pub fn name<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}
