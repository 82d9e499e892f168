//! `cargo xtask idl`: the program's interface description, for clients in other languages.

use crate::{process::say, project::Project};
use anchor_lang_idl::build::IdlBuilder;
use anyhow::{bail, Context as _, Result};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

/// Writes target/idl/ballast.json and the committed copy.
pub fn write(project: &Project) -> Result<()> {
    let text = generate(project)?;
    let committed = committed(project);
    fs::create_dir_all(project.root.join("idl"))?;
    fs::write(&committed, text)?;
    say(format!("Wrote {}: commit it", project.name(&committed)));
    Ok(())
}

/// Fails if the committed copy is not what the program has now.
pub fn check(project: &Project) -> Result<()> {
    let fresh = generate(project)?;
    let path = committed(project);
    let old = fs::read_to_string(&path).with_context(|| {
        format!("{} is missing: run `cargo xtask idl` and commit it", project.name(&path))
    })?;
    if old == fresh {
        say("The committed interface is up to date");
        return Ok(());
    }
    let differences = differences(&serde_json::from_str(&old)?, &serde_json::from_str(&fresh)?);
    bail!(
        "{} is not what the program has now. Run `cargo xtask idl` and commit it.\n{}",
        project.name(&path),
        if differences.is_empty() { "  only its layout differs".to_owned() } else { differences.join("\n") }
    );
}

fn committed(project: &Project) -> PathBuf {
    project.root.join("idl/ballast.json")
}

/// Compiles the program with its interface printer and runs that.
fn generate(project: &Project) -> Result<String> {
    say("Generating the program's interface description (about 3 minutes the first time)");
    // anchor-lang-idl passes a literal "+{toolchain}" to cargo where this is set, as rustup's proxy does.
    std::env::remove_var("RUSTUP_TOOLCHAIN");
    // It also sets compiler flags of its own: a folder of its own keeps the other builds' results.
    let build = project.target.join("idl-build");
    let idl = IdlBuilder::new()
        .program_path(project.root.join("programs/ballast"))
        .cargo_args(vec!["--lib".into(), "--target-dir".into(), build.display().to_string()])
        .build()
        .context("the program's interface could not be generated; the compiler's words are above")?;
    let text = serde_json::to_string_pretty(&idl)? + "\n";
    let folder = project.root.join("target/idl");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("ballast.json"), &text)?;
    Ok(text)
}

/// What was added, removed or changed, by kind and name.
fn differences(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for kind in ["address", "metadata", "docs"] {
        if old[kind] != new[kind] {
            found.push(format!("  changed: {kind}"));
        }
    }
    for kind in ["instructions", "accounts", "events", "errors", "types", "constants"] {
        let (old, new) = (by_name(&old[kind]), by_name(&new[kind]));
        let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
        for name in names {
            let change = match (old.get(name), new.get(name)) {
                (Some(_), None) => "removed",
                (None, Some(_)) => "added",
                (before, after) if before != after => "changed",
                _ => continue,
            };
            found.push(format!("  {change}: {name} ({kind})"));
        }
    }
    found
}

fn by_name(list: &Value) -> BTreeMap<&str, &Value> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| (item["name"].as_str().unwrap_or_default(), item)).collect()
}

#[cfg(test)]
mod tests {
    use super::differences;
    use serde_json::json;

    #[test]
    fn differences_are_named() {
        let old = json!({"address": "A", "instructions": [{"name": "a"}, {"name": "b", "args": []}]});
        let new = json!({"address": "B", "instructions": [{"name": "b", "args": [1]}, {"name": "c"}]});
        assert_eq!(
            differences(&old, &new),
            [
                "  changed: address",
                "  removed: a (instructions)",
                "  changed: b (instructions)",
                "  added: c (instructions)",
            ]
        );
        assert!(differences(&old, &old).is_empty());
    }
}
