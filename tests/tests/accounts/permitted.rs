//! What may be accepted although it looks wrong, and which errors may be the runtime's. Short, and each with its reason; an entry that
//! nothing meets any more fails the test.

use crate::wrong::Kind::{self, *};

/// Substitutions that are legal by design.
pub struct Permitted {
    /// The instructions; none for all.
    pub instructions: &'static [&'static str],
    /// The slots.
    pub slots: &'static [&'static str],
    /// The kinds.
    pub kinds: &'static [Kind],
    /// Why.
    pub why: &'static str,
}

/// The substitutions.
pub const PERMITTED: &[Permitted] = &[];

/// Errors of the runtime that may stand for the program's, with the reason.
pub const RUNTIME: &[(&str, &str)] = &[];

/// The entry for a substitution, and its place.
pub fn find(instruction: &str, slot: &str, kind: Kind) -> Option<(usize, &'static Permitted)> {
    let has = |list: &[&str], name: &str| list.is_empty() || list.contains(&name);
    PERMITTED.iter().enumerate().find(|(_, entry)| {
        has(entry.instructions, instruction) && has(entry.slots, slot) && entry.kinds.contains(&kind)
    })
}

/// The place of the entry for an error of the runtime.
pub fn find_runtime(name: &str) -> Option<usize> {
    RUNTIME.iter().position(|(known, _)| *known == name)
}
