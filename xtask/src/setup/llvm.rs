//! LLVM's tools.
//!
//! LLVM 23 is the first whose BPF backend takes more than five arguments, aggregate returns and the 128-bit library
//! calls. Debian has it in its rolling suite only, whose C library is newer than a stable system's: so the packages are
//! unpacked into a folder of their own, with their libraries, and run through their own loader. Nothing is installed
//! on the system.

use super::debian;
use crate::{
    process::{output, run, say, succeeds},
    project::Project,
};
use anyhow::{ensure, Context as _, Result};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// The oldest release whose BPF backend will do.
const OLDEST: u32 = 23;
const SUITE: &str = "sid";

/// Unpacks the newest LLVM that the suite has, unless one is there already, and writes `bin/llvm`, which runs its tools.
pub fn install(project: &Project) -> Result<()> {
    let folder = project.sbf_home.join("llvm");
    if release(&folder).is_none() {
        ensure!(
            cfg!(all(target_os = "linux", target_arch = "x86_64")) && succeeds("dpkg", &["--version"]),
            "LLVM {OLDEST} is taken from Debian's packages for x86_64. On another system install Solana's toolchain \
             (cargo-build-sbf), which this command uses where it works."
        );
        download(project, &folder)?;
    }
    let release = release(&folder).context("the LLVM packages hold no llc")?;
    write_runner(project, release)
}

/// The release unpacked in a folder.
fn release(folder: &Path) -> Option<u32> {
    let entries = fs::read_dir(folder.join("usr/lib")).ok()?.flatten();
    entries
        .filter(|entry| entry.path().join("bin/llc").is_file())
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("llvm-")?.parse().ok())
        .filter(|release| *release >= OLDEST)
        .max()
}

fn download(project: &Project, folder: &Path) -> Result<()> {
    let apt = Apt::new(&project.sbf_home.join("apt"))?;
    say(format!("Downloading LLVM {OLDEST} or newer (0.2 GB): it turns the program's IR into machine code"));
    run(apt.command("apt-get").args(["update", "-q"]), "reading Debian's package lists")?;
    let names = output(apt.command("apt-cache").args(["search", "--names-only", "^llvm-[0-9]+$"]))?;
    let release = names
        .lines()
        .filter_map(|line| line.split_whitespace().next()?.strip_prefix("llvm-")?.parse::<u32>().ok())
        .filter(|release| *release >= OLDEST)
        .max()
        .with_context(|| format!("Debian {SUITE} has no package llvm-NN with NN at least {OLDEST}"))?;
    // The tools load one library; only its own dependencies are needed, not all of the package's.
    let tree = output(apt.command("apt-cache").args([
        "depends",
        "--recurse",
        "--important",
        &format!("libllvm{release}"),
    ]))?;
    let libraries = tree.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_alphanumeric()));
    run(
        apt.command("apt-get").args(["download", "-q", &format!("llvm-{release}")]).args(libraries),
        &format!("downloading llvm-{release}"),
    )?;
    let unpacked = folder.with_extension("new");
    let _ = fs::remove_dir_all(&unpacked);
    fs::create_dir_all(&unpacked)?;
    for entry in fs::read_dir(&apt.debs)?.flatten() {
        run(Command::new("dpkg").arg("-x").arg(entry.path()).arg(&unpacked), "unpacking LLVM")?;
    }
    let _ = fs::remove_dir_all(folder);
    fs::rename(unpacked, folder)?;
    fs::remove_dir_all(&apt.debs)?;
    Ok(())
}

/// apt with a state of its own, that knows only the rolling suite and regards nothing as installed.
struct Apt {
    options: Vec<String>,
    debs: PathBuf,
}

impl Apt {
    fn new(state: &Path) -> Result<Self> {
        let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
        if !Path::new(keyring).is_file() {
            debian::install(&["debian-archive-keyring"], "it signs Debian's packages")?;
        }
        let debs = state.join("debs");
        let _ = fs::remove_dir_all(&debs);
        for folder in ["lists/partial", "cache/archives/partial", "debs"] {
            fs::create_dir_all(state.join(folder))?;
        }
        let list = state.join("sources.list");
        fs::write(&list, format!("deb [signed-by={keyring}] {} {SUITE} main\n", mirror()?))?;
        let at = state.display();
        let options = [
            format!("Dir::Etc::sourcelist={}", list.display()),
            "Dir::Etc::sourceparts=/dev/null".into(),
            format!("Dir::State={at}"),
            format!("Dir::State::Lists={at}/lists"),
            format!("Dir::Cache={at}/cache"),
            "Dir::State::status=/dev/null".into(),
            "APT::Sandbox::User=root".into(),
        ];
        Ok(Self { options: options.into(), debs })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.debs);
        for option in &self.options {
            command.args(["-o", option]);
        }
        command
    }
}

/// The Debian mirror that the system itself uses.
fn mirror() -> Result<String> {
    let parts = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|e| e.path());
    let mut files: Vec<PathBuf> = parts.chain([PathBuf::from("/etc/apt/sources.list")]).collect();
    files.sort();
    let texts: String = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    texts
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(str::split_whitespace)
        .find(|word| word.starts_with("http") && word.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
        .context("the system's apt sources name no Debian mirror")
}

/// `bin/llvm TOOL ARGS...`: the tool under its own loader and libraries.
fn write_runner(project: &Project, release: u32) -> Result<()> {
    let runner = project.sbf_home.join("bin/llvm");
    let text = format!(
        r#"#!/usr/bin/env bash
# Written by `cargo xtask setup`.
root=$(dirname "$(dirname "$(realpath "$0")")")/llvm/usr/lib
tool=$1
shift
exec "$root/x86_64-linux-gnu/ld-linux-x86-64.so.2" \
  --library-path "$root/x86_64-linux-gnu:$root/llvm-{release}/lib" "$root/llvm-{release}/bin/$tool" "$@"
"#
    );
    if fs::read_to_string(&runner).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(&runner, text)?;
    fs::set_permissions(&runner, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
