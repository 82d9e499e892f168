//! What accounts mean: a vault as it is now, an obligation's book in figures and words, what would happen if, and what to do about it.
//! Every figure comes from the program's own code on the risk crate.

#[cfg(feature = "network")]
mod fetch;
#[cfg(feature = "network")]
pub mod fund;
pub mod portfolio;
pub mod remedy;
pub mod what_if;
pub mod words;

use crate::{plan::Portfolio, price::Price};
use anchor_lang::prelude::{Clock, Pubkey};
use ballast::{
    oracle::{newer_price, now},
    state::{Obligation, Quote, Reserve, Vault},
};
use ballast_risk::Seconds;
use std::collections::BTreeMap;

#[cfg(feature = "network")]
pub use fund::FundView;
pub use portfolio::{Distance, PortfolioView, PositionView};
pub use what_if::{Change, WhatIf};

/// Why something cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// No such account.
    #[error("there is no {what} at {key}: check the address and the cluster")]
    Missing {
        /// What was looked for.
        what: &'static str,
        /// Where.
        key: Pubkey,
    },
    /// An account of another kind, program or version.
    #[error("{key} is no {what} of this version of the program: check the address, and that this client is not older than the program")]
    NotOurs {
        /// What was looked for.
        what: &'static str,
        /// Where.
        key: Pubkey,
    },
    /// The cluster cannot be asked.
    #[cfg(feature = "network")]
    #[error(transparent)]
    Transport(#[from] crate::send::TransportError),
    /// The program would refuse.
    #[error(transparent)]
    Plan(#[from] crate::error::PlanError),
    /// The vault does not have this reserve.
    #[error("the vault has no reserve {0}")]
    NoReserve(Pubkey),
}

impl From<anchor_lang::error::Error> for ViewError {
    fn from(error: anchor_lang::error::Error) -> Self {
        Self::Plan(error.into())
    }
}

impl From<ballast_risk::RiskError> for ViewError {
    fn from(error: ballast_risk::RiskError) -> Self {
        Self::Plan(error.into())
    }
}

/// A vault with its reserves and the cluster's clock.
#[derive(Clone)]
pub struct Snapshot {
    /// The vault's address.
    pub key: Pubkey,
    /// The vault.
    pub vault: Box<Vault>,
    /// Its reserves, by address.
    pub reserves: BTreeMap<Pubkey, Reserve>,
    /// The cluster's clock.
    pub clock: Clock,
}

impl Snapshot {
    /// The cluster's time.
    pub fn now(&self) -> Seconds {
        now(&self.clock)
    }

    /// One of its reserves.
    pub fn reserve(&self, key: &Pubkey) -> Result<&Reserve, ViewError> {
        self.reserves.get(key).ok_or(ViewError::NoReserve(*key))
    }

    /// The reserve of a mint.
    pub fn reserve_of(&self, mint: &Pubkey) -> Option<(&Pubkey, &Reserve)> {
        self.reserves.iter().find(|(_, reserve)| reserve.mint == *mint)
    }

    /// Feeds that these reserves read.
    pub fn feeds(&self, reserves: &[Pubkey]) -> Vec<[u8; 32]> {
        let mut feeds: Vec<[u8; 32]> = vec![];
        for reserve in reserves.iter().filter_map(|key| self.reserves.get(key)) {
            for feed in feeds_of(reserve) {
                if !feeds.contains(&feed) {
                    feeds.push(feed);
                }
            }
        }
        feeds
    }

    /// An obligation's book; `None` when one of its reserves is not of this vault.
    pub fn portfolio<'a>(&'a self, obligation: &'a Obligation) -> Option<Portfolio<'a>> {
        Portfolio::new(&self.vault, obligation, &self.clock, |key| self.reserves.get(key))
    }

    /// The same vault as `refresh_reserves` would leave it with these prices, by the program's own code. Older prices change nothing.
    pub fn with_prices(mut self, prices: &[Price]) -> Result<Self, ViewError> {
        let quotes = prices.iter().map(|price| Ok((price.feed_id, price.quote()?)));
        self.take_quotes(&quotes.collect::<Result<Vec<_>, ViewError>>()?)?;
        Ok(self)
    }

    /// Takes quotes of feeds into every reserve that reads them, as the program does. A feed without one keeps its own.
    fn take_quotes(&mut self, given: &[([u8; 32], Quote)]) -> Result<(), ViewError> {
        for reserve in self.reserves.values_mut() {
            let mut quotes = reserve.source.quotes;
            for (feed, quote) in feeds_of(reserve).iter().zip(&mut quotes) {
                if let Some((_, newer)) = given.iter().find(|(of, _)| of == feed) {
                    *quote = *newer;
                }
            }
            if let Some((source, price)) = newer_price(&quotes, |quote, _| Ok(*quote), reserve, &self.clock)?
            {
                reserve.take_price(source, price, now(&self.clock))?;
            }
        }
        Ok(())
    }
}

/// Feeds that a reserve reads: the price's, or the base's and the rate's.
pub fn feeds_of(reserve: &Reserve) -> Vec<[u8; 32]> {
    let source = &reserve.source;
    if source.is_composed() {
        vec![source.feed_id, source.rate_feed_id]
    } else {
        vec![source.feed_id]
    }
}
