//! Where accounts come from: anything that delivers a snapshot and then every change, with slots.
//!
//! What a source promises, and all that it promises:
//! 1. Every account of the vault, and every watched one, arrives after each [`Event::Synced`] at least as new as at that slot.
//! 2. After that every change arrives, late perhaps, twice perhaps, and in any order between accounts; of one account and slot, the last
//!    one to arrive is the newest. Changes before the snapshot may arrive after it and the other way round: slots put them in order.
//! 3. When it cannot keep the second promise it says [`Event::Lost`], and later a new [`Event::Synced`].
//!
//! A Geyser plug-in or gRPC stream keeps these promises as it is: account updates become [`Event::Account`] (with `write_version`
//! deciding within a slot before they are handed on, and closed accounts without data), slot statuses become [`Event::Slot`], the
//! initial snapshot or a `getProgramAccounts` beside the stream becomes [`Event::Synced`]. See `docs/keeper.md`.

pub mod live;
mod reader;
pub mod recorded;

use anchor_lang::prelude::Pubkey;
use serde::{Deserialize, Serialize};
use std::future::Future;

/// An account as it was at a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountAt {
    /// Slot of the bank that it was read from.
    pub slot: u64,
    /// Address.
    #[serde(with = "text::address")]
    pub address: Pubkey,
    /// Owner program; the system program for a closed account.
    #[serde(with = "text::address")]
    pub owner: Pubkey,
    /// Data; empty for a closed account.
    #[serde(with = "text::bytes")]
    pub data: Vec<u8>,
}

/// Something that a source says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// An account changed, or was read again.
    Account(AccountAt),
    /// A slot began.
    Slot {
        /// The slot.
        slot: u64,
        /// The slot that it builds on.
        parent: u64,
        /// The newest slot that can no longer be rolled back.
        root: u64,
    },
    /// Part of a snapshot: vault and reserves come first.
    Part {
        /// Accounts, each with the slot that it was read at.
        accounts: Vec<AccountAt>,
    },
    /// The last part of a snapshot. Together the parts are every account of the program that belongs to the vault: obligations that are
    /// in none of them, and of which nothing newer is known, do not exist.
    Synced {
        /// The slot of the oldest part.
        slot: u64,
        /// Accounts of the last part.
        accounts: Vec<AccountAt>,
    },
    /// Changes may have been missed from here on; a new snapshot follows when the source is back.
    Lost {
        /// Why, for people.
        reason: String,
    },
}

/// A source of accounts.
pub trait Source: Send {
    /// The next event; `None` when there will be no more.
    fn next(&mut self) -> impl Future<Output = Option<Event>> + Send;

    /// Asks for these accounts to be read again: they arrive as [`Event::Account`], closed ones without data.
    fn read_again(&mut self, accounts: Vec<Pubkey>);

    /// Asks for a new snapshot.
    fn resync(&mut self);
}

/// How recorded streams write addresses and data.
mod text {
    /// Base58.
    pub mod address {
        use anchor_lang::prelude::Pubkey;
        use serde::{de::Error, Deserialize, Deserializer, Serializer};

        pub fn serialize<S: Serializer>(address: &Pubkey, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(address)
        }
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Pubkey, D::Error> {
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        }
    }

    /// Base64.
    pub mod bytes {
        use base64::{engine::general_purpose::STANDARD, Engine};
        use serde::{de::Error, Deserialize, Deserializer, Serializer};

        pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(&STANDARD.encode(bytes))
        }
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
            STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
        }
    }
}
