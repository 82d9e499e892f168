//! Addresses of the program's accounts.

use anchor_lang::{prelude::Pubkey, pubkey};
use ballast::constants::{
    ATTESTATION_SEED, AUDIT_SEED, CHANGE_SEED, OBLIGATION_SEED, RESERVE_SEED, TOKENS_SEED, VAULT_SEED,
};

/// The associated-token-account program.
pub const ASSOCIATED_TOKEN_PROGRAM: Pubkey = pubkey!("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

pub(crate) fn derive(seeds: &[&[u8]]) -> Pubkey {
    Pubkey::find_program_address(seeds, &ballast::ID).0
}

/// The vault that `creator` made with this number.
pub fn vault(creator: &Pubkey, id: u64) -> Pubkey {
    derive(&[VAULT_SEED, creator.as_ref(), &id.to_le_bytes()])
}

/// A vault's solvency report.
pub fn attestation(vault: &Pubkey) -> Pubkey {
    derive(&[ATTESTATION_SEED, vault.as_ref()])
}

/// A vault's audit report.
pub fn audit(vault: &Pubkey) -> Pubkey {
    derive(&[AUDIT_SEED, vault.as_ref()])
}

/// A vault's proposed change of this number.
pub fn change(vault: &Pubkey, number: u64) -> Pubkey {
    derive(&[CHANGE_SEED, vault.as_ref(), &number.to_le_bytes()])
}

/// The associated token account of an owner.
pub fn wallet_tokens(owner: &Pubkey, mint: &Pubkey, token_program: &Pubkey) -> Pubkey {
    let seeds = [owner.as_ref(), token_program.as_ref(), mint.as_ref()];
    Pubkey::find_program_address(&seeds, &ASSOCIATED_TOKEN_PROGRAM).0
}

/// One asset of one vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Asset {
    /// The vault.
    pub vault: Pubkey,
    /// The token.
    pub mint: Pubkey,
    /// Its token program.
    pub token_program: Pubkey,
}

impl Asset {
    /// The reserve's address.
    pub fn reserve(&self) -> Pubkey {
        derive(&[RESERVE_SEED, self.vault.as_ref(), self.mint.as_ref()])
    }
    /// The reserve's token account.
    pub fn tokens(&self) -> Pubkey {
        derive(&[TOKENS_SEED, self.reserve().as_ref()])
    }
    /// An owner's associated token account of this asset.
    pub fn wallet(&self, owner: &Pubkey) -> Pubkey {
        wallet_tokens(owner, &self.mint, &self.token_program)
    }
}

/// One owner's obligation in one vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// The vault.
    pub vault: Pubkey,
    /// The owner.
    pub owner: Pubkey,
    /// The number that the owner gave it.
    pub id: u16,
}

impl Account {
    /// The obligation's address.
    pub fn obligation(&self) -> Pubkey {
        derive(&[OBLIGATION_SEED, self.vault.as_ref(), self.owner.as_ref(), &self.id.to_le_bytes()])
    }
}
