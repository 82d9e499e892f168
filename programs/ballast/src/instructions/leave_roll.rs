//! `leave_roll`: takes a vote account off the roll of a fund.
//!
//! 1. Signed by the node identity that the vote account names now. Claims that are open keep their voters. Emits [`RollChanged`].

use crate::{
    error::Named,
    event::{RollAction, RollChanged},
    instructions::enroll_validator::MoveEnrolment,
    validators::check_identity,
};
use anchor_lang::prelude::*;
use ballast_risk::roll;

pub(crate) fn handler(ctx: Context<MoveEnrolment>) -> Result<()> {
    let accounts = ctx.accounts;
    check_identity(&accounts.vote_account, &accounts.identity)?;
    let mut roll = accounts.roll.load_mut()?;
    roll.check_version()?;
    let vote_account = accounts.vote_account.key();
    let before = roll.identity_of(&vote_account);
    roll::leave(roll.seats_mut(), &vote_account.to_bytes()).named()?;
    emit!(RollChanged {
        fund: roll.fund,
        vote_account,
        action: RollAction::Leave,
        identity_before: before,
        identity: Pubkey::default(),
        epoch: Clock::get()?.epoch,
    });
    Ok(())
}
