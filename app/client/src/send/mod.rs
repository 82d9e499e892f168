//! From steps to landed transactions.
//!
//! [`pack::pack`] bundles steps (refresh, then action) into as few transactions as fit, with a compute budget from what was measured;
//! [`Sender`] signs, simulates, sends and confirms them over a [`Transport`]: [`rpc::Rpc`] is a real cluster, tests play a bad one.
//! Lookup tables ([`tables`]) let books of 16 positions travel in one transaction. Every error says what to do.

mod clean;
pub mod error;
mod follow;
pub mod pack;
pub mod refusal;
pub mod rpc;
pub mod sender;
pub mod tables;
pub mod transport;
pub mod units;

pub use error::SendError;
pub use pack::{Packed, Step};
pub use refusal::Refusal;
pub use rpc::Rpc;
pub use sender::{Landed, Priority, SendOptions, Sender};
pub use transport::{Transport, TransportError};
