//! The six laws of the risk model (`docs/risk-model.md`) as properties over random books, against an exact reference.
//!
//! A million books a law in release, twenty thousand in debug. `BALLAST_LAW_BOOKS` changes the number and `BALLAST_LAW_SEED` the
//! seed; every law prints both.

mod batch;
mod floors;
mod insolvency;
mod ledger;
mod models;
mod monotone;
mod pacing;
mod reference;
mod runner;
mod sandwich;
mod subadditive;
mod total;
mod tranche;
mod world;
