//! Prices from observations, and amounts into values.

use crate::{
    wire::{Reader, Writer},
    Refused,
};
use ballast_risk::{
    price::{Observation, UnitPrice},
    Bps, TokenAmount, Usd,
};

pub fn prices(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let observation = Observation {
        price: input.i64()?,
        confidence: input.u64()?,
        ema: input.i64()?,
        exponent: input.i32()?,
        publish_time: input.u64()?,
    };
    let (decimals, factor) = (input.byte()?, Bps(input.u16()?));
    let prices = observation.prices(decimals, factor)?;
    let mut answer = Writer::default();
    for price in [prices.spot, prices.low, prices.high] {
        answer.raw(bytemuck::bytes_of(&price));
    }
    Ok(answer.bytes())
}

/// The values of an amount, and the amounts of a value, each rounded both ways.
pub fn convert(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let price: UnitPrice = input.plain()?;
    let (amount, value) = (TokenAmount(input.u64()?), Usd(input.i128()?));
    let mut answer = Writer::default();
    answer.i128(price.value_down(amount).0);
    answer.i128(price.value_up(amount).0);
    answer.u64(price.amount_down(value)?.0);
    answer.u64(price.amount_up(value)?.0);
    Ok(answer.bytes())
}
