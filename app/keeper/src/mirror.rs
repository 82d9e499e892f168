//! The engine fed by a source: puts events in order by slot, so that neither a snapshot nor a late change undoes a newer one.

use crate::{
    engine::Engine,
    forks::{Dropped, Forks},
    prices::stand_in,
    shard::Shard,
    source::{AccountAt, Event},
};
use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::sysvar::SysvarId,
    Discriminator,
};
use ballast::state::{Obligation, Reserve, Vault};
use ballast_client::{
    decode,
    price::{Price, PRICE_PROGRAM},
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The slot at which each account was seen last, and what of it is kept.
pub struct Mirror {
    /// The vault in memory.
    pub engine: Engine,
    /// Newest slot by account, closed ones included.
    slots: HashMap<Pubkey, u64>,
    forks: Forks,
    /// Obligations of other shards are not kept …
    shard: Shard,
    /// … but for this one: the keeper's own, which it is paid to in shares.
    own: Pubkey,
    clock: Clock,
    /// Other accounts that are watched: token accounts of the keeper, price accounts.
    watched: HashMap<Pubkey, Option<(Pubkey, Vec<u8>)>>,
    price_accounts: HashSet<Pubkey>,
    /// Addresses in the parts of a snapshot that is being taken.
    parts: HashSet<Pubkey>,
    synced: bool,
}

/// What to do about an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Accounts to read again, because a fork may have taken back what is known of them.
    pub read_again: Vec<Pubkey>,
    /// Slots that are no part of the chain any more.
    pub dropped: BTreeSet<u64>,
    /// Whether a price, a reserve or the vault moved.
    pub market: bool,
    /// Whether an obligation changed.
    pub books: bool,
}

impl Mirror {
    /// A mirror of a vault that knows nothing yet; `watched` are kept beside it.
    pub fn new(vault: Pubkey, watched: impl IntoIterator<Item = Pubkey>) -> Self {
        Self {
            engine: Engine::new(vault),
            slots: HashMap::new(),
            forks: Forks::default(),
            shard: Shard::WHOLE,
            own: Pubkey::default(),
            clock: Clock::default(),
            watched: watched.into_iter().map(|address| (address, None)).collect(),
            price_accounts: HashSet::new(),
            parts: HashSet::new(),
            synced: false,
        }
    }

    /// The same mirror, which keeps the obligations of one shard, and one more whatever its shard.
    #[must_use]
    pub fn of_shard(self, shard: Shard, own: Pubkey) -> Self {
        Self { shard, own, ..self }
    }

    /// Whether an account is an obligation that others care for.
    fn is_others(&self, address: &Pubkey, data: &[u8]) -> bool {
        data.starts_with(Obligation::DISCRIMINATOR) && !self.shard.contains(address) && *address != self.own
    }

    /// The cluster's clock, as last read, at the newest slot that is known. The machine's own clock is never asked.
    pub fn clock(&self) -> Clock {
        Clock { slot: self.slot(), ..self.clock.clone() }
    }

    /// Whether a snapshot was taken since the source was last lost, and everything that scoring needs is known.
    pub fn is_synced(&self) -> bool {
        self.synced && self.clock.slot > 0 && self.engine.market.is_complete()
    }

    /// The newest slot that was announced or read.
    pub fn slot(&self) -> u64 {
        self.forks.newest().max(self.clock.slot)
    }

    /// A watched account's data; `None` when it is closed or not known.
    pub fn watched(&self, address: &Pubkey) -> Option<&[u8]> {
        self.watched.get(address)?.as_ref().map(|(_, data)| data.as_slice())
    }

    /// The same, with the slot that it is of; closed ones are empty.
    pub fn watched_at(&self, address: &Pubkey) -> Option<(u64, &[u8])> {
        let slot = *self.slots.get(address)?;
        let data = self.watched.get(address)?.as_ref().map_or(&[][..], |(_, data)| data.as_slice());
        Some((slot, data))
    }

    /// Names the price accounts of reserves: addresses of reserves, each with its accounts in the order of a refresh. Reserves that the
    /// vault does not list are left out until [`Mirror::name_prices`] is called again.
    pub fn name_prices(&mut self, prices: &HashMap<Pubkey, Vec<Pubkey>>) {
        for (reserve, accounts) in prices {
            self.price_accounts.extend(accounts);
            for account in accounts {
                self.watched.entry(*account).or_insert(None);
            }
            if let Some(index) = self.engine.market.index(reserve) {
                self.engine.market.set_price_accounts(index, accounts.clone());
            }
        }
    }

    /// Notes that something is known to have happened to an account at a slot, so that it is told when that slot is dropped.
    pub fn saw(&mut self, slot: u64, account: Pubkey) {
        self.forks.note(slot, account);
    }

