//! Report accounts of a vault: what `attest_solvency` and `audit_book` found.

use crate::{assert_layout, constants::STATE_VERSION, error::BallastError};
use anchor_lang::prelude::*;

/// What one round of `attest_solvency` found. Values are micro-USD at the reserves' last prices, for readers; solvency is judged
/// in token units.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Attested {
    /// Number of the round.
    pub round: u64,
    /// Slot in which the round began.
    pub first_slot: u64,
    /// Slot of its last slice.
    pub last_slot: u64,
    /// Time of its last slice.
    pub at: u64,
    /// Tokens held + debt.
    pub assets: u64,
    /// Deposits + fees + insurance.
    pub claims: u64,
    /// Deposits: what is commonly called TVL.
    pub deposits: u64,
    /// Tokens held: collateral that is there once.
    pub unique_collateral: u64,
    /// Worst shortfall of a reserve.
    pub worst_shortfall: u64,
    /// Publish time of the oldest price used.
    pub oldest_price_at: u64,
    /// Reserves looked at, by index.
    pub covered: u32,
    /// Reserves that fall short.
    pub failing: u32,
}

assert_layout!(Attested, size 88, align 8, covered at 80);

/// Report of `attest_solvency`: the round that runs, and the last whole one.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct Attestation {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Zero; aligns what follows.
    pub padding: [u8; 6],
    /// The vault.
    pub vault: Pubkey,
    /// The round that runs; `covered` is 0 when none does.
    pub running: Attested,
    /// The last whole round.
    pub last: Attested,
    /// Zero.
    pub reserved: [u64; 16],
}

assert_layout!(Attestation, size 344, align 8, vault at 8, running at 40, last at 128);

/// What one audit found.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Audited {
    /// Number of the audit; 0 for none.
    pub number: u64,
    /// Slot in which it began.
    pub first_slot: u64,
    /// Time at which it began.
    pub began_at: u64,
    /// Slot in which it ended; 0 while it runs.
    pub last_slot: u64,
    /// Obligations whose shortfall was summed.
    pub obligations: u64,
    /// `Σ max(0, D − C)` of those, micro-USD at the reserves' last prices.
    pub beyond_collection: u64,
    /// Publish time of the oldest price used.
    pub oldest_price_at: u64,
    /// Reserves whose positions are all found, by index.
    pub complete: u32,
    /// Zero; aligns what follows.
    pub padding: u32,
}

assert_layout!(Audited, size 64, align 8, complete at 56);

/// Report of `audit_book`: the audit that runs, and the last one that proved the books to be the sum of the positions.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct Audit {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Zero; aligns what follows.
    pub padding: [u8; 6],
    /// The vault.
    pub vault: Pubkey,
    /// The audit that runs, or ended last.
    pub running: Audited,
    /// The last one that ended.
    pub last: Audited,
    /// Zero.
    pub reserved: [u64; 16],
}

assert_layout!(Audit, size 296, align 8, vault at 8, running at 40, last at 104);

macro_rules! report {
    ($name:ident) => {
        impl $name {
            /// Bytes of the account, discriminator included.
            pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

            /// Writes a new report of a vault.
            pub fn open(&mut self, vault: Pubkey, bump: u8) {
                self.version = STATE_VERSION;
                self.bump = bump;
                self.vault = vault;
            }

            /// Refuses an account of another layout version or vault.
            pub fn check(&self, vault: &Pubkey) -> Result<()> {
                require!(self.version == STATE_VERSION, BallastError::WrongStateVersion);
                require_keys_eq!(self.vault, *vault, BallastError::WrongVault);
                Ok(())
            }
        }
    };
}

report!(Attestation);
report!(Audit);
