//! `step_breaker`: writes down the steps that time has taken: Halted to Guarded to Normal. Permissionless; nothing waits for
//! it, since every instruction asks what holds now.
//!
//! 1. With a reserve, its breaker; without, the vault's, which must be writable then.
//! 2. Refused while the state has not expired. WindDown does not expire. Emits [`crate::event::BreakerChanged`].

use crate::{
    error::Named,
    guard::{apply, apply_to_vault, load_vault_mut},
    oracle::now,
    state::{Reserve, Vault},
};
use anchor_lang::prelude::*;

/// Accounts of `step_breaker`.
#[derive(Accounts)]
pub struct StepBreaker<'info> {
    /// The vault; writable where its own breaker steps down.
    pub vault: AccountLoader<'info, Vault>,
    /// The reserve whose breaker steps down.
    #[account(mut)]
    pub reserve: Option<AccountLoader<'info, Reserve>>,
}

pub(crate) fn handler(ctx: Context<StepBreaker>) -> Result<()> {
    let now = now(&Clock::get()?);
    let key = ctx.accounts.vault.key();
    ctx.accounts.vault.load()?.check_version()?;
    match &ctx.accounts.reserve {
        Some(account) => {
            let mut reserve = account.load_mut()?;
            reserve.check(&key)?;
            let transition = reserve.breaker.as_risk().step(now).named()?;
            apply(&mut reserve, &account.key(), &transition);
        }
        None => {
            let mut vault = load_vault_mut(&ctx.accounts.vault)?;
            let transition = vault.breaker.as_risk().step(now).named()?;
            apply_to_vault(&mut vault, &key, &transition);
        }
    }
    Ok(())
}
