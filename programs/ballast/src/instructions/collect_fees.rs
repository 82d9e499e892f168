//! `collect_fees`: pays a reserve's fees, in whole units and as far as they vested and tokens are free, to the vault's fee recipient.
//! Permissionless: the destination is fixed.
//!
//! 1. Only while vault and reserve are in Normal, and only fees that vested: what was earned in the last seven days bears losses.
//! 2. The receiving token account belongs to the fee recipient. Emits [`FeesCollected`].

use crate::{
    error::{BallastError, Named},
    event::FeesCollected,
    guard::{look_at_tokens, permission},
    oracle::now,
    state::{Reserve, Vault},
    tokens::Till,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::breaker::Action;

/// Accounts of `collect_fees`.
#[derive(Accounts)]
pub struct CollectFees<'info> {
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// The reserve.
    #[account(mut)]
    pub reserve: AccountLoader<'info, Reserve>,
    /// Its mint.
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    /// Its token account.
    #[account(mut)]
    pub tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// A token account of the fee recipient.
    #[account(mut)]
    pub recipient_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<CollectFees>) -> Result<()> {
    let accounts = ctx.accounts;
    let vault_key = accounts.vault.key();
    let clock = Clock::get()?;
    let vault = accounts.vault.load()?;
    vault.check_version()?;
    require_keys_eq!(accounts.recipient_tokens.owner, vault.fee_recipient, BallastError::WrongTokenAccount);
    let mut reserve = accounts.reserve.load_mut()?;
    reserve.check(&vault_key)?;
    let mut till = Till {
        vault: &accounts.vault,
        mint: &accounts.mint,
        tokens: &mut accounts.tokens,
        outside: &accounts.recipient_tokens,
        token_program: &accounts.token_program,
    };
    till.check(&reserve)?;
    look_at_tokens(&mut reserve, &accounts.reserve.key(), till.tokens, &clock)?;
    permission(Action::CollectFees, &vault, &reserve, now(&clock))?;
    let books_before = (&reserve.books).into();
    let mut ledger = reserve.bring_up(now(&clock));
    let mut vesting = *reserve.vesting.as_risk();
    let amount = vesting.collect_down(&mut ledger, now(&clock)).named()?;
    reserve.vesting = vesting.into();
    require!(!amount.is_zero(), BallastError::NoFees);
    reserve.store(ledger)?;
    till.pay(amount)?;
    emit!(FeesCollected {
        vault: vault_key,
        reserve: accounts.reserve.key(),
        amount: amount.0,
        books_before,
        books_after: (&reserve.books).into(),
    });
    Ok(())
}
