//! `open_stake`: opens an account of the signer in a vault's insurance fund.
//!
//! 1. Its address is `["stake", fund, owner]`. Emits [`StakeChanged`].

use crate::{
    constants::*,
    event::{StakeAction, StakeChanged},
    state::{FundAccount, StakeAccount},
};
use anchor_lang::prelude::*;

/// Accounts of `open_stake`.
#[derive(Accounts)]
pub struct OpenStake<'info> {
    /// The owner; pays the rent.
    #[account(mut)]
    pub owner: Signer<'info>,
    /// The fund.
    pub fund: AccountLoader<'info, FundAccount>,
    /// The new stake.
    #[account(
        init, payer = owner, space = StakeAccount::SPACE,
        seeds = [STAKE_SEED, fund.key().as_ref(), owner.key().as_ref()], bump
    )]
    pub stake: AccountLoader<'info, StakeAccount>,
    /// Creates the account.
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<OpenStake>) -> Result<()> {
    let fund = ctx.accounts.fund.load()?;
    fund.check_version()?;
    let mut stake = ctx.accounts.stake.load_init()?;
    stake.version = STATE_VERSION;
    stake.bump = ctx.bumps.stake;
    stake.fund = ctx.accounts.fund.key();
    stake.owner = ctx.accounts.owner.key();
    let view = fund.view();
    emit!(StakeChanged {
        fund: stake.fund,
        stake: ctx.accounts.stake.key(),
        owner: stake.owner,
        action: StakeAction::Open,
        amount: 0,
        shares: [0; 2],
        leaving: [0; 2],
        fund_before: view,
        fund_after: view,
    });
    Ok(())
}
