//! Why a computation was refused.

use core::fmt;

/// Every reason this crate refuses an input. The program maps each to one of its own error codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RiskError {
    /// A sum or product left the range of its type. The inputs are beyond any legal account.
    Overflow,
    /// A divisor was zero.
    DivisionByZero,
    /// A risk model, curve or parameter is outside its compiled bounds; the text names the rule.
    InvalidParameter(&'static str),
    /// A price is zero, negative, or outside 1e-12 to 1e9 USD a token, or its exponent or decimals are not supported.
    PriceOutOfRange,
    /// More positions than an obligation can hold, or a position index that does not exist.
    NoSuchPosition,
    /// The pair must be one debt and one deposit.
    NotAPair,
    /// Equity is at or above the requirement: nothing to liquidate.
    Healthy,
    /// The pair's prices or tokens cannot be used now.
    PairNotUsable,
    /// Selling this deposit for this debt would not raise equity above requirement.
    WorseningPair,
    /// Another pair removes more than twice the risk per dollar.
    BetterPairAvailable,
    /// The obligation's pace meter has not refilled yet.
    PaceMeterSpent,
    /// The sold reserve's depth bucket has not refilled yet.
    DepthBucketEmpty,
    /// The liquidator's maximum is below the smallest tranche.
    TrancheTooSmall,
    /// An amount is zero, or rounds to zero.
    ZeroAmount,
    /// More than the position, the reserve or the books hold.
    InsufficientAmount,
}

/// Refuses parameters with something in a field that means nothing yet: a later version that gives it a meaning must not
/// find there what nobody checked.
pub(crate) fn check_unused(all_zero: bool) -> crate::Result<()> {
    match all_zero {
        true => Ok(()),
        false => Err(RiskError::InvalidParameter("unused fields are zero")),
    }
}

impl fmt::Display for RiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overflow => "a value is beyond the range that any legal account can reach",
            Self::DivisionByZero => "division by zero",
            Self::InvalidParameter(rule) => rule,
            Self::PriceOutOfRange => "the price, its exponent or the token's decimals are out of range",
            Self::NoSuchPosition => "the obligation has no such position",
            Self::NotAPair => "a tranche needs one debt and one deposit of the obligation",
            Self::Healthy => "equity meets the requirement: nothing to liquidate",
            Self::PairNotUsable => "a price or token account of the pair cannot be used now",
            Self::WorseningPair => "this pair would not lower the risk: choose another deposit or debt",
            Self::BetterPairAvailable => {
                "another pair removes more than twice the risk per dollar: choose it"
            }
            Self::PaceMeterSpent => "the pace meter is spent: try again when it has refilled",
            Self::DepthBucketEmpty => "the deposit's depth bucket is empty: try again when it has refilled",
            Self::TrancheTooSmall => "the maximum is below the smallest tranche: raise it",
            Self::ZeroAmount => "the amount is zero or rounds to zero",
            Self::InsufficientAmount => "the amount is more than is there",
        })
    }
}

impl core::error::Error for RiskError {}
