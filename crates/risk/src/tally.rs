//! Claims on the insurance fund, voted by validators: who may vote, with what weight, and when a claim passes.
//!
//! When a claim opens it stores the weight (active stake of the epoch) and the node identity of every enrolled vote account; nothing
//! about them changes afterwards. A vote is cast by a node identity for all its accounts. Abstaining, and leaving, is voting no.
//! Counts and shares are taken by node identity, which is stricter than by account: one operator with many vote accounts is one.

#[cfg(test)]
mod tests;

use crate::{
    error::RiskError,
    refusal::{Checked, Refusal},
    units::Seconds,
};
use bytemuck::{Pod, Zeroable};

/// Most vote accounts of a claim.
pub const MAX_VOTERS: usize = 64;
/// Fewest node identities with weight.
pub const MIN_IDENTITIES: usize = 7;
/// The weight is at least one part in this many of the cluster's stake: 5 %.
pub const MIN_STAKE_PART: u64 = 20;
/// An identity holds at most one part in this many of the weight.
pub const MAX_WEIGHT_PART: u64 = 3;
/// An account votes on claims that open at least this many epochs after its enrolment.
pub const ENROLMENT_EPOCHS: u64 = 2;

/// An enrolled vote account, as stored with a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Voter {
    /// The node identity that the vote account names.
    pub identity: [u8; 32],
    /// Its active stake when the claim opened, in lamports.
    pub weight: u64,
}

const _: () = assert!(core::mem::size_of::<Voter>() == 40 && core::mem::align_of::<Voter>() == 8);

/// How a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It can still pass.
    Open,
    /// More than half of the weight says yes.
    Passed,
    /// The deadline came first.
    Failed,
}

/// The votes on a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Ballot {
    /// Weight of all voters.
    pub total: u64,
    /// Bit i: voter i says yes.
    pub yes: u64,
    /// When the vote began.
    pub opened_at: Seconds,
    /// When it ends.
    pub deadline: Seconds,
    /// How many voters there are.
    pub count: u32,
    /// 0 while it is open, 1 once it passed, 2 once it failed: see [`Ballot::settle`].
    pub settled: u32,
}

const _: () = assert!(core::mem::size_of::<Ballot>() == 40);

/// Whether an account that enrolled in one epoch votes on a claim that opens in another.
pub const fn votes_on(enrolled_in: u64, claim_in: u64) -> bool {
    claim_in >= enrolled_in.saturating_add(ENROLMENT_EPOCHS)
}

impl Ballot {
    /// Opens the vote of a claim among these accounts, where `cluster_stake` is the whole cluster's active stake. A claim that could
    /// not pass does not open. Errors: [`Refusal::TooManyVoters`], [`Refusal::TooFewVoters`], [`Refusal::TooLittleStake`],
    /// [`Refusal::OneVoterTooLarge`].
    pub fn open(voters: &[Voter], cluster_stake: u64, now: Seconds, period: Seconds) -> Checked<Self> {
        if voters.len() > MAX_VOTERS {
            return Err(Refusal::TooManyVoters);
        }
        let (mut total, mut largest, mut identities) = (0u64, 0u64, 0usize);
        for (i, voter) in voters.iter().enumerate() {
            total = total.checked_add(voter.weight).ok_or(RiskError::Overflow)?;
            // the first account of an identity stands for all of them
            let is_first = !voters.iter().take(i).any(|earlier| earlier.identity == voter.identity);
            if is_first {
                let weight = weight_of(voters, &voter.identity);
                identities = identities.saturating_add(usize::from(weight > 0));
                largest = largest.max(weight);
            }
        }
        if identities < MIN_IDENTITIES {
            return Err(Refusal::TooFewVoters);
        }
        if u128::from(total).saturating_mul(u128::from(MIN_STAKE_PART)) < u128::from(cluster_stake) {
            return Err(Refusal::TooLittleStake);
        }
        if u128::from(largest).saturating_mul(u128::from(MAX_WEIGHT_PART)) > u128::from(total) {
            return Err(Refusal::OneVoterTooLarge);
        }
        Ok(Self {
            total,
            opened_at: now,
            deadline: now.saturating_add(period),
            // at most 64
            count: voters.len() as u32,
            ..Self::default()
        })
    }

    /// Casts the vote of an identity, for all its accounts; it may change its mind. Errors: [`Refusal::VotingClosed`] after the
    /// deadline or once settled, [`Refusal::NotAVoter`] for an identity without weight.
    pub fn vote(&mut self, voters: &[Voter], identity: &[u8; 32], yes: bool, now: Seconds) -> Checked<()> {
        if self.settled != 0 || now >= self.deadline {
            return Err(Refusal::VotingClosed);
        }
        let mut mask = 0u64;
        for (i, voter) in self.voters(voters).iter().enumerate() {
            if voter.identity == *identity && voter.weight > 0 {
                mask |= 1u64.checked_shl(i as u32).unwrap_or(0);
            }
        }
        if mask == 0 {
            return Err(Refusal::NotAVoter);
        }
        self.yes = if yes { self.yes | mask } else { self.yes & !mask };
        Ok(())
    }

    /// Weight that says yes.
    pub fn weight_in_favour(&self, voters: &[Voter]) -> u64 {
        let says_yes = |i: usize| (self.yes >> (i & 63)) & 1 == 1;
        let voters = self.voters(voters).iter().enumerate();
        voters.filter(|(i, _)| says_yes(*i)).fold(0, |sum, (_, voter)| sum.saturating_add(voter.weight))
    }

    /// How the claim stands: it passes with more than half of the stored weight.
    pub fn outcome(&self, voters: &[Voter], now: Seconds) -> Outcome {
        match self.settled {
            1 => Outcome::Passed,
            0 if self.weight_in_favour(voters) > self.total.saturating_sub(self.weight_in_favour(voters)) => {
                Outcome::Passed
            }
            0 if now < self.deadline => Outcome::Open,
            _ => Outcome::Failed,
        }
    }

    /// Closes the vote once and for all. Errors: [`Refusal::VotingOpen`] while it can still pass,
    /// [`Refusal::VotingClosed`] when it is settled already.
    pub fn settle(&mut self, voters: &[Voter], now: Seconds) -> Checked<Outcome> {
        if self.settled != 0 {
            return Err(Refusal::VotingClosed);
        }
        let outcome = self.outcome(voters, now);
        self.settled = match outcome {
            Outcome::Open => return Err(Refusal::VotingOpen),
            Outcome::Passed => 1,
            Outcome::Failed => 2,
        };
        Ok(outcome)
    }

    fn voters<'a>(&self, voters: &'a [Voter]) -> &'a [Voter] {
        let count = usize::try_from(self.count).unwrap_or(MAX_VOTERS).min(voters.len());
        voters.get(..count).unwrap_or(&[])
    }
}

fn weight_of(voters: &[Voter], identity: &[u8; 32]) -> u64 {
    let same = voters.iter().filter(|voter| voter.identity == *identity);
    same.fold(0, |sum, voter| sum.saturating_add(voter.weight))
}
