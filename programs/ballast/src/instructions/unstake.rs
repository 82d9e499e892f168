//! `unstake`: leaves the insurance fund with all shares that asked to.
//!
//! 1. Only the owner, to a token account of the owner, so that none of another vault is ever touched; after the cooldown and within
//!    the window. Time in which stake was locked counts for the cooldown and not against the window.
//! 2. Refused while a claim is open, while a loss is fresh, and while what a claim approved is still to be paid.
//! 3. Pays what the shares are worth, rounded down; exactly that must leave. Emits [`StakeChanged`].

use crate::{
    error::{BallastError, Named},
    event::{StakeAction, StakeChanged},
    oracle::now,
    state::{FundAccount, StakeAccount, Vault},
    tokens::Till,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};

/// Accounts of `unstake`.
#[derive(Accounts)]
pub struct Unstake<'info> {
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
    /// The fund's mint.
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    /// The fund's token account.
    #[account(mut)]
    pub tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// Where the tokens go: a token account of the owner.
    #[account(mut)]
    pub owner_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<Unstake>) -> Result<()> {
    let accounts = ctx.accounts;
    accounts.vault.load()?.check_version()?;
    require_keys_eq!(accounts.owner_tokens.owner, accounts.owner.key(), BallastError::WrongTokenAccount);
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

    let (before, fund_before) = (stake.stake, fund.view());
    let mut books = fund.fund();
    let rules = *fund.rules.as_risk();
    let (next, paid) = before.as_risk().leave(&mut books, &rules, now(&Clock::get()?)).named()?;
    stake.stake = next.into();
    fund.books = books.into();
    till.pay(paid)?;
    emit!(StakeChanged {
        fund: fund_key,
        stake: accounts.stake.key(),
        owner: stake.owner,
        action: StakeAction::Unstake,
        amount: paid.0,
        shares: [before.shares, next.shares],
        leaving: [before.leaving, next.leaving],
        fund_before,
        fund_after: fund.view(),
    });
    Ok(())
}
