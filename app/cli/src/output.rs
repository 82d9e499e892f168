//! What is printed: text for people, JSON for programs.

use serde_json::{json, Value};
use std::process::ExitCode;

/// Prints results and errors.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// JSON or text.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether it is JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a result: one line of JSON, or the text.
    pub fn show(&self, value: &Value, text: impl AsRef<str>) {
        if self.json {
            println!("{value}");
        } else {
            println!("{}", text.as_ref().trim_end());
        }
    }

    /// Prints an error and fails.
    pub fn fail(&self, error: &anyhow::Error) -> ExitCode {
        if self.json {
            println!("{}", json!({ "error": format!("{error:#}") }));
        }
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    }
}

/// Columns aligned: the first to the left, the others to the right.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}
