//! Prices: from an oracle's mantissa and exponent to micro-USD a token unit, with conservative bounds and ages.

#[cfg(test)]
mod tests;

use crate::{
    error::RiskError,
    math::{mul_div_down, mul_div_up},
    units::{Bps, Seconds, TokenAmount, Usd, BPS_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// Fewest decimals of a supported token. Below, a single unit is worth too much to round.
pub const MIN_DECIMALS: u8 = 2;
/// Most decimals of a supported token. Beyond, 64 bits hold too few tokens.
pub const MAX_DECIMALS: u8 = 12;
/// The smallest oracle exponent taken: prices below 1e-12 USD are refused.
pub const MIN_EXPONENT: i32 = -12;

/// Oldest price, by publish time, to borrow or to withdraw against debt.
pub const MAX_AGE_TO_OPEN: Seconds = 10;
/// Oldest price of the two assets that a tranche trades.
pub const MAX_AGE_IN_PAIR: Seconds = 15;
/// Up to this age the other assets of a liquidated book count at their last price.
pub const STALE_AFTER: Seconds = 60;
/// Beyond [`STALE_AFTER`], a stale price is moved in the borrower's favour by this much a minute …
pub const STALE_WIDENING_PER_MINUTE: Bps = Bps(50);
/// … up to this much.
pub const STALE_WIDENING_MAX: Bps = Bps(5_000);

/// Micro-USD a token unit: `mantissa / 2^shift`, the mantissa rounded down and normalised to 60 to 63 bits.
///
/// The true price lies in `[mantissa, mantissa + 1) / 2^shift`, so a value rounded down uses the mantissa and a value
/// rounded up uses `mantissa + 1`: relative width below 2^-59. A multiplication and a shift value an amount; no
/// division is needed on chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct UnitPrice {
    mantissa: u64,
    shift: u64,
}

impl UnitPrice {
    /// From an oracle's `price × 10^exponent` USD a whole token of `decimals`.
    ///
    /// Errors with [`RiskError::PriceOutOfRange`] unless the price is in 1e-12..=1e9 USD, the exponent in -12..=0 and the
    /// decimals in 2..=12.
    pub fn from_oracle(price: u64, exponent: i32, decimals: u8) -> Result<Self> {
        if price == 0
            || !(MIN_EXPONENT..=0).contains(&exponent)
            || !(MIN_DECIMALS..=MAX_DECIMALS).contains(&decimals)
        {
            return Err(RiskError::PriceOutOfRange);
        }
        let scale = power_of_ten(exponent.unsigned_abs())?;
        if u128::from(price) > scale.checked_mul(1_000_000_000).ok_or(RiskError::Overflow)? {
            return Err(RiskError::PriceOutOfRange);
        }
        // micro-USD a unit = price × 10^(exponent + 6 - decimals) = price × 10^6 / (10^-exponent × 10^decimals)
        let numerator = u128::from(price).checked_mul(1_000_000).ok_or(RiskError::Overflow)?;
        let denominator = scale.checked_mul(power_of_ten(u32::from(decimals))?).ok_or(RiskError::Overflow)?;
        let mut shift = 0u32;
        let mut shifted = numerator;
        let room = numerator.leading_zeros();
        shifted <<= room;
        shift = shift.checked_add(room).ok_or(RiskError::Overflow)?;
        let mut quotient = shifted.checked_div(denominator).ok_or(RiskError::DivisionByZero)?;
        // 128 bits over a denominator of at most 10^24 (80 bits) leave at least 48. Shorter ones are extended by dividing
        // the remainder on, so that every price keeps at least 60 bits.
        let bits = 128u32.wrapping_sub(quotient.leading_zeros());
        if bits < 60 {
            let extra = 62u32.wrapping_sub(bits);
            let remainder = shifted.wrapping_sub(quotient.wrapping_mul(denominator));
            let more = mul_div_down(remainder, 1u128 << extra, denominator)?;
            quotient = (quotient << extra) | more;
            shift = shift.checked_add(extra).ok_or(RiskError::Overflow)?;
        } else if bits > 63 {
            let surplus = bits.wrapping_sub(63);
            quotient >>= surplus;
            shift = shift.checked_sub(surplus).ok_or(RiskError::PriceOutOfRange)?;
        }
        if shift > 127 {
            let surplus = shift.wrapping_sub(127);
            quotient >>= surplus;
            shift = 127;
        }
        let mantissa = u64::try_from(quotient).map_err(|_| RiskError::Overflow)?;
        if mantissa == 0 {
            return Err(RiskError::PriceOutOfRange);
        }
        Ok(Self { mantissa, shift: u64::from(shift) })
    }

    /// Whether a price was ever set.
    pub const fn is_set(&self) -> bool {
        self.mantissa != 0
    }

    fn shift_bits(&self) -> u32 {
        (self.shift & 127) as u32
    }

    /// Value of an amount, rounded down: for deposits.
    #[inline]
    pub fn value_down(&self, amount: TokenAmount) -> Usd {
        // Both factors fit 64 bits; the product is below 2^127 because the mantissa has at most 63.
        Usd((u128::from(amount.0).wrapping_mul(u128::from(self.mantissa)) >> self.shift_bits()) as i128)
    }

    /// Value of an amount, rounded up: for debts.
    #[inline]
    pub fn value_up(&self, amount: TokenAmount) -> Usd {
        if amount.0 == 0 {
            return Usd::ZERO;
        }
        let product = u128::from(amount.0).wrapping_mul(u128::from(self.mantissa).wrapping_add(1));
        let shifted = product >> self.shift_bits();
        let part = u128::from((shifted << self.shift_bits()) != product);
        Usd(shifted.wrapping_add(part) as i128)
    }

    /// Most units whose value does not exceed `value`, rounded down; at most `u64::MAX`.
    pub fn amount_down(&self, value: Usd) -> Result<TokenAmount> {
        if self.mantissa == 0 {
            return Err(RiskError::PriceOutOfRange);
        }
        let amount = mul_div_down(
            value.positive_part(),
            1u128 << self.shift_bits(),
            u128::from(self.mantissa).wrapping_add(1),
        );
        Ok(TokenAmount(amount.ok().and_then(|a| u64::try_from(a).ok()).unwrap_or(u64::MAX)))
    }

    /// Fewest units worth at least `value`, rounded up; at most `u64::MAX`.
    pub fn amount_up(&self, value: Usd) -> Result<TokenAmount> {
        if self.mantissa == 0 {
            return Err(RiskError::PriceOutOfRange);
        }
        let amount = mul_div_up(value.positive_part(), 1u128 << self.shift_bits(), u128::from(self.mantissa));
        Ok(TokenAmount(amount.ok().and_then(|a| u64::try_from(a).ok()).unwrap_or(u64::MAX)))
    }

    /// Whether this price is below `other`. Both must be of the same token.
    pub fn is_below(&self, other: &Self) -> bool {
        // A normalised mantissa has its top bit in 60..=63, so compare by aligning the smaller shift's mantissa up.
        let (a, b) = (self, other);
        let align = |p: &Self, to: u32| {
            u128::from(p.mantissa).checked_shl(to.wrapping_sub(p.shift_bits())).unwrap_or(u128::MAX)
        };
        let to = a.shift_bits().max(b.shift_bits());
        if to.wrapping_sub(a.shift_bits().min(b.shift_bits())) > 63 {
            return a.shift_bits() > b.shift_bits();
        }
        align(a, to) < align(b, to)
    }
}

pub(crate) fn power_of_ten(exponent: u32) -> Result<u128> {
    10u128.checked_pow(exponent).ok_or(RiskError::Overflow)
}

/// One observation of an oracle, already checked for authenticity by the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Spot price mantissa, > 0.
    pub price: i64,
    /// Confidence interval in the same scale.
    pub confidence: u64,
    /// Exponentially weighted average price mantissa, > 0.
    pub ema: i64,
    /// Common exponent of the three, -12..=0.
    pub exponent: i32,
    /// When it was published.
    pub publish_time: Seconds,
}

