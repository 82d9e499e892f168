//! What a reserve keeps of its price feeds.

use super::parameters::*;
use crate::assert_layout;
use anchor_lang::prelude::*;

/// The newest price: the feed's, or the product of the two.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PriceState {
    /// For `R_maint` and tranches.
    pub spot: UnitPrice,
    /// For deposits in `R_init`.
    pub low: UnitPrice,
    /// For debts in `R_init`.
    pub high: UnitPrice,
    /// Oracle's price mantissa.
    pub price: i64,
    /// Oracle's confidence, same scale.
    pub confidence: u64,
    /// Oracle's average, same scale.
    pub ema: i64,
    /// When it was published.
    pub publish_time: u64,
    /// Slot in which it was posted.
    pub posted_slot: u64,
    /// Exponent of the mantissas.
    pub exponent: i32,
    /// Confidence over price, bps, rounded up, at most 10,000.
    pub confidence_bps: u32,
}

assert_layout!(PriceState, size 96, align 8, price at 48, publish_time at 72);

/// One feed's newest quote.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// Mantissa.
    pub price: i64,
    /// Confidence, same scale.
    pub confidence: u64,
    /// Average, same scale.
    pub ema: i64,
    /// When it was published.
    pub publish_time: u64,
    /// Slot in which it was posted.
    pub posted_slot: u64,
    /// Exponent of the mantissas.
    pub exponent: i32,
    /// Zero; aligns what follows.
    pub padding: [u8; 4],
}

assert_layout!(Quote, size 48, align 8, publish_time at 24, exponent at 40);

/// Where prices come from: one feed in USD, or a base feed in USD and a rate feed in units of the base.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Pyth feed of the price, or of the base asset.
    pub feed_id: [u8; 32],
    /// Pyth feed of the rate; zeros where the price has none.
    pub rate_feed_id: [u8; 32],
    /// Newest quote of each feed.
    pub quotes: [Quote; 2],
    /// The redemption rate as far as it is believed.
    pub anchor: RateAnchor,
    /// Daily growth of the rate that is believed, bps.
    pub rate_growth: u16,
    /// Zero; aligns what follows.
    pub padding: [u8; 6],
}

assert_layout!(Source, size 184, align 8, quotes at 64, anchor at 160);

impl Source {
    /// Whether the price is a base times a rate.
    pub fn is_composed(&self) -> bool {
        self.rate_feed_id != [0; 32]
    }

    /// Price accounts that a refresh reads.
    pub fn price_accounts(&self) -> u8 {
        1u8.saturating_add(u8::from(self.is_composed()))
    }
}
