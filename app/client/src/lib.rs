//! Client of the Ballast program: addresses, one builder an instruction that derives its own accounts, account views,
//! planning on the risk crate, and events. Everything that sends a transaction to the program builds it here.
//!
//! The feature `network` (on by default) adds what asks clusters and price services: [`send`], [`prices`], [`act`] and fetching.
//! Without it the crate compiles for WebAssembly, where accounts come from elsewhere.

pub mod account;
#[cfg(feature = "network")]
pub mod act;
pub mod address;
pub mod amount;
pub mod error;
pub mod event;
#[cfg(feature = "network")]
pub mod fetch;
pub mod governance;
pub mod instruction;
pub mod insurance;
pub mod interface;
pub mod names;
pub mod plan;
pub mod preset;
pub mod price;
#[cfg(feature = "network")]
pub mod prices;
pub mod safety;
#[cfg(feature = "network")]
pub mod send;
pub mod verify;
pub mod view;

pub use account::decode;
pub use address::{Account, Asset};
pub use event::Event;
