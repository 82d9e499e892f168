//! `sbf-link`: the small program around the `sbpf-linker` library that turns a BPF object into an SBPF program.
//! A workspace of its own, so that its dependencies are built once a machine and not with the project.

use crate::{
    process::{run, say},
    project::Project,
};
use anyhow::Result;
use std::{fs, process::Command};

const FILES: [&str; 3] = ["Cargo.toml", "Cargo.lock", "src/main.rs"];

/// Installs it unless the one there was made from the same sources.
pub fn install(project: &Project) -> Result<()> {
    let sources = project.root.join("xtask/sbf/link");
    let mut wanted = String::new();
    for file in FILES {
        wanted += &fs::read_to_string(sources.join(file))?;
    }
    let stamp = project.sbf_home.join("bin/sbf-link.made-from");
    if project.sbf_home.join("bin/sbf-link").is_file()
        && fs::read_to_string(&stamp).is_ok_and(|text| text == wanted)
    {
        return Ok(());
    }
    say("Building sbf-link (about 4 minutes on 2 cores): it writes the SBPF program file");
    let build = project.sbf_home.join("link-target");
    run(
        Command::new("cargo")
            .args(["install", "--locked", "--force", "--no-track", "--path"])
            .arg(&sources)
            .arg("--root")
            .arg(&project.sbf_home)
            .arg("--target-dir")
            .arg(&build),
        "building sbf-link",
    )?;
    fs::remove_dir_all(build)?;
    fs::write(stamp, wanted)?;
    Ok(())
}
