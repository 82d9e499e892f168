//! `settle_claim`: closes the vote on a claim. Anyone, as soon as more than half of the weight says yes, or after the deadline.
//!
//! 1. A claim that passed lets `cover_loss` pay what it asked for, for seven days, in which stake cannot leave. Its bond goes back to a
//!    token account of its opener, if one is passed; otherwise it stays owed until `close_claim`, so that nobody's frozen or
//!    missing account holds stake back.
//! 2. A claim that failed gives its losses back to other claims; its bond is the stakers' income. Emits [`ClaimSettled`].

use crate::{
    error::{BallastError, Named},
    event::ClaimSettled,
    oracle::now,
    state::{ClaimAccount, FundAccount, Vault},
    tokens::Till,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::{fund::Approval, tally::Outcome, TokenAmount};

/// Accounts of `settle_claim`.
#[derive(Accounts)]
pub struct SettleClaim<'info> {
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// Its fund.
    #[account(mut)]
    pub fund: AccountLoader<'info, FundAccount>,
    /// The claim.
    #[account(mut)]
    pub claim: AccountLoader<'info, ClaimAccount>,
    /// The fund's mint.
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    /// The fund's token account.
    #[account(mut)]
    pub tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// A token account of the opener, for the bond of a claim that passed.
    #[account(mut)]
    pub opener_tokens: Option<Box<InterfaceAccount<'info, TokenAccount>>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<SettleClaim>) -> Result<()> {
    let accounts = ctx.accounts;
    let (now, fund_key) = (now(&Clock::get()?), accounts.fund.key());
    accounts.vault.load()?.check_version()?;
    let mut fund = accounts.fund.load_mut()?;
    fund.check(&accounts.vault.key())?;
    let mut claim = accounts.claim.load_mut()?;
    claim.check(&fund_key)?;

    let fund_before = fund.view();
    let mut ballot = *claim.ballot.as_risk();
    let passed = ballot.settle(claim.voters(), now).named()? == Outcome::Passed;
    claim.ballot = ballot.into();
    let mut books = fund.fund();
    let approval: Approval = books.close_claim(claim.value, passed, now).unwrap_or_default();
    claim.approval = approval.into();
    let (mut returned, mut kept) = (0, 0);
    match &accounts.opener_tokens {
        _ if !passed => {
            books.take_income(TokenAmount(claim.bond), now).named()?;
            kept = claim.bond;
        }
        Some(outside) => {
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
            returned = claim.bond;
        }
        None => (),
    }
    fund.books = books.into();
    let settled = returned.max(kept);
    fund.bonds = fund.bonds.checked_sub(settled).ok_or(BallastError::BooksDoNotHold)?;
    claim.bond = claim.bond.checked_sub(settled).ok_or(BallastError::BooksDoNotHold)?;
    emit!(ClaimSettled {
        fund: fund_key,
        claim: accounts.claim.key(),
        passed,
        in_favour: ballot.weight_in_favour(claim.voters()),
        weight: ballot.total,
        approved: approval.value,
        until: approval.until,
        bond_returned: returned,
        bond_kept: kept,
        fund_before,
        fund_after: fund.view(),
    });
    Ok(())
}
