//! Prices of a local network: accounts in Pyth's true layout, written through the validator's own method.

use super::{FeedId, Fresh, PriceError, PriceSource};
use crate::{
    price::{Price, PRICE_PROGRAM},
    send::{rpc::transport_error, transport::Transport, Rpc, TransportError},
};
use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::sysvar::SysvarId,
};
use async_trait::async_trait;
use serde_json::{json, Value};
use solana_rpc_client_api::request::RpcRequest;
use std::{collections::BTreeMap, sync::Arc};

/// A price older than this is published again as it is, seconds.
const TOO_OLD: i64 = 4;

/// Price accounts of a local network.
pub struct LocalPrices {
    rpc: Arc<Rpc>,
    accounts: BTreeMap<FeedId, Pubkey>,
}

impl LocalPrices {
    /// The accounts of these feeds.
    pub fn new(rpc: Arc<Rpc>, accounts: BTreeMap<FeedId, Pubkey>) -> Self {
        Self { rpc, accounts }
    }

    /// Writes a price into its feed's account.
    pub async fn write(&self, price: &Price) -> Result<(), PriceError> {
        let account = self.accounts.get(&price.feed_id).ok_or(PriceError::NoSuchFeed(price.feed_id))?;
        let data = super::hex(&price.account_data());
        let update = json!({ "lamports": 10_000_000u64, "data": data, "owner": PRICE_PROGRAM.to_string() });
        let request = RpcRequest::Custom { method: "surfnet_setAccount" };
        let answer = self.rpc.client().send::<Value>(request, json!([account.to_string(), update])).await;
        answer.map(|_| ()).map_err(|error| unreachable(transport_error(error)))
    }
}

fn unreachable(error: TransportError) -> PriceError {
    PriceError::Unreachable(error.to_string())
}

#[async_trait]
impl PriceSource for LocalPrices {
    async fn fresh(&self, _: &Pubkey, feeds: &[FeedId]) -> Result<Fresh, PriceError> {
        let mut keys = vec![Clock::id()];
        for feed in feeds {
            keys.push(*self.accounts.get(feed).ok_or(PriceError::NoSuchFeed(*feed))?);
        }
        let mut read = self.rpc.accounts(&keys).await.map_err(unreachable)?.into_iter();
        let clock = read.next().flatten().and_then(|account| crate::account::clock(&account.data));
        let clock = clock.ok_or_else(|| PriceError::Unexpected("no clock".into()))?;
        let mut fresh = Fresh::default();
        for (feed, account) in feeds.iter().zip(read) {
            let data = account.map(|account| account.data).unwrap_or_default();
            let mut price = Price::read(&data).ok_or(PriceError::NoSuchFeed(*feed))?;
            if clock.unix_timestamp.saturating_sub(price.publish_time) > TOO_OLD {
                price.publish_time = clock.unix_timestamp;
                price.posted_slot = clock.slot;
                self.write(&price).await?;
            }
            fresh.prices.push(price);
        }
        fresh.accounts = self.accounts.iter().map(|(feed, key)| (*feed, *key)).collect();
        Ok(fresh)
    }
}
