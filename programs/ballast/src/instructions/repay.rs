//! `repay`: pays a debt back; `u64::MAX`, or more than is owed, means all. Anyone may pay for anyone. No price is needed and
//! no guard stops it.
//!
//! 1. Debt shares are rounded down; all of the debt costs what it owes rounded up.
//! 2. Exactly the amount must arrive. Emits [`PositionChanged`].

use crate::{
    error::Named,
    event::{PositionAction, PositionChanged},
    guard::look_at_tokens,
    instructions::position::remove_shares,
    oracle::now,
    state::{Obligation, Reserve, Side, Vault},
    tokens::Till,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::{DebtShares, TokenAmount};

/// Accounts of `repay`.
#[derive(Accounts)]
pub struct Repay<'info> {
    /// Who pays; not necessarily the owner.
    pub payer: Signer<'info>,
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// The obligation.
    #[account(mut)]
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
    pub payer_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<Repay>, amount: u64) -> Result<()> {
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
        outside: &accounts.payer_tokens,
        token_program: &accounts.token_program,
    };
    till.check(&reserve)?;

    let key = accounts.reserve.key();
    let clock = Clock::get()?;
    look_at_tokens(&mut reserve, &key, till.tokens, &clock)?;
    let (index, shares_before) = obligation.position(&key, Side::Debt)?;
    let books_before = (&reserve.books).into();
    let mut ledger = reserve.bring_up(now(&clock));
    let (paid, shares) = ledger.repay_down(TokenAmount(amount), DebtShares(shares_before)).named()?;
    remove_shares(&mut obligation, &mut reserve, index, Side::Debt, shares.0, audit)?;
    let (flows, rules) = (reserve.flows.as_risk(), reserve.flow_rules.as_risk());
    reserve.flows = flows.repay(rules, ledger.total_deposits_down(), paid, now(&clock)).into();
    till.take(paid, &accounts.payer)?;
    reserve.store(ledger)?;
    emit!(PositionChanged {
        vault: vault_key,
        reserve: key,
        obligation: accounts.obligation.key(),
        actor: accounts.payer.key(),
        action: PositionAction::Repay,
        amount: paid.0,
        shares_before,
        shares_after: shares_before.saturating_sub(shares.0),
        books_before,
        books_after: (&reserve.books).into(),
    });
    Ok(())
}
