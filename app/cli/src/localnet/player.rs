//! Plays prices: those of a scenario, of candles, or quiet ones, each published again every second so that they stay fresh.

use super::cheat;
use anyhow::Result;
use ballast_client::{
    price::Price,
    prices::{local::LocalPrices, FeedId},
    send::Rpc,
};
use ballast_lab::{
    asset::{Asset, ASSETS},
    tape::Tape,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How often prices are published.
const EVERY: Duration = Duration::from_secs(1);

/// Plays a tape.
pub struct Player {
    /// The validator.
    pub rpc: Arc<Rpc>,
    /// Its price accounts.
    pub prices: LocalPrices,
    /// The tape.
    pub tape: Tape,
    /// Played seconds a second.
    pub speed: f64,
    /// Whether the tape plays; otherwise its first moment stays, unless somebody writes other prices.
    pub moves: bool,
}

/// The feed of an asset.
pub fn feed(asset: Asset) -> FeedId {
    let mut feed = [0u8; 32];
    for (to, from) in feed.iter_mut().zip(format!("ballast local {asset}/USD").bytes()) {
        *to = from;
    }
    feed
}

impl Player {
    /// Publishes the tape's first prices.
    pub async fn begin(&self) -> Result<()> {
        self.publish(0).await
    }

    /// Publishes one moment of the tape as of now.
    async fn publish(&self, tick: usize) -> Result<()> {
        let clock = cheat::clock(&self.rpc).await?;
        let Some(tick) = self.tape.ticks.get(tick) else { return Ok(()) };
        for (asset, quote) in ASSETS.into_iter().zip(&tick.quotes) {
            let price = Price {
                feed_id: feed(asset),
                price: quote.price,
                confidence: quote.confidence,
                ema: quote.ema,
                exponent: quote.exponent,
                publish_time: clock.unix_timestamp,
                posted_slot: clock.slot,
            };
            self.prices.write(&price).await?;
        }
        Ok(())
    }

    /// Plays until the tape ends, and keeps its last prices fresh from then on. `say` hears of every hour played.
    pub async fn play(&self, say: impl Fn(String)) -> Result<()> {
        let Some(first) = self.tape.ticks.first() else { return Ok(()) };
        let (start, mut hour) = (Instant::now(), u64::MAX);
        let mut beat = tokio::time::interval(EVERY);
        loop {
            beat.tick().await;
            if !self.moves {
                // Quiet prices: commands publish them again when they need them fresh.
                continue;
            }
            let at = first.time + (start.elapsed().as_secs_f64() * self.speed) as u64;
            let tick = self.tape.ticks.partition_point(|tick| tick.time <= at).saturating_sub(1);
            if let Some(moment) = self.tape.ticks.get(tick).filter(|moment| moment.time / 3_600 != hour) {
                hour = moment.time / 3_600;
                say(format!(
                    "{}: BTC {:.0}, ETH {:.0}, SOL {:.2}, ALT {:.4}",
                    ballast_lab::time::minute(moment.time),
                    moment.dollars(Asset::Btc),
                    moment.dollars(Asset::Eth),
                    moment.dollars(Asset::Sol),
                    moment.dollars(Asset::Alt),
                ));
            }
            self.publish(tick).await?;
        }
    }
}
