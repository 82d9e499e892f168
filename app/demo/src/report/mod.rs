//! What remains of a run: `summary.json` and a self-contained `report.html`.

pub mod figures;
pub mod html;
pub mod plots;
pub mod summary;
pub mod text;

use anyhow::{Context as _, Result};
use std::path::Path;

/// Writes both files; returns their paths.
pub fn write(folder: &Path, summary: &summary::Summary, page: &str) -> Result<[std::path::PathBuf; 2]> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let files = [folder.join("summary.json"), folder.join("report.html")];
    let json = serde_json::to_string_pretty(summary)? + "\n";
    for (file, text) in files.iter().zip([json.as_str(), page]) {
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(files)
}
