//! A Rust compiler with the source of its standard library, and a copy of that source that knows SBF.
//!
//! Debian packages both. std has no notion of `os = "solana"`: the copy gives it one, by the edits below.

use super::debian;
use crate::{
    process::{output, run, say},
    project::Project,
};
use anyhow::{ensure, Context as _, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The compiler that the programs are built with, apart from the one that rustup may provide.
pub const RUSTC: &str = "/usr/bin/rustc";
/// Its cargo.
pub const CARGO: &str = "/usr/bin/cargo";

const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Installs the compiler, and makes the copy of std anew if the compiler or the edits changed.
pub fn install(project: &Project) -> Result<()> {
    if source().is_err() {
        debian::install(
            &PACKAGES,
            "a Rust compiler with the source of its standard library, to build std for SBF",
        )?;
    }
    let source = source()?;
    let library = project.sbf_home.join("library");
    let stamp = library.join("made-from");
    let wanted = made_from()?;
    if fs::read_to_string(&stamp).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    say("Copying and editing Rust's standard library: it builds for SBF after that");
    let copy = project.sbf_home.join("library.new");
    let _ = fs::remove_dir_all(&copy);
    run(Command::new("cp").arg("-rL").arg(&source).arg(&copy), "copying std")?;
    edit(&copy.join("std/src"))?;
    fs::write(copy.join("made-from"), wanted)?;
    let _ = fs::remove_dir_all(&library);
    fs::rename(copy, library)?;
    Ok(())
}

/// What the copy depends on. Cargo does not look into std for changes, so builds compare this too.
pub fn made_from() -> Result<String> {
    let version = output(Command::new(RUSTC).arg("--version"))?;
    Ok(format!("{version}\n{}", include_str!("rust_for_sbf.rs")))
}

/// The source that belongs to the compiler.
fn source() -> Result<PathBuf> {
    let version = output(Command::new(RUSTC).arg("--version"))?;
    let number = version.split_whitespace().nth(1).context("rustc has no version")?;
    let path = Path::new("/usr/src").join(format!("rustc-{number}")).join("library");
    ensure!(path.is_dir() && Path::new(CARGO).is_file(), "no source of std for {version}");
    Ok(path)
}

/// The edits: a file of std, a text in it, and what takes its place.
const EDITS: [(&str, &str, &str); 9] = [
    // Modules chosen by operating system: solana goes where vexos goes (no threads, no randomness, generic errors).
    ("sys/thread_local/mod.rs", VEXOS, VEXOS_AND_SOLANA),
    ("sys/random/mod.rs", VEXOS, VEXOS_AND_SOLANA),
    ("sys/io/error/mod.rs", VEXOS, VEXOS_AND_SOLANA),
    // The system allocator has no memory: a program brings its own by the entrypoint macro.
    ("sys/alloc/mod.rs", "panic!(\"add a value for MIN_ALIGN\")", "8"),
    (
        "sys/alloc/mod.rs",
        "    target_os = \"zkvm\" => {\n        mod zkvm;\n    }\n",
        "    target_os = \"zkvm\" => {\n        mod zkvm;\n    }\n    target_os = \"solana\" => {\n        mod solana;\n    }\n",
    ),
    // A panic logs through the program's custom_panic and aborts. Nothing is counted or unwound, for that would need
    // writable statics.
    (
        "panicking.rs",
        "pub fn panic_handler(info: &core::panic::PanicInfo<'_>) -> ! {\n",
        "pub fn panic_handler(info: &core::panic::PanicInfo<'_>) -> ! {\n    #[cfg(target_os = \"solana\")]\n    {\n        \
         unsafe extern \"Rust\" {\n            fn custom_panic(info: &core::panic::PanicInfo<'_>);\n        }\n        \
         unsafe { custom_panic(info) };\n        crate::process::abort();\n    }\n",
    ),
    (
        "panicking.rs",
        "pub fn panicking() -> bool {\n",
        "pub fn panicking() -> bool {\n    if cfg!(target_os = \"solana\") {\n        return false;\n    }\n",
    ),
    (
        "alloc.rs",
        "pub fn rust_oom(layout: Layout) -> ! {\n",
        "pub fn rust_oom(layout: Layout) -> ! {\n    #[cfg(target_os = \"solana\")]\n    crate::process::abort();\n",
    ),
    // Hash maps get fixed keys, so that no writable static is left.
    (
        "hash/random.rs",
        "    pub fn new() -> RandomState {\n",
        "    pub fn new() -> RandomState {\n        #[cfg(target_os = \"solana\")]\n        \
         return RandomState { k0: 0, k1: 0 };\n",
    ),
];
const VEXOS: &str = "target_os = \"vexos\",";
const VEXOS_AND_SOLANA: &str = "target_os = \"vexos\", target_os = \"solana\",";

const ALLOCATOR: &str = r#"use crate::alloc::{GlobalAlloc, Layout, System};

#[stable(feature = "alloc_system_type", since = "1.28.0")]
unsafe impl GlobalAlloc for System {
    #[inline]
    unsafe fn alloc(&self, _layout: Layout) -> *mut u8 {
        crate::ptr::null_mut()
    }
    #[inline]
    unsafe fn dealloc(&self, _ptr: *mut u8, _layout: Layout) {}
}
"#;

fn edit(std: &Path) -> Result<()> {
    for (file, old, new) in EDITS {
        let path = std.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("std has no {file}"))?;
        ensure!(text.contains(old), "this std is not the one the edits are for: {file} lacks {old:?}");
        fs::write(path, text.replace(old, new))?;
    }
    fs::write(std.join("sys/alloc/solana.rs"), ALLOCATOR)?;
    abort_on_panic(&std.join("panicking.rs"))
}

/// Panics raised inside std take another way than the handler's; they abort too.
fn abort_on_panic(file: &Path) -> Result<()> {
    let text = fs::read_to_string(file)?;
    let function = text.find("fn panic_with_hook(").context("std has no panic_with_hook")?;
    let open = ") -> ! {\n";
    let body = text[function..].find(open).context("panic_with_hook returns")? + function + open.len();
    let (before, after) = text.split_at(body);
    fs::write(
        file,
        format!("{before}    #[cfg(target_os = \"solana\")]\n    crate::process::abort();\n{after}"),
    )?;
    Ok(())
}
