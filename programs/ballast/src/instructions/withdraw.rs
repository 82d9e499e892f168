//! `withdraw`: takes tokens out of a deposit; `u64::MAX` for all of it.
//!
//! 1. Only the owner. Shares are rounded up; exactly the amount must leave.
//! 2. Without debt no price is needed and no remaining account is read.
//! 3. With debt: remaining accounts are the reserves of the positions that stay, in order; every price is at most 10 s old
//!    and certain; equity afterwards is at least `R_init` at conservative prices. No tranche in the same slot.
//! 4. Emits [`PositionChanged`].

use crate::{
    book::{Book, Valuation},
    error::{BallastError, Named},
    event::{PositionAction, PositionChanged},
    instructions::position::{remove_shares, MovePosition},
    oracle::now,
    state::Side,
    tokens::Till,
};
use anchor_lang::prelude::*;
use ballast_risk::{score::opening_score, DepositShares, TokenAmount};

pub(crate) fn handler<'info>(ctx: Context<'info, MovePosition<'info>>, amount: u64) -> Result<()> {
    let accounts = ctx.accounts;
    let clock = Clock::get()?;
    let vault_key = accounts.vault.key();
    let audit = accounts.vault.load()?.checked_audit()?;
    let key = accounts.reserve.key();
    let mut till = Till {
        vault: &accounts.vault,
        mint: &accounts.mint,
        tokens: &mut accounts.tokens,
        outside: &accounts.owner_tokens,
        token_program: &accounts.token_program,
    };

    let mut obligation = accounts.obligation.load_mut()?;
    obligation.check(&vault_key)?;
    let (index, shares_before) = obligation.position(&key, Side::Deposit)?;
    let (paid, shares, books_before, books_after) = {
        let mut reserve = accounts.reserve.load_mut()?;
        reserve.check(&vault_key)?;
        till.check(&reserve)?;
        let books_before = (&reserve.books).into();
        let mut ledger = reserve.accrued_ledger(now(&clock));
        let free = ledger.free_tokens;
        let held = DepositShares(shares_before);
        let wanted = if amount == u64::MAX { ledger.deposit_amount_down(held) } else { TokenAmount(amount) };
        require!(
            wanted <= free || wanted > ledger.deposit_amount_down(held),
            BallastError::InsufficientLiquidity
        );
        let (paid, shares) = ledger.withdraw_up(TokenAmount(amount), held).named()?;
        remove_shares(&mut obligation, &mut reserve, index, Side::Deposit, shares.0, audit)?;
        reserve.store(ledger)?;
        (paid, shares, books_before, (&reserve.books).into())
    };
    if obligation.has_debt() {
        obligation.last_risk_slot = clock.slot;
        let vault = accounts.vault.load()?;
        let model = &vault.model_at(now(&clock));
        let book = Book::load(&obligation, ctx.remaining_accounts, model, Valuation::Opening, &clock)?;
        let score = opening_score(model, book.exposures()).named()?;
        require!(score.is_healthy(), BallastError::BelowOpeningRequirement);
    }
    till.pay(paid)?;
    emit!(PositionChanged {
        vault: vault_key,
        reserve: key,
        obligation: accounts.obligation.key(),
        actor: accounts.owner.key(),
        action: PositionAction::Withdraw,
        amount: paid.0,
        shares_before,
        shares_after: shares_before.saturating_sub(shares.0),
        books_before,
        books_after,
    });
    Ok(())
}
