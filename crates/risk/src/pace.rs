//! What paces liquidation: a meter on each obligation and a depth bucket on each reserve. Both refill with time.

use crate::{
    marginal::ratio_down,
    math::{fraction_of_down, mul_div_down, power_in_halves_down},
    tranche::{TrancheCurve, TrancheRules},
    units::{Fraction, Seconds, Usd, BPS_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// An obligation's pace meter: how much was repaid lately, in micro-USD.
///
/// Kept in dollars and not as a part of the allowance, because allowances differ: by net risk, and by the asset that is
/// sold. A small one that is spent takes at most itself from a large one, so a small tranche locks nobody out; nor does dust, which
/// is sold beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PaceMeter {
    /// Repaid and not refilled yet, at `updated_at`, micro-USD.
    pub used: u64,
    /// When it was last written.
    pub updated_at: Seconds,
}

/// One window's allowance: `D·(g0 + (1 − g0)·min(1, u/u1)^p)`, at least the smallest tranche (or the whole debt).
pub fn allowance_down(
    curve: &TrancheCurve,
    rules: &TrancheRules,
    net_risk: Fraction,
    debt: Usd,
) -> Result<Usd> {
    let shape = power_in_halves_down(ratio_down(net_risk, curve.pace_urgency), curve.pace_exponent_halves);
    let floor = Fraction::from_bps_down(curve.pace_floor);
    // floor ≤ 1 and shape ≤ 1 in 32 bits: the product is below 2^64.
    let rise = Fraction::ONE.0.wrapping_sub(floor.0).wrapping_mul(shape.0 >> 1) >> 31;
    let share = Fraction(floor.0.saturating_add(rise).min(Fraction::ONE.0));
    let least = debt.min(rules.minimum());
    Ok(fraction_of_down(debt, share)?.max(least))
}

impl PaceMeter {
    /// What is spent now: it falls by one allowance a window, and to nothing in a window. A clock that runs backwards
    /// refills nothing.
    fn used_at(&self, now: Seconds, window: Seconds, allowance: Usd) -> u64 {
        let elapsed = now.saturating_sub(self.updated_at);
        if elapsed >= window {
            return 0;
        }
        let refilled = mul_div_down(allowance.positive_part(), u128::from(elapsed), u128::from(window));
        let refilled = refilled.ok().and_then(|r| u64::try_from(r).ok()).unwrap_or(u64::MAX);
        self.used.saturating_sub(refilled)
    }

    /// What may be repaid now of this allowance.
    pub fn available_down(&self, now: Seconds, window: Seconds, allowance: Usd) -> Result<Usd> {
        let used = Usd(i128::from(self.used_at(now, window, allowance)));
        Ok(allowance.minus(used)?.max(Usd::ZERO))
    }

    /// The meter after `repaid` under this allowance.
    ///
    /// Dust and the backstop sell where the meter is spent already. Their allowance's refill must not be written down for all of
    /// them then: larger ones have refilled by more since. The time stays what it was, and each loses `repaid` at most.
    pub fn spend_up(&self, now: Seconds, window: Seconds, allowance: Usd, repaid: Usd) -> Self {
        let used = self.used_at(now, window, allowance);
        let (used, updated_at) = if used > 0 && i128::from(used) >= allowance.0 {
            (self.used, self.updated_at)
        } else {
            (used, now.max(self.updated_at))
        };
        Self { used: used.saturating_add(repaid.clamp_u64()), updated_at }
    }
}

/// A reserve's depth bucket: how much of it was sold lately, in micro-USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct DepthBucket {
    /// Sold and not refilled yet, at `updated_at`.
    pub used: u64,
    /// When it was last written.
    pub updated_at: Seconds,
}

impl DepthBucket {
    /// Most that the bucket holds: a share of the asset's calm depth.
    pub fn capacity_down(curve: &TrancheCurve) -> u64 {
        let capacity = u128::from(curve.depth)
            .wrapping_mul(u128::from(curve.bucket_share.0))
            .checked_div(u128::from(BPS_ONE))
            .unwrap_or(0);
        u64::try_from(capacity).unwrap_or(u64::MAX)
    }

    fn used_at(&self, now: Seconds, curve: &TrancheCurve) -> u64 {
        let elapsed = now.saturating_sub(self.updated_at);
        let refilled = mul_div_down(
            u128::from(Self::capacity_down(curve)),
            u128::from(elapsed),
            u128::from(curve.bucket_refill_seconds),
        );
        let refilled = refilled.ok().and_then(|r| u64::try_from(r).ok()).unwrap_or(u64::MAX);
        self.used.saturating_sub(refilled)
    }

    /// What may be sold now. Half of the bucket is kept for books with `u ≥ u1/2`.
    pub fn available_down(&self, now: Seconds, curve: &TrancheCurve, net_risk: Fraction) -> Usd {
        let capacity = Self::capacity_down(curve);
        let urgent = net_risk.0 >= Fraction::from_bps_down(curve.pace_urgency).0 >> 1;
        let kept = if urgent { 0 } else { capacity >> 1 };
        Usd(i128::from(capacity.saturating_sub(self.used_at(now, curve)).saturating_sub(kept)))
    }

    /// The bucket after `sold`, at most full.
    pub fn spend_up(&self, now: Seconds, curve: &TrancheCurve, sold: Usd) -> Self {
        let used = self.used_at(now, curve).saturating_add(sold.clamp_u64()).min(Self::capacity_down(curve));
        Self { used, updated_at: now.max(self.updated_at) }
    }
}
