//! Symbols of tokens, for people.

use crate::{amount, view::Snapshot};
use anchor_lang::{prelude::Pubkey, pubkey};
use ballast_risk::TokenAmount;
use std::collections::BTreeMap;

/// Tokens that everybody knows by name, on mainnet.
const KNOWN: [(Pubkey, &str); 6] = [
    (pubkey!("So11111111111111111111111111111111111111112"), "SOL"),
    (pubkey!("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"), "USDC"),
    (pubkey!("Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"), "USDT"),
    (pubkey!("J1toso1uCk3RLmjorhTtrVwY9HJ7X8V9yYac6Y7kGCPn"), "JitoSOL"),
    (pubkey!("mSoLzYCxHdYgdzU16g5QSh3i5K3z3KZK7ytfqcJm7So"), "mSOL"),
    (pubkey!("jupSoLaHXQiZZTSfEWMTRRgpnyFm8f6sZdosWBjx93v"), "jupSOL"),
];

/// Symbols by mint. A mint without one is called by the ends of its address.
#[derive(Clone, Debug)]
pub struct Names(BTreeMap<Pubkey, String>);

impl Default for Names {
    fn default() -> Self {
        Self(KNOWN.map(|(mint, name)| (mint, name.to_owned())).into())
    }
}

impl Names {
    /// Adds one. Whatever had its symbol before goes by its address from now on: a symbol means one mint.
    pub fn add(&mut self, mint: Pubkey, symbol: impl Into<String>) {
        let symbol = symbol.into();
        self.0.retain(|_, known| !known.eq_ignore_ascii_case(&symbol));
        self.0.insert(mint, symbol);
    }

    /// A mint's symbol.
    pub fn of(&self, mint: &Pubkey) -> String {
        self.0.get(mint).cloned().unwrap_or_else(|| short(mint))
    }

    /// The mint of a symbol, in any case, or of an address.
    pub fn mint(&self, text: &str) -> Option<Pubkey> {
        let found = self.0.iter().find(|(_, symbol)| symbol.eq_ignore_ascii_case(text));
        found.map(|(mint, _)| *mint).or_else(|| text.parse().ok())
    }

    /// An amount of a reserve's token: "1.2 SOL".
    pub fn tokens(&self, snapshot: &Snapshot, reserve: &Pubkey, units: TokenAmount) -> String {
        match snapshot.reserves.get(reserve) {
            Some(state) => format!("{} {}", amount::format(units, state.decimals), self.of(&state.mint)),
            None => format!("{} units of {}", units.0, short(reserve)),
        }
    }
}

/// The ends of an address: "7xKX…9fGh".
pub fn short(key: &Pubkey) -> String {
    let text = key.to_string();
    match (text.get(..4), text.get(text.len().saturating_sub(4)..)) {
        (Some(start), Some(end)) => format!("{start}…{end}"),
        _ => text,
    }
}
