//! What `deposit`, `withdraw`, `borrow` and `repay` share: their accounts, and changing a position together with its reserve.

use crate::{
    error::BallastError,
    state::{Obligation, Reserve, Side, Vault},
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};

/// Accounts of `deposit`, `withdraw` and `borrow`: an owner moves one of its own positions.
#[derive(Accounts)]
pub struct MovePosition<'info> {
    /// The obligation's owner.
    pub owner: Signer<'info>,
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// The obligation.
    #[account(mut, has_one = owner @ BallastError::NotOwner)]
    pub obligation: AccountLoader<'info, Obligation>,
    /// The reserve.
    #[account(mut)]
    pub reserve: AccountLoader<'info, Reserve>,
    /// Its mint.
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    /// Its token account.
    #[account(mut)]
    pub tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The owner's token account.
    #[account(mut)]
    pub owner_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

/// Adds shares to a position, opening it where there is none. `audit` is the vault's: a position that the running audit
/// has not seen is counted first, with its old shares. Call before the reserve's new books are stored.
pub(crate) fn add_shares(
    obligation: &mut Obligation,
    reserve: &mut Reserve,
    key: &Pubkey,
    side: Side,
    shares: u64,
    audit: u64,
) -> Result<()> {
    reserve.join_audit(audit);
    if let Some(position) = obligation.find(key).and_then(|index| obligation.positions.get_mut(index)) {
        reserve.count_position(position);
    }
    if obligation.add(key, reserve.source.price_accounts(), side, shares, audit)? {
        let count = reserve.positions_mut(side);
        *count = count.saturating_add(1);
    }
    Ok(())
}

/// Takes shares from a position, closing it when none are left. Counts it in the running audit as [`add_shares`] does.
pub(crate) fn remove_shares(
    obligation: &mut Obligation,
    reserve: &mut Reserve,
    index: usize,
    side: Side,
    shares: u64,
    audit: u64,
) -> Result<()> {
    reserve.join_audit(audit);
    if let Some(position) = obligation.positions.get_mut(index) {
        reserve.count_position(position);
    }
    if obligation.remove(index, shares)? {
        let count = reserve.positions_mut(side);
        *count = count.saturating_sub(1);
    }
    Ok(())
}
