//! When a signal is one: each reserve's and each vault's thresholds, with their compiled bounds.

use super::DAY;
use crate::{
    error::{check_unused, RiskError},
    units::{Bps, BPS_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// Guarded reserves above this share of a vault's collateral guard the vault: a third, in bps, rounded down.
pub const GUARDED_SHARE: Bps = Bps(3_333);

/// When a reserve's signals call for Guarded and for Halted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ReserveThresholds {
    /// Age of the price, while debt depends on it, that guards. Seconds.
    pub stale_guards: u32,
    /// … that halts.
    pub stale_halts: u32,
    /// Window over which a jump is measured, seconds: see [`super::PriceTrail`].
    pub jump_window: u32,
    /// How long a signal guards, and Guarded lasts after a Halted. Seconds.
    pub guarded_seconds: u32,
    /// How long a signal halts. Seconds.
    pub halted_seconds: u32,
    /// Distance of spot from its average, over the average, that guards.
    pub average_guards: Bps,
    /// … that halts.
    pub average_halts: Bps,
    /// Confidence over price that guards.
    pub confidence_guards: Bps,
    /// … that halts.
    pub confidence_halts: Bps,
    /// Jump of the price within the window that guards.
    pub jump_guards: Bps,
    /// … that halts.
    pub jump_halts: Bps,
    /// Distance of the market from the asset's rate (a stable's from its peg) that guards.
    pub rate_guards: Bps,
    /// … that halts.
    pub rate_halts: Bps,
    /// Losses that lenders bore within a day, over their deposits, that guard.
    pub loss_guards: Bps,
    /// … that halt.
    pub loss_halts: Bps,
}

const _: () = assert!(core::mem::size_of::<ReserveThresholds>() == 40);

/// When a vault's signals call for Guarded and for Halted. Deficits and failed attestations have no threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct VaultThresholds {
    /// How long a signal guards, and Guarded lasts after a Halted. Seconds.
    pub guarded_seconds: u32,
    /// How long a signal halts. Seconds.
    pub halted_seconds: u32,
    /// Losses that lenders bore within a day, over the vault's collateral, that guard.
    pub loss_guards: Bps,
    /// … that halt.
    pub loss_halts: Bps,
    /// Zero.
    pub reserved: u32,
}

const _: () = assert!(core::mem::size_of::<VaultThresholds>() == 16);

impl ReserveThresholds {
    /// For majors and their wrappers: a price that leaves its average or its place of five minutes ago by a tenth guards.
    pub const MAJOR: Self = Self {
        stale_guards: 300,
        stale_halts: 6 * 3_600,
        jump_window: 300,
        guarded_seconds: 3_600,
        halted_seconds: 4 * 3_600,
        average_guards: Bps(1_000),
        average_halts: Bps(2_500),
        confidence_guards: Bps(200),
        confidence_halts: Bps(1_000),
        jump_guards: Bps(1_000),
        jump_halts: Bps(2_500),
        rate_guards: Bps(300),
        rate_halts: Bps(1_000),
        loss_guards: Bps(10),
        loss_halts: Bps(200),
    };
    /// For stables: a fiftieth off the peg guards, a twentieth halts.
    pub const STABLE: Self = Self {
        average_guards: Bps(200),
        average_halts: Bps(500),
        jump_guards: Bps(200),
        jump_halts: Bps(500),
        rate_guards: Bps(200),
        rate_halts: Bps(500),
        ..Self::MAJOR
    };
    /// For thin alts, which move more on ordinary days and are lent against less.
    pub const ALT: Self = Self {
        average_guards: Bps(1_500),
        average_halts: Bps(3_000),
        jump_guards: Bps(1_500),
        jump_halts: Bps(3_000),
        ..Self::MAJOR
    };

    /// Checks the compiled bounds: no threshold so tight that an ordinary day trips it, none so wide that it never would.
    pub fn validate(&self) -> Result<()> {
        let pair = |guards: Bps, halts: Bps, least: u16| guards.0 >= least && guards < halts;
        let at_most = |halts: Bps, most: u16| halts.0 <= most;
        rule(
            pair(self.average_guards, self.average_halts, 50) && at_most(self.average_halts, 5_000),
            "spot leaves its average by 0.5 % at least to guard, and by more, at most 50 %, to halt",
        )?;
        rule(
            pair(self.confidence_guards, self.confidence_halts, 10) && at_most(self.confidence_halts, 2_500),
            "confidence is 0.1 % of the price at least to guard, and more, at most 25 %, to halt",
        )?;
        rule(
            pair(self.jump_guards, self.jump_halts, 50) && at_most(self.jump_halts, 5_000),
            "a price jumps by 0.5 % at least to guard, and by more, at most 50 %, to halt",
        )?;
        rule(
            pair(self.rate_guards, self.rate_halts, 50) && at_most(self.rate_halts, 5_000),
            "a market leaves its rate by 0.5 % at least to guard, and by more, at most 50 %, to halt",
        )?;
        rule(
            pair(self.loss_guards, self.loss_halts, 1) && u64::from(self.loss_halts.0) <= BPS_ONE,
            "a loss is 0.01 % of deposits at least to guard, and more, at most 100 %, to halt",
        )?;
        rule(
            self.stale_guards >= 60 && self.stale_guards < self.stale_halts && self.stale_halts <= DAY as u32,
            "a feed is stale for a minute at least to guard, and for longer, at most a day, to halt",
        )?;
        rule((60..=3_600).contains(&self.jump_window), "a jump's window is one to sixty minutes")?;
        holds(self.guarded_seconds, self.halted_seconds)
    }
}

impl VaultThresholds {
    /// Losses of a thousandth of collateral guard the vault, of a fiftieth halt it.
    pub const BALANCED: Self = Self {
        guarded_seconds: 3_600,
        halted_seconds: 4 * 3_600,
        loss_guards: Bps(10),
        loss_halts: Bps(200),
        reserved: 0,
    };

    /// Checks the compiled bounds.
    pub fn validate(&self) -> Result<()> {
        rule(
            self.loss_guards.0 >= 1 && self.loss_guards < self.loss_halts && self.loss_halts.0 <= 2_500,
            "a loss is 0.01 % of collateral at least to guard, and more, at most 25 %, to halt",
        )?;
        holds(self.guarded_seconds, self.halted_seconds)?;
        check_unused(self.reserved == 0)
    }
}

fn holds(guarded: u32, halted: u32) -> Result<()> {
    let range = 600..=DAY as u32;
    rule(range.contains(&guarded) && range.contains(&halted), "a trip holds for ten minutes to a day")
}

fn rule(holds: bool, text: &'static str) -> Result<()> {
    if holds {
        Ok(())
    } else {
        Err(RiskError::InvalidParameter(text))
    }
}
