//! `close_claim`: closes the account of a claim that failed, or whose approval is used up or over. Anyone; rent and a bond that is still
//! owed go to the opener.
//!
//! 1. Where the bond is owed, a token account of the opener must be passed. Emits [`ClaimClosed`].

use crate::{
    error::BallastError,
    event::ClaimClosed,
    oracle::now,
    state::{ClaimAccount, FundAccount, Vault},
    tokens::Till,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::TokenAmount;

/// Accounts of `close_claim`.
#[derive(Accounts)]
pub struct CloseClaim<'info> {
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// Its fund.
    #[account(mut)]
    pub fund: AccountLoader<'info, FundAccount>,
    /// The claim.
    #[account(mut, close = opener, has_one = opener @ BallastError::NotTheOpener)]
    pub claim: AccountLoader<'info, ClaimAccount>,
    /// Who opened it; gets the rent.
    /// CHECK: the claim names it, and it only receives.
    #[account(mut)]
    pub opener: UncheckedAccount<'info>,
    /// The fund's mint.
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    /// The fund's token account.
    #[account(mut)]
    pub tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// A token account of the opener, where the bond is still owed.
    #[account(mut)]
    pub opener_tokens: Option<Box<InterfaceAccount<'info, TokenAccount>>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<CloseClaim>) -> Result<()> {
    let accounts = ctx.accounts;
    let fund_key = accounts.fund.key();
    accounts.vault.load()?.check_version()?;
    let mut fund = accounts.fund.load_mut()?;
    fund.check(&accounts.vault.key())?;
    let claim = accounts.claim.load()?;
    claim.check(&fund_key)?;
    let is_over = match claim.ballot.settled {
        1 => claim.approval.value == 0 || now(&Clock::get()?) > claim.approval.until,
        settled => settled != 0,
    };
    require!(is_over, BallastError::ClaimNotOver);
    let fund_before = fund.view();
    if claim.bond > 0 {
        let outside = accounts.opener_tokens.as_ref().ok_or(BallastError::BondOwed)?;
        require_keys_eq!(outside.owner, claim.opener, BallastError::WrongTokenAccount);
        let mut till = Till {
            vault: &accounts.vault,
            mint: &accounts.mint,
            tokens: &mut accounts.tokens,
            outside,
            token_program: &accounts.token_program,
        };
        till.check_fund(&fund)?;
        till.pay(TokenAmount(claim.bond))?;
        fund.bonds = fund.bonds.checked_sub(claim.bond).ok_or(BallastError::BooksDoNotHold)?;
    }
    emit!(ClaimClosed {
        fund: fund_key,
        claim: accounts.claim.key(),
        opener: claim.opener,
        bond_returned: claim.bond,
        fund_before,
        fund_after: fund.view(),
    });
    Ok(())
}
