//! A reserve's flow rules and their bounds.

use crate::{
    error::{check_unused, RiskError},
    proportion::part_down,
    units::{Bps, TokenAmount, BPS_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// Least daily share of the own deposit: a seventh, so that a full exit takes at most seven days.
pub const MIN_DAILY_SHARE: Bps = Bps(1_429);
const WEEK: u32 = 7 * 86_400;

/// How large a reserve's buckets are and how fast they refill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct FlowRules {
    /// The inflow bucket holds at least this, so that an empty reserve can begin. Token units.
    pub inflow_floor: u64,
    /// The outflow bucket holds at least this. Token units.
    pub outflow_floor: u64,
    /// Seconds in which an empty inflow bucket refills.
    pub inflow_seconds: u32,
    /// Seconds in which an empty outflow bucket refills.
    pub outflow_seconds: u32,
    /// The inflow bucket as a share of the reserve's deposits.
    pub inflow_share: Bps,
    /// The outflow bucket as a share of the reserve's deposits.
    pub outflow_share: Bps,
    /// Of the own deposit, what may leave a day where only a share may.
    pub daily_share: Bps,
    /// Zero.
    pub reserved: u16,
}

const _: () = assert!(core::mem::size_of::<FlowRules>() == 32 && core::mem::align_of::<FlowRules>() == 8);

impl FlowRules {
    /// A fifth of deposits in, and a fifth out, every six hours; a fifth of the own deposit a day. Floors in token units
    /// are the asset's own.
    pub const fn balanced(inflow_floor: u64, outflow_floor: u64) -> Self {
        Self {
            inflow_floor,
            outflow_floor,
            inflow_seconds: 6 * 3_600,
            outflow_seconds: 6 * 3_600,
            inflow_share: Bps(2_000),
            outflow_share: Bps(2_000),
            daily_share: Bps(2_000),
            reserved: 0,
        }
    }

    /// What the inflow bucket holds, rounded down.
    pub fn inflow_capacity_down(&self, deposits: TokenAmount) -> TokenAmount {
        capacity_down(deposits, self.inflow_share, self.inflow_floor)
    }

    /// What the outflow bucket holds, rounded down.
    pub fn outflow_capacity_down(&self, deposits: TokenAmount) -> TokenAmount {
        capacity_down(deposits, self.outflow_share, self.outflow_floor)
    }

    /// Checks the compiled bounds.
    pub fn validate(&self) -> Result<()> {
        let rule =
            |ok: bool, text: &'static str| if ok { Ok(()) } else { Err(RiskError::InvalidParameter(text)) };
        let share = |bps: Bps| bps.0 >= 100 && u64::from(bps.0) <= BPS_ONE;
        rule(
            share(self.inflow_share) && share(self.outflow_share),
            "a flow bucket holds 1 % to 100 % of deposits",
        )?;
        rule(
            (600..=WEEK).contains(&self.inflow_seconds) && (600..=WEEK).contains(&self.outflow_seconds),
            "a flow bucket refills in ten minutes to seven days",
        )?;
        rule(
            self.inflow_floor > 0 && self.outflow_floor > 0,
            "a flow bucket holds something however small the reserve is",
        )?;
        rule(
            self.daily_share >= MIN_DAILY_SHARE && u64::from(self.daily_share.0) <= BPS_ONE,
            "the daily share of a deposit is a seventh at least, so that a full exit takes at most seven days",
        )?;
        check_unused(self.reserved == 0)
    }
}

fn capacity_down(deposits: TokenAmount, share: Bps, floor: u64) -> TokenAmount {
    TokenAmount(part_down(deposits.0, u64::from(share.0), BPS_ONE).max(floor))
}
