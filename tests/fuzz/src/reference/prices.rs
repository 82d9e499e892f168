//! What token units are worth: from the oracle's own numbers, not from the prices that the program made of them.

use super::{over_up, Range};
use ballast::state::{safety::Breaker, Reserve, UnitPrice};
use num_bigint::BigInt;
use num_traits::{One as _, Zero as _};

/// Micro-USD a token unit, exactly.
#[derive(Clone, Debug)]
pub struct Price {
    numerator: BigInt,
    denominator: BigInt,
}

fn ten_to(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

impl Price {
    /// At spot, or for `R_init`: `min(spot − k·confidence, average)` for what is held, `max(spot + k·confidence, average)` for what is
    /// owed. `None` where there never was a price.
    pub fn of(reserve: &Reserve, conservative_for_debt: Option<bool>) -> Option<Self> {
        let price = &reserve.price;
        let (spot, average) = (u64::try_from(price.price).ok()?, u64::try_from(price.ema).ok()?);
        if spot == 0 {
            return None;
        }
        let margin = over_up(&(BigInt::from(price.confidence) * reserve.confidence_factor), &10_000.into());
        let mantissa = match conservative_for_debt {
            None => BigInt::from(spot),
            Some(true) => (spot + margin).max(average.into()),
            Some(false) => {
                let low = (spot - margin).min(average.into());
                believed(reserve, spot).map_or(low.clone(), |most| low.min(most)).max(BigInt::one())
            }
        };
        // mantissa × 10^(exponent + 6 − decimals)
        let down = u32::from(reserve.decimals) + price.exponent.checked_neg()?.try_into().unwrap_or(0u32);
        Some(Self { numerator: mantissa * ten_to(6), denominator: ten_to(down) })
    }

    /// Value of token units, rounded against whoever holds or owes them. The program's price has 60 bits or more, rounded down, and one
    /// of the last place is added for debts.
    pub fn value(&self, units: &Range, up: bool) -> Range {
        let bits = BigInt::one() << 59;
        let exact = |units: &BigInt| (units * &self.numerator, self.denominator.clone());
        if up {
            // always above the exact price, so a whole value becomes the next one
            let (n, d) = exact(&units.low);
            let low = if n.is_zero() { n } else { n / d + 1 };
            let (n, d) = exact(&units.high);
            return Range { low, high: over_up(&(n * (&bits + 1)), &(d * &bits)) };
        }
        let (n, d) = exact(&units.low);
        let high = exact(&units.high);
        Range { low: n * (&bits - 1) / (d * &bits), high: high.0 / high.1 }
    }
}

/// What a redemption rate is believed of spot, where the market's is above it.
fn believed(reserve: &Reserve, spot: u64) -> Option<BigInt> {
    let source = &reserve.source;
    if source.rate_feed_id == [0; 32] {
        return None;
    }
    let rate = &source.quotes[1];
    let observed = BigInt::from(rate.price) * ten_to(9) / ten_to(rate.exponent.unsigned_abs());
    (observed > source.anchor.rate.into()).then(|| BigInt::from(spot) * source.anchor.rate / observed)
}

/// Whether a composed price is the product of its quotes, in its own scale, rounded down. Others are what they are.
pub fn is_composed_rightly(reserve: &Reserve) -> bool {
    let source = &reserve.source;
    let [base, rate] = &source.quotes;
    // a feed that was changed says nothing yet, and the price stands
    if source.rate_feed_id == [0; 32] || base.price == 0 || rate.price == 0 {
        return true;
    }
    let cut = reserve.price.exponent - base.exponent - rate.exponent;
    let product = |a: i64, b: i64| BigInt::from(a) * b / ten_to(cut.try_into().unwrap_or(0));
    product(base.price, rate.price) == reserve.price.price.into()
        && product(base.ema, rate.ema) == reserve.price.ema.into()
}

/// A value at an old price: after a minute it moves in the borrower's favour by half a percent a minute, up to one half.
pub fn widened(value: &Range, owed: bool, age: u64) -> Range {
    let bps = (age.saturating_sub(60).saturating_mul(50) / 60).min(5_000);
    if bps == 0 {
        return value.clone();
    }
    let all = BigInt::from(10_000);
    if owed {
        let part = |value: &BigInt| over_up(&(value * (10_000 - bps)), &all);
        return Range { low: part(&value.low), high: part(&value.high) };
    }
    let part = |value: &BigInt| value * (10_000 + bps) / &all;
    Range { low: part(&value.low), high: part(&value.high) }
}

/// Whether a breaker holds nothing back now.
pub fn is_normal(breaker: &Breaker, now: u64) -> bool {
    match breaker.state {
        0 => true,
        1 => now >= breaker.expires_at,
        2 => now >= breaker.expires_at.saturating_add(breaker.guarded_seconds),
        _ => false,
    }
}

/// Whether the bounds that the program keeps are those of [`Price::of`]: they are not where their rule changed after the price came in.
pub fn bounds_are_of_the_rule(reserve: &Reserve) -> bool {
    let is = |kept: &UnitPrice, for_debt: bool| {
        let Some(price) = Price::of(reserve, Some(for_debt)) else { return false };
        let shift = u32::try_from(kept.shift).unwrap_or(0);
        let apart = (price.numerator << shift) - BigInt::from(kept.mantissa) * &price.denominator;
        apart >= BigInt::zero() && apart < price.denominator
    };
    is(&reserve.price.low, false) && is(&reserve.price.high, true)
}
