//! Prices from a service: reserves whose prices nobody keeps on chain are looked at with the service's newest ones, and a tranche that
//! needs them has them posted first.
//!
//! Until it is posted, a price stands under an address of its own: its feed's number. The market looks ahead with it as with any price
//! account; what is sent names the account that it was posted to instead.

use crate::act::plan::Planned;
use anchor_lang::prelude::Pubkey;
use ballast_client::{
    price::Price,
    prices::{FeedId, Fresh, PriceSource},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::sync::watch;

/// The address under which a price stands that is not on chain.
pub fn stand_in(feed: &FeedId) -> Pubkey {
    Pubkey::new_from_array(*feed)
}

/// A price service and the feeds that are taken from it.
#[derive(Clone)]
pub struct Service {
    /// Where prices come from.
    pub source: Arc<dyn PriceSource>,
    /// The feeds.
    pub feeds: Vec<FeedId>,
    /// How often they are asked for.
    pub every: Duration,
}

impl Service {
    /// Feeds of a tranche's refreshes that stand under stand-ins.
    pub fn feeds_of(&self, planned: &Planned) -> Vec<FeedId> {
        let named: BTreeSet<Pubkey> =
            planned.refresh.iter().flat_map(|(_, accounts)| accounts).copied().collect();
        self.feeds.iter().filter(|feed| named.contains(&stand_in(feed))).copied().collect()
    }

    /// Asks for prices over and over, in a task of its own that ends with its listener.
    pub fn listen(&self, payer: Pubkey) -> watch::Receiver<Vec<Price>> {
        let (tell, told) = watch::channel(vec![]);
        let service = self.clone();
        tokio::spawn(async move {
            let mut every = tokio::time::interval(service.every.max(Duration::from_millis(100)));
            every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = every.tick() => {}
                    () = tell.closed() => return,
                }
                match service.source.fresh(&payer, &service.feeds).await {
                    Ok(fresh) => drop(tell.send_replace(fresh.prices)),
                    Err(error) => tracing::warn!(%error, "no new prices"),
                }
            }
        });
        told
    }
}

/// Names the accounts that prices were posted to in place of their stand-ins.
pub fn name_posted(planned: &mut Planned, posted: &BTreeMap<FeedId, Pubkey>) {
    for (_, accounts) in &mut planned.refresh {
        for account in accounts {
            if let Some(named) = posted.get(&account.to_bytes()) {
                *account = *named;
            }
        }
    }
}

/// Keys that sign the posting, the payer's first.
pub fn signers<'a>(
    payer: &'a (dyn solana_signer::Signer + Sync),
    fresh: &'a Fresh,
) -> Vec<&'a (dyn solana_signer::Signer + Sync)> {
    let keys = fresh.keys.iter().map(|key| key as &(dyn solana_signer::Signer + Sync));
    std::iter::once(payer).chain(keys).collect()
}
