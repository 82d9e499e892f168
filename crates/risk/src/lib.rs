//! The only place in Ballast where risk, interest, shares and tranches are computed.
//!
//! Pure integer arithmetic, `no_std`, no Solana types: the program, the client, the keeper and the lab all call
//! these functions, so that chain and bots cannot disagree. Values are micro-USD ([`Usd`]), rates and margins are
//! basis points, and every rounding has its direction in the function's name. `docs/risk-model.md` derives the
//! formulas and proves the laws that the tests check.
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::integer_division,
        clippy::unwrap_used,
        clippy::expect_used
    )
)]

pub mod absorb;
mod best;
pub mod bonus;
pub mod breaker;
pub mod bucket;
pub mod caps;
pub mod change;
mod curve;
pub mod error;
pub mod fund;
pub mod interest;
pub mod leak;
pub mod ltv;
pub mod marginal;
pub mod math;
pub mod model;
pub mod pace;
pub mod presets;
pub mod price;
mod proportion;
pub mod ramp;
pub mod rate;
pub mod refusal;
pub mod reserve;
pub mod roll;
pub mod score;
mod settle;
pub mod stream;
pub mod tally;
pub mod tranche;
pub mod units;
pub mod vesting;

pub use error::RiskError;
pub use units::{Bps, DebtShares, DepositShares, Fraction, Ppm, Seconds, TokenAmount, Usd};

/// Result of a function of this crate.
pub type Result<T> = core::result::Result<T, RiskError>;
