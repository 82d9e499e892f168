//! Events of breakers and losses.

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
