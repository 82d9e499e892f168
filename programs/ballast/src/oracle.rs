//! The only file that knows Pyth: reads price updates and turns them into a reserve's prices.

use crate::{
    constants::MAX_PRICE_AHEAD,
    error::{BallastError, Named},
    state::{PriceState, Quote, Reserve, Source},
};
use anchor_lang::prelude::*;
use ballast_risk::{price::Observation, rate::RateAnchor, Bps, Seconds};
use pyth_solana_receiver_sdk::price_update::{PriceUpdateV2, VerificationLevel};

/// Reads a reserve's price accounts: its feed's, and for a composed price its rate feed's. See [`newer_price`]; refuses, besides,
/// what [`read_quote`] refuses.
pub fn read_newer_price(
    accounts: &[AccountInfo],
    reserve: &Reserve,
    clock: &Clock,
) -> Result<Option<(Source, PriceState)>> {
    let read = |account: &AccountInfo, feed_id: &[u8; 32]| {
        read_quote(account.owner, &account.try_borrow_data()?, feed_id)
    };
    newer_price(accounts, read, reserve, clock)
}

/// A reserve's prices once it takes what is read of its feed and, for a composed price, of its rate feed, from these sources in
/// order. Each feed keeps its newest quote by itself, so the order of refreshes never matters and nobody can choose among updates
/// backwards. `Ok(None)` when no source has a newer quote: an old update changes nothing and is no error, so that nobody's
/// batch fails.
///
/// Refuses: what `read` refuses, a publish time or slot in the future, a price that is not positive or whose exponent or
/// confidence makes no sense.
pub fn newer_price<S>(
    sources: &[S],
    read: impl Fn(&S, &[u8; 32]) -> Result<Quote>,
    reserve: &Reserve,
    clock: &Clock,
) -> Result<Option<(Source, PriceState)>> {
    let mut source = reserve.source;
    let feeds = [source.feed_id, source.rate_feed_id];
    let mut is_newer = false;
    for ((from, feed_id), quote) in sources.iter().zip(&feeds).zip(&mut source.quotes) {
        let read = read(from, feed_id)?;
        if read.publish_time <= quote.publish_time {
            continue;
        }
        let latest = now(clock).saturating_add(MAX_PRICE_AHEAD);
        require!(
            read.publish_time <= latest && read.posted_slot <= clock.slot,
            BallastError::PriceFromTheFuture
        );
        // a feed without a price has no quote
        require!(read.price > 0, BallastError::PriceUnusable);
        *quote = read;
        is_newer = true;
    }
    let [base, rate] = source.quotes;
    // a composed price needs both factors
    let complete = base.price > 0 && (rate.price > 0 || !source.is_composed());
    if !is_newer || !complete {
        return Ok(is_newer.then_some((source, reserve.price)));
    }
    let (observation, ceiling, posted_slot) = if source.is_composed() {
        let price = Observation::compose_down(&base.observation(), &rate.observation()).named()?;
        let observed = rate.observation().ppb_down().ok_or(BallastError::PriceUnusable)?;
        let anchor: RateAnchor =
            source.anchor.as_risk().follow_down(observed, Bps(source.rate_growth), now(clock));
        source.anchor = anchor.into();
        (price, price.ceiling_down(observed, &anchor), base.posted_slot.min(rate.posted_slot))
    } else {
        (base.observation(), u64::MAX, base.posted_slot)
    };
    let prices =
        observation.prices_below(reserve.decimals, Bps(reserve.confidence_factor), ceiling).named()?;
    let price = PriceState {
        spot: prices.spot.into(),
        low: prices.low.into(),
        high: prices.high.into(),
        price: observation.price,
        confidence: observation.confidence,
        ema: observation.ema,
        publish_time: observation.publish_time,
        posted_slot,
        exponent: observation.exponent,
        confidence_bps: u32::try_from(observation.confidence_bps_up()).unwrap_or(u32::MAX),
    };
    Ok(Some((source, price)))
}

/// Reads one price account from its owner and data. Refuses: another owner than the receiver program, partial verification,
/// another feed.
pub fn read_quote(owner: &Pubkey, data: &[u8], feed_id: &[u8; 32]) -> Result<Quote> {
    require_keys_eq!(*owner, pyth_solana_receiver_sdk::ID, BallastError::PriceAccountOwner);
    let update = PriceUpdateV2::try_deserialize(&mut &*data)?;
    require!(update.verification_level == VerificationLevel::Full, BallastError::PriceNotVerified);
    let message = update.price_message;
    require!(message.feed_id == *feed_id, BallastError::PriceFeedMismatch);
    Ok(Quote {
        price: message.price,
        confidence: message.conf,
        ema: message.ema_price,
        publish_time: u64::try_from(message.publish_time).map_err(|_| BallastError::PriceUnusable)?,
        posted_slot: update.posted_slot,
        exponent: message.exponent,
        padding: [0; 4],
    })
}

impl Reserve {
    /// The newest price as the risk crate computes with it.
    pub fn observation(&self) -> Observation {
        let price = &self.price;
        Observation {
            price: price.price,
            confidence: price.confidence,
            ema: price.ema,
            exponent: price.exponent,
            publish_time: price.publish_time,
        }
    }
}

impl Quote {
    /// The quote as the risk crate computes with it.
    pub fn observation(&self) -> Observation {
        Observation {
            price: self.price,
            confidence: self.confidence,
            ema: self.ema,
            exponent: self.exponent,
            publish_time: self.publish_time,
        }
    }
}

/// The cluster's time in seconds since the epoch.
pub fn now(clock: &Clock) -> Seconds {
    Seconds::try_from(clock.unix_timestamp).unwrap_or(0)
}
