//! How fast tokens may come into a reserve and leave it.
//!
//! Two leaky buckets in token units bound new collateral and outflows. An empty bucket only delays, and it never holds a
//! lender: whoever owes nothing can always take a daily share of the own deposit, at least [`MIN_DAILY_SHARE`], so a full exit
//! takes at most seven days, liquidity permitting. What came in lately leaves by the way it came, so money that only passes
//! through leaves no trace and nobody empties a bucket with a flash loan.
//!
//! | | inflow | outflow |
//! |---|---|---|
//! | deposit | needs room | |
//! | top-up that only heals | counted, never refused | |
//! | withdrawal | gives back what arrived lately | the rest needs room, or the own daily share |
//! | borrowing | | needs room |
//! | repayment | | gives back |
//! | a tranche's payments | | neither counted nor refused |

mod exit;
mod rules;
#[cfg(test)]
mod tests;

pub use exit::{Exit, ExitRule};
pub use rules::{FlowRules, MIN_DAILY_SHARE};

use crate::{
    leak::Leak,
    proportion::fade_down,
    refusal::{Checked, Refusal},
    units::{Seconds, TokenAmount},
};
use bytemuck::{Pod, Zeroable};

/// A reserve's flows: what came in and went out lately, and who left since it winds down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Flows {
    /// Deposits of late, token units.
    pub inflow: Leak,
    /// Withdrawals and borrowing of late, token units.
    pub outflow: Leak,
    /// Deposit shares that left pro rata since `exits_since`.
    pub exited: u64,
    /// The WindDown that `exited` belongs to, by its start.
    pub exits_since: Seconds,
}

const _: () = assert!(core::mem::size_of::<Flows>() == 48 && core::mem::align_of::<Flows>() == 8);

/// What one deposit position brought in and took out lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PositionFlow {
    /// Deposit shares taken since `since`, where shares of the own deposit are counted.
    pub taken: u64,
    /// From when the share is counted.
    pub since: Seconds,
    /// Deposited lately, token units: what is left of it at `arrived_at`. It fades as the inflow bucket refills.
    pub arrived: u64,
    /// When it was last written.
    pub arrived_at: Seconds,
}

const _: () =
    assert!(core::mem::size_of::<PositionFlow>() == 32 && core::mem::align_of::<PositionFlow>() == 8);

/// The flows after a deposit or a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The reserve's.
    pub flows: Flows,
    /// The position's.
    pub position: PositionFlow,
}

impl Flows {
    /// What may still be deposited now. `deposits`: all deposits of the reserve before the action, as for every function here.
    pub fn room_in(&self, rules: &FlowRules, deposits: TokenAmount, now: Seconds) -> TokenAmount {
        let capacity = rules.inflow_capacity_down(deposits);
        TokenAmount(self.inflow_at(rules, capacity, now).room(capacity.0))
    }

    /// What may still leave or be borrowed now.
    pub fn room_out(&self, rules: &FlowRules, deposits: TokenAmount, now: Seconds) -> TokenAmount {
        let capacity = rules.outflow_capacity_down(deposits);
        TokenAmount(self.outflow_at(rules, capacity, now).room(capacity.0))
    }

    /// After a deposit into a position. Errors with [`Refusal::InflowBucketEmpty`].
    pub fn deposit(
        &self,
        rules: &FlowRules,
        position: &PositionFlow,
        deposits: TokenAmount,
        amount: TokenAmount,
        now: Seconds,
    ) -> Checked<Moved> {
        if amount > self.room_in(rules, deposits, now) {
            return Err(Refusal::InflowBucketEmpty);
        }
        Ok(self.top_up(rules, position, deposits, amount, now))
    }

    /// After a deposit that only heals the obligation ([`crate::caps::check_heals`]): counted, never refused.
    pub fn top_up(
        &self,
        rules: &FlowRules,
        position: &PositionFlow,
        deposits: TokenAmount,
        amount: TokenAmount,
        now: Seconds,
    ) -> Moved {
        let capacity = rules.inflow_capacity_down(deposits);
        let inflow = self.inflow_at(rules, capacity, now).plus(amount.0, capacity.0);
        let arrived = position.arrived_down(rules, now).saturating_add(amount.0);
        Moved {
            flows: Self { inflow, ..*self },
            position: PositionFlow { arrived, arrived_at: now, ..*position },
        }
    }

