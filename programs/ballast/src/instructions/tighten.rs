//! `tighten`: the guardian raises a breaker to Guarded or Halted, of the vault or of one reserve. It is the guardian's only power
//! over what users can do, and it is counted and expires.
//!
//! 1. Only the guardian, and only above the state that holds. WindDown is not the guardian's to enter.
//! 2. For at most eight hours at a time, three times in any seven days, for each breaker; a Halted is followed by a Guarded of
//!    the same length.
//! 3. With a reserve, its breaker; without, the vault's, which must be writable then.
//! 4. A transaction that advances a durable nonce is refused. Emits [`crate::event::BreakerChanged`].

use crate::{
    error::{BallastError, Named},
    governance::{refuse_durable_nonce, INSTRUCTIONS},
    guard::{apply, apply_to_vault, load_vault_mut},
    oracle::now,
    state::{Reserve, Vault},
};
use anchor_lang::prelude::*;
use ballast_risk::breaker::State;

/// How far a guardian raises a breaker.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TightenTo {
    /// No new borrowing, and leaving by daily shares.
    Guarded,
    /// Also no deposits and no withdrawal with debt.
    Halted,
}

impl From<TightenTo> for State {
    fn from(to: TightenTo) -> Self {
        match to {
            TightenTo::Guarded => Self::Guarded,
            TightenTo::Halted => Self::Halted,
        }
    }
}

/// Accounts of `tighten`.
#[derive(Accounts)]
pub struct Tighten<'info> {
    /// The vault; writable where its own breaker is raised.
    #[account(has_one = guardian @ BallastError::NotGuardian)]
    pub vault: AccountLoader<'info, Vault>,
    /// The vault's guardian.
    pub guardian: Signer<'info>,
    /// The reserve whose breaker is raised; none for the vault's.
    #[account(mut)]
    pub reserve: Option<AccountLoader<'info, Reserve>>,
    /// CHECK: the instructions sysvar, by its address.
    #[account(address = INSTRUCTIONS)]
    pub instructions: UncheckedAccount<'info>,
}

pub(crate) fn handler(ctx: Context<Tighten>, to: TightenTo, seconds: u64) -> Result<()> {
    let accounts = ctx.accounts;
    refuse_durable_nonce(&accounts.instructions)?;
    let now = now(&Clock::get()?);
    let key = accounts.vault.key();
    accounts.vault.load()?.check_version()?;
    match &accounts.reserve {
        Some(account) => {
            let mut reserve = account.load_mut()?;
            reserve.check(&key)?;
            let transition = reserve.breaker.as_risk().tighten(to.into(), seconds, now).named()?;
            apply(&mut reserve, &account.key(), &transition);
        }
        None => {
            let mut vault = load_vault_mut(&accounts.vault)?;
            let transition = vault.breaker.as_risk().tighten(to.into(), seconds, now).named()?;
            apply_to_vault(&mut vault, &key, &transition);
        }
    }
    Ok(())
}