/// A reserve's prices, ready for scoring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PriceSet {
    /// For `R_maint`, tranches and displays.
    pub spot: UnitPrice,
    /// `min(spot − k·confidence, ema)`: what a deposit counts for in `R_init`.
    pub low: UnitPrice,
    /// `max(spot + k·confidence, ema)`: what a debt counts for in `R_init`.
    pub high: UnitPrice,
}

impl Observation {
    /// Prices of a token of `decimals`; `confidence_factor` is `k` in bps of one confidence interval.
    ///
    /// Errors with [`RiskError::PriceOutOfRange`] for a price that is not positive, a confidence as wide as the price, or a
    /// value outside the supported range. A low bound that would fall to zero is held at one mantissa unit.
    pub fn prices(&self, decimals: u8, confidence_factor: Bps) -> Result<PriceSet> {
        self.prices_below(decimals, confidence_factor, u64::MAX)
    }

    /// [`Observation::prices`] with a bound, in the price's own scale, on what a deposit counts for in `R_init`.
    pub fn prices_below(&self, decimals: u8, confidence_factor: Bps, ceiling: u64) -> Result<PriceSet> {
        let spot = u64::try_from(self.price).map_err(|_| RiskError::PriceOutOfRange)?;
        let ema = u64::try_from(self.ema).map_err(|_| RiskError::PriceOutOfRange)?;
        if spot == 0 || ema == 0 || self.confidence >= spot {
            return Err(RiskError::PriceOutOfRange);
        }
        let margin =
            mul_div_up(u128::from(self.confidence), u128::from(confidence_factor.0), u128::from(BPS_ONE))?;
        let margin = u64::try_from(margin).map_err(|_| RiskError::PriceOutOfRange)?;
        let low = spot.saturating_sub(margin).min(ema).min(ceiling).max(1);
        let high = spot.checked_add(margin).ok_or(RiskError::PriceOutOfRange)?.max(ema);
        Ok(PriceSet {
            spot: UnitPrice::from_oracle(spot, self.exponent, decimals)?,
            low: UnitPrice::from_oracle(low, self.exponent, decimals)?,
            high: UnitPrice::from_oracle(high, self.exponent, decimals)?,
        })
    }