    /// After borrowing. Errors with [`Refusal::OutflowBucketEmpty`].
    pub fn borrow(
        &self,
        rules: &FlowRules,
        deposits: TokenAmount,
        amount: TokenAmount,
        now: Seconds,
    ) -> Checked<Self> {
        if amount > self.room_out(rules, deposits, now) {
            return Err(Refusal::OutflowBucketEmpty);
        }
        Ok(self.flow_out(rules, deposits, amount, now))
    }

    /// After a repayment, which is never refused.
    pub fn repay(&self, rules: &FlowRules, deposits: TokenAmount, amount: TokenAmount, now: Seconds) -> Self {
        let capacity = rules.outflow_capacity_down(deposits);
        Self { outflow: self.outflow_at(rules, capacity, now).minus(amount.0), ..*self }
    }

    /// After a withdrawal. Errors: [`Refusal::OutflowBucketEmpty`] when neither bucket nor daily share has room,
    /// [`Refusal::ExitShareSpent`] where only a share may leave.
    pub fn withdraw(
        &self,
        rules: &FlowRules,
        position: &PositionFlow,
        exit: &Exit,
        now: Seconds,
    ) -> Checked<Moved> {
        if exit.rule == ExitRule::Bucket {
            let arrived = position.arrived_down(rules, now);
            let back = TokenAmount(arrived.min(exit.amount.0));
            let rest = TokenAmount(exit.amount.0.saturating_sub(back.0));
            if rest <= self.room_out(rules, exit.deposits, now) {
                let capacity = rules.inflow_capacity_down(exit.deposits);
                let inflow = self.inflow_at(rules, capacity, now).minus(back.0);
                let flows = Self { inflow, ..*self }.flow_out(rules, exit.deposits, rest, now);
                let arrived = arrived.saturating_sub(back.0);
                return Ok(Moved { flows, position: PositionFlow { arrived, arrived_at: now, ..*position } });
            }
        }
        if position.allowance_down(self, rules, exit, now) < exit.shares {
            return Err(match exit.rule {
                ExitRule::Bucket => Refusal::OutflowBucketEmpty,
                ExitRule::DailyShare { .. } | ExitRule::ProRata { .. } => Refusal::ExitShareSpent,
            });
        }
        let (taken, since) = position.counted(exit.rule, now);
        let mut flows = self.flow_out(rules, exit.deposits, exit.amount, now);
        if let ExitRule::ProRata { since } = exit.rule {
            flows.exited = self.exited_since(since).saturating_add(exit.shares.0);
            flows.exits_since = since;
        }
        let position = PositionFlow { taken: taken.saturating_add(exit.shares.0), since, ..*position };
        Ok(Moved { flows, position })
    }

    fn flow_out(&self, rules: &FlowRules, deposits: TokenAmount, amount: TokenAmount, now: Seconds) -> Self {
        let capacity = rules.outflow_capacity_down(deposits);
        Self { outflow: self.outflow_at(rules, capacity, now).plus(amount.0, capacity.0), ..*self }
    }

    fn inflow_at(&self, rules: &FlowRules, capacity: TokenAmount, now: Seconds) -> Leak {
        self.inflow.at(capacity.0, Seconds::from(rules.inflow_seconds), now)
    }

    fn outflow_at(&self, rules: &FlowRules, capacity: TokenAmount, now: Seconds) -> Leak {
        self.outflow.at(capacity.0, Seconds::from(rules.outflow_seconds), now)
    }
}

impl PositionFlow {
    /// What is left now of what arrived lately, token units, rounded down.
    fn arrived_down(&self, rules: &FlowRules, now: Seconds) -> u64 {
        fade_down(self.arrived, self.arrived_at, Seconds::from(rules.inflow_seconds), now)
    }
}