    /// Takes a price that a service has and the chain has not. It is taken as posted in the newest slot.
    pub fn take_price(&mut self, price: &Price) {
        let price = Price { posted_slot: self.slot(), ..*price };
        let address = stand_in(&price.feed_id);
        self.engine.market.set_price(address, PRICE_PROGRAM, &price.account_data());
    }

    /// Takes an event.
    pub fn apply(&mut self, event: Event) -> Effects {
        let mut effects = Effects::default();
        match event {
            Event::Account(account) => self.apply_account(account, true, &mut effects),
            Event::Slot { slot, parent, root } => {
                let Dropped { slots, accounts } = self.forks.begin(slot, parent, root);
                (effects.read_again, effects.dropped) = (accounts.into_iter().collect(), slots);
                for account in &effects.read_again {
                    // whatever is read now counts, at whatever slot
                    self.slots.remove(account);
                }
            }
            Event::Part { accounts } => self.apply_part(accounts, &mut effects),
            Event::Synced { slot, accounts } => {
                self.apply_part(accounts, &mut effects);
                self.end_snapshot(slot, &mut effects);
            }
            Event::Lost { .. } => {
                // Behind the same address there may be another node soon, whose slots lie behind: its snapshot is taken as it is.
                self.synced = false;
                self.slots.clear();
                self.parts.clear();
                self.forks = Forks::default();
                self.clock = Clock::default();
            }
        }
        effects
    }

    fn apply_part(&mut self, mut accounts: Vec<AccountAt>, effects: &mut Effects) {
        // Reserves need the vault, and obligations the reserves.
        accounts.retain(|account| !self.is_others(&account.address, &account.data));
        accounts.sort_by_key(|account| kind(&account.data));
        for account in accounts {
            self.parts.insert(account.address);
            self.apply_account(account, false, effects);
        }
    }

    /// Forgets obligations that no part of the snapshot named, and of which nothing newer is known.
    fn end_snapshot(&mut self, slot: u64, effects: &mut Effects) {
        let parts = std::mem::take(&mut self.parts);
        let is_older = |address: &Pubkey| self.slots.get(address).is_none_or(|seen| *seen < slot);
        let columns = self.engine.columns().iter();
        let gone: Vec<Pubkey> = columns
            .map(|(_, address)| address)
            .filter(|address| !parts.contains(address) && is_older(address))
            .collect();
        for address in gone {
            self.slots.insert(address, slot);
            self.engine.remove_obligation(&address);
            effects.books = true;
        }
        // Slots of accounts that are neither here nor watched matter only for changes that are still under way.
        let columns = self.engine.columns();
        self.slots.retain(|address, seen| *seen + 512 > slot || columns.find(address).is_some());
        self.synced = true;
    }

    /// Takes an account unless something newer is known; of the same slot, only a live change replaces what is known.
    fn apply_account(&mut self, account: AccountAt, live: bool, effects: &mut Effects) {
        let AccountAt { slot, address, owner, data } = account;
        if self.is_others(&address, &data) {
            return;
        }
        match self.slots.get(&address) {
            Some(seen) if *seen > slot || (*seen == slot && !live) => return,
            _ => self.slots.insert(address, slot),
        };
        if live {
            self.forks.note(slot, address);
        }
        if address == Clock::id() {
            if let Some(clock) =
                ballast_client::account::clock(&data).filter(|clock| clock.slot >= self.clock.slot)
            {
                self.clock = clock;
            }
            return;
        }
        if let Some(kept) = self.watched.get_mut(&address) {
            let new = (!data.is_empty()).then(|| (owner, data.clone()));
            // Read over and over: only what changed is news.
            if *kept == new {
                return;
            }
            *kept = new;
            if self.price_accounts.contains(&address) {
                self.engine.market.set_price(address, owner, &data);
                effects.market = true;
            }
            return;
        }
        if owner != ballast::ID {
            self.engine.remove_obligation(&address);
            effects.books = true;
        } else if let Some(obligation) = decode::<Obligation>(&data) {
            self.engine.set_obligation(&address, &obligation);
            effects.books = true;
        } else if let Some(reserve) = decode::<Reserve>(&data) {
            self.engine.set_reserve(address, reserve);
            effects.market = true;
        } else if let Some(vault) = decode::<Vault>(&data).filter(|_| address == self.engine.vault()) {
            let known = self.engine.market.vault();
            if known.is_none_or(|known| bytemuck::bytes_of(known) != bytemuck::bytes_of(&vault)) {
                self.engine.set_vault(vault);
                effects.market = true;
            }
        }
    }
}

/// In which order accounts of a snapshot are taken.
fn kind(data: &[u8]) -> u8 {
    match data {
        data if data.starts_with(Vault::DISCRIMINATOR) => 0,
        data if data.starts_with(Reserve::DISCRIMINATOR) => 1,
        _ => 2,
    }
}
