//! The whole way: an embedded validator, real RPC and websockets, keepers as processes of their own.
//!
//! Needs the built program: `cargo xtask build-sbf`.

mod borrower;
mod chores;
mod clock;
mod cranks;
mod keeper;
mod killed;
mod losing;
mod net;
mod outages;
mod proxy;
mod races;
mod reacts;
mod service;
mod shards;
mod world;
