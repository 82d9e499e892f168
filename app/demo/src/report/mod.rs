//! What remains of a run: `summary.json`, a self-contained `report.html`, and `crash.svg`.

pub mod figures;
pub mod html;
pub mod picture;
pub mod plots;
pub mod second;
pub mod summary;
pub mod text;

use anyhow::{Context as _, Result};
use std::path::Path;

/// Writes the files; returns their paths.
pub fn write(
    folder: &Path,
    summary: &summary::Summary,
    page: &str,
    picture: &str,
) -> Result<[std::path::PathBuf; 3]> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let files = ["summary.json", "report.html", "crash.svg"].map(|name| folder.join(name));
    let json = serde_json::to_string_pretty(summary)? + "\n";
    for (file, text) in files.iter().zip([json.as_str(), page, picture]) {
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(files)
}
