//! Acting: what to do about a book, what it costs, and with which tokens. Pure; [`crate::keeper`] sends.

pub mod audit;
pub mod backoff;
pub mod books;
pub mod chores;
pub mod cost;
pub mod crank;
pub mod inventory;
pub mod plan;
pub mod transaction;
pub mod venue;
