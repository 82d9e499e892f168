//! The compiled program in this process: a ledger, and tokens with an oracle that its user plays.

mod ledger;
mod token;

pub use ledger::{built_program, reason, Landed, Ledger};
pub use token::Token;
