//! `open_obligation`: opens an account of the signer in a vault.
//!
//! 1. Its address is `["obligation", vault, owner, id]`; an owner may have several (splitting gains nothing).
//! 2. Emits [`ObligationOpened`].

use crate::{
    constants::*,
    event::ObligationOpened,
    state::{Obligation, Vault},
};
use anchor_lang::prelude::*;

/// Accounts of `open_obligation`.
#[derive(Accounts)]
#[instruction(id: u16)]
pub struct OpenObligation<'info> {
    /// The owner; pays the rent.
    #[account(mut)]
    pub owner: Signer<'info>,
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// The new obligation.
    #[account(
        init, payer = owner, space = Obligation::SPACE,
        seeds = [OBLIGATION_SEED, vault.key().as_ref(), owner.key().as_ref(), &id.to_le_bytes()], bump
    )]
    pub obligation: AccountLoader<'info, Obligation>,
    /// Creates the account.
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<OpenObligation>, id: u16) -> Result<()> {
    ctx.accounts.vault.load()?.check_version()?;
    let mut obligation = ctx.accounts.obligation.load_init()?;
    obligation.version = STATE_VERSION;
    obligation.bump = ctx.bumps.obligation;
    obligation.id = id;
    obligation.vault = ctx.accounts.vault.key();
    obligation.owner = ctx.accounts.owner.key();
    emit!(ObligationOpened {
        vault: obligation.vault,
        obligation: ctx.accounts.obligation.key(),
        owner: obligation.owner,
        id,
    });
    Ok(())
}
