//! Who may leave with how much: by the bucket, by a daily share of the own deposit, or pro rata of what is free.

use super::{FlowRules, Flows, PositionFlow};
use crate::{
    breaker::{Permission, Restriction},
    proportion::part_down,
    refusal::{Checked, Refusal},
    units::{DepositShares, Seconds, TokenAmount, BPS_ONE},
};

const DAY: Seconds = 86_400;
/// A position's count of daily shares begins anew after this. It is longer than a full exit takes that goes on every day.
const FORGET_AFTER: Seconds = 14 * DAY;

/// By which rule tokens leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitRule {
    /// Normal: the bucket, first come, and where it is empty the own daily share.
    Bucket,
    /// Guarded and Halted: a daily share of the own deposit, not first come. The first one is there at once.
    DailyShare {
        /// Since when shares add up.
        since: Seconds,
    },
    /// WindDown: the own share of everything that is free or has left since it began.
    ProRata {
        /// When it began.
        since: Seconds,
    },
}

impl ExitRule {
    /// The rule that breakers ask for. Errors with [`Refusal::NotInThisState`] where nothing may leave.
    pub fn new(permission: Permission, restriction: Restriction) -> Checked<Self> {
        let since = restriction.since;
        match permission {
            Permission::Free => Ok(Self::Bucket),
            Permission::DailyShare => Ok(Self::DailyShare { since }),
            Permission::ProRata => Ok(Self::ProRata { since }),
            Permission::Heals | Permission::Refused => Err(Refusal::NotInThisState),
        }
    }
}

/// A withdrawal that is asked for, and the books before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// By which rule.
    pub rule: ExitRule,
    /// Tokens that would leave.
    pub amount: TokenAmount,
    /// Shares that would be burnt for them.
    pub shares: DepositShares,
    /// Shares of the position.
    pub held: DepositShares,
    /// Shares of the reserve.
    pub total: DepositShares,
    /// What all those shares are worth.
    pub deposits: TokenAmount,
    /// Free tokens.
    pub free: TokenAmount,
}

impl PositionFlow {
    /// Shares that the position may take now by its share, rounded down; under [`ExitRule::Bucket`] what it may take however
    /// empty the bucket is.
    ///
    /// A daily share is `daily_share × (1 + days)` of what was held at its start, so it adds up to everything within seven
    /// days. In Normal, days count only as far as shares were taken for them: who goes on every day is out as soon, and nobody builds
    /// up a way past an empty bucket by waiting. The pro-rata share of `s` of `S` shares is `(free + left) · s/S`, counting what already left with its owners: it
    /// does not depend on who comes first, and all of them together are what is free.
    pub fn allowance_down(
        &self,
        flows: &Flows,
        rules: &FlowRules,
        exit: &Exit,
        now: Seconds,
    ) -> DepositShares {
        let (taken, since) = self.counted(rules, exit, now);
        let base = exit.held.0.saturating_add(taken);
        let whole = match exit.rule {
            ExitRule::ProRata { since } => {
                let left = flows.exited_since(since);
                let free = part_down(exit.total.0, exit.free.0, exit.deposits.0);
                part_down(base, free.saturating_add(left), exit.total.0.saturating_add(left))
            }
            _ => {
                // more than seven days' shares are everything
                let time = DAY.saturating_add(now.saturating_sub(since)).min(FORGET_AFTER);
                let share = u64::from(rules.daily_share.0).saturating_mul(time);
                part_down(base, share, BPS_ONE.saturating_mul(DAY))
            }
        };
        DepositShares(whole.min(base).saturating_sub(taken).min(exit.held.0))
    }

    /// Shares taken since when, as the exit's rule counts them: in Normal up to now and while restricted up to its beginning, days count
    /// only as far as shares were taken for them, so that a restriction that follows another starts no first share anew.
    pub(super) fn counted(&self, rules: &FlowRules, exit: &Exit, now: Seconds) -> (u64, Seconds) {
        match exit.rule {
            ExitRule::Bucket => self.counted_until(now, rules, exit),
            ExitRule::DailyShare { since } if self.since >= since => (self.taken, self.since),
            ExitRule::DailyShare { since } => self.counted_until(since, rules, exit),
            ExitRule::ProRata { since } if self.since == since => (self.taken, self.since),
            ExitRule::ProRata { since } => (0, since),
        }
    }

    fn counted_until(&self, time: Seconds, rules: &FlowRules, exit: &Exit) -> (u64, Seconds) {
        if time >= self.since.saturating_add(FORGET_AFTER) {
            return (0, time);
        }
        let base = exit.held.0.saturating_add(self.taken);
        let shares = part_down(DAY.saturating_mul(BPS_ONE), self.taken, base);
        let used = shares.checked_div(u64::from(rules.daily_share.0)).unwrap_or(0);
        (self.taken, self.since.max(time.saturating_sub(used)))
    }
}

impl Flows {
    pub(super) fn exited_since(&self, since: Seconds) -> u64 {
        if self.exits_since == since {
            self.exited
        } else {
            0
        }
    }
}
