//! `enroll_validator`: puts a vote account on the roll of a fund.
//!
//! 1. Signed by the node identity that the vote account names now; the account is owned by the vote program.
//! 2. It needs a ten-thousandth of the cluster's active stake; where no seat is free, more than the smallest, whose successor it
//!    becomes. See `docs/decisions/012`.
//! 3. It votes on claims that open two epochs later at the earliest. Enrolling again moves neither seat nor epoch. Emits
//!    [`RollChanged`].

use crate::{
    error::Named,
    event::{RollAction, RollChanged},
    state::RollAccount,
    validators::{check_identity, epoch, Cluster},
};
use anchor_lang::prelude::*;
use ballast_risk::roll;

/// Accounts of `enroll_validator` and `leave_roll`.
#[derive(Accounts)]
pub struct MoveEnrolment<'info> {
    /// The node identity that the vote account names.
    pub identity: Signer<'info>,
    /// The fund's roll.
    #[account(mut)]
    pub roll: AccountLoader<'info, RollAccount>,
    /// The vote account.
    /// CHECK: its owner and layout are checked where its identity is read.
    pub vote_account: UncheckedAccount<'info>,
}

pub(crate) fn handler(ctx: Context<MoveEnrolment>) -> Result<()> {
    let accounts = ctx.accounts;
    check_identity(&accounts.vote_account, &accounts.identity)?;
    let mut roll = accounts.roll.load_mut()?;
    roll.check_version()?;
    let (vote_account, identity) = (accounts.vote_account.key(), accounts.identity.key());
    let epoch = epoch(&Clock::get()?)?;
    let before = roll.identity_of(&vote_account);
    roll::enroll(roll.seats_mut(), vote_account.to_bytes(), identity.to_bytes(), epoch, &Cluster).named()?;
    emit!(RollChanged {
        fund: roll.fund,
        vote_account,
        action: RollAction::Enrol,
        identity_before: before,
        identity,
        epoch: u64::from(epoch),
    });
    Ok(())
}
