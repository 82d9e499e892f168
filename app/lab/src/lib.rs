//! The Ballast stress lab: replays of historical and authored crashes over populations of borrowers, under several liquidation
//! designs, with the same accounts, the same debts, the same prices and the same market for each.
//!
//! Every number that the program also computes comes from `ballast-risk`. Floats stand for markets and statistics only.

pub mod args;
pub mod asset;
pub mod bench;
pub mod candles;
pub mod compare;
pub mod design;
pub mod engine;
pub mod fetch;
pub mod from_candles;
pub mod frontier;
pub mod inputs;
pub mod kernel;
pub mod market;
pub mod metrics;
pub mod modelled;
pub mod onchain;
pub mod population;
pub mod preset_file;
pub mod replay;
pub mod report;
pub mod rows;
pub mod rules;
pub mod scenario;
pub mod stress;
pub mod svm;
pub mod table;
pub mod tape;
pub mod time;
