//! Where fresh prices come from, behind one trait: Pyth's Hermes on real clusters, account writing on a local network.

pub mod hermes;
pub mod local;

use crate::{price::Price, send::Step};
use anchor_lang::prelude::Pubkey;
use async_trait::async_trait;
use solana_keypair::Keypair;
use std::collections::BTreeMap;

/// A Pyth feed.
pub type FeedId = [u8; 32];

/// Why there are no fresh prices.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PriceError {
    /// The service cannot be reached.
    #[error("fresh prices cannot be had ({0}): try again, or name another price service")]
    Unreachable(String),
    /// The service answered something else than asked.
    #[error("the price service answered something unexpected: {0}")]
    Unexpected(String),
    /// No price of a feed.
    #[error("there is no price of feed {}: check the reserve's feed and the price service", hex(.0))]
    NoSuchFeed(FeedId),
}

/// Fresh prices: what they will say, and how they get on chain.
#[derive(Default)]
pub struct Fresh {
    /// The prices, as the accounts will hold them.
    pub prices: Vec<Price>,
    /// The price account of each feed.
    pub accounts: BTreeMap<FeedId, Pubkey>,
    /// What posts them; nothing where they are there already.
    pub steps: Vec<Step>,
    /// What gives the rent of posted accounts back, afterwards.
    pub cleanup: Vec<Step>,
    /// Keys of new accounts, which sign the steps.
    pub keys: Vec<Keypair>,
}

/// A source of prices.
#[async_trait]
pub trait PriceSource: Send + Sync {
    /// The newest prices of these feeds; `payer` pays for what has to be posted.
    async fn fresh(&self, payer: &Pubkey, feeds: &[FeedId]) -> Result<Fresh, PriceError>;
}

/// A feed as people write it.
pub fn hex(feed: &[u8]) -> String {
    feed.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a feed as people write it, with or without `0x`.
pub fn feed_from_hex(text: &str) -> Option<FeedId> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut feed = [0; 32];
    for (byte, at) in feed.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(feed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_are_written_and_read() {
        let feed: FeedId = std::array::from_fn(|index| index as u8 * 7);
        assert_eq!(feed_from_hex(&hex(&feed)), Some(feed));
        assert_eq!(feed_from_hex(&format!("0x{}", hex(&feed))), Some(feed));
        assert_eq!(feed_from_hex("0x12"), None);
        assert_eq!(feed_from_hex(&"zz".repeat(32)), None);
    }
}
