//! `close_obligation`: closes an obligation without positions; its rent goes back to the owner.
//!
//! 1. Only the owner; no position may be open. Emits [`ObligationClosed`].

use crate::{constants::STATE_VERSION, error::BallastError, event::ObligationClosed, state::Obligation};
use anchor_lang::prelude::*;

/// Accounts of `close_obligation`.
#[derive(Accounts)]
pub struct CloseObligation<'info> {
    /// The owner; gets the rent.
    #[account(mut)]
    pub owner: Signer<'info>,
    /// The obligation.
    #[account(mut, close = owner, has_one = owner @ BallastError::NotOwner)]
    pub obligation: AccountLoader<'info, Obligation>,
}

pub(crate) fn handler(ctx: Context<CloseObligation>) -> Result<()> {
    let obligation = ctx.accounts.obligation.load()?;
    require!(obligation.version == STATE_VERSION, BallastError::WrongStateVersion);
    require!(obligation.position_count == 0, BallastError::ObligationNotEmpty);
    emit!(ObligationClosed {
        vault: obligation.vault,
        obligation: ctx.accounts.obligation.key(),
        owner: obligation.owner,
        rent_to: obligation.owner,
    });
    Ok(())
}
