//! A world for tests of the compiled SBF program: users with wallets, an oracle that can lie, a clock, and vaults.
//!
//! Stories run on `solana-program-test` with the real `.so`; every instruction is built by `ballast-client`.

pub mod acts;
pub mod attack;
pub mod chain;
pub mod desk;
pub mod failure;
pub mod fortune;
pub mod insured;
pub mod law;
pub mod legal;
pub mod lite;
pub mod market;
pub mod mint;
pub mod old;
pub mod safety;
pub mod stage;
pub mod staked;
pub mod validators;
pub mod view;
pub mod wire;
pub mod world;

pub use chain::{Chain, Receipt};
pub use failure::{refused, Failure, Reason, ADDRESS_IN_USE};
pub use insured::Insured;
pub use market::{usd, Cluster, Market};
pub use validators::Validator;
pub use world::{User, World};
