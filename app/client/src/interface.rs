//! What the committed interface of the program and the measured compute units say, read once: names and texts of errors, names
//! and account counts of instructions, units by instruction and positions. Nothing here is written a second time.

use serde_json::Value;
use std::{collections::BTreeMap, sync::LazyLock};

/// The program's interface, as `cargo xtask idl` writes it.
const INTERFACE: &str = include_str!("../../../idl/ballast.json");
/// The measured compute units, as `cargo xtask cu` writes them.
const UNITS: &str = include_str!("../../../docs/compute-units.md");

/// One error of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorText {
    /// Its name in `BallastError`.
    pub name: String,
    /// What happened and what to do about it.
    pub text: String,
}

/// One instruction of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// Accounts before the remaining ones.
    pub accounts: usize,
}

static ERRORS: LazyLock<BTreeMap<u32, ErrorText>> = LazyLock::new(|| {
    let read = |error: &Value| {
        let code = u32::try_from(error["code"].as_u64()?).ok()?;
        let text = |key: &str| error[key].as_str().map(str::to_owned);
        Some((code, ErrorText { name: text("name")?, text: text("msg")? }))
    };
    list("errors").iter().filter_map(read).collect()
});

static INSTRUCTIONS: LazyLock<BTreeMap<Vec<u8>, Known>> = LazyLock::new(|| {
    let read = |instruction: &Value| {
        let bytes = instruction["discriminator"].as_array()?;
        let discriminator = bytes.iter().filter_map(|byte| u8::try_from(byte.as_u64()?).ok()).collect();
        let accounts = instruction["accounts"].as_array()?.len();
        Some((discriminator, Known { name: instruction["name"].as_str()?.to_owned(), accounts }))
    };
    list("instructions").iter().filter_map(read).collect()
});

/// Variants of the enums without fields, by type.
static VARIANTS: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    let read = |one: &Value| {
        let variants = one["type"]["variants"].as_array()?;
        let names = variants
            .iter()
            .map(|variant| variant["name"].as_str().filter(|_| variant["fields"].is_null()).map(kebab_case));
        Some((one["name"].as_str()?.to_owned(), names.collect::<Option<_>>()?))
    };
    list("types").iter().filter_map(read).collect()
});

/// Rows of the table by instruction: (positions, units). Variants of an instruction are merged: the dearest counts.
static TABLE: LazyLock<BTreeMap<String, BTreeMap<u32, u32>>> = LazyLock::new(|| {
    let mut table: BTreeMap<String, BTreeMap<u32, u32>> = BTreeMap::new();
    let mut columns: Vec<u32> = vec![];
    for line in UNITS.lines() {
        let mut cells = line.trim().trim_matches('|').split('|').map(str::trim);
        let Some(name) = cells.next() else { continue };
        if name == "instruction" {
            columns = cells.filter_map(|cell| cell.parse().ok()).collect();
            continue;
        }
        let name = name.split(',').next().unwrap_or(name);
        let units = cells.map(|cell| cell.replace(',', "").parse::<u32>().ok());
        for (positions, units) in columns.iter().zip(units) {
            if let Some(units) = units {
                let most = table.entry(name.to_owned()).or_default().entry(*positions).or_default();
                *most = units.max(*most);
            }
        }
    }
    table
});

fn list(key: &str) -> Vec<Value> {
    let interface: Value = serde_json::from_str(INTERFACE).unwrap_or_default();
    interface[key].as_array().cloned().unwrap_or_default()
}

/// Name and text of an error of the program by its code on the wire.
pub fn error_text(code: u32) -> Option<&'static ErrorText> {
    ERRORS.get(&code)
}

/// The instruction that begins with these bytes.
pub fn instruction(data: &[u8]) -> Option<&'static Known> {
    INSTRUCTIONS.get(data.get(..8)?)
}

/// Names of the variants of one of the program's enums without fields, as people type them (`vault-loss`), in its order: the index is
/// the byte on the wire. Empty where there is no such enum.
pub fn variants(of: &str) -> &'static [String] {
    VARIANTS.get(of).map(Vec::as_slice).unwrap_or_default()
}

fn kebab_case(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// First bytes of every instruction, in the order of those bytes.
pub fn discriminators() -> impl Iterator<Item = Vec<u8>> {
    INSTRUCTIONS.keys().cloned()
}

/// Measured units of an instruction at this many positions: on the line through the two nearest columns, rounded up. `None` where
/// it was not measured.
pub fn measured_units(name: &str, positions: usize) -> Option<u32> {
    let row = TABLE.get(name)?;
    let at = u32::try_from(positions).ok()?;
    let below = row.range(..=at).next_back().or_else(|| row.iter().next())?;
    let Some(above) = row.range(at..).next() else {
        // Beyond the last column: on along the last line.
        let (last_at, last) = below;
        let slope = row.range(..last_at).next_back().map_or(0, |(first_at, first)| {
            last.saturating_sub(*first).div_ceil(last_at.saturating_sub(*first_at).max(1))
        });
        return Some(last.saturating_add(slope.saturating_mul(at.saturating_sub(*last_at))));
    };
    let (from, to) = (below.0, above.0);
    if to <= from {
        return Some(*above.1);
    }
    let rise = u64::from(above.1.saturating_sub(*below.1)) * u64::from(at.saturating_sub(*from));
    let units = u64::from(*below.1) + rise.div_ceil(u64::from(to - from));
    u32::try_from(units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ballast::{error::BallastError, instructions::Signal};

    #[test]
    fn every_error_of_the_program_has_its_text() {
        let code = u32::from(BallastError::BelowOpeningRequirement);
        let error = error_text(code).unwrap();
        assert_eq!(error.name, "BelowOpeningRequirement");
        assert_eq!(error.text, BallastError::BelowOpeningRequirement.to_string());
    }

    #[test]
    fn enums_are_listed_in_the_order_of_their_bytes() {
        let name = variants("Signal").get(Signal::VaultLoss as usize);
        assert_eq!(name.map(String::as_str), Some("vault-loss"));
        assert_eq!(variants("Signal").len(), Signal::VaultGuardedShare as usize + 1);
        assert!(variants("ProposedChange").is_empty(), "its variants have fields");
    }

    #[test]
    fn every_instruction_of_the_program_has_measured_units() {
        for known in INSTRUCTIONS.values() {
            let units = measured_units(&known.name, 1).unwrap_or_default();
            assert!(units > 500, "{}: {units}", known.name);
        }
        for name in ["borrow", "withdraw", "soft_liquidate", "refresh_reserves", "audit_book"] {
            let (few, many) = (measured_units(name, 4).unwrap(), measured_units(name, 16).unwrap());
            let between = measured_units(name, 6).unwrap();
            assert!(few < between && between < many, "{name}: {few} {between} {many}");
            assert!(measured_units(name, 32).unwrap() > many);
        }
    }
}
