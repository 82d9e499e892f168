//! The vault, its reserves as they are on chain, and as they will be once the newest known prices are taken.

use anchor_lang::prelude::{Clock, Pubkey};
use ballast::{
    oracle::{newer_price, now, read_quote},
    state::{Reserve, Vault},
};
use std::collections::HashMap;

/// A price account as fetched.
#[derive(Clone, Debug)]
struct PriceAccount {
    owner: Pubkey,
    data: Vec<u8>,
}

/// A reserve with its price accounts.
#[derive(Debug)]
struct Entry {
    address: Pubkey,
    on_chain: Option<Box<Reserve>>,
    /// With the newest known prices, by the code that the program takes them with.
    ahead: Option<Box<Reserve>>,
    /// The price accounts that a refresh reads.
    price_accounts: Vec<Pubkey>,
    /// Whether the prices in `ahead` are not on chain yet.
    needs_refresh: bool,
    /// Whether the account or a price of it changed since the last look ahead.
    touched: bool,
}

/// What scoring depends on besides the obligations.
#[derive(Debug, Default)]
pub struct Market {
    vault: Option<Box<Vault>>,
    entries: Vec<Entry>,
    by_address: HashMap<Pubkey, usize>,
    prices: HashMap<Pubkey, PriceAccount>,
}

impl Market {
    pub(super) fn set_vault(&mut self, vault: Vault) {
        let listed = vault.reserves.iter().take(usize::from(vault.reserve_count));
        for address in listed.skip(self.entries.len()) {
            self.by_address.insert(*address, self.entries.len());
            self.entries.push(Entry {
                address: *address,
                on_chain: None,
                ahead: None,
                price_accounts: vec![],
                needs_refresh: false,
                touched: true,
            });
        }
        self.vault = Some(Box::new(vault));
    }

    pub(super) fn set_reserve(&mut self, address: Pubkey, reserve: Reserve) {
        if let Some(index) = self.index(&address) {
            self.entries[index].on_chain = Some(Box::new(reserve));
            self.entries[index].touched = true;
        }
    }

    /// Names the price accounts of a reserve, in the order in which a refresh reads them.
    pub fn set_price_accounts(&mut self, index: usize, accounts: Vec<Pubkey>) {
        let changed = self.entries.get_mut(index).filter(|entry| entry.price_accounts != accounts);
        if let Some(entry) = changed {
            entry.price_accounts = accounts;
            entry.touched = true;
        }
    }

    /// Takes a price account as it is now.
    pub fn set_price(&mut self, address: Pubkey, owner: Pubkey, data: &[u8]) {
        self.prices.insert(address, PriceAccount { owner, data: data.to_vec() });
        for entry in self.entries.iter_mut().filter(|entry| entry.price_accounts.contains(&address)) {
            entry.touched = true;
        }
    }

    /// Looks ahead: what reserves will say once their newest known prices are taken at this time. Only those that something touched
    /// since the last look, unless `all`. Returns which were looked at, as bits.
    pub fn look_ahead(&mut self, clock: &Clock, all: bool) -> u32 {
        let Self { entries, prices, .. } = self;
        let mut looked = 0;
        for (index, entry) in entries.iter_mut().enumerate() {
            let Some(on_chain) = &entry.on_chain else { continue };
            if !entry.touched && !all {
                continue;
            }
            let newer = refreshed(on_chain, &entry.price_accounts, prices, clock);
            entry.needs_refresh = newer.is_some();
            entry.ahead = Some(newer.unwrap_or_else(|| on_chain.clone()));
            entry.touched = false;
            looked |= 1 << index;
        }
        looked
    }

    /// The vault, once known.
    pub fn vault(&self) -> Option<&Vault> {
        self.vault.as_deref()
    }

    /// Whether the vault and every reserve that it lists are known.
    pub fn is_complete(&self) -> bool {
        self.vault.is_some() && self.entries.iter().all(|entry| entry.on_chain.is_some())
    }

    /// How many reserves the vault lists.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the vault lists no reserve, or is not known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A reserve's place in the vault.
    pub fn index(&self, address: &Pubkey) -> Option<usize> {
        self.by_address.get(address).copied()
    }

    /// A reserve's address.
    pub fn address(&self, index: usize) -> Option<Pubkey> {
        self.entries.get(index).map(|entry| entry.address)
    }

    /// A reserve as it is on chain.
    pub fn on_chain(&self, index: usize) -> Option<&Reserve> {
        self.entries.get(index)?.on_chain.as_deref()
    }

    /// A reserve with the newest known prices, as of the last [`Market::look_ahead`].
    pub fn ahead(&self, index: usize) -> Option<&Reserve> {
        self.entries.get(index)?.ahead.as_deref()
    }

    /// The same, by address.
    pub fn ahead_of(&self, address: &Pubkey) -> Option<&Reserve> {
        self.ahead(self.index(address)?)
    }

    /// The price accounts of a reserve whose newest prices are not on chain yet; `None` when they are.
    pub fn wants_refresh(&self, index: usize) -> Option<&[Pubkey]> {
        let entry = self.entries.get(index)?;
        entry.needs_refresh.then_some(entry.price_accounts.as_slice())
    }
}

/// A reserve after a refresh with these accounts; `None` when they hold nothing newer or nothing that the program would take.
fn refreshed(
    reserve: &Reserve,
    accounts: &[Pubkey],
    prices: &HashMap<Pubkey, PriceAccount>,
    clock: &Clock,
) -> Option<Box<Reserve>> {
    if accounts.is_empty() {
        return None;
    }
    let fetched: Option<Vec<&PriceAccount>> = accounts.iter().map(|address| prices.get(address)).collect();
    let read =
        |account: &&PriceAccount, feed_id: &[u8; 32]| read_quote(&account.owner, &account.data, feed_id);
    let (source, price) = newer_price(&fetched?, read, reserve, clock).ok().flatten()?;
    let mut ahead = Box::new(*reserve);
    ahead.take_price(source, price, now(clock)).ok()?;
    Some(ahead)
}