    /// Confidence over price in bps, rounded up; saturates at `u64::MAX`.
    pub fn confidence_bps_up(&self) -> u64 {
        let price = u128::from(self.price.unsigned_abs());
        mul_div_up(u128::from(self.confidence), u128::from(BPS_ONE), price)
            .ok()
            .and_then(|bps| u64::try_from(bps).ok())
            .unwrap_or(u64::MAX)
    }
}

/// How far a price of this age is moved in the borrower's favour, in bps: 0 up to [`STALE_AFTER`], then
/// [`STALE_WIDENING_PER_MINUTE`] a minute, at most [`STALE_WIDENING_MAX`].
pub fn stale_widening(age: Seconds) -> Bps {
    let beyond = age.saturating_sub(STALE_AFTER);
    let bps = beyond.saturating_mul(u64::from(STALE_WIDENING_PER_MINUTE.0)).checked_div(60).unwrap_or(0);
    Bps(u16::try_from(bps).unwrap_or(u16::MAX).min(STALE_WIDENING_MAX.0))
}

/// What a deposit of `value` at its last price counts for at this age: more as it ages, so that a dead feed liquidates
/// nobody. Rounded down.
pub fn stale_deposit_value_down(value: Usd, age: Seconds) -> Result<Usd> {
    let bps = u64::from(stale_widening(age).0);
    if bps == 0 {
        return Ok(value);
    }
    crate::math::bps_of_down(value, BPS_ONE.saturating_add(bps))
}

/// What a debt of `value` at its last price counts for at this age: less as it ages. Rounded up.
pub fn stale_debt_value_up(value: Usd, age: Seconds) -> Result<Usd> {
    let bps = u64::from(stale_widening(age).0);
    if bps == 0 {
        return Ok(value);
    }
    crate::math::bps_of_up(value, BPS_ONE.saturating_sub(bps))
}
