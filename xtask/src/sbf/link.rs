//! From one bitcode module to the program file.

use super::{checks, compile::llvm_version, shims, signed, soften};
use crate::{
    build_sbf::Program,
    process::{run, sha256},
    project::Project,
};
use anyhow::{Context as _, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The most stack that one function may use.
const STACK_FRAME: &str = "4096";

/// What has to stay although nothing in the module may name it: the program's entry, what the code generator calls by
/// itself, and the contact text that explorers look for.
const KEPT: [&str; 7] = ["entrypoint", "memcpy", "memmove", "memset", "memcmp", "bcmp", "SECURITY_TXT"];

/// Makes the program; `false` if the one that is there was made from the same bitcode by the same steps.
pub fn link(project: &Project, program: &Program, bitcode: &Path, out: &Path) -> Result<bool> {
    let work = project.target.join("sbf/link").join(program.name);
    fs::create_dir_all(&work)?;
    let stamp = work.join("made-from");
    let inputs = inputs(project, bitcode)?;
    let made = |so: &Path| -> Result<String> { Ok(format!("{inputs}\n{}", sha256(so)?)) };
    if let (Ok(old), true) = (fs::read_to_string(&stamp), out.is_file()) {
        if old == made(out)? {
            return Ok(false);
        }
    }
    // If a step fails, tests must not find the program of an earlier build.
    if out.is_file() {
        fs::remove_file(out)?;
    }
    let linker = Linker { home: &project.sbf_home, work };
    let program = linker.program(bitcode)?;
    fs::copy(&program, out)?;
    fs::write(stamp, made(out)?)?;
    Ok(true)
}

/// The bitcode and everything that decides what becomes of it.
fn inputs(project: &Project, bitcode: &Path) -> Result<String> {
    let steps = [
        include_str!("link.rs"),
        include_str!("soften.rs"),
        include_str!("shims.rs"),
        include_str!("signed.rs"),
        include_str!("checks.rs"),
        include_str!("ir.rs"),
        include_str!("debug_info.rs"),
    ];
    let linker = sha256(&project.sbf_home.join("bin/sbf-link"))?;
    Ok([&sha256(bitcode)?, &llvm_version(project)?, &linker, &steps.concat()].map(String::as_str).join("\n"))
}

struct Linker<'a> {
    home: &'a Path,
    /// Where every step leaves its file, to look at when something is off.
    work: PathBuf,
}

impl Linker<'_> {
    fn program(&self, bitcode: &Path) -> Result<PathBuf> {
        let kept = self.work.join("kept");
        fs::write(&kept, [&KEPT[..], &soften::BUILTINS, &shims::BUILTINS].concat().join("\n"))?;
        let kept = format!("-internalize-public-api-file={}", kept.display());

        // 1. Only what the entry reaches, as text.
        let reached = self.work.join("1-reached.ll");
        self.opt(&["-passes=internalize,globaldce", &kept, "-S"], bitcode, &reached)?;

        // 2. What the backend lacks.
        let module = shims::wide(&signed::division(&soften::rent(&fs::read_to_string(&reached)?)?)?)?;
        let complete = self.work.join("2-complete.ll");
        fs::write(&complete, module)?;

        // 3. Optimized. There is one thread, so atomics are plain. Generic code leaves many equal functions: merging
        // them makes the program a fifteenth smaller, which is rent.
        let optimized = self.work.join("3-optimized.ll");
        let passes = "-passes=internalize,globaldce,lower-atomic,mergefunc,default<O2>,mergefunc,globaldce";
        self.opt(&[passes, &kept, "-S"], &complete, &optimized)?;
        let module = fs::read_to_string(&optimized)?;
        checks::floats(&module)?;
        checks::writable_statics(&module)?;

        // 4. Machine code, without the line tables, which have served.
        let stripped = self.work.join("4-stripped.bc");
        self.opt(&["-strip-debug"], &optimized, &stripped)?;
        let object = self.work.join("5-program.o");
        self.generate(&stripped, &object)?;

        // 5. The SBPF program.
        let out = self.work.join("6-program.so");
        run(Command::new(self.home.join("bin/sbf-link")).arg(&object).arg(&out), "sbf-link")?;
        Ok(out)
    }

    fn opt(&self, options: &[&str], from: &Path, to: &Path) -> Result<()> {
        run(self.llvm("opt").args(options).arg(from).arg("-o").arg(to), "LLVM's optimizer")
    }

    fn generate(&self, from: &Path, to: &Path) -> Result<()> {
        let output = self
            .llvm("llc")
            .args(["-march=bpfel", "-mcpu=v2", "-mattr=+allows-misaligned-mem-access", "-filetype=obj"])
            .arg(format!("--bpf-stack-size={STACK_FRAME}"))
            .arg(from)
            .arg("-o")
            .arg(to)
            .output()
            .context("cannot start llc")?;
        checks::code_generation(output.status.success(), &String::from_utf8_lossy(&output.stderr))
    }

    fn llvm(&self, tool: &str) -> Command {
        let mut command = Command::new(self.home.join("bin/llvm"));
        command.arg(tool);
        command
    }
}
