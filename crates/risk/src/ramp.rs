//! Ramps: how parameters that raise `R_maint` move, linearly and slowly, so that nobody is liquidated by a vote.
//!
//! A change stores the parameters as they were, the new ones, and a [`Ramp`]; what counts at any time is
//! [`Ramp::model_at`] and [`Ramp::asset_at`]. Every field moves in a straight line, rounded towards the old value, so it is never
//! ahead of its schedule, and both ends are exact. R is convex in the rows, so along a ramp its scenario part is never above
//! the line between its ends.

#[cfg(test)]
mod tests;

use crate::{
    breaker::DAY,
    error::RiskError,
    model::{AssetRisk, RiskModel},
    proportion::part_down,
    refusal::{Checked, Refusal},
    units::{Bps, Fraction, Seconds},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// Shortest ramp.
pub const MIN_RAMP: Seconds = 3 * DAY;
/// Longest ramp.
pub const MAX_RAMP: Seconds = 90 * DAY;
/// Most that a shock, charge or floor moves a day: 2 %.
pub const MAX_STEP: Bps = Bps(200);
/// Most that a beta moves a day: 0.05. On a group whose worst shock is 40 %, that is as fast as [`MAX_STEP`].
pub const MAX_BETA_STEP: Bps = Bps(500);

/// When old parameters become new ones. All zeros: they have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Ramp {
    /// When it starts.
    pub start: Seconds,
    /// How long it takes, seconds.
    pub duration: Seconds,
}

impl Ramp {
    /// A ramp of `duration` from now on. Errors with [`Refusal::RampTooFast`] when it is shorter than `needed`
    /// ([`model_seconds_up`], [`asset_seconds_up`]), and with a parameter error beyond [`MAX_RAMP`].
    pub fn new(now: Seconds, duration: Seconds, needed: Seconds) -> Checked<Self> {
        if duration < needed.max(MIN_RAMP) {
            return Err(Refusal::RampTooFast);
        }
        if duration > MAX_RAMP {
            return Err(RiskError::InvalidParameter("a ramp takes at most 90 days").into());
        }
        Ok(Self { start: now, duration })
    }

    /// How far it is, rounded down.
    pub fn progress_down(&self, now: Seconds) -> Fraction {
        let elapsed = now.saturating_sub(self.start);
        if elapsed >= self.duration {
            return Fraction::ONE;
        }
        Fraction(part_down(elapsed, Fraction::ONE.0, self.duration))
    }

    /// The model that counts now. Counts of groups and rows are the larger ones until the end, since what is new grows from zero;
    /// `R_init`'s factor is the smaller one until the end, so that no margin times the factor passes 100 % on the way.
    pub fn model_at(&self, old: &RiskModel, new: &RiskModel, now: Seconds) -> RiskModel {
        let progress = self.progress_down(now);
        if progress == Fraction::ONE {
            return *new;
        }
        if progress == Fraction::ZERO {
            return *old;
        }
        let mut model = *new;
        for ((row, from), to) in model.rows.iter_mut().zip(&old.rows).zip(&new.rows) {
            for ((shock, from), to) in row.iter_mut().zip(from).zip(to) {
                *shock = blend_shock(*from, *to, progress);
            }
        }
        for ((basis, from), to) in model.basis.iter_mut().zip(&old.basis).zip(&new.basis) {
            *basis = blend(*from, *to, progress);
        }
        model.peak = model.peaks();
        model.gross_floor = blend(old.gross_floor, new.gross_floor, progress);
        model.debt_floor = blend(old.debt_floor, new.debt_floor, progress);
        model.opening_factor = old.opening_factor.min(new.opening_factor);
        model.group_count = old.group_count.max(new.group_count);
        model.row_count = old.row_count.max(new.row_count);
        model
    }

    /// An asset's place in the model that counts now. Its group does not move: see [`crate::change`].
    pub fn asset_at(&self, old: &AssetRisk, new: &AssetRisk, now: Seconds) -> AssetRisk {
        let progress = self.progress_down(now);
        AssetRisk {
            beta: blend(old.beta, new.beta, progress),
            idio: blend(old.idio, new.idio, progress),
            ..*new
        }
    }
}

/// `old + (new − old)·progress`, rounded towards `old`.
pub fn blend(old: Bps, new: Bps, progress: Fraction) -> Bps {
    let step = part_of(old.0.abs_diff(new.0), progress);
    Bps(if new.0 >= old.0 { old.0.saturating_add(step) } else { old.0.saturating_sub(step) })
}

/// [`blend`] of signed shocks.
pub fn blend_shock(old: i16, new: i16, progress: Fraction) -> i16 {
    let step = part_of(old.abs_diff(new), progress);
    if new >= old {
        old.saturating_add_unsigned(step)
    } else {
        old.saturating_sub_unsigned(step)
    }
}

fn part_of(distance: u16, progress: Fraction) -> u16 {
    // At most 2^16 times 2^32.
    (u64::from(distance).wrapping_mul(progress.0.min(Fraction::ONE.0)) >> 32) as u16
}

/// How long a ramp between these models must take at least.
pub fn model_seconds_up(old: &RiskModel, new: &RiskModel) -> Seconds {
    let mut most = old.gross_floor.0.abs_diff(new.gross_floor.0);
    most = most.max(old.debt_floor.0.abs_diff(new.debt_floor.0));
    for (from, to) in old.rows.iter().flatten().zip(new.rows.iter().flatten()) {
        most = most.max(from.abs_diff(*to));
    }
    for (from, to) in old.basis.iter().zip(&new.basis) {
        most = most.max(from.0.abs_diff(to.0));
    }
    seconds_up(most, MAX_STEP)
}

/// How long a ramp between these places of an asset must take at least.
pub fn asset_seconds_up(old: &AssetRisk, new: &AssetRisk) -> Seconds {
    let beta = seconds_up(old.beta.0.abs_diff(new.beta.0), MAX_BETA_STEP);
    beta.max(seconds_up(old.idio.0.abs_diff(new.idio.0), MAX_STEP))
}

fn seconds_up(distance: u16, step: Bps) -> Seconds {
    // At most 2^16 days.
    let seconds = u64::from(distance).wrapping_mul(DAY).wrapping_add(u64::from(step.0).wrapping_sub(1));
    seconds.checked_div(u64::from(step.0)).unwrap_or(0).max(MIN_RAMP)
}

/// Checks assets against models that ramp between one another, or that they ramp between themselves: each asset must fit
/// each model. A margin is linear in the asset's parameters and convex in the model's, so it is then at most 100 % all the way.
pub fn check_fit(models: &[&RiskModel], assets: &[&AssetRisk]) -> Result<()> {
    for model in models {
        for asset in assets {
            model.validate_asset(asset)?;
        }
    }
    Ok(())
}
