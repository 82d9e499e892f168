//! `stake_insurance`: stakes tokens in a vault's insurance fund.
//!
//! 1. Takes exactly what the shares cost, less than a share's worth below `amount`; that must arrive.
//! 2. Only the owner. The shares have no part in income that came before. Nothing but income and payments moves the worth of a share:
//!    tokens sent to the fund's account do not.
//! 3. The fund sees the newest price of its mint. Emits [`StakeChanged`].

use crate::{
    error::{BallastError, Named},
    event::{StakeAction, StakeChanged},
    oracle::now,
    state::{FundAccount, Reserve, StakeAccount, Vault},
    tokens::Till,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::TokenAmount;

/// Accounts of `stake_insurance`.
#[derive(Accounts)]
pub struct StakeInsurance<'info> {
    /// The stake's owner.
    pub owner: Signer<'info>,
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// Its fund.
    #[account(mut)]
    pub fund: AccountLoader<'info, FundAccount>,
    /// The stake.
    #[account(mut, has_one = owner @ BallastError::NotStakeOwner)]
    pub stake: AccountLoader<'info, StakeAccount>,
    /// The reserve of the fund's mint.
    pub reserve: AccountLoader<'info, Reserve>,
    /// The fund's mint.
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    /// The fund's token account.
    #[account(mut)]
    pub tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The owner's token account.
    #[account(mut)]
    pub owner_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<StakeInsurance>, amount: u64) -> Result<()> {
    let accounts = ctx.accounts;
    accounts.vault.load()?.check_version()?;
    let fund_key = accounts.fund.key();
    let mut fund = accounts.fund.load_mut()?;
    fund.check(&accounts.vault.key())?;
    let mut stake = accounts.stake.load_mut()?;
    stake.check(&fund_key)?;
    let mut till = Till {
        vault: &accounts.vault,
        mint: &accounts.mint,
        tokens: &mut accounts.tokens,
        outside: &accounts.owner_tokens,
        token_program: &accounts.token_program,
    };
    till.check_fund(&fund)?;
    fund.see_price(&accounts.reserve.key(), &*accounts.reserve.load()?)?;

    let (before, fund_before) = (stake.stake, fund.view());
    let mut books = fund.fund();
    let (next, cost) =
        before.as_risk().stake(&mut books, TokenAmount(amount), now(&Clock::get()?)).named()?;
    stake.stake = next.into();
    fund.books = books.into();
    till.take(cost, &accounts.owner)?;
    emit!(StakeChanged {
        fund: fund_key,
        stake: accounts.stake.key(),
        owner: stake.owner,
        action: StakeAction::Stake,
        amount: cost.0,
        shares: [before.shares, next.shares],
        leaving: [before.leaving, next.leaving],
        fund_before,
        fund_after: fund.view(),
    });
    Ok(())
}
