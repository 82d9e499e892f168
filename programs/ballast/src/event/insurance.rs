//! Events of insurance.

use super::BooksView;
use crate::state::FundRules;
use anchor_lang::prelude::*;

/// A fund's books as they were written last, as events show them. Token units of its mint.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FundView {
    /// Tokens of the stakers, through their shares.
    pub tokens: u64,
    /// Income that had not come to the stakers yet.
    pub coming: u64,
    /// Tokens of nobody.
    pub spare: u64,
    /// All stake shares.
    pub shares: u64,
    /// Times that stakes were lost.
    pub era: u64,
    /// Bonds of claims.
    pub bonds: u64,
    /// Recorded losses that no claim was opened for, micro-USD.
    pub recorded_loss: u64,
}

/// A vault got its fund.
#[event]
#[derive(Clone, Debug)]
pub struct FundCreated {
    /// The vault.
    pub vault: Pubkey,
    /// The fund.
    pub fund: Pubkey,
    /// Its token.
    pub mint: Pubkey,
    /// The reserve of the same token.
    pub reserve: Pubkey,
    /// How it works.
    pub rules: FundRules,
}

/// What an owner did with a stake.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StakeAction {
    /// Opened the account.
    Open,
    /// Staked tokens.
    Stake,
    /// Asked to leave, or to stay after all.
    Request,
    /// Left with what asked to.
    Unstake,
    /// Closed the account.
    Close,
}

/// A stake changed.
#[event]
#[derive(Clone, Debug)]
pub struct StakeChanged {
    /// The fund.
    pub fund: Pubkey,
    /// The stake.
    pub stake: Pubkey,
    /// Its owner.
    pub owner: Pubkey,
    /// What was done.
    pub action: StakeAction,
    /// Token units that moved.
    pub amount: u64,
    /// Shares that stay, before and after.
    pub shares: [u64; 2],
    /// Shares that leave, before and after.
    pub leaving: [u64; 2],
    /// The fund before.
    pub fund_before: FundView,
    /// The fund after.
    pub fund_after: FundView,
}

/// Insurance in kind beyond its target became income of the fund.
#[event]
#[derive(Clone, Debug)]
pub struct InsuranceCollected {
    /// The vault.
    pub vault: Pubkey,
    /// The fund.
    pub fund: Pubkey,
    /// The reserve.
    pub reserve: Pubkey,
    /// Token units that moved; 0 where the reserve was only looked at.
    pub amount: u64,
    /// Debt that the target counts now.
    pub debt: u64,
    /// The fund before.
    pub fund_before: FundView,
    /// The fund after.
    pub fund_after: FundView,
    /// The reserve's books before, interest not yet booked.
    pub books_before: BooksView,
    /// The reserve's books after.
    pub books_after: BooksView,
}

/// Lenders of a vault lost, and its fund wrote it down.
#[event]
#[derive(Clone, Debug)]
pub struct LossRecorded {
    /// The vault.
    pub vault: Pubkey,
    /// What lenders lost, micro-USD.
    pub value: u64,
    /// What could be claimed before, micro-USD.
    pub claimable_before: u64,
    /// What can be claimed now.
    pub claimable: u64,
    /// Until when stake cannot leave, seconds; 0 if it always could.
    pub locked_until: u64,
}

/// Somebody repaid lost debt and was paid by the fund.
#[event]
#[derive(Clone, Debug)]
pub struct LossCovered {
    /// The vault.
    pub vault: Pubkey,
    /// The fund.
    pub fund: Pubkey,
    /// The reserve that got its tokens back.
    pub reserve: Pubkey,
    /// Who repaid.
    pub payer: Pubkey,
    /// The claim that approved it; `None` for automatic cover.
    pub claim: Option<Pubkey>,
    /// Token units repaid to the reserve.
    pub repaid: u64,
    /// Their value, micro-USD.
    pub repaid_value: u64,
    /// Token units that the fund paid.
    pub paid: u64,
    /// Lost by the reserve's lenders and not recovered, before and after, token units.
    pub unrecovered: [u64; 2],
    /// Recovered and still to stream to its lenders, before and after, token units.
    pub pending: [u64; 2],
    /// What the claim still approves, micro-USD.
    pub approved_left: u64,
    /// The fund before.
    pub fund_before: FundView,
    /// The fund after.
    pub fund_after: FundView,
    /// The reserve's books before, interest not yet booked.
    pub books_before: BooksView,
    /// The reserve's books after.
    pub books_after: BooksView,
}

