//! Cases that are kept: text files, played for ever.

use crate::{action::Action, laws::Violation, sequence, world::World};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    /// What it was found to break, and what became of it.
    pub about: String,
    /// The seed that found it.
    pub seed: u64,
    /// What is played.
    pub actions: Vec<Action>,
}

impl Case {
    /// Reads a case.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        serde_json::from_str(&text).with_context(|| format!("{} is no case", path.display()))
    }

    /// Writes it, an action a line.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let quoted = |text: &str| serde_json::to_string(text);
        let mut lines = vec![];
        for action in &self.actions {
            lines.push(format!("    {}", serde_json::to_string(action)?));
        }
        let text = format!(
            "{{\n  \"about\": {},\n  \"seed\": {},\n  \"actions\": [\n{}\n  ]\n}}\n",
            quoted(&self.about)?,
            self.seed,
            lines.join(",\n")
        );
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text).with_context(|| path.display().to_string())
    }

    /// Plays it: what it breaks, if it does.
    pub fn play(&self, world: &World, chatty: bool) -> Option<(usize, Violation)> {
        sequence::play(world, &self.actions, chatty)
    }
}

/// The folder of kept cases, from the checkout or from this package. Not from a path fixed at compile time: checkouts may share one
/// target folder, and so the binary.
pub fn folder() -> PathBuf {
    let inside = Path::new("tests/fuzz/kept");
    if inside.is_dir() { inside } else { Path::new("kept") }.to_owned()
}

/// All of them, by name.
pub fn all() -> anyhow::Result<Vec<(PathBuf, Case)>> {
    let mut paths = vec![];
    for entry in std::fs::read_dir(folder())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.into_iter().map(|path| Ok((path.clone(), Case::read(&path)?))).collect()
}
