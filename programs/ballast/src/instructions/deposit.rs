//! `deposit`: puts tokens into a reserve. No price is needed.
//!
//! 1. Only the owner, so that a stranger's dust cannot fill the obligation's slots.
//! 2. Refused where the obligation owes the same reserve, or 16 positions or 24 price accounts would be passed.
//! 3. Shares are rounded down; exactly `amount` must arrive. Emits [`PositionChanged`].

use crate::{
    error::{BallastError, Named},
    event::{PositionAction, PositionChanged},
    oracle::now,
    state::{Obligation, Reserve, Side, Vault},
    tokens::Till,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::TokenAmount;

/// Accounts of `deposit`.
#[derive(Accounts)]
pub struct Deposit<'info> {
    /// The obligation's owner.
    pub owner: Signer<'info>,
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// The obligation.
    #[account(mut, has_one = owner @ BallastError::NotOwner)]
    pub obligation: AccountLoader<'info, Obligation>,
    /// The reserve.
    #[account(mut)]
    pub reserve: AccountLoader<'info, Reserve>,
    /// Its mint.
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    /// Its token account.
    #[account(mut)]
    pub tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// Where the tokens come from.
    #[account(mut)]
    pub owner_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<Deposit>, amount: u64) -> Result<()> {
    let accounts = ctx.accounts;
    let vault_key = accounts.vault.key();
    accounts.vault.load()?.check_version()?;
    let mut obligation = accounts.obligation.load_mut()?;
    obligation.check(&vault_key)?;
    let mut reserve = accounts.reserve.load_mut()?;
    reserve.check(&vault_key)?;
    let mut till = Till {
        vault: &accounts.vault,
        mint: &accounts.mint,
        tokens: &mut accounts.tokens,
        outside: &accounts.owner_tokens,
        token_program: &accounts.token_program,
    };
    till.check(&reserve)?;

    let books_before = (&reserve.books).into();
    let mut ledger = reserve.accrued_ledger(now(&Clock::get()?));
    let shares = ledger.deposit_down(TokenAmount(amount)).named()?;
    let key = accounts.reserve.key();
    let shares_before = obligation.position(&key, Side::Deposit).map_or(0, |(_, shares)| shares);
    if obligation.add(&key, reserve.source.price_accounts(), Side::Deposit, shares.0)? {
        reserve.deposit_positions = reserve.deposit_positions.saturating_add(1);
    }
    till.take(TokenAmount(amount), &accounts.owner)?;
    reserve.store(ledger)?;
    emit!(PositionChanged {
        vault: vault_key,
        reserve: key,
        obligation: accounts.obligation.key(),
        actor: accounts.owner.key(),
        action: PositionAction::Deposit,
        amount,
        shares_before,
        shares_after: shares_before.saturating_add(shares.0),
        books_before,
        books_after: (&reserve.books).into(),
    });
    Ok(())
}
