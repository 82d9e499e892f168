//! `request_unstake`: asks to leave the insurance fund with some shares (`u64::MAX` for all), or with 0 to stay after all.
//!
//! 1. Only the owner. The cooldown of all shares that are leaving begins anew; they bear losses until they have left.
//! 2. Always possible: what a lock holds back is the leaving, not the asking. Emits [`StakeChanged`].

use crate::{
    error::{BallastError, Named},
    event::{StakeAction, StakeChanged},
    oracle::now,
    state::{FundAccount, StakeAccount},
};
use anchor_lang::prelude::*;
use ballast_risk::fund::StakeShares;

/// Accounts of `request_unstake`.
#[derive(Accounts)]
pub struct RequestUnstake<'info> {
    /// The stake's owner.
    pub owner: Signer<'info>,
    /// The fund.
    pub fund: AccountLoader<'info, FundAccount>,
    /// The stake.
    #[account(mut, has_one = owner @ BallastError::NotStakeOwner)]
    pub stake: AccountLoader<'info, StakeAccount>,
}

pub(crate) fn handler(ctx: Context<RequestUnstake>, shares: u64) -> Result<()> {
    let accounts = ctx.accounts;
    let fund = accounts.fund.load()?;
    fund.check_version()?;
    let mut stake = accounts.stake.load_mut()?;
    stake.check(&accounts.fund.key())?;
    let (books, before) = (fund.fund(), stake.stake);
    let next = match shares {
        0 => before.as_risk().stay(&books),
        _ => {
            let all = before.as_risk().in_era_of(&books).shares;
            let asked = StakeShares(if shares == u64::MAX { all } else { shares });
            before.as_risk().request(&books, asked, now(&Clock::get()?)).named()?
        }
    };
    stake.stake = next.into();
    let view = fund.view();
    emit!(StakeChanged {
        fund: stake.fund,
        stake: accounts.stake.key(),
        owner: stake.owner,
        action: StakeAction::Request,
        amount: 0,
        shares: [before.shares, next.shares],
        leaving: [before.leaving, next.leaving],
        fund_before: view,
        fund_after: view,
    });
    Ok(())
}
