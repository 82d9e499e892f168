//! Composed prices: an asset quoted as a rate over a base (a liquid-staked or wrapped token), and how far its redemption rate
//! is believed.

use crate::{
    error::RiskError,
    math::mul_div_down,
    price::{power_of_ten, Observation, MIN_EXPONENT},
    units::{Bps, Seconds, BPS_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// Daily growth of a redemption rate that is believed at most: 1 % a day. Honest staking earns a fiftieth of it.
pub const MAX_RATE_GROWTH: Bps = Bps(100);
const SECONDS_PER_DAY: u64 = 86_400;
/// 1 in parts per billion.
pub const PPB_ONE: u64 = 1_000_000_000;

/// The redemption rate of a composed asset, as far as it is believed: it follows the observed rate upwards by a bounded daily
/// growth, and does not follow it down (a market below it shows in the price itself). It acts on `R_init` only: a rate guard
/// that misprices must not liquidate people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct RateAnchor {
    /// The rate, parts per billion of the base asset.
    pub rate: u64,
    /// When it was last moved.
    pub updated_at: Seconds,
}

impl RateAnchor {
    /// The anchor after an observed rate: `min(observed, anchor × (1 + growth × days))`, never below what it was. A clock that
    /// stands still or runs backwards moves nothing.
    pub fn follow_down(&self, observed: u64, growth: Bps, now: Seconds) -> Self {
        let elapsed = now.saturating_sub(self.updated_at);
        let rise = mul_div_down(
            u128::from(self.rate).saturating_mul(u128::from(growth.0.min(MAX_RATE_GROWTH.0))),
            u128::from(elapsed),
            u128::from(BPS_ONE).wrapping_mul(u128::from(SECONDS_PER_DAY)),
        );
        let rise = rise.ok().and_then(|r| u64::try_from(r).ok()).unwrap_or(u64::MAX);
        let reached = observed.min(self.rate.saturating_add(rise)).max(self.rate);
        // While nothing whole has been gained, time keeps adding up.
        if reached == self.rate && observed > self.rate {
            return *self;
        }
        Self { rate: reached, updated_at: now.max(self.updated_at) }
    }
}

impl Observation {
    /// The price of an asset quoted as `rate` units of a base asset: `base × rate`. Prices round down, the relative
    /// confidences add up, and the older publish time counts. Errors with [`RiskError::PriceOutOfRange`] where a factor is
    /// not positive or the product leaves the range.
    pub fn compose_down(base: &Self, rate: &Self) -> Result<Self> {
        let positive = |n: i64| u64::try_from(n).ok().filter(|n| *n > 0).ok_or(RiskError::PriceOutOfRange);
        let (base_price, rate_price) = (positive(base.price)?, positive(rate.price)?);
        let product = |a: u64, b: u64| u128::from(a).wrapping_mul(u128::from(b));
        let mut price = product(base_price, rate_price);
        let mut ema = product(positive(base.ema)?, positive(rate.ema)?);
        let mut confidence = product(base.confidence, rate_price)
            .saturating_add(product(base_price, rate.confidence))
            .saturating_add(product(base.confidence, rate.confidence));
        let mut exponent = base.exponent.checked_add(rate.exponent).ok_or(RiskError::PriceOutOfRange)?;
        let most = i64::MAX as u128;
        while exponent < MIN_EXPONENT || (exponent < 0 && price.max(ema).max(confidence) > most) {
            price = price.wrapping_div(10);
            ema = ema.wrapping_div(10);
            confidence = confidence.wrapping_div(10).saturating_add(1);
            exponent = exponent.saturating_add(1);
        }
        let fit = |n: u128| i64::try_from(n).map_err(|_| RiskError::PriceOutOfRange);
        Ok(Self {
            price: fit(price)?,
            confidence: u64::try_from(confidence).map_err(|_| RiskError::PriceOutOfRange)?,
            ema: fit(ema)?,
            exponent,
            publish_time: base.publish_time.min(rate.publish_time),
        })
    }

    /// The observation as a plain number in parts per billion, rounded down; `None` where it does not fit.
    pub fn ppb_down(&self) -> Option<u64> {
        let price = u128::from(u64::try_from(self.price).ok()?);
        let scale = power_of_ten(self.exponent.unsigned_abs()).ok()?;
        let ppb = mul_div_down(price, u128::from(PPB_ONE), scale).ok()?;
        u64::try_from(ppb).ok()
    }

    /// What the anchor lets a composed price count for at most in `R_init`, in the price's own scale: spot scaled from the
    /// observed rate down to the anchor; `u64::MAX` while the rate is not above the anchor.
    pub fn ceiling_down(&self, observed_rate: u64, anchor: &RateAnchor) -> u64 {
        if observed_rate <= anchor.rate {
            return u64::MAX;
        }
        let spot = u128::from(u64::try_from(self.price).unwrap_or(0));
        let capped = mul_div_down(spot, u128::from(anchor.rate), u128::from(observed_rate));
        capped.ok().and_then(|price| u64::try_from(price).ok()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::TokenAmount;

    #[test]
    fn a_composed_price_is_the_product_with_its_older_time_and_both_uncertainties() {
        let sol = Observation {
            price: 200_00000000,
            confidence: 20000000,
            ema: 210_00000000,
            exponent: -8,
            publish_time: 7,
        };
        let rate = Observation {
            price: 1_20000000,
            confidence: 120000,
            ema: 1_21000000,
            exponent: -8,
            publish_time: 5,
        };
        let lst = Observation::compose_down(&sol, &rate).unwrap();
        // 10^-16 is beyond the smallest exponent, so four digits go
        assert_eq!(lst.exponent, -12);
        assert_eq!(lst.price, 240_000_000_000_000);
        assert_eq!(lst.ema, 254_100_000_000_000);
        // 0.1 % of each factor, and their product
        let both = 20_000_000u128 * 120_000_000 + 20_000_000_000 * 120_000 + 20_000_000 * 120_000;
        assert!(
            u128::from(lst.confidence) >= both / 10_000 && u128::from(lst.confidence) <= both / 10_000 + 5
        );
        assert_eq!(lst.publish_time, 5);
        assert_eq!(rate.ppb_down(), Some(1_200_000_000));
    }

    #[test]
    fn an_anchor_follows_a_rate_up_by_its_daily_growth_and_never_down() {
        let anchor = RateAnchor { rate: 1_200_000_000, updated_at: 0 };
        let day = SECONDS_PER_DAY;
        assert_eq!(anchor.follow_down(1_200_050_000, Bps(10), day).rate, 1_200_050_000);
        assert_eq!(
            anchor.follow_down(2_400_000_000, Bps(10), day).rate,
            1_200_000_000 + 1_200_000_000 / 1_000
        );
        assert_eq!(anchor.follow_down(1_000_000_000, Bps(10), day).rate, anchor.rate);
        // asking often gains nothing over asking once
        let mut often = anchor;
        for second in 1..=day {
            often = often.follow_down(2_400_000_000, Bps(10), second);
        }
        assert!(often.rate <= anchor.follow_down(2_400_000_000, Bps(10), day).rate + 1_300);
        // each step loses less than one part per billion
        assert!(often.rate >= 1_201_200_000 - day, "{}", often.rate);
        // twice the rate in a second: a deposit counts for what the anchor says, spot stays the market
        let doubled =
            Observation { price: 480_0000, confidence: 0, ema: 480_0000, exponent: -4, publish_time: 1 };
        let capped = doubled.ceiling_down(2_400_000_000, &anchor);
        let prices = doubled.prices_below(6, Bps(10_000), capped).unwrap();
        assert_eq!(prices.low.value_down(TokenAmount(1_000_000)).0, 240_000_000);
        assert_eq!(prices.spot.value_down(TokenAmount(1_000_000)).0, 480_000_000);
        assert_eq!(prices.high.value_down(TokenAmount(1_000_000)).0, 480_000_000);
    }

    #[test]
    fn time_adds_up_for_a_rate_above_the_anchor_and_for_no_other() {
        // 1 % a day of a million: a part in ten thousand takes under nine seconds, none of it one
        let anchor = RateAnchor { rate: 1_000_000, updated_at: 100 };
        let growth = MAX_RATE_GROWTH;
        let second = SECONDS_PER_DAY * 10_000 / (1_000_000 * 100) + 100;
        assert_eq!(anchor.follow_down(2_000_000, growth, second), anchor);
        assert_eq!(anchor.follow_down(2_000_000, growth, second + 1).rate, 1_000_001);
        // while the rate is where it was, or below, there is nothing to catch up with
        for observed in [1_000_000, 999_999] {
            let stays = RateAnchor { updated_at: second, ..anchor };
            assert_eq!(anchor.follow_down(observed, growth, second), stays);
        }
    }

    #[test]
    fn factors_that_are_not_positive_make_no_price() {
        let one = Observation { price: 1, confidence: 0, ema: 1, exponent: 0, publish_time: 0 };
        assert_eq!(Observation::compose_down(&one, &one), Ok(one));
        for nothing in [0, -1] {
            for broken in [Observation { price: nothing, ..one }, Observation { ema: nothing, ..one }] {
                for (base, rate) in [(broken, one), (one, broken)] {
                    let composed = Observation::compose_down(&base, &rate);
                    assert_eq!(composed, Err(RiskError::PriceOutOfRange), "{base:?} {rate:?}");
                }
            }
        }
    }

    #[test]
    fn a_product_loses_digits_only_where_it_does_not_fit() {
        let of = |price, exponent| Observation { price, confidence: 0, ema: 1, exponent, publish_time: 0 };
        let product = |base, rate| Observation::compose_down(&base, &rate).map(|p| (p.price, p.exponent));
        // the largest that fits, and twice that
        assert_eq!(product(of(i64::MAX, -8), of(1, 0)), Ok((i64::MAX, -8)));
        assert_eq!(product(of(i64::MAX, -8), of(2, 0)), Ok((i64::MAX / 5, -7)));
        // ten digits too many, and ten places to lose them
        assert_eq!(product(of(1 << 60, -5), of(10_000_000_000, -5)), Ok((1 << 60, 0)));
        assert_eq!(product(of(1 << 60, -5), of(10_000_000_000, -4)), Err(RiskError::PriceOutOfRange));
    }
}
