//! `withdraw`: takes tokens out of a deposit; `u64::MAX` for all of it.
//!
//! 1. Only the owner, to a token account of the owner, so that none of another vault is ever touched. Shares are rounded up; exactly the amount must leave.
//! 2. Without debt no price is needed and no remaining account is read, and it is possible in every breaker state: in Normal by
//!    the outflow bucket or the own daily share, in Guarded and Halted by that share, in WindDown pro rata of what is free.
//! 3. With debt: remaining accounts are the reserves of the positions that stay, in order; every price is at most 10 s old
//!    and certain; equity afterwards is at least `R_init` at conservative prices, counting no deposit that a breaker does not lend
//!    against; gross and LTV stay below the vault's caps. No tranche in the same slot. Refused in Halted and WindDown.
//! 4. Emits [`PositionChanged`].

use crate::{
    book::{Book, Valuation},
    error::{BallastError, Named},
    event::{PositionAction, PositionChanged},
    guard::{look_at_tokens, permission, restriction},
    instructions::position::{remove_shares, MovePosition},
    oracle::now,
    state::Side,
    tokens::Till,
};
use anchor_lang::prelude::*;
use ballast_risk::{
    breaker::Action,
    bucket::{Exit, ExitRule},
    score::opening_score,
    DepositShares, TokenAmount,
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
    let (index, shares_before) = obligation.position(&key, Side::Deposit)?;
    let (paid, shares, books_before, books_after) = {
        let mut reserve = accounts.reserve.load_mut()?;
        reserve.check(&vault_key)?;
        till.check(&reserve)?;
        // first, so that a deficit which nobody has shown yet counts already
        look_at_tokens(&mut reserve, &key, till.tokens, &clock)?;
        let action = if obligation.has_debt() { Action::WithdrawWithDebt } else { Action::WithdrawDebtFree };
        let allowed = permission(action, &vault, &reserve, now(&clock))?;
        let rule = ExitRule::new(allowed, restriction(&vault, &reserve, now(&clock))).named()?;
        let books_before = (&reserve.books).into();
        let mut ledger = reserve.bring_up(now(&clock));
        let (free, total, deposits) =
            (ledger.free_tokens, ledger.deposit_shares, ledger.total_deposits_down());
        let held = DepositShares(shares_before);
        let wanted = if amount == u64::MAX { ledger.deposit_amount_down(held) } else { TokenAmount(amount) };
        require!(
            wanted <= free || wanted > ledger.deposit_amount_down(held),
            BallastError::InsufficientLiquidity
        );
        let (paid, shares) = ledger.withdraw_up(TokenAmount(amount), held).named()?;
        let exit = Exit { rule, amount: paid, shares, held, total, deposits, free };
        let (flows, rules) = (reserve.flows.as_risk(), reserve.flow_rules.as_risk());
        let flow = obligation.flow(&key);
        let moved = flows.withdraw(rules, flow.as_risk(), &exit, now(&clock)).named()?;
        reserve.flows = moved.flows.into();
        remove_shares(&mut obligation, &mut reserve, index, Side::Deposit, shares.0, vault.audit)?;
        obligation.set_flow(&key, moved.position.into());
        reserve.store(ledger)?;
        (paid, shares, books_before, (&reserve.books).into())
    };
    if obligation.has_debt() {
        obligation.last_risk_slot = clock.slot;
        let model = &vault.model_at(now(&clock));
        let book = Book::load(&obligation, ctx.remaining_accounts, model, Valuation::Opening, &clock)?;
        let score = opening_score(model, book.exposures()).named()?;
        require!(score.is_healthy(), BallastError::BelowOpeningRequirement);
        vault.caps.as_risk().check_opening(&score).named()?;
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
