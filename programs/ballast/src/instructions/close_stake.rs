//! `close_stake`: closes a stake without shares; its rent goes back to the owner.
//!
//! 1. Only the owner; no shares, unless of an era in which all stakes were lost. Emits [`StakeChanged`].

use crate::{
    error::BallastError,
    event::{StakeAction, StakeChanged},
    state::{FundAccount, StakeAccount},
};
use anchor_lang::prelude::*;

/// Accounts of `close_stake`.
#[derive(Accounts)]
pub struct CloseStake<'info> {
    /// The owner; gets the rent.
    #[account(mut)]
    pub owner: Signer<'info>,
    /// The fund.
    pub fund: AccountLoader<'info, FundAccount>,
    /// The stake.
    #[account(mut, close = owner, has_one = owner @ BallastError::NotStakeOwner)]
    pub stake: AccountLoader<'info, StakeAccount>,
}

pub(crate) fn handler(ctx: Context<CloseStake>) -> Result<()> {
    let fund = ctx.accounts.fund.load()?;
    fund.check_version()?;
    let stake = ctx.accounts.stake.load()?;
    stake.check(&ctx.accounts.fund.key())?;
    let before = stake.stake;
    let now = before.as_risk().in_era_of(&fund.fund());
    require!(now.shares == 0 && now.leaving == 0, BallastError::StakeNotEmpty);
    let view = fund.view();
    emit!(StakeChanged {
        fund: stake.fund,
        stake: ctx.accounts.stake.key(),
        owner: stake.owner,
        action: StakeAction::Close,
        amount: 0,
        shares: [before.shares, 0],
        leaving: [before.leaving, 0],
        fund_before: view,
        fund_after: view,
    });
    Ok(())
}
