//! `deposit`: puts tokens into a reserve. No price is needed.
//!
//! 1. Only the owner, so that a stranger's dust cannot fill the obligation's slots.
//! 2. Refused where the obligation owes the same reserve, or 16 positions or 24 price accounts would be passed.
//! 3. Shares are rounded down; exactly `amount` must arrive. Emits [`PositionChanged`].

use crate::{
    error::Named,
    event::{PositionAction, PositionChanged},
    instructions::position::{add_shares, MovePosition},
    oracle::now,
    state::Side,
    tokens::Till,
};
use anchor_lang::prelude::*;
use ballast_risk::TokenAmount;

pub(crate) fn handler(ctx: Context<MovePosition>, amount: u64) -> Result<()> {
    let accounts = ctx.accounts;
    let vault_key = accounts.vault.key();
    let audit = accounts.vault.load()?.checked_audit()?;
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
    add_shares(&mut obligation, &mut reserve, &key, Side::Deposit, shares.0, audit)?;
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
