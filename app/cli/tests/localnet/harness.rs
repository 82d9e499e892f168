//! A local network and the `ballast` command, each as its own process.

use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

const BALLAST: &str = env!("CARGO_BIN_EXE_ballast");

/// The compiled program.
fn program() -> PathBuf {
    let folder = std::env::var_os("SBF_OUT_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy"), PathBuf::from);
    folder.join("ballast.so")
}

/// A running local network, ended when dropped.
pub struct Localnet {
    child: Child,
    pub folder: PathBuf,
    pub operator: String,
}

impl Drop for Localnet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Localnet {
    /// Starts one on free ports.
    pub fn start(more: &[&str]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("ballast-localnet-{}-{number}", std::process::id()));
        let mut child = Command::new(BALLAST)
            .args(["localnet", "--json", "--port", "0", "--slot-ms", "100", "--dir"])
            .arg(&folder)
            .arg("--program")
            .arg(program())
            .args(more)
            .stdout(Stdio::piped())
            .env("RUST_LOG", "off")
            .spawn()
            .expect("the command starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output is ours");
        BufReader::new(out).read_line(&mut line).expect("it says where it is");
        let said: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("the local network said {line:?}"));
        let text = |key: &str| said[key].as_str().unwrap_or_else(|| panic!("{key} in {said}")).to_owned();
        Self { child, folder, operator: text("operator") }
    }

    /// The command as the borrower gives it.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BALLAST);
        command.arg("--network").arg(self.folder.join("network.toml")).args(args);
        command.env("HOME", &self.folder).env("RUST_LOG", "off");
        command
    }

    /// Runs the command as the borrower.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command runs")
    }

    /// What it prints; it has to succeed.
    pub fn text(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "ballast {}: {error}{out}", args.join(" "));
        out.into_owned()
    }

    /// The JSON that it prints; it has to succeed.
    pub fn json(&self, args: &[&str]) -> Value {
        let out = self.text(&[&["--json"], args].concat());
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("ballast {}: {out}", args.join(" ")))
    }

    /// Why it fails; it has to, and say so in JSON too.
    pub fn refusal(&self, args: &[&str]) -> String {
        let output = self.run(&[&["--json"], args].concat());
        assert!(!output.status.success(), "ballast {} succeeded", args.join(" "));
        let said: Value = serde_json::from_slice(&output.stdout).expect("an error in JSON");
        said["error"].as_str().expect("an error").to_owned()
    }

    /// Writes a file into the folder.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, text).expect("the folder takes files");
        path.display().to_string()
    }
}

/// The number between two words of a text: "borrow ≤ " and " USDC".
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text:?}"));
    rest.split_once(after).unwrap_or_else(|| panic!("no {after:?} in {rest:?}")).0
}

/// A number of micro-USD in a JSON string of dollars.
pub fn micro(value: &Value) -> i128 {
    value.as_str().expect("dollars").replace('.', "").parse().expect("a number")
}
