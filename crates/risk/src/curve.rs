//! How tranches are sized and paid: each reserve's curve and what a vault's tranches have in common, with their bounds.

use crate::{
    error::{check_unused, RiskError},
    model::MAX_BONUS,
    units::{Bps, Usd, BPS_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// How one reserve is sold: its target, pace, bonus and depth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TrancheCurve {
    /// The asset's calm market depth, micro-USD.
    pub depth: u64,
    /// Seconds in which an empty depth bucket refills.
    pub bucket_refill_seconds: u32,
    /// Depth bucket as a share of calm depth, at least 1 %.
    pub bucket_share: Bps,
    /// H: a tranche restores `E = H·R` at most.
    pub target: Bps,
    /// g0: share of the debt that a window allows at no net risk.
    pub pace_floor: Bps,
    /// u1: net risk from which a window allows the whole debt.
    pub pace_urgency: Bps,
    /// Bonus at no net risk.
    pub bonus_min: Bps,
    /// Bonus from `bonus_urgency` on.
    pub bonus_max: Bps,
    /// u_b: net risk at which the bonus is at its highest.
    pub bonus_urgency: Bps,
    /// p of the pace, in halves (3 is 1.5).
    pub pace_exponent_halves: u8,
    /// p of the bonus, in halves.
    pub bonus_exponent_halves: u8,
    /// Zero.
    pub reserved: u32,
}

/// What a vault's tranches have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TrancheRules {
    /// Smallest tranche, and the size below which a position is dust, micro-USD.
    pub minimum_tranche: u64,
    /// Smallest debt that may be opened, micro-USD.
    pub minimum_debt: u64,
    /// Seconds in which a spent pace meter refills.
    pub window_seconds: u32,
    /// Net risk from which the pace meter and the depth bucket no longer apply.
    pub backstop_urgency: Bps,
    /// Net risk from which the depth bucket no longer applies.
    pub bucket_off_urgency: Bps,
    /// Share of each bonus that stays as insurance.
    pub insurance_slice: Bps,
    /// Zero.
    pub reserved: [u16; 3],
}

impl TrancheCurve {
    /// Checks the compiled bounds.
    pub fn validate(&self) -> Result<()> {
        let rule =
            |ok: bool, text: &'static str| if ok { Ok(()) } else { Err(RiskError::InvalidParameter(text)) };
        let share = |bps: Bps| bps.0 >= 1 && u64::from(bps.0) <= BPS_ONE;
        rule(self.bonus_max <= MAX_BONUS && self.bonus_min.0 >= 1, "a bonus lies between 0.01 % and 5 %")?;
        rule(self.bonus_min <= self.bonus_max, "the lowest bonus is at most the highest")?;
        rule((10_000..=20_000).contains(&self.target.0), "the target lies between 100 % and 200 %")?;
        rule(
            share(self.pace_floor) && share(self.pace_urgency),
            "pace floor and urgency lie in 0.01 % to 100 %",
        )?;
        rule(share(self.bonus_urgency), "the bonus urgency lies in 0.01 % to 100 %")?;
        rule(self.pace_exponent_halves <= 12 && self.bonus_exponent_halves <= 12, "exponents are at most 6")?;
        rule(
            self.bucket_share.0 >= 100 && u64::from(self.bucket_share.0) <= BPS_ONE,
            "a depth bucket holds 1 % to 100 % of depth",
        )?;
        rule((1..=86_400).contains(&self.bucket_refill_seconds), "a depth bucket refills within a day")?;
        rule(self.depth >= 1_000_000_000, "a market's depth is at least 1,000 USD")?;
        check_unused(self.reserved == 0)
    }
}

impl TrancheRules {
    /// The smallest tranche.
    pub const fn minimum(&self) -> Usd {
        Usd(self.minimum_tranche as i128)
    }

    /// Checks the compiled bounds.
    pub fn validate(&self) -> Result<()> {
        let rule =
            |ok: bool, text: &'static str| if ok { Ok(()) } else { Err(RiskError::InvalidParameter(text)) };
        rule(
            (1_000_000..=1_000_000_000).contains(&self.minimum_tranche),
            "the smallest tranche lies between 1 and 1,000 USD",
        )?;
        rule(
            self.minimum_debt >= self.minimum_tranche.saturating_mul(10),
            "the smallest debt is at least ten smallest tranches",
        )?;
        rule(self.minimum_debt <= 100_000_000_000, "the smallest debt is at most 100,000 USD")?;
        rule((1..=3_600).contains(&self.window_seconds), "a pace window lasts at most an hour")?;
        rule(
            (1_000..=9_500).contains(&self.backstop_urgency.0),
            "the backstop starts between 10 % and 95 % of net risk",
        )?;
        rule(
            (100..=5_000).contains(&self.bucket_off_urgency.0),
            "the depth bucket ends between 1 % and 50 % of net risk",
        )?;
        rule(self.insurance_slice.0 <= 5_000, "insurance takes at most half of a bonus")?;
        check_unused(self.reserved == [0; 3])
    }
}
