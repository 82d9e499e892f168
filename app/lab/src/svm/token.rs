//! A token with an oracle that its user plays.

use super::Ledger;
use crate::tape::average_after;
use anchor_lang::prelude::Pubkey;
use anyhow::Result;
use ballast_client::{
    address::Asset,
    price::{Price, PRICE_PROGRAM},
};
use ballast_risk::presets::AssetKind;

/// A token with its oracle.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// Its name.
    pub name: &'static str,
    /// Its mint.
    pub mint: Pubkey,
    /// Its decimals.
    pub decimals: u8,
    /// Its place in the preset.
    pub kind: AssetKind,
    /// Its Pyth account.
    pub price_account: Pubkey,
    /// Dollars now.
    pub dollars: f64,
    /// The oracle's average, dollars.
    pub average: f64,
}

impl Token {
    /// Makes its mint. The oracle's average starts at the price.
    pub fn create(
        ledger: &mut Ledger,
        name: &'static str,
        decimals: u8,
        kind: AssetKind,
        dollars: f64,
    ) -> Result<Self> {
        let mint = ledger.mint(decimals)?;
        Ok(Self {
            name,
            mint,
            decimals,
            kind,
            price_account: Pubkey::new_unique(),
            dollars,
            average: dollars,
        })
    }

    /// Its Pyth feed.
    pub fn feed(&self) -> [u8; 32] {
        self.mint.to_bytes()
    }

    /// So many whole tokens in token units.
    pub fn units(&self, whole: f64) -> u64 {
        (whole * 10f64.powi(i32::from(self.decimals))) as u64
    }

    /// Its reserve in a vault.
    pub fn asset(&self, vault: Pubkey) -> Asset {
        Asset { vault, mint: self.mint, token_program: anchor_spl::token::ID }
    }

    /// The price moves, `seconds` after it moved last.
    pub fn moves_to(&mut self, dollars: f64, seconds: u64) {
        self.dollars = dollars;
        self.average = average_after(self.average, dollars, seconds);
    }

    /// Plays the oracle: publishes the price of now.
    pub fn publish(&self, ledger: &mut Ledger) -> Result<()> {
        let scaled = |dollars: f64| (dollars * 1e8).round() as i64;
        let price = Price {
            feed_id: self.feed(),
            price: scaled(self.dollars).max(1),
            confidence: (scaled(self.dollars) / 2_000).unsigned_abs(),
            ema: scaled(self.average).max(1),
            exponent: -8,
            publish_time: ledger.now() as i64,
            posted_slot: ledger.slot(),
        };
        ledger.put(self.price_account, PRICE_PROGRAM, price.account_data())
    }
}
