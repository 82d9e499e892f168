//! `cancel_change`: takes a proposed change back, in every state and at any time, also after it has expired.
//!
//! 1. The curator cancels any change; the guardian any but one that replaces the guardian.
//! 2. A transaction that advances a durable nonce is refused. The account's rent returns to the proposer. Emits [`ChangeCancelled`].

use crate::{
    error::{BallastError, Named},
    event::ChangeCancelled,
    governance::{refuse_durable_nonce, INSTRUCTIONS},
    state::*,
};
use anchor_lang::prelude::*;
use ballast_risk::change::check_cancel;

/// Accounts of `cancel_change`.
#[derive(Accounts)]
pub struct CancelChange<'info> {
    /// The vault's curator or guardian.
    pub signer: Signer<'info>,
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// The change.
    #[account(
        mut, close = proposer, has_one = vault @ BallastError::WrongVault, has_one = proposer @ BallastError::NotTheProposer
    )]
    pub change: Box<Account<'info, Change>>,
    /// CHECK: who proposed the change, by the change itself; gets the rent.
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
    /// CHECK: the instructions sysvar, by its address.
    #[account(address = INSTRUCTIONS)]
    pub instructions: UncheckedAccount<'info>,
}

pub(crate) fn handler(ctx: Context<CancelChange>) -> Result<()> {
    let accounts = ctx.accounts;
    refuse_durable_nonce(&accounts.instructions)?;
    accounts.change.check_version()?;
    let vault = accounts.vault.load()?;
    vault.check_version()?;
    let signer = accounts.signer.key();
    let by_guardian = signer != vault.curator;
    require!(!by_guardian || signer == vault.guardian, BallastError::NotCuratorOrGuardian);
    let replaces_guardian = matches!(accounts.change.proposed, ProposedChange::Guardian(_));
    check_cancel(by_guardian, replaces_guardian).named()?;
    announce(&accounts.change, signer, by_guardian);
    Ok(())
}

#[inline(never)]
fn announce(change: &Account<Change>, cancelled_by: Pubkey, by_guardian: bool) {
    emit!(ChangeCancelled {
        vault: change.vault,
        change: change.key(),
        number: change.number,
        cancelled_by,
        by_guardian,
        reserve: change.reserve,
        proposed: change.proposed.clone(),
    });
}
