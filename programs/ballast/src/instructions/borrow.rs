//! `borrow`: lends tokens against the obligation.
//!
//! 1. Only the owner; the reserve is borrowable; the obligation holds no deposit of it. Vault and reserve are in Normal, and
//!    deposits of reserves that are not count nothing.
//! 2. The reserve's debt cap, its share of market depth, its utilisation cap (at most 95 %) and its outflow bucket have room; the debt
//!    is worth at least the vault's smallest debt afterwards.
//! 3. Remaining accounts: the reserves of all positions as they are after the borrow, in order (a new debt comes last).
//!    Every price is at most 10 s old and certain; equity afterwards is at least `R_init`, gross and
//!    LTV stay below the vault's caps. No tranche in the same slot.
//! 4. Debt shares are rounded up; exactly `amount` must leave. Emits [`PositionChanged`].

use crate::{
    book::{Book, Valuation},
    error::{BallastError, Named},
    event::{PositionAction, PositionChanged},
    guard::{look_at_tokens, permission, refuse_deficit},
    instructions::position::{add_shares, MovePosition},
    oracle::now,
    state::{Reserve, Side},
    tokens::Till,
};
use anchor_lang::prelude::*;
use ballast_risk::{
    breaker::Action, reserve::Ledger, score::opening_score, DebtShares, Seconds, TokenAmount,
};

pub(crate) fn handler<'info>(ctx: Context<'info, MovePosition<'info>>, amount: u64) -> Result<()> {
    let accounts = ctx.accounts;
    let clock = Clock::get()?;
    let vault_key = accounts.vault.key();
    let vault = accounts.vault.load()?;
    vault.check_version()?;
    let key = accounts.reserve.key();
    require_keys_eq!(accounts.owner_tokens.owner, accounts.owner.key(), BallastError::WrongTokenAccount);
    let mut till = Till {
        vault: &accounts.vault,
        mint: &accounts.mint,
        tokens: &mut accounts.tokens,
        outside: &accounts.owner_tokens,
        token_program: &accounts.token_program,
    };

    let mut obligation = accounts.obligation.load_mut()?;
    obligation.check(&vault_key)?;
    let shares_before = obligation.position(&key, Side::Debt).map_or(0, |(_, shares)| shares);
    let (shares_after, books_before, books_after) = {
        let mut reserve = accounts.reserve.load_mut()?;
        reserve.check(&vault_key)?;
        till.check(&reserve)?;
        require!(reserve.borrowable == 1, BallastError::NotBorrowable);
        permission(Action::Borrow, &vault, &reserve, now(&clock))?;
        refuse_deficit(&reserve, till.tokens)?;
        look_at_tokens(&mut reserve, &key, till.tokens, &clock)?;
        let books_before = (&reserve.books).into();
        let mut ledger = reserve.bring_up(now(&clock));
        require!(amount <= ledger.free_tokens.0, BallastError::InsufficientLiquidity);
        let shares = ledger.borrow_up(TokenAmount(amount)).named()?;
        bound(&mut reserve, &ledger, TokenAmount(amount), now(&clock))?;
        add_shares(&mut obligation, &mut reserve, &key, Side::Debt, shares.0, vault.audit)?;
        let shares_after = shares_before.checked_add(shares.0).ok_or(BallastError::Overflow)?;
        let owed = ledger.debt_amount_up(DebtShares(shares_after));
        let value = reserve.prices().spot.value_down(owed);
        require!(value.positive_part() >= u128::from(vault.rules.minimum_debt), BallastError::DebtTooSmall);
        reserve.store(ledger)?;
        (shares_after, books_before, (&reserve.books).into())
    };
    obligation.last_risk_slot = clock.slot;
    let model = &vault.model_at(now(&clock));
    let book = Book::load(&obligation, ctx.remaining_accounts, model, Valuation::Opening, &clock)?;
    let score = opening_score(model, book.exposures()).named()?;
    require!(score.is_healthy(), BallastError::BelowOpeningRequirement);
    vault.caps.as_risk().check_opening(&score).named()?;
    till.pay(TokenAmount(amount))?;
    emit!(PositionChanged {
        vault: vault_key,
        reserve: key,
        obligation: accounts.obligation.key(),
        actor: accounts.owner.key(),
        action: PositionAction::Borrow,
        amount,
        shares_before,
        shares_after,
        books_before,
        books_after,
    });
    Ok(())
}

/// Refuses what the reserve's caps or its outflow bucket have no room for. `after`: the books with the new debt.
fn bound(reserve: &mut Reserve, after: &Ledger, amount: TokenAmount, now: Seconds) -> Result<()> {
    let debt = after.total_debt_up();
    let value = reserve.prices().high.value_up(debt);
    reserve.caps.as_risk().check_debt(debt, value, reserve.curve.depth, after.free_tokens).named()?;
    let (flows, rules) = (reserve.flows.as_risk(), reserve.flow_rules.as_risk());
    reserve.flows = flows.borrow(rules, after.total_deposits_down(), amount, now).named()?.into();
    Ok(())
}
