//! The local network: a validator in this process, two vaults, borrowers, and a keeper that only sends public instructions.

pub mod audit;
pub mod keeper;
pub mod run;
pub mod setup;
pub mod snapshot;
pub mod validator;
pub mod world;
