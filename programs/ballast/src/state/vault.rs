//! A vault: an isolated risk pool. Its account is also the authority of its token accounts.

use super::parameters::{RiskModel, TrancheRules};
use crate::{assert_layout, constants::*, error::BallastError};
use anchor_lang::prelude::*;

/// Roles, risk model and reserves of a vault. Ordinary paths only read it, so it never serialises them.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct Vault {
    /// Layout version.
    pub version: u8,
    /// Bump of the vault's address.
    pub bump: u8,
    /// Reserves in use.
    pub reserve_count: u8,
    /// Zero; aligns `id`.
    pub padding: [u8; 5],
    /// Number that the creator gave it.
    pub id: u64,
    /// Who created it; part of its address.
    pub creator: Pubkey,
    /// Who proposes changes and adds reserves.
    pub curator: Pubkey,
    /// Who may tighten, for a bounded time.
    pub guardian: Pubkey,
    /// Owner of the token accounts that fees are paid to.
    pub fee_recipient: Pubkey,
    /// Scenarios, charges and floors.
    pub model: RiskModel,
    /// Common rules of tranches.
    pub rules: TrancheRules,
    /// Addresses of the reserves, by index.
    pub reserves: [Pubkey; MAX_RESERVES],
    /// Number of the last audit begun; 0 before the first.
    pub audit: u64,
    /// Zero: room for breaker, timelock, caps and insurance.
    pub reserved: [u64; 127],
}

assert_layout!(Vault, size 2_528, align 8, id at 8, creator at 16, model at 144, rules at 448, reserves at 480, audit at 1_504);

impl Vault {
    /// Bytes of the account, discriminator included.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Refuses an account of another layout version.
    pub fn check_version(&self) -> Result<()> {
        require!(self.version == STATE_VERSION, BallastError::WrongStateVersion);
        Ok(())
    }

    /// [`Vault::check_version`], and the number of the audit that changes of positions are counted in.
    pub fn checked_audit(&self) -> Result<u64> {
        self.check_version()?;
        Ok(self.audit)
    }
}

/// Seeds with which a vault signs for its token accounts.
#[macro_export]
macro_rules! vault_seeds {
    ($creator:expr, $id:expr, $bump:expr) => {
        &[$crate::constants::VAULT_SEED, $creator.as_ref(), &$id, &[$bump]]
    };
}