/// What happened to a vote account's enrolment.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollAction {
    /// It enrolled, or enrolled again.
    Enrol,
    /// The roll was called for it.
    Confirm,
    /// Its account is gone or unreadable: it left.
    Drop,
    /// It left.
    Leave,
}

/// The roll changed.
#[event]
#[derive(Clone, Debug)]
pub struct RollChanged {
    /// The fund.
    pub fund: Pubkey,
    /// The vote account.
    pub vote_account: Pubkey,
    /// What happened.
    pub action: RollAction,
    /// The identity written down before; zeros for none.
    pub identity_before: Pubkey,
    /// The identity now; zeros for none.
    pub identity: Pubkey,
    /// The epoch.
    pub epoch: u64,
}

/// A claim was opened.
#[event]
#[derive(Clone, Debug)]
pub struct ClaimOpened {
    /// The fund.
    pub fund: Pubkey,
    /// The claim.
    pub claim: Pubkey,
    /// Who opened it.
    pub opener: Pubkey,
    /// The reserve whose lenders lost.
    pub reserve: Pubkey,
    /// Its number.
    pub number: u64,
    /// What is claimed, micro-USD.
    pub value: u64,
    /// Its bond, token units.
    pub bond: u64,
    /// Epoch of the weights.
    pub epoch: u64,
    /// Voters.
    pub voters: u32,
    /// Their weight, lamports.
    pub weight: u64,
    /// The cluster's active stake, lamports.
    pub cluster_stake: u64,
    /// When the vote ends.
    pub deadline: u64,
    /// The fund before.
    pub fund_before: FundView,
    /// The fund after.
    pub fund_after: FundView,
}

/// A node identity voted.
#[event]
#[derive(Clone, Debug)]
pub struct ClaimVoted {
    /// The fund.
    pub fund: Pubkey,
    /// The claim.
    pub claim: Pubkey,
    /// Who voted.
    pub identity: Pubkey,
    /// What it says.
    pub yes: bool,
    /// Weight that says yes, before and after, lamports.
    pub in_favour: [u64; 2],
    /// Weight of all voters.
    pub weight: u64,
}

/// A claim was settled.
#[event]
#[derive(Clone, Debug)]
pub struct ClaimSettled {
    /// The fund.
    pub fund: Pubkey,
    /// The claim.
    pub claim: Pubkey,
    /// Whether it passed.
    pub passed: bool,
    /// Weight that says yes, lamports.
    pub in_favour: u64,
    /// Weight of all voters.
    pub weight: u64,
    /// What it approves, micro-USD.
    pub approved: u64,
    /// Until when.
    pub until: u64,
    /// Bond paid back, token units.
    pub bond_returned: u64,
    /// Bond kept as income.
    pub bond_kept: u64,
    /// The fund before.
    pub fund_before: FundView,
    /// The fund after.
    pub fund_after: FundView,
}

/// A settled claim's account was closed.
#[event]
#[derive(Clone, Debug)]
pub struct ClaimClosed {
    /// The fund.
    pub fund: Pubkey,
    /// The claim.
    pub claim: Pubkey,
    /// Who got its rent, and its bond where that was still owed.
    pub opener: Pubkey,
    /// Bond paid back now.
    pub bond_returned: u64,
    /// The fund before.
    pub fund_before: FundView,
    /// The fund after.
    pub fund_after: FundView,
}
