//! What accounts mean: a vault as it is now, an obligation's book in figures and words, what would happen if, and what to do about it.
//! Every figure comes from the program's own code on the risk crate.

pub mod fund;
pub mod portfolio;
pub mod remedy;
pub mod what_if;
pub mod words;

use crate::{
    account::{clock, decode},
    plan::Portfolio,
    price::{Price, PRICE_PROGRAM},
    send::{
        transport::{patiently, Transport},
        TransportError,
    },
};
use anchor_lang::{
    prelude::{AccountInfo, Clock, Pubkey},
    solana_program::sysvar::SysvarId,
};
use ballast::{
    oracle::{now, read_newer_price},
    state::{Obligation, Reserve, Vault},
};
use ballast_risk::Seconds;
use std::collections::BTreeMap;

pub use fund::FundView;
pub use portfolio::{PortfolioView, PositionView};
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
    #[error(transparent)]
    Transport(#[from] TransportError),
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
    /// Fetches a vault. Errors where it or one of its reserves is missing or of another version.
    pub async fn fetch(transport: &impl Transport, key: Pubkey) -> Result<Self, ViewError> {
        let first = [key, Clock::id()];
        let mut accounts = patiently(|| transport.accounts(&first)).await?.into_iter();
        let vault: Box<Vault> = Box::new(ours("vault", key, accounts.next().flatten())?);
        let found = accounts.next().flatten().and_then(|account| clock(&account.data));
        let clock = found.ok_or(ViewError::Missing { what: "clock", key: Clock::id() })?;
        let keys = vault.reserves.get(..usize::from(vault.reserve_count)).unwrap_or_default().to_vec();
        let accounts = patiently(|| transport.accounts(&keys)).await?;
        let reserves = keys
            .into_iter()
            .zip(accounts)
            .map(|(key, account)| Ok((key, ours("reserve", key, account)?)))
            .collect::<Result<_, ViewError>>()?;
        Ok(Self { key, vault, reserves, clock })
    }

    /// Fetches an obligation of this vault; `None` when there is none at this address.
    pub async fn obligation(
        &self,
        transport: &impl Transport,
        key: Pubkey,
    ) -> Result<Option<Obligation>, ViewError> {
        let keys = [key];
        let account = patiently(|| transport.accounts(&keys)).await?.into_iter().next().flatten();
        let Some(account) = account.filter(|account| account.lamports > 0) else { return Ok(None) };
        let obligation: Obligation = ours("obligation", key, Some(account))?;
        obligation.check(&self.key)?;
        Ok(Some(obligation))
    }

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
        for reserve in self.reserves.values_mut() {
            take_prices(reserve, prices, &self.clock)?;
        }
        Ok(self)
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

/// Takes prices into a reserve as the program does. A feed without a price among them keeps its quote.
pub(crate) fn take_prices(reserve: &mut Reserve, prices: &[Price], clock: &Clock) -> Result<(), ViewError> {
    let feeds = feeds_of(reserve);
    if !prices.iter().any(|price| feeds.contains(&price.feed_id)) {
        return Ok(());
    }
    let accounts = feeds.iter().zip(&reserve.source.quotes).map(|(feed, quote)| {
        let given = prices.iter().find(|price| price.feed_id == *feed);
        let kept = Price {
            feed_id: *feed,
            price: quote.price,
            confidence: quote.confidence,
            ema: quote.ema,
            exponent: quote.exponent,
            publish_time: i64::try_from(quote.publish_time).unwrap_or(i64::MAX),
            posted_slot: quote.posted_slot,
        };
        given.copied().unwrap_or(kept).account_data()
    });
    let mut datas: Vec<Vec<u8>> = accounts.collect();
    let key = Pubkey::default();
    let mut lamports = vec![0u64; datas.len()];
    let infos: Vec<AccountInfo> = datas
        .iter_mut()
        .zip(&mut lamports)
        .map(|(data, lamports)| AccountInfo::new(&key, false, false, lamports, data, &PRICE_PROGRAM, false))
        .collect();
    if let Some((source, price)) = read_newer_price(&infos, reserve, clock)? {
        reserve.take_price(source, price, now(clock))?;
    }
    Ok(())
}

fn ours<T: anchor_lang::ZeroCopy + anchor_lang::Discriminator>(
    what: &'static str,
    key: Pubkey,
    account: Option<solana_account::Account>,
) -> Result<T, ViewError> {
    let account = account.ok_or(ViewError::Missing { what, key })?;
    // Discriminator, then the version byte.
    let is_current = account.data.get(8) == Some(&ballast::constants::STATE_VERSION);
    let state = decode(&account.data).filter(|_| account.owner == ballast::ID && is_current);
    state.ok_or(ViewError::NotOurs { what, key })
}
