//! Events of breakers and losses.

use super::BooksView;
use anchor_lang::prelude::*;

/// A breaker changed, or a first observation of a price signal was written down.
#[event]
#[derive(Clone, Debug)]
pub struct BreakerChanged {
    /// The vault.
    pub vault: Pubkey,
    /// The reserve whose breaker it is; `None` for the vault's.
    pub reserve: Option<Pubkey>,
    /// What happened: 0 observed, 1 raised, 2 extended, 3 nothing, 4 lowered.
    pub change: u8,
    /// State before: 0 Normal, 1 Guarded, 2 Halted, 3 WindDown.
    pub from: u8,
    /// State now.
    pub to: u8,
    /// The signal: `ballast_risk::breaker::Cause`.
    pub cause: u8,
    /// What was measured: bps, seconds, token units or micro-USD by signal.
    pub measured: u64,
    /// The threshold that it reached.
    pub limit: u64,
    /// When it was observed, seconds.
    pub observed_at: u64,
    /// When the state ends, seconds; `u64::MAX` for WindDown.
    pub expires_at: u64,
}

/// The issuer froze a reserve's token account, or thawed it. While it is frozen the reserve's debt accrues nothing.
#[event]
#[derive(Clone, Debug)]
pub struct TokensFrozen {
    /// The vault.
    pub vault: Pubkey,
    /// The reserve.
    pub reserve: Pubkey,
    /// Whether it is frozen now.
    pub frozen: bool,
}

/// A debt that nobody will repay was written off.
#[event]
#[derive(Clone, Debug)]
pub struct LossAbsorbed {
    /// The vault.
    pub vault: Pubkey,
    /// The reserve that was owed.
    pub reserve: Pubkey,
    /// The obligation that owed it.
    pub obligation: Pubkey,
    /// Token units no longer owed.
    pub debt: u64,
    /// Of those, borne by insurance in kind.
    pub insurance: u64,
    /// Of those, borne by fees not collected.
    pub fees: u64,
    /// Of those, borne by lenders.
    pub lenders: u64,
    /// What lenders bore, at the last price, micro-USD.
    pub lenders_value: u64,
    /// Whether lenders have nothing left to speak of.
    pub wiped_out: bool,
    /// The reserve's books before, interest not yet booked.
    pub books_before: BooksView,
    /// The reserve's books after.
    pub books_after: BooksView,
}

/// Deposit shares that are worth nothing, or next to nothing and cannot be sold, were retired.
#[event]
#[derive(Clone, Debug)]
pub struct SharesRetired {
    /// The vault.
    pub vault: Pubkey,
    /// The reserve.
    pub reserve: Pubkey,
    /// The obligation that held them.
    pub obligation: Pubkey,
    /// How many.
    pub shares: u64,
    /// Whether they were the last, so that the reserve takes deposits again.
    pub starts_again: bool,
}
