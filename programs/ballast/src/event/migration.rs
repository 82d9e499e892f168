//! Events of migrations.

use anchor_lang::prelude::*;

/// Which kind of account was migrated.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A vault.
    Vault,
    /// A reserve.
    Reserve,
    /// An obligation.
    Obligation,
    /// A report of `attest_solvency`.
    Attestation,
    /// A report of `audit_book`.
    Audit,
}

/// An account was rewritten in the current layout.
#[event]
#[derive(Clone, Debug)]
pub struct AccountMigrated {
    /// The vault that it belongs to, or is.
    pub vault: Pubkey,
    /// The account.
    pub account: Pubkey,
    /// Its kind.
    pub kind: AccountKind,
    /// Layout version before.
    pub from: u8,
    /// Layout version now.
    pub to: u8,
    /// Bytes before, discriminator included.
    pub bytes_before: u64,
    /// Bytes now.
    pub bytes: u64,
    /// Lamports that the payer added so that it stays exempt from rent.
    pub rent_paid: u64,
}
