//! From source to one LLVM bitcode module, by upstream rustc.

use crate::{
    build_sbf::Program,
    process::{output, run},
    project::Project,
    setup::rust_for_sbf::{made_from, CARGO, RUSTC},
};
use anyhow::{ensure, Context as _, Result};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// rustc and cargo, told how to build for SBF.
pub struct Compiler<'a> {
    project: &'a Project,
    /// The target's description. It lies beside the toolchain, for cargo takes its path into account: builds from
    /// different checkouts then share one cache.
    specification: PathBuf,
    target: PathBuf,
}

impl<'a> Compiler<'a> {
    /// Puts the target's description in place, and clears the cache if it was made by other tools.
    pub fn prepare(project: &'a Project) -> Result<Self> {
        let sources = project.root.join("xtask/sbf");
        let specification = project.sbf_home.join("sbf-target.json");
        let wanted = fs::read_to_string(sources.join("sbf-target.json"))?;
        if !fs::read_to_string(&specification).is_ok_and(|text| text == wanted) {
            fs::write(&specification, wanted)?;
        }
        // Cargo notices neither a changed std nor a changed linker.
        let target = project.target.join("sbf");
        let stamp = target.join("made-by");
        let tools = made_from()? + &fs::read_to_string(sources.join("sbf-ld"))? + &llvm_version(project)?;
        if !fs::read_to_string(&stamp).is_ok_and(|text| text == tools) {
            let _ = fs::remove_dir_all(&target);
            fs::create_dir_all(&target)?;
            fs::write(stamp, tools)?;
        }
        Ok(Self { project, specification, target })
    }

    /// Builds a program's package. What comes out has a library's name and is bitcode.
    pub fn bitcode(&self, program: &Program) -> Result<PathBuf> {
        let mut cargo = Command::new(CARGO);
        cargo
            .current_dir(&self.project.root)
            .args(["build", "--profile", "sbf", "--lib", "-p", program.package, "--target"])
            .arg(&self.specification)
            .arg("--target-dir")
            .arg(&self.target)
            .args(["-Zbuild-std=std,panic_abort", "-Zjson-target-spec"]);
        // This is another compiler than the one that runs this command: none of the latter's settings may reach it.
        for variable in
            ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTFLAGS", "CARGO_TARGET_DIR", "RUSTC_WRAPPER", "LD_LIBRARY_PATH"]
        {
            cargo.env_remove(variable);
        }
        cargo
            .env("PATH", self.path()?)
            .env("SBF_HOME", &self.project.sbf_home)
            .env("RUSTC", RUSTC)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC_BOOTSTRAP_SYNTHETIC_TARGET", "1")
            .env("__CARGO_TESTS_ONLY_SRC_ROOT", self.project.sbf_home.join("library"))
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags()?);
        run(&mut cargo, &format!("compiling {} for SBF", program.name))?;
        let file = self.target.join(format!("sbf-target/sbf/lib{}.so", program.name));
        ensure!(file.is_file(), "{} has no crate type `cdylib`: nothing was linked", program.package);
        Ok(file)
    }

    /// What built the program, for its record.
    pub fn versions(&self) -> Result<String> {
        let rustc = output(Command::new(RUSTC).arg("--version"))?;
        let lock = fs::read_to_string(self.project.root.join("xtask/sbf/link/Cargo.lock"))?;
        let linker = locked_version(&lock, "sbpf-linker").context("no sbpf-linker in its lock file")?;
        Ok(format!("{rustc}, {}, sbpf-linker {linker}", llvm_version(self.project)?))
    }

    /// The linker is named, not pathed: its path would be part of what cargo compares between checkouts.
    fn path(&self) -> Result<std::ffi::OsString> {
        let linker = self.project.root.join("xtask/sbf");
        let inherited = env::var_os("PATH").unwrap_or_default();
        Ok(env::join_paths([linker].into_iter().chain(env::split_paths(&inherited)))?)
    }

    fn flags(&self) -> Result<String> {
        let mut flags: Vec<String> =
            ["linker=sbf-ld", "linker-flavor=bpf", "panic=abort", "relocation-model=static", "target-cpu=v2"]
                .map(|option| format!("-C{option}"))
                .into();
        // Panics name source files: keep this machine's folders out of the program.
        let cargo_home = match env::var_os("CARGO_HOME") {
            Some(folder) => PathBuf::from(folder),
            None => Path::new(&env::var_os("HOME").context("HOME is not set")?).join(".cargo"),
        };
        for (folder, name) in [(&cargo_home, "/cargo"), (&self.project.sbf_home, "/rust")] {
            flags.push(format!("--remap-path-prefix={}={name}", folder.display()));
        }
        Ok(flags.join("\u{1f}"))
    }
}

/// One line on LLVM.
pub fn llvm_version(project: &Project) -> Result<String> {
    let text = output(Command::new(project.sbf_home.join("bin/llvm")).args(["llc", "--version"]))?;
    let line = text.lines().find(|line| line.contains("LLVM version")).context("llc has no version")?;
    Ok(line.trim().to_owned())
}

fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, after) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    after.split('"').next()
}
