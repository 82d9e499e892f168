//! `refresh_obligation`: scores an obligation at its reserves' prices and stores the result for readers. Permissionless.
//!
//! 1. Remaining accounts: the reserves of its positions, in its order.
//! 2. No price is refused: stale ones count in the borrower's favour, as in a liquidation. No other instruction reads the
//!    stored numbers. Emits [`ObligationRefreshed`].

use crate::{
    book::{Book, Valuation},
    error::Named,
    event::ObligationRefreshed,
    oracle::now,
    state::{Obligation, Vault},
};
use anchor_lang::prelude::*;
use ballast_risk::score::score;

/// Accounts of `refresh_obligation`.
#[derive(Accounts)]
pub struct RefreshObligation<'info> {
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// The obligation.
    #[account(mut)]
    pub obligation: AccountLoader<'info, Obligation>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, RefreshObligation<'info>>) -> Result<()> {
    let clock = Clock::get()?;
    let vault = ctx.accounts.vault.load()?;
    vault.check_version()?;
    let mut obligation = ctx.accounts.obligation.load_mut()?;
    obligation.check(&ctx.accounts.vault.key())?;
    let model = &vault.model_at(now(&clock));
    let book = Book::load(&obligation, ctx.remaining_accounts, model, Valuation::Maintenance, &clock)?;
    let score = score(model, book.exposures()).named()?;
    let (equity_before, requirement_before) = (obligation.equity, obligation.requirement);
    obligation.refreshed_slot = clock.slot;
    obligation.collateral = score.collateral.clamp_u64();
    obligation.debt = score.debt.clamp_u64();
    obligation.equity = score.equity().clamp_i64();
    obligation.requirement = score.requirement.clamp_u64();
    emit!(ObligationRefreshed {
        obligation: ctx.accounts.obligation.key(),
        equity_before,
        requirement_before,
        collateral: obligation.collateral,
        debt: obligation.debt,
        equity: obligation.equity,
        requirement: obligation.requirement,
        worst_row: score.worst_row,
        stale_positions: book.stale as u8,
    });
    Ok(())
}
