//! The demo's parts: a crash, replayed on a local network that lives in this process.
//!
//! Two vaults, a few dozen borrowers with mixed books, Pyth price accounts in their true layout, and a keeper that only sends
//! public instructions. The same accounts and debts then go through a plain LTV protocol by the same prices. At the end the events
//! of all tranches are compared with the accounts, to the unit; any difference fails the run.

pub mod args;
pub mod asset;
pub mod candles;
pub mod chain;
pub mod market;
pub mod modelled;
pub mod outcome;
pub mod plain;
pub mod population;
pub mod replay;
pub mod report;
pub mod rules;
pub mod scenario;
pub mod second;
pub mod show;
pub mod tape;
pub mod time;
