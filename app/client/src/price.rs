//! Pyth price accounts in their true layout, for local networks and tests. On real clusters they are posted by Pyth's own
//! receiver program, and nothing here is used.

use anchor_lang::{prelude::Pubkey, AccountDeserialize, AccountSerialize};
use ballast::{error::BallastError, state::Quote};
use pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel};

/// One price of one feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// The feed.
    pub feed_id: [u8; 32],
    /// Mantissa.
    pub price: i64,
    /// Confidence, same scale.
    pub confidence: u64,
    /// Average, same scale.
    pub ema: i64,
    /// Exponent of the mantissas.
    pub exponent: i32,
    /// Seconds since the epoch.
    pub publish_time: i64,
    /// Slot in which it was posted.
    pub posted_slot: u64,
}

/// Owner of price accounts.
pub const PRICE_PROGRAM: Pubkey = pyth_solana_receiver_sdk::ID;

impl Price {
    /// Reads a fully verified price account's data; `None` for any other.
    pub fn read(data: &[u8]) -> Option<Self> {
        let update = PriceUpdateV2::try_deserialize(&mut &*data).ok()?;
        if update.verification_level != VerificationLevel::Full {
            return None;
        }
        let message = update.price_message;
        Some(Self {
            feed_id: message.feed_id,
            price: message.price,
            confidence: message.conf,
            ema: message.ema_price,
            exponent: message.exponent,
            publish_time: message.publish_time,
            posted_slot: update.posted_slot,
        })
    }

    /// The price as the program keeps it. Errors where the publish time is before the epoch.
    pub fn quote(&self) -> anchor_lang::Result<Quote> {
        Ok(Quote {
            price: self.price,
            confidence: self.confidence,
            ema: self.ema,
            publish_time: u64::try_from(self.publish_time).map_err(|_| BallastError::PriceUnusable)?,
            posted_slot: self.posted_slot,
            exponent: self.exponent,
            padding: [0; 4],
        })
    }

    /// Data of a fully verified price account.
    pub fn account_data(&self) -> Vec<u8> {
        self.account_data_verified(VerificationLevel::Full)
    }

    /// Data of a price account with this verification level.
    pub fn account_data_verified(&self, verification_level: VerificationLevel) -> Vec<u8> {
        let update = PriceUpdateV2 {
            write_authority: Pubkey::default(),
            verification_level,
            price_message: PriceFeedMessage {
                feed_id: self.feed_id,
                price: self.price,
                conf: self.confidence,
                exponent: self.exponent,
                publish_time: self.publish_time,
                prev_publish_time: self.publish_time.saturating_sub(1),
                ema_price: self.ema,
                ema_conf: self.confidence,
            },
            posted_slot: self.posted_slot,
        };
        let mut data = Vec::with_capacity(PriceUpdateV2::LEN);
        update.try_serialize(&mut data).expect("a vector takes any number of bytes");
        data.resize(PriceUpdateV2::LEN, 0);
        data
    }
}
