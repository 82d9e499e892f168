//! The only file that knows the vote program and the cluster's stake.

use crate::error::BallastError;
use anchor_lang::prelude::*;
use ballast_risk::roll::ActiveStake;
use solana_epoch_stake::{get_epoch_stake_for_vote_account, get_epoch_total_stake};

/// The vote program.
pub const VOTE_PROGRAM: Pubkey = pubkey!("Vote111111111111111111111111111111111111111");

/// Where a vote account names its node identity, in every layout that is read: after the layout's number, four bytes, low first.
const IDENTITY_AT: usize = 4;
/// Layouts that are read: 1.14.11, 3 and 4. Number 0 is an account that was never initialised.
const LAYOUTS: core::ops::RangeInclusive<u32> = 1..=3;

/// The node identity that a vote account names. `None` for an account of another program, one that was never initialised or was
/// closed, and a layout that this program cannot read.
pub fn identity_of(account: &AccountInfo) -> Option<Pubkey> {
    if *account.owner != VOTE_PROGRAM {
        return None;
    }
    let data = account.try_borrow_data().ok()?;
    let (layout, rest) = data.split_first_chunk::<IDENTITY_AT>()?;
    let (identity, _) = rest.split_first_chunk::<32>()?;
    LAYOUTS.contains(&u32::from_le_bytes(*layout)).then(|| Pubkey::new_from_array(*identity))
}

/// Refuses a signer that is not the node identity which a vote account names now.
pub fn check_identity(account: &AccountInfo, signer: &Signer) -> Result<()> {
    let identity = identity_of(account).ok_or(BallastError::NotAVoteAccount)?;
    require_keys_eq!(identity, signer.key(), BallastError::NotItsIdentity);
    Ok(())
}

/// The active stake of this epoch, as the cluster counts it for its own votes.
pub struct Cluster;

impl ActiveStake for Cluster {
    fn of(&self, vote_account: &[u8; 32]) -> u64 {
        get_epoch_stake_for_vote_account(&(*vote_account).into())
    }
    fn of_cluster(&self) -> u64 {
        get_epoch_total_stake()
    }
}

/// The epoch, as the roll writes it.
pub fn epoch(clock: &Clock) -> Result<u32> {
    u32::try_from(clock.epoch).map_err(|_| BallastError::Overflow.into())
}
