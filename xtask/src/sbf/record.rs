//! What is written beside a built program.

use crate::{build_sbf::Program, process::sha256};
use anyhow::Result;
use std::{fs, path::Path};

/// Bytes that a loader puts before the program in its account.
const PROGRAM_DATA_HEADER: u64 = 45;
/// Bytes that rent is charged for beyond an account's own.
const ACCOUNT_OVERHEAD: u64 = 128;
/// Rent of a byte, twice a year's: a balance of two years' rent is exempt from it.
const LAMPORTS_PER_BYTE: u64 = 3_480 * 2;

/// Which program was built, and by what.
pub struct Record {
    name: &'static str,
    tools: String,
}

impl Record {
    /// A record of a program built by the tools.
    pub fn new(program: &Program, tools: String) -> Self {
        Self { name: program.name, tools }
    }

    /// Writes `NAME.json` beside the program, and returns one line on it.
    pub fn write(&self, so: &Path) -> Result<String> {
        let bytes = fs::metadata(so)?.len();
        let sha256 = sha256(so)?;
        let rent = sol(rent(bytes));
        let record = serde_json::json!({
            "program": self.name,
            "sbpf": "v3",
            "bytes": bytes,
            "sha256": sha256,
            "rent_sol": rent,
            "tools": self.tools.split(", ").collect::<Vec<_>>(),
        });
        fs::write(so.with_extension("json"), serde_json::to_string_pretty(&record)? + "\n")?;
        Ok(format!("{}: {bytes} bytes, {rent} SOL of rent, sha256 {sha256}", self.name))
    }
}

/// Lamports that keep the account of a program this long.
fn rent(bytes: u64) -> u64 {
    (bytes + PROGRAM_DATA_HEADER + ACCOUNT_OVERHEAD) * LAMPORTS_PER_BYTE
}

fn sol(lamports: u64) -> String {
    format!("{}.{:09}", lamports / 1_000_000_000, lamports % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::{rent, sol};

    #[test]
    fn rent_is_two_years_of_every_byte() {
        assert_eq!(rent(0), 173 * 6_960);
        assert_eq!(sol(rent(300_000)), "2.089204080");
    }
}
