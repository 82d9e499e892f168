//! `vote_claim`: a node identity says yes or no to a claim, for all vote accounts that were stored with it.
//!
//! 1. Signed by an identity that was stored when the claim opened. It may change its mind until the claim is settled or its time is
//!    over; voting twice counts once. Not voting is voting no. Emits [`ClaimVoted`].

use crate::{error::Named, event::ClaimVoted, oracle::now, state::ClaimAccount};
use anchor_lang::prelude::*;

/// Accounts of `vote_claim`.
#[derive(Accounts)]
pub struct VoteClaim<'info> {
    /// The node identity.
    pub identity: Signer<'info>,
    /// The claim.
    #[account(mut)]
    pub claim: AccountLoader<'info, ClaimAccount>,
}

pub(crate) fn handler(ctx: Context<VoteClaim>, yes: bool) -> Result<()> {
    let mut claim = ctx.accounts.claim.load_mut()?;
    claim.check_version()?;
    let identity = ctx.accounts.identity.key();
    let mut ballot = *claim.ballot.as_risk();
    let before = ballot.weight_in_favour(claim.voters());
    ballot.vote(claim.voters(), &identity.to_bytes(), yes, now(&Clock::get()?)).named()?;
    let after = ballot.weight_in_favour(claim.voters());
    claim.ballot = ballot.into();
    emit!(ClaimVoted {
        fund: claim.fund,
        claim: ctx.accounts.claim.key(),
        identity,
        yes,
        in_favour: [before, after],
        weight: ballot.total,
    });
    Ok(())
}
