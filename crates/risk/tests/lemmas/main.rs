//! The rounding lemmas of `docs/proofs.md`: those that a solver proves, tied to this crate by a table, and those that are tried
//! on every small input of the crate's own functions.

mod accrual;
mod fund;
mod math;
mod pacing;
mod shares;
mod tranche;
mod vectors;

/// How far a small input goes: less without optimization.
pub const fn up_to(optimized: u64, quick: u64) -> u64 {
    if cfg!(debug_assertions) {
        quick
    } else {
        optimized
    }
}
