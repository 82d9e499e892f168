//! Staking and leaving.

use super::{Fund, FundRules};
use crate::{
    error::RiskError,
    refusal::{Checked, Refusal},
    units::{Seconds, TokenAmount},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// Shares of a fund's stakes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct StakeShares(pub u64);

/// One owner's stake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Stake {
    /// Shares that are not leaving.
    pub shares: u64,
    /// Shares that are leaving; they bear losses like the others until they have left.
    pub leaving: u64,
    /// When they asked to.
    pub asked_at: Seconds,
    /// How long stake had been held back until then: [`Lock::seconds`](super::Lock::seconds).
    pub locked_before: Seconds,
    /// The fund's era in which these shares were bought. Those of an earlier one were lost.
    pub era: u64,
}

const _: () = assert!(core::mem::size_of::<Stake>() == 40);

impl Stake {
    /// The stake as it is in the fund's present era.
    pub fn in_era_of(&self, fund: &Fund) -> Self {
        if self.era == fund.era {
            *self
        } else {
            Self { era: fund.era, ..Self::default() }
        }
    }

    /// Stakes at most `amount`: returns the stake and what to transfer, exactly what its shares cost (less than a share's worth
    /// below `amount`). They have no part in income that came before, and in what is still coming from now on. Errors with
    /// [`RiskError::ZeroAmount`] where that buys no share.
    pub fn stake(&self, fund: &mut Fund, amount: TokenAmount, now: Seconds) -> Result<(Self, TokenAmount)> {
        let mut after = fund.at(now);
        let (bought, cost) = after.shares_for(amount)?;
        if bought.0 == 0 {
            return Err(RiskError::ZeroAmount);
        }
        let mut next = self.in_era_of(&after);
        next.shares = next.shares.checked_add(bought.0).ok_or(RiskError::Overflow)?;
        after.check_room(cost)?;
        after.shares = after.shares.checked_add(bought.0).ok_or(RiskError::Overflow)?;
        after.tokens = after.tokens.checked_add(cost.0).ok_or(RiskError::Overflow)?;
        *fund = after;
        Ok((next, cost))
    }

    /// Asks to leave with these shares: all that are leaving start their cooldown anew. Errors with
    /// [`RiskError::InsufficientAmount`].
    pub fn request(&self, fund: &Fund, shares: StakeShares, now: Seconds) -> Result<Self> {
        let mut next = self.in_era_of(fund);
        next.shares = next.shares.checked_sub(shares.0).ok_or(RiskError::InsufficientAmount)?;
        next.leaving = next.leaving.saturating_add(shares.0);
        next.asked_at = now;
        next.locked_before = fund.lock.seconds(now);
        Ok(next)
    }

    /// Stays after all.
    pub fn stay(&self, fund: &Fund) -> Self {
        let stake = self.in_era_of(fund);
        Self { shares: stake.shares.saturating_add(stake.leaving), leaving: 0, ..stake }
    }

    /// Leaves with all shares that asked to: returns the stake and what to pay, rounded down. Income that is still coming stays with
    /// the others; without others it is nobody's. Errors:
    /// [`Refusal::StakeLocked`], [`Refusal::StakeCooling`], [`Refusal::UnstakeLapsed`] after the window (the time in which stake was
    /// locked does not count), [`RiskError::ZeroAmount`] without any.
    pub fn leave(&self, fund: &mut Fund, rules: &FundRules, now: Seconds) -> Checked<(Self, TokenAmount)> {
        if fund.lock.holds(now) {
            return Err(Refusal::StakeLocked);
        }
        let stake = self.in_era_of(fund);
        if stake.leaving == 0 {
            return Err(RiskError::ZeroAmount.into());
        }
        let (cooldown, window) = (Seconds::from(rules.cooldown), Seconds::from(rules.unstake_window));
        let waited = now.saturating_sub(stake.asked_at);
        if waited < cooldown {
            return Err(Refusal::StakeCooling);
        }
        let locked = fund.lock.seconds(now).saturating_sub(stake.locked_before);
        if waited.saturating_sub(locked) > cooldown.saturating_add(window) {
            return Err(Refusal::UnstakeLapsed);
        }
        let mut after = fund.at(now);
        let paid = after.worth_down(StakeShares(stake.leaving));
        after.tokens = after.tokens.checked_sub(paid.0).ok_or(RiskError::InsufficientAmount)?;
        after.shares = after.shares.checked_sub(stake.leaving).ok_or(RiskError::InsufficientAmount)?;
        if after.shares == 0 {
            after.begin_anew();
        }
        *fund = after;
        Ok((Self { leaving: 0, ..stake }, paid))
    }
}
