use super::*;
use num_rational::BigRational;
use num_traits::{FromPrimitive, Pow};
use proptest::prelude::*;

fn exact(price: u64, exponent: i32, decimals: u8, amount: u64) -> BigRational {
    let ten = BigRational::from_i32(10).unwrap();
    BigRational::from_u64(price).unwrap()
        * Pow::pow(ten, exponent + 6 - i32::from(decimals))
        * BigRational::from_u64(amount).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn values_round_the_way_they_say(
        bits in 1u32..64, raw: u64, exponent in MIN_EXPONENT..=0, decimals in MIN_DECIMALS..=MAX_DECIMALS,
        amount: u64, amount_shift in 0u32..64,
    ) {
        let price = (raw >> (64 - bits)).max(1);
        let amount = amount >> amount_shift;
        let in_range = u128::from(price) <= 10u128.pow(exponent.unsigned_abs()) * 1_000_000_000;
        let unit = match UnitPrice::from_oracle(price, exponent, decimals) {
            Ok(unit) => unit,
            Err(_) => { prop_assert!(!in_range); return Ok(()); }
        };
        prop_assert!(in_range);
        let truth = exact(price, exponent, decimals, amount);
        let (down, up) = (unit.value_down(TokenAmount(amount)), unit.value_up(TokenAmount(amount)));
        let big = |v: Usd| BigRational::from_i128(v.0).unwrap();
        prop_assert!(big(down) <= truth && truth <= big(up), "{down:?} {truth} {up:?}");
        // one micro-USD of rounding, and 2^-47 of the value for the smallest prices
        let width = BigRational::from_i32(2).unwrap() + &truth / BigRational::from_u64(1 << 47).unwrap();
        prop_assert!(big(up) - big(down) <= width);
        let back = unit.amount_down(down).unwrap();
        prop_assert!(back.0 <= amount && unit.value_up(back) <= Usd(down.0.max(0)));
        if let Ok(needed) = unit.amount_up(up) {
            prop_assert!(needed.0 == u64::MAX || unit.value_down(needed).0 >= up.0 - 1);
        }
    }
}

#[test]
fn a_dollar_token_is_a_dollar() {
    // 1.00000000 USD at exponent -8, 6 decimals: one unit is one micro-USD
    let one = UnitPrice::from_oracle(100_000_000, -8, 6).unwrap();
    assert_eq!(one.value_down(TokenAmount(1_000_000)), Usd(1_000_000));
    assert_eq!(one.value_up(TokenAmount(1_000_000)), Usd(1_000_001));
}

#[test]
fn bounds_of_prices_are_refused_by_name() {
    for (price, exponent, decimals) in [
        (0, -8, 6),
        (1, 1, 6),
        (1, -13, 6),
        (1, -8, 0),
        (1, -8, 1),
        (1, -8, 13),
        (1, -8, 18),
        (2_000_000_000, 0, 6),
    ] {
        assert_eq!(UnitPrice::from_oracle(price, exponent, decimals), Err(RiskError::PriceOutOfRange));
    }
    for (price, exponent) in [(1, -12), (1_000_000_000, 0)] {
        for decimals in MIN_DECIMALS..=MAX_DECIMALS {
            assert!(UnitPrice::from_oracle(price, exponent, decimals).is_ok());
        }
    }
}

#[test]
fn conservative_prices_take_the_worse_of_confidence_and_average() {
    let observation = Observation {
        price: 100_00000000,
        confidence: 1_00000000,
        ema: 101_00000000,
        exponent: -8,
        publish_time: 0,
    };
    let prices = observation.prices(6, Bps(20_000)).unwrap();
    let value = |p: UnitPrice| p.value_down(TokenAmount(1_000_000)).0;
    assert_eq!(value(prices.low), (100 - 2) * 1_000_000);
    assert_eq!(value(prices.high), (100 + 2) * 1_000_000);
    assert!(prices.low.is_below(&prices.spot) && prices.spot.is_below(&prices.high));
    assert!(!prices.spot.is_below(&prices.spot));
}

#[test]
fn every_price_keeps_sixty_bits() {
    for exponent in MIN_EXPONENT..=0 {
        for decimals in MIN_DECIMALS..=MAX_DECIMALS {
            // a billion dollars, or what 64 bits hold of it
            let most = u64::try_from(10u128.pow(9 + exponent.unsigned_abs())).unwrap_or(u64::MAX);
            for price in [1, 3, 999_983, most / 7, most] {
                let unit = UnitPrice::from_oracle(price, exponent, decimals).unwrap();
                let bits = u64::BITS - unit.mantissa.leading_zeros();
                assert!((60..=63).contains(&bits), "{price} {exponent} {decimals}: {bits}");
                // the largest amount, so that micro-USD do not matter: 2^-59 of its value
                let amount = TokenAmount(u64::MAX);
                let (down, up) = (unit.value_down(amount), unit.value_up(amount));
                assert!(up.0 - down.0 <= (down.0 >> 59) + 1, "{price} {exponent} {decimals}");
                let truth = exact(price, exponent, decimals, u64::MAX);
                let big = |v: Usd| BigRational::from_i128(v.0).unwrap();
                assert!(big(down) <= truth && truth <= big(up), "{price} {exponent} {decimals}");
            }
        }
    }
}

#[test]
fn prices_of_all_sizes_are_ordered() {
    // from a millionth of a millionth of a dollar to half a billion, by powers of two and of ten
    let of = |price, exponent| UnitPrice::from_oracle(price, exponent, 6).unwrap();
    let rising = [of(1, -12), of(1, -9), of(1, -3), of(1, 0), of(1 << 20, 0), of(1 << 29, 0)];
    for (i, low) in rising.iter().enumerate() {
        for (j, high) in rising.iter().enumerate() {
            assert_eq!(low.is_below(high), i < j, "{i} {j}");
        }
    }
    assert!(of(1, 0).is_set() && !UnitPrice::default().is_set());
}

#[test]
fn an_observation_needs_a_price_an_average_and_a_confidence_below_the_price() {
    let sound = Observation { price: 100, confidence: 1, ema: 100, exponent: -2, publish_time: 0 };
    let refused = |observation: Observation| {
        assert_eq!(observation.prices(6, Bps(10_000)), Err(RiskError::PriceOutOfRange), "{observation:?}");
    };
    for nothing in [0, -1, i64::MIN] {
        refused(Observation { price: nothing, ..sound });
        refused(Observation { ema: nothing, ..sound });
    }
    refused(Observation { confidence: 100, ..sound });
    assert!(Observation { confidence: 99, ..sound }.prices(6, Bps(10_000)).is_ok());
    // a third of a price of three is 33.33 %
    let confidence = |confidence, price| Observation { confidence, price, ..sound }.confidence_bps_up();
    assert_eq!(
        [confidence(1, 100), confidence(1, 3), confidence(0, 3), confidence(1, 0)],
        [100, 3_334, 0, u64::MAX]
    );
}

#[test]
fn stale_prices_move_towards_the_borrower() {
    assert_eq!(stale_widening(60), Bps(0));
    assert_eq!(stale_widening(120), Bps(50));
    assert_eq!(stale_widening(u64::MAX), STALE_WIDENING_MAX);
    assert_eq!(stale_deposit_value_down(Usd(1_000_000), 120).unwrap(), Usd(1_005_000));
    assert_eq!(stale_debt_value_up(Usd(1_000_000), 120).unwrap(), Usd(995_000));
}
