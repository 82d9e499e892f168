//! `collect_insurance`: turns what the reserve of the fund's mint holds as insurance in kind, beyond its target, into income of the
//! stakers, which comes to them over seven days. Permissionless: the destination is fixed.
//!
//! 1. Only of the reserve of the fund's own mint, so that nothing is ever swapped: see `docs/decisions/011`.
//! 2. Only while the breakers of vault and reserve are Normal and no token is missing, as far as tokens are free. A reserve keeps its target of the debt that
//!    it has, and of the fading memory of the debt that it had: repaying for a moment frees nothing.
//! 3. Nothing to collect is no error: the debt is remembered. Exactly what leaves the reserve arrives in the fund. Emits
//!    [`InsuranceCollected`].

use crate::{
    error::{BallastError, Named},
    event::InsuranceCollected,
    guard::look_at_tokens,
    oracle::now,
    state::{FundAccount, Reserve, Vault},
    tokens::Till,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::breaker::{allows, Action};

/// Accounts of `collect_insurance`.
#[derive(Accounts)]
pub struct CollectInsurance<'info> {
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// Its fund.
    #[account(mut)]
    pub fund: AccountLoader<'info, FundAccount>,
    /// The reserve of the fund's mint.
    #[account(mut)]
    pub reserve: AccountLoader<'info, Reserve>,
    /// The mint of both.
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    /// The reserve's token account.
    #[account(mut)]
    pub tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The fund's token account.
    #[account(mut)]
    pub fund_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<CollectInsurance>) -> Result<()> {
    let accounts = ctx.accounts;
    let clock = Clock::get()?;
    let now = now(&clock);
    let (vault_key, reserve_key) = (accounts.vault.key(), accounts.reserve.key());
    let mut fund = accounts.fund.load_mut()?;
    fund.check(&vault_key)?;
    require_keys_eq!(accounts.fund_tokens.key(), fund.token_account, BallastError::WrongTokenAccount);
    let mut reserve = accounts.reserve.load_mut()?;
    fund.see_price(&reserve_key, &reserve)?;
    let mut till = Till {
        vault: &accounts.vault,
        mint: &accounts.mint,
        tokens: &mut accounts.tokens,
        outside: &accounts.fund_tokens,
        token_program: &accounts.token_program,
    };
    till.check(&reserve)?;
    // first, so that a deficit which nobody has shown yet counts already
    look_at_tokens(&mut reserve, &reserve_key, till.tokens, &clock)?;
    {
        let vault = accounts.vault.load()?;
        vault.check_version()?;
        let states = (vault.breaker.as_risk().state_at(now), reserve.breaker.as_risk().state_at(now));
        let permission = allows(Action::CollectFees, states.0, states.1);
        require!(permission.is_allowed(), BallastError::NotInThisState);
    }

    let (books_before, fund_before) = ((&reserve.books).into(), fund.view());
    let mut ledger = reserve.bring_up(now);
    let mut gate = *reserve.gate.as_risk();
    let amount = gate.collect_down(&mut ledger, reserve.split.as_risk(), now).named()?;
    reserve.store(ledger)?;
    if !amount.is_zero() {
        let mut books = fund.fund();
        books.take_income(amount, now).named()?;
        fund.books = books.into();
        till.pay(amount)?;
        let held = accounts.fund_tokens.amount;
        accounts.fund_tokens.reload()?;
        let arrived = accounts.fund_tokens.amount.checked_sub(held);
        require!(arrived == Some(amount.0), BallastError::TokensDoNotReconcile);
    }
    emit!(InsuranceCollected {
        vault: vault_key,
        fund: accounts.fund.key(),
        reserve: reserve_key,
        amount: amount.0,
        debt: gate.debt,
        fund_before,
        fund_after: fund.view(),
        books_before,
        books_after: (&reserve.books).into(),
    });
    Ok(())
}
