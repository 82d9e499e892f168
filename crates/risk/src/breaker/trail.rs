//! Where a price stood a while ago, to measure jumps.

use crate::{
    price::UnitPrice,
    units::{Seconds, BPS_ONE},
};
use bytemuck::{Pod, Zeroable};

/// Two earlier prices of an asset, at least a window apart: whatever the moment of a jump, one of them is from before it and
/// at most two windows old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PriceTrail {
    /// The earlier one.
    pub older: UnitPrice,
    /// Its publish time; 0 for none.
    pub older_at: Seconds,
    /// The later one.
    pub newer: UnitPrice,
    /// Its publish time; 0 for none.
    pub newer_at: Seconds,
}

const _: () = assert!(core::mem::size_of::<PriceTrail>() == 48 && core::mem::align_of::<PriceTrail>() == 8);

impl PriceTrail {
    /// The trail after a new price: moves on once a window. Call it after [`PriceTrail::jump_bps_down`] of the same price.
    pub fn note(&self, spot: UnitPrice, published_at: Seconds, window: Seconds) -> Self {
        if self.newer_at != 0 && published_at < self.newer_at.saturating_add(window) {
            return *self;
        }
        Self { older: self.newer, older_at: self.newer_at, newer: spot, newer_at: published_at }
    }

    /// The larger distance of `spot` from the two earlier prices, bps of the earlier price, rounded down. Prices older than
    /// two windows do not count: after a silence the first price is no jump.
    pub fn jump_bps_down(&self, spot: UnitPrice, published_at: Seconds, window: Seconds) -> u64 {
        let from = |price: UnitPrice, at: Seconds| {
            let counts = at != 0 && published_at <= at.saturating_add(window.saturating_mul(2));
            if counts {
                distance_bps_down(spot, price)
            } else {
                0
            }
        };
        from(self.older, self.older_at).max(from(self.newer, self.newer_at))
    }
}

/// `|price − reference| / reference` in bps, rounded down; 0 where either was never set, at most `u64::MAX`.
pub(crate) fn distance_bps_down(price: UnitPrice, reference: UnitPrice) -> u64 {
    if !price.is_set() || !reference.is_set() {
        return 0;
    }
    let [mantissa, shift]: [u64; 2] = bytemuck::cast(price);
    let [reference_mantissa, reference_shift]: [u64; 2] = bytemuck::cast(reference);
    // Aligned to the larger shift. Mantissas have at most 63 bits and shifts differ by at most 40 bits here, so both
    // stay below 2^103 and their difference times 10,000 below 2^117.
    let to = shift.max(reference_shift);
    if to.saturating_sub(shift.min(reference_shift)) > 40 {
        return if shift > reference_shift { BPS_ONE.saturating_sub(1) } else { u64::MAX };
    }
    let aligned = |mantissa: u64, shift: u64| u128::from(mantissa) << (to.wrapping_sub(shift) & 63);
    let (price, reference) = (aligned(mantissa, shift), aligned(reference_mantissa, reference_shift));
    let scaled = price.abs_diff(reference).wrapping_mul(u128::from(BPS_ONE));
    u64::try_from(scaled.checked_div(reference).unwrap_or(0)).unwrap_or(u64::MAX)
}
