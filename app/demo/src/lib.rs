//! The demo's parts: a crash, replayed on a local network that lives in this process.
//!
//! Two vaults, a few dozen borrowers with mixed books, Pyth price accounts in their true layout, and a keeper that only sends
//! public instructions. The same accounts and debts then go through a plain LTV protocol by the same prices. At the end the events
//! of all tranches are compared with the accounts, to the unit; any difference fails the run.

pub mod args;
pub mod chain;
pub mod outcome;
pub mod plain;
pub mod population;
pub mod report;
pub mod second;
pub mod show;

pub use ballast_lab::{asset, from_candles, market, rules, scenario, tape, time};
