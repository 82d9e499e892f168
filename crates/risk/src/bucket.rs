//! How fast tokens may come into a reserve and leave it.
//!
//! Two leaky buckets in token units bound new collateral and outflows. An empty bucket only delays, and it never holds a
//! lender: whoever owes nothing can always take a daily share of the own deposit, at least [`MIN_DAILY_SHARE`], so a full exit
//! takes at most seven days, liquidity permitting. What came in lately leaves by the way it came, so money that only passes
//! through leaves no trace and nobody empties a bucket with a flash loan; nor does it widen one, since the buckets are
//! shares of what did not come in lately; nor is a bucket a signal within the second in which it was last filled.
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
    breaker::ReserveEvidence,
    leak::Leak,
    proportion::fade_down,
    refusal::{Checked, Refusal},
    units::{DepositShares, Seconds, TokenAmount},
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

/// Tokens that come into a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// How many, units.
    pub amount: TokenAmount,
    /// The shares that they bought, as far as they stand in for shares that were taken: who takes its share and brings it back has taken
    /// nothing, and its next share is one of the own deposit, not of what went around. None of them in WindDown, where what left
    /// stays counted among what left.
    pub back: DepositShares,
}

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
        let capacity = rules.inflow_capacity_down(self.settled_down(rules, deposits, now));
        TokenAmount(self.inflow_at(rules, capacity, now).room(capacity.0))
    }

    /// What may still leave or be borrowed now.
    pub fn room_out(&self, rules: &FlowRules, deposits: TokenAmount, now: Seconds) -> TokenAmount {
        let capacity = rules.outflow_capacity_down(self.settled_down(rules, deposits, now));
        TokenAmount(self.outflow_at(rules, capacity, now).room(capacity.0))
    }

    /// The inflow bucket as a breaker's evidence. Errors with [`Refusal::NoSignal`] in the second in which it last moved: what a
    /// flash loan brings in is gone with it.
    pub fn inflow_evidence(
        &self,
        rules: &FlowRules,
        deposits: TokenAmount,
        now: Seconds,
    ) -> Checked<ReserveEvidence> {
        outlasts_a_second(&self.inflow, now)?;
        let capacity = rules.inflow_capacity_down(self.settled_down(rules, deposits, now));
        Ok(ReserveEvidence::Inflow { room: self.room_in(rules, deposits, now), capacity })
    }

    /// The outflow bucket as a breaker's evidence. Errors as [`Flows::inflow_evidence`].
    pub fn outflow_evidence(
        &self,
        rules: &FlowRules,
        deposits: TokenAmount,
        now: Seconds,
    ) -> Checked<ReserveEvidence> {
        outlasts_a_second(&self.outflow, now)?;
        let capacity = rules.outflow_capacity_down(self.settled_down(rules, deposits, now));
        Ok(ReserveEvidence::Outflow { room: self.room_out(rules, deposits, now), capacity })
    }

    /// After a deposit into a position. Errors with [`Refusal::InflowBucketEmpty`].
    pub fn deposit(
        &self,
        rules: &FlowRules,
        position: &PositionFlow,
        deposits: TokenAmount,
        arrival: Arrival,
        now: Seconds,
    ) -> Checked<Moved> {
        if arrival.amount > self.room_in(rules, deposits, now) {
            return Err(Refusal::InflowBucketEmpty);
        }
        Ok(self.top_up(rules, position, deposits, arrival, now))
    }

    /// After a deposit that only heals the obligation ([`crate::caps::check_heals`]): counted, never refused.
    pub fn top_up(
        &self,
        rules: &FlowRules,
        position: &PositionFlow,
        deposits: TokenAmount,
        arrival: Arrival,
        now: Seconds,
    ) -> Moved {
        let capacity = rules.inflow_capacity_down(self.settled_down(rules, deposits, now));
        let before = self.inflow_at(rules, capacity, now);
        let inflow = before.plus(arrival.amount.0, capacity.0);
        // what the bucket did not count it must not get back
        let counted = inflow.used.saturating_sub(before.used);
        let arrived = position.arrived_down(rules, now).saturating_add(counted);
        let taken = position.taken.saturating_sub(arrival.back.0);
        Moved {
            flows: Self { inflow, ..*self },
            position: PositionFlow { taken, arrived, arrived_at: now, ..*position },
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
        let capacity = rules.outflow_capacity_down(self.settled_down(rules, deposits, now));
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
        let (back, position) = match exit.rule {
            ExitRule::Bucket | ExitRule::DailyShare { .. } => position.give_back(rules, exit.amount, now),
            ExitRule::ProRata { .. } => (TokenAmount(0), *position),
        };
        let rest = TokenAmount(exit.amount.0.saturating_sub(back.0));
        let fits = exit.rule == ExitRule::Bucket && rest <= self.room_out(rules, exit.deposits, now);
        let mut moved = Moved { flows: self.flow_out(rules, exit.deposits, rest, now), position };
        let capacity = rules.inflow_capacity_down(self.settled_down(rules, exit.deposits, now));
        moved.flows.inflow = self.inflow_at(rules, capacity, now).minus(back.0);
        if fits {
            return Ok(moved);
        }
        if position.allowance_down(self, rules, exit, now) < exit.shares {
            return Err(match exit.rule {
                ExitRule::Bucket => Refusal::OutflowBucketEmpty,
                ExitRule::DailyShare { .. } | ExitRule::ProRata { .. } => Refusal::ExitShareSpent,
            });
        }
        let (taken, since) = position.counted(rules, exit, now);
        if let ExitRule::ProRata { since } = exit.rule {
            moved.flows.exited = self.exited_since(since).saturating_add(exit.shares.0);
            moved.flows.exits_since = since;
        }
        moved.position = PositionFlow { taken: taken.saturating_add(exit.shares.0), since, ..position };
        Ok(moved)
    }

    fn flow_out(&self, rules: &FlowRules, deposits: TokenAmount, amount: TokenAmount, now: Seconds) -> Self {
        let capacity = rules.outflow_capacity_down(self.settled_down(rules, deposits, now));
        Self { outflow: self.outflow_at(rules, capacity, now).plus(amount.0, capacity.0), ..*self }
    }

    /// Deposits that the buckets are shares of: all but what came in lately, or a deposit that only passes through would make
    /// more room to leave than it takes.
    pub fn settled_down(&self, rules: &FlowRules, deposits: TokenAmount, now: Seconds) -> TokenAmount {
        let Leak { used, updated_at } = self.inflow;
        let lately = fade_down(used, updated_at, Seconds::from(rules.inflow_seconds), now);
        TokenAmount(deposits.0.saturating_sub(lately))
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

    /// How much of a withdrawal only takes back what arrived lately, and the position without it.
    fn give_back(&self, rules: &FlowRules, amount: TokenAmount, now: Seconds) -> (TokenAmount, Self) {
        let arrived = self.arrived_down(rules, now);
        let back = arrived.min(amount.0);
        (TokenAmount(back), Self { arrived: arrived.saturating_sub(back), arrived_at: now, ..*self })
    }
}

/// Errors with [`Refusal::NoSignal`] in the second in which a bucket last moved.
fn outlasts_a_second(leak: &Leak, now: Seconds) -> Checked<()> {
    if leak.updated_at < now {
        Ok(())
    } else {
        Err(Refusal::NoSignal)
    }
}
