//! What the fuzz targets of `fuzz/` do with an input, without libFuzzer: so it is compiled, and replays every kept input, with the tests
//! of the main workspace, on stable Rust.

#[cfg(feature = "client")]
pub mod account;
pub mod breaker;
#[cfg(feature = "program")]
pub mod instruction;
pub mod ledger;
pub mod legal;
pub mod score;
pub mod tranche;
