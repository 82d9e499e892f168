//! The only file that knows Pyth: reads a price update and turns it into a reserve's prices.

use crate::{
    constants::MAX_PRICE_AHEAD,
    error::{BallastError, Named},
    state::{reserve::PriceState, Reserve},
};
use anchor_lang::prelude::*;
use ballast_risk::{price::Observation, Bps, Seconds};
use pyth_solana_receiver_sdk::price_update::{PriceUpdateV2, VerificationLevel};

/// Reads a price account for a reserve. `Ok(None)` when the reserve already holds a price as new or newer: an old update
/// changes nothing and is no error, so that nobody can choose among updates backwards and nobody's batch fails.
///
/// Refuses: another owner than the receiver program, another feed, partial verification, a publish time or slot in the
/// future, a price that is not positive or whose exponent or confidence makes no sense.
pub fn read_newer_price(
    account: &AccountInfo,
    reserve: &Reserve,
    clock: &Clock,
) -> Result<Option<PriceState>> {
    require_keys_eq!(*account.owner, pyth_solana_receiver_sdk::ID, BallastError::PriceAccountOwner);
    let update = PriceUpdateV2::try_deserialize(&mut &account.try_borrow_data()?[..])?;
    require!(update.verification_level == VerificationLevel::Full, BallastError::PriceNotVerified);
    let message = update.price_message;
    require!(message.feed_id == reserve.feed_id, BallastError::PriceFeedMismatch);
    let publish_time = Seconds::try_from(message.publish_time).map_err(|_| BallastError::PriceUnusable)?;
    if publish_time <= reserve.price.publish_time {
        return Ok(None);
    }
    let latest = now(clock).saturating_add(MAX_PRICE_AHEAD);
    require!(publish_time <= latest && update.posted_slot <= clock.slot, BallastError::PriceFromTheFuture);
    let observation = Observation {
        price: message.price,
        confidence: message.conf,
        ema: message.ema_price,
        exponent: message.exponent,
        publish_time,
    };
    let prices = observation.prices(reserve.decimals, Bps(reserve.confidence_factor)).named()?;
    Ok(Some(PriceState {
        spot: prices.spot.into(),
        low: prices.low.into(),
        high: prices.high.into(),
        price: message.price,
        confidence: message.conf,
        ema: message.ema_price,
        publish_time,
        posted_slot: update.posted_slot,
        exponent: message.exponent,
        confidence_bps: u32::try_from(observation.confidence_bps_up()).unwrap_or(u32::MAX),
    }))
}

/// The cluster's time in seconds since the epoch.
pub fn now(clock: &Clock) -> Seconds {
    Seconds::try_from(clock.unix_timestamp).unwrap_or(0)
}
