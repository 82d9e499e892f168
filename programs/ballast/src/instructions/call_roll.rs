//! `call_roll`: writes down which node identities the enrolled vote accounts name in this epoch. Anyone, in slices; a claim
//! opens once everybody who votes on it was called.
//!
//! 1. Remaining accounts: enrolled vote accounts, in any order. One that is not enrolled changes nothing and is no error, so that nobody who
//!    leaves makes a slice fail.
//! 2. One that is closed, or whose layout cannot be read, leaves the roll, so that it holds no claim up. Emits [`RollChanged`] each.

use crate::{
    error::{BallastError, Named},
    event::{RollAction, RollChanged},
    state::RollAccount,
    validators::{epoch, identity_of},
};
use anchor_lang::prelude::*;
use ballast_risk::roll;

/// Accounts of `call_roll`.
#[derive(Accounts)]
pub struct CallRoll<'info> {
    /// The fund's roll.
    #[account(mut)]
    pub roll: AccountLoader<'info, RollAccount>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, CallRoll<'info>>) -> Result<()> {
    let mut roll = ctx.accounts.roll.load_mut()?;
    roll.check_version()?;
    require!(!ctx.remaining_accounts.is_empty(), BallastError::WrongRemainingAccounts);
    let epoch = epoch(&Clock::get()?)?;
    for account in ctx.remaining_accounts {
        let vote_account = account.key();
        let before = roll.identity_of(&vote_account);
        if before == Pubkey::default() {
            continue;
        }
        let identity = identity_of(account);
        let named = identity.map(|key| key.to_bytes());
        roll::confirm(roll.seats_mut(), &vote_account.to_bytes(), named, epoch).named()?;
        emit!(RollChanged {
            fund: roll.fund,
            vote_account,
            action: if identity.is_some() { RollAction::Confirm } else { RollAction::Drop },
            identity_before: before,
            identity: identity.unwrap_or_default(),
            epoch: u64::from(epoch),
        });
    }
    Ok(())
}
