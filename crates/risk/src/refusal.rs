//! Why a safety system refused: breakers, caps, buckets, timelocks, insurance and proofs.

use crate::RiskError;
use core::fmt;

/// Result of a function of the safety systems.
pub type Checked<T> = core::result::Result<T, Refusal>;

/// Every reason the safety systems refuse an input. The program maps each to one of its own error codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A computation was refused.
    Risk(RiskError),

    /// The evidence does not reach the signal's threshold.
    NoSignal,
    /// A price observation is too old to be a signal.
    ObservationTooOld,
    /// The observation confirms nothing yet: the second of a pair comes at least 30 s after the first.
    ObservationTooSoon,
    /// The breaker's state has not expired.
    NothingToStep,
    /// A guardian may only tighten, and never to wind down.
    NotTighter,
    /// A guardian tightens for at most eight hours.
    TightenedTooLong,
    /// A guardian tightens at most three times in seven days.
    TightenedTooOften,
    /// The breaker is not winding down.
    NotWindingDown,

    /// Too much came in lately: the rest has to wait.
    InflowBucketEmpty,
    /// Too much went out lately, and the position's own daily share is used up: the rest has to wait.
    OutflowBucketEmpty,
    /// The position has taken its share of what may leave now.
    ExitShareSpent,
    /// The action is not possible in this state.
    NotInThisState,
    /// The deposit would lift the obligation above what it needs, and only what it needs may come in now.
    MoreThanHeals,
    /// The reserve would hold more than its deposit cap.
    DepositCap,
    /// The reserve would hold more value than its part of the group's cap.
    ExposureCap,
    /// The parts handed out would exceed the group's cap.
    GroupCap,
    /// The reserve would lend more than its debt cap.
    DebtCap,
    /// The reserve would lend more than its share of market depth.
    DepthCap,
    /// The reserve would be utilised beyond its cap.
    UtilisationCap,
    /// Deposits and debts together would be too large for the equity.
    LeverageCap,
    /// Debt over deposits would be too high.
    LtvCap,

    /// The change is not ripe yet.
    NotRipe,
    /// The change was ripe and has expired.
    ChangeExpired,
    /// The change is not possible while anything is held or owed.
    OnlyWhenUnused,
    /// The ramp would be faster than parameters may move.
    RampTooFast,
    /// The role may not cancel this change.
    MayNotCancel,

    /// The reserve's lenders were wiped out: its shares must be retired first.
    WipedOut,
    /// More is coming back to the reserve's lenders, or may, than newcomers could share fairly.
    LossComingBack,
    /// The shares are still worth something, or may come to be.
    SharesNotWorthless,

    /// The stake is still cooling down.
    StakeCooling,
    /// The time to take the stake out has passed: ask again.
    UnstakeLapsed,
    /// Stake cannot leave now: a claim is open, or a loss was recorded lately.
    StakeLocked,
    /// The fund has paid what it may in this period.
    CoverSpent,
    /// The fund is empty.
    FundEmpty,

    /// A claim takes at most 64 vote accounts.
    TooManyVoters,
    /// Fewer than seven node identities are enrolled with stake.
    TooFewVoters,
    /// The enrolled stake is less than 5 % of the cluster's.
    TooLittleStake,
    /// One node identity has more than a third of the weight.
    OneVoterTooLarge,
    /// The identity is not one of the claim's.
    NotAVoter,
    /// The deadline has passed, or the claim is settled.
    VotingClosed,
    /// The deadline has not passed.
    VotingOpen,

    /// The vote account's stake is too small to enrol.
    SeatTooSmall,
    /// The vote account is not enrolled.
    NotEnrolled,
    /// An enrolled vote account was not called in this epoch.
    RollNotCalled,
}

impl From<RiskError> for Refusal {
    fn from(error: RiskError) -> Self {
        Self::Risk(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Risk(error) => return error.fmt(f),
            Self::NoSignal => "the evidence does not reach the signal's threshold",
            Self::ObservationTooOld => "the price is too old to be a signal: refresh it first",
            Self::ObservationTooSoon => "a price signal needs a second observation at least 30 s later",
            Self::NothingToStep => "the breaker's state has not expired",
            Self::NotTighter => "a guardian may only tighten, to guarded or halted",
            Self::TightenedTooLong => "a guardian may tighten for at most eight hours",
            Self::TightenedTooOften => "a guardian may tighten at most three times in seven days",
            Self::NotWindingDown => "the breaker is not winding down",
            Self::InflowBucketEmpty => "too much came in lately: try again when the bucket has refilled",
            Self::OutflowBucketEmpty => "too much went out lately: take less, or try again later",
            Self::ExitShareSpent => "your share of what may leave now is taken: try again later",
            Self::NotInThisState => "a breaker does not allow this now",
            Self::MoreThanHeals => "only what the obligation needs may come in now: deposit less",
            Self::DepositCap => "the reserve's deposit cap is reached",
            Self::ExposureCap => "the reserve's part of its group's cap is reached",
            Self::GroupCap => "the group's cap is handed out already",
            Self::DebtCap => "the reserve's debt cap is reached",
            Self::DepthCap => "the reserve's debt cap, a share of market depth, is reached",
            Self::UtilisationCap => "the reserve's utilisation cap is reached",
            Self::LeverageCap => "deposits and debts would be too large for the equity",
            Self::LtvCap => "debt would be too high for the deposits",
            Self::NotRipe => "the change is still waiting out its timelock",
            Self::ChangeExpired => "the change was ripe and has expired: propose it again",
            Self::OnlyWhenUnused => "this changes only while nobody holds or owes the asset",
            Self::RampTooFast => "the ramp is too short for this change: lengthen it",
            Self::MayNotCancel => "the guardian cannot cancel its own replacement",
            Self::WipedOut => "the reserve's lenders were wiped out: retire its shares first",
            Self::LossComingBack => "what lenders lost is still coming back: deposit elsewhere until it has",
            Self::SharesNotWorthless => "these shares may still be worth something",
            Self::StakeCooling => "the stake is still cooling down",
            Self::UnstakeLapsed => "the time to take this stake out has passed: ask again",
            Self::StakeLocked => "stake cannot leave while a claim is open or a loss is fresh",
            Self::CoverSpent => "the fund has paid what it may for now",
            Self::FundEmpty => "the fund is empty",
            Self::TooManyVoters => "a claim takes at most 64 vote accounts",
            Self::TooFewVoters => "fewer than seven node identities with stake are enrolled",
            Self::TooLittleStake => "the enrolled stake is below 5 % of the cluster's",
            Self::OneVoterTooLarge => "one node identity has more than a third of the enrolled stake",
            Self::NotAVoter => "this identity is not one of the claim's voters",
            Self::VotingClosed => "the vote on this claim is closed",
            Self::VotingOpen => "the vote on this claim is still open",
            Self::SeatTooSmall => "the vote account has too little stake for a seat on the roll",
            Self::NotEnrolled => "the vote account is not enrolled",
            Self::RollNotCalled => "call the roll first: every enrolled vote account in this epoch",
        })
    }
}

impl core::error::Error for Refusal {}
