//! Units as types: mixing token amounts, shares, dollars and ratios does not compile.

use crate::{error::RiskError, Result};
use bytemuck::{Pod, Zeroable};

/// 100 % in basis points.
pub const BPS_ONE: u64 = 10_000;
/// 100 % in parts per million.
pub const PPM_ONE: u64 = 1_000_000;

/// Seconds: a duration, or a time since the Unix epoch.
pub type Seconds = u64;

/// Money in micro-USD (1e-6 USD), signed. Any legal book fits with room for the products of the score:
/// 16 positions of at most 2^64 units at 1e13 micro-USD a unit stay below 2^112.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(pub i128);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whole dollars.
    pub const fn dollars(dollars: i64) -> Self {
        Self((dollars as i128).wrapping_mul(1_000_000))
    }
    /// Sum, or [`RiskError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self> {
        self.0.checked_add(other.0).map(Self).ok_or(RiskError::Overflow)
    }
    /// Difference, or [`RiskError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self> {
        self.0.checked_sub(other.0).map(Self).ok_or(RiskError::Overflow)
    }
    /// The value as an unsigned number, zero when negative.
    pub fn positive_part(self) -> u128 {
        u128::try_from(self.0).unwrap_or(0)
    }
    /// The value as `u64`, clamped to its range: for events and displays, never for a decision.
    pub fn clamp_u64(self) -> u64 {
        u64::try_from(self.positive_part()).unwrap_or(u64::MAX)
    }
    /// The value as `i64`, clamped to its range: for events and displays, never for a decision.
    pub fn clamp_i64(self) -> i64 {
        i64::try_from(self.0).unwrap_or(if self.0 < 0 { i64::MIN } else { i64::MAX })
    }
    /// From an unsigned number of micro-USD, or [`RiskError::Overflow`].
    pub fn from_unsigned(value: u128) -> Result<Self> {
        i128::try_from(value).map(Self).map_err(|_| RiskError::Overflow)
    }
}

macro_rules! unsigned_unit {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
        #[repr(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// Sum, or [`RiskError::Overflow`].
            pub fn plus(self, other: Self) -> Result<Self> {
                self.0.checked_add(other.0).map(Self).ok_or(RiskError::Overflow)
            }
            /// Difference, or [`RiskError::InsufficientAmount`] when it would be negative.
            pub fn minus(self, other: Self) -> Result<Self> {
                self.0.checked_sub(other.0).map(Self).ok_or(RiskError::InsufficientAmount)
            }
            /// Whether it is nothing.
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }
        }
    };
}

unsigned_unit!(
    /// Base units of a token (its smallest unit).
    TokenAmount(u64)
);
unsigned_unit!(
    /// Shares of a reserve's deposits: worth `shares × deposit index` token units, rounded down.
    DepositShares(u64)
);
unsigned_unit!(
    /// Shares of a reserve's debt: owe `shares × debt index` token units, rounded up.
    DebtShares(u64)
);

/// Basis points (1e-4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Bps(pub u16);

/// Parts per million (1e-6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Ppm(pub u32);

/// A number in 0..=1 with 32 fractional bits: `1 << 32` is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Fraction(pub u64);

impl Fraction {
    /// 1.
    pub const ONE: Self = Self(1 << 32);
    /// 0.
    pub const ZERO: Self = Self(0);

    /// `bps / 10,000`, rounded down, at most 1.
    pub const fn from_bps_down(bps: Bps) -> Self {
        // A u16 shifted by 32 stays below 2^48: the product and the quotient cannot overflow.
        let raw = ((bps.0 as u64) << 32).wrapping_div(BPS_ONE);
        Self(if raw > Self::ONE.0 { Self::ONE.0 } else { raw })
    }
    /// In parts per million, rounded down.
    pub const fn to_ppm_down(self) -> Ppm {
        Ppm(((self.0 as u128).wrapping_mul(PPM_ONE as u128) >> 32) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_that_does_not_fit_its_display_stops_at_the_end_it_is_beyond() {
        for fits in [i64::MIN, -1, 0, 7, i64::MAX] {
            assert_eq!(Usd(i128::from(fits)).clamp_i64(), fits);
        }
        assert_eq!(Usd(i128::from(i64::MIN) - 1).clamp_i64(), i64::MIN);
        assert_eq!(Usd(i128::from(i64::MAX) + 1).clamp_i64(), i64::MAX);
        let unsigned = [-1, 7, u64::MAX.into(), i128::from(u64::MAX) + 1].map(|n| Usd(n).clamp_u64());
        assert_eq!(unsigned, [0, 7, u64::MAX, u64::MAX]);
    }

    #[test]
    fn basis_points_beyond_all_are_all() {
        let fraction = |bps| Fraction::from_bps_down(Bps(bps)).0;
        assert_eq!([fraction(0), fraction(5_000), fraction(10_000)], [0, 1 << 31, 1 << 32]);
        assert_eq!(fraction(9_999), (9_999 << 32) / 10_000);
        assert_eq!([fraction(10_001), fraction(u16::MAX)], [Fraction::ONE.0; 2]);
    }
}
