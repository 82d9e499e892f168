//! The soft-liquidation keeper of Ballast vaults: watches a vault, scores its books in memory by the code that the program runs,
//! and sends the tranches that pay. `docs/keeper.md` says how to run one.

pub mod act;
pub mod bench;
pub mod config;
pub mod engine;
pub mod forks;
pub mod keeper;
pub mod metrics;
pub mod mirror;
pub mod prices;
pub mod run;
pub mod shard;
pub mod source;
pub mod synthetic;
