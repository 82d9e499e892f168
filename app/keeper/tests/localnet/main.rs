//! The whole way: an embedded validator, real RPC and websockets, keepers as processes of their own.
//!
//! Needs the built program: `cargo xtask build-sbf`.

mod cranks;
mod keeper;
mod killed;
mod net;
mod outages;
mod proxy;
mod races;
mod reacts;
mod service;
mod world;
