//! The books of a reserve as they are stored.

use crate::assert_layout;
use anchor_lang::prelude::*;
use ballast_risk::{reserve::Ledger, units::*};

/// The books as stored. 128-bit numbers are pairs of words (low first), because account data is aligned to 8 only.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Worth of a deposit share, 64 fractional bits.
    pub deposit_index: [u64; 2],
    /// Owed by a debt share, 64 fractional bits.
    pub debt_index: [u64; 2],
    /// Fees not collected, 64 fractional bits.
    pub fees: [u64; 2],
    /// Insurance in kind, 64 fractional bits.
    pub insurance: [u64; 2],
    /// Tokens that should be in the token account.
    pub free_tokens: u64,
    /// All deposit shares.
    pub deposit_shares: u64,
    /// All debt shares.
    pub debt_shares: u64,
    /// Borrow rate a second, 64 fractional bits.
    pub rate_per_second: u64,
    /// Interest is booked up to here.
    pub accrued_at: u64,
}

assert_layout!(Books, size 104, align 8, free_tokens at 64, accrued_at at 96);

impl Books {
    /// The books as the risk crate computes with them.
    pub fn ledger(&self) -> Ledger {
        Ledger {
            deposit_index: join(self.deposit_index),
            debt_index: join(self.debt_index),
            fees_q64: join(self.fees),
            insurance_q64: join(self.insurance),
            free_tokens: TokenAmount(self.free_tokens),
            deposit_shares: DepositShares(self.deposit_shares),
            debt_shares: DebtShares(self.debt_shares),
            rate_per_second: self.rate_per_second,
            accrued_at: self.accrued_at,
            reserved: 0,
        }
    }
}

impl From<Ledger> for Books {
    fn from(ledger: Ledger) -> Self {
        Self {
            deposit_index: split(ledger.deposit_index),
            debt_index: split(ledger.debt_index),
            fees: split(ledger.fees_q64),
            insurance: split(ledger.insurance_q64),
            free_tokens: ledger.free_tokens.0,
            deposit_shares: ledger.deposit_shares.0,
            debt_shares: ledger.debt_shares.0,
            rate_per_second: ledger.rate_per_second,
            accrued_at: ledger.accrued_at,
        }
    }
}

fn join(words: [u64; 2]) -> u128 {
    u128::from(words[0]) | (u128::from(words[1]) << 64)
}

fn split(value: u128) -> [u64; 2] {
    [value as u64, (value >> 64) as u64]
}
