//! `cargo xtask setup`: installs what is missing and nothing else.

mod debian;
mod linker;
mod llvm;
pub mod rust_for_sbf;

use crate::{process::say, project::Project, sbf::agave};
use anyhow::Result;

/// Which SBF toolchain the machine has after [`run`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SbfToolchain {
    /// `cargo-build-sbf` and its platform-tools.
    Agave,
    /// Upstream Rust and LLVM, relinked for SBPF.
    Upstream,
}

/// Installs what is missing.
pub fn run(project: &Project) -> Result<SbfToolchain> {
    debian::host_libraries()?;
    if agave::works()? {
        say("SBF toolchain: cargo-build-sbf");
        return Ok(SbfToolchain::Agave);
    }
    upstream(project)?;
    Ok(SbfToolchain::Upstream)
}

/// Installs the upstream SBF toolchain: a compiler with its standard library's source, LLVM's tools, the linker.
pub fn upstream(project: &Project) -> Result<()> {
    std::fs::create_dir_all(project.sbf_home.join("bin"))?;
    rust_for_sbf::install(project)?;
    llvm::install(project)?;
    linker::install(project)?;
    say(format!("SBF toolchain: upstream Rust and LLVM in {}", project.sbf_home.display()));
    Ok(())
}
