//! A claim on a fund, with everybody who votes on it.

use crate::{assert_layout, constants::STATE_VERSION, error::BallastError, state::parameters::mirror};
use anchor_lang::prelude::*;
use ballast_risk::{self as risk, tally::MAX_VOTERS};

mirror! {
    /// A voter of a claim: see `ballast_risk::tally::Voter`.
    Voter of risk::tally::Voter {
        /// The node identity.
        identity: [u8; 32],
        /// Its active stake when the claim opened, lamports.
        weight: u64,
    } size 40, align 8
}

mirror! {
    /// The votes on a claim: see `ballast_risk::tally::Ballot`.
    Ballot of risk::tally::Ballot {
        /// Weight of all voters.
        total: u64,
        /// Bit i: voter i says yes.
        yes: u64,
        /// When the vote began.
        opened_at: u64,
        /// When it ends.
        deadline: u64,
        /// How many voters there are.
        count: u32,
        /// 0 while it is open, 1 once it passed, 2 once it failed.
        settled: u32,
    } size 40, align 8
}

mirror! {
    /// What a claim that passed lets the fund pay: see `ballast_risk::fund::Approval`.
    Approval of risk::fund::Approval {
        /// Value of repayments that it still covers, micro-USD.
        value: u64,
        /// Until when.
        until: u64,
    } size 16, align 8
}

/// A claim.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct ClaimAccount {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Zero; aligns what follows.
    pub padding: [u8; 6],
    /// The fund.
    pub fund: Pubkey,
    /// Who opened it and gets bond and rent back.
    pub opener: Pubkey,
    /// Its number in the fund.
    pub number: u64,
    /// Recorded losses that it is for, micro-USD.
    pub value: u64,
    /// Bond still to be settled or paid back, token units of the fund's mint.
    pub bond: u64,
    /// Epoch in which it opened: weights are of that epoch.
    pub epoch: u64,
    /// The whole cluster's active stake then, lamports.
    pub cluster_stake: u64,
    /// The votes.
    pub ballot: Ballot,
    /// What it approved; zeros until it passed.
    pub approval: Approval,
    /// Who votes: the first `ballot.count`.
    pub voters: [Voter; MAX_VOTERS],
    /// The reserve whose lenders lost: what is approved repays no other.
    pub reserve: Pubkey,
    /// Zero.
    pub reserved: [u64; 4],
}

assert_layout!(
    ClaimAccount, size 2_792, align 8,
    fund at 8, opener at 40, number at 72, bond at 88, ballot at 112, approval at 152, voters at 168, reserve at 2_728, reserved at 2_760,
);

impl ClaimAccount {
    /// Bytes of the account, discriminator included.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Refuses an account of another layout version.
    pub fn check_version(&self) -> Result<()> {
        require!(self.version == STATE_VERSION, BallastError::WrongStateVersion);
        Ok(())
    }

    /// Refuses an account of another layout version or fund.
    pub fn check(&self, fund: &Pubkey) -> Result<()> {
        self.check_version()?;
        require_keys_eq!(self.fund, *fund, BallastError::WrongFund);
        Ok(())
    }

    /// The voters as the risk crate counts them.
    pub fn voters(&self) -> &[risk::tally::Voter] {
        bytemuck::must_cast_slice(&self.voters)
    }

    /// The same, to be filled.
    pub fn voters_mut(&mut self) -> &mut [risk::tally::Voter] {
        bytemuck::must_cast_slice_mut(&mut self.voters)
    }
}
