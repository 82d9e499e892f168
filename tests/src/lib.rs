//! A world for tests of the compiled SBF program: users with wallets, an oracle that can lie, a clock, and vaults.
//!
//! Stories run on `solana-program-test` with the real `.so`; every instruction is built by `ballast-client`.

pub mod chain;
pub mod failure;
pub mod market;
pub mod world;

pub use chain::{Chain, Receipt};
pub use failure::{refused, Failure};
pub use market::{usd, Market};
pub use world::{User, World};
