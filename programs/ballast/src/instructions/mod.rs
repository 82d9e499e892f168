//! One file an instruction: specification, accounts, handler.

pub mod absorb_loss;
pub mod add_reserve;
pub mod attest_solvency;
pub mod audit_book;
pub mod borrow;
pub mod close_obligation;
pub mod collect_fees;
pub mod create_vault;
pub mod deposit;
pub mod migrate_account;
pub mod open_obligation;
pub mod position;
pub mod refresh_obligation;
pub mod refresh_reserves;
pub mod repay;
pub mod soft_liquidate;
pub mod step_breaker;
pub mod trip_breaker;
pub mod withdraw;

pub use absorb_loss::*;
pub use add_reserve::*;
pub use attest_solvency::*;
pub use audit_book::*;
pub use close_obligation::*;
pub use collect_fees::*;
pub use create_vault::*;
pub use migrate_account::*;
pub use open_obligation::*;
pub use position::*;
pub use refresh_obligation::*;
pub use refresh_reserves::*;
pub use repay::*;
pub use soft_liquidate::*;
pub use step_breaker::*;
pub use trip_breaker::*;
