//! Slower unpaid work: a task reads what it needs over RPC, and what it finds to do is sent like any crank; another one counts for audits.

use super::{sending::Ended, Keeper};
use crate::{
    act::{
        audit,
        books::Books,
        chores::{changes, collections, roll, signals},
        crank::refreshes,
    },
    engine::Row,
    source::Source,
};
use anchor_lang::prelude::{Clock, Pubkey};
use ballast::{oracle::now, state::Obligation};
use ballast_client::{
    decode,
    send::{SendError, Transport},
    Asset,
};
use solana_signer::Signer;

/// Obligations that are read at a time while an audit counts.
const READ_AT_ONCE: usize = 100;
/// Seconds after which an audit that found nobody left to count, and yet is not complete, is walked through again.
const WALK_AGAIN: u64 = 600;

/// Where the slower work stands.
#[derive(Debug, Default)]
pub(super) struct Chores {
    /// Cluster time at which it last began to look.
    looked_at: u64,
    /// Whether a task is looking.
    pub(super) is_looking: bool,
    /// Whether a task is counting for an audit, which may take hours: whoever looks does not wait for it.
    pub(super) is_counting: bool,
    walk: Option<Walk>,
    /// Cluster time at which the last walk ended.
    walked_at: u64,
}

/// A walk through all rows for an audit.
#[derive(Clone, Copy, Debug)]
struct Walk {
    /// The audit.
    number: u64,
    /// The next row. It begins anywhere, so that keepers who count the same books do not meet at each.
    next: usize,
    /// Rows that are left.
    left: usize,
}

impl Chores {
    /// Forgets everything but the tasks that are at it.
    pub(super) fn forget(&mut self) {
        let Self { is_looking, is_counting, .. } = *self;
        *self = Self { is_looking, is_counting, ..Self::default() };
    }
}

impl<S: Source> Keeper<S> {
    /// Looks for slower work when it is time.
    pub(super) fn look_for_chores(&mut self, clock: &Clock) {
        let now = now(clock);
        let cranks = &self.settings.cranks;
        let is_wanted = cranks.breakers
            || cranks.audit_seconds > 0
            || self.settings.collect.is_some()
            || cranks.changes
            || cranks.roll;
        let is_time = now >= self.chores.looked_at.saturating_add(cranks.look_seconds);
        if !is_wanted || !is_time || self.chores.is_looking {
            return;
        }
        (self.chores.looked_at, self.chores.is_looking) = (now, true);
        let vault = self.settings.vault;
        let assets: Vec<Asset> = self.settings.assets.iter().map(|held| held.asset).collect();
        let last_change = self.mirror.engine.market.vault().map_or(0, |vault| vault.last_change);
        let (sender, ends) = (self.sender.clone(), self.ends.clone());
        tokio::spawn(async move {
            let addresses = Books::addresses(&vault, &assets, last_change);
            let read = sender.transport.accounts(&addresses).await;
            let accounts = read.map(|accounts| {
                let data: Vec<Option<Vec<u8>>> =
                    accounts.into_iter().map(|account| Some(account?.data)).collect();
                Books::read(vault, &assets, &data).map(Box::new)
            });
            // Nobody listens any more once the keeper has stopped.
            let _ = ends.send(Ended::Looked(accounts));
        });
    }

    /// Sends what there is to do by these books.
    pub(super) fn note_books(
        &mut self,
        books: Result<Option<Box<Books>>, ballast_client::send::TransportError>,
    ) {
        self.chores.is_looking = false;
        let books = match books {
            Ok(Some(books)) => books,
            Ok(None) => return tracing::debug!("the vault's accounts could not be read whole"),
            Err(error) => return tracing::debug!(%error, "the vault's accounts could not be read"),
        };
        let cranks = self.settings.cranks.clone();
        let mut found = vec![];
        if cranks.breakers {
            found.extend(signals(&books));
        }
        if let Some(least) = self.settings.collect {
            found.extend(collections(&books, least));
        }
        if cranks.roll {
            found.extend(roll(&books));
        }
        if cranks.changes {
            found.extend(changes(&books, self.wallet.pubkey()));
        }
        if cranks.audit_seconds > 0 {
            found.extend(audit::begin(&books, self.patiently(cranks.audit_seconds)));
        }
        for crank in found {
            self.send_once(crank, books.now());
        }
        if cranks.audit_seconds > 0 && !self.chores.is_counting {
            self.walk(&books);
        }
    }

    /// Refreshes prices that nobody refreshed.
    pub(super) fn refresh(&mut self, clock: &Clock) {
        let older = self.settings.cranks.refresh_seconds;
        if older == 0 {
            return;
        }
        let feeds =
            self.settings.service.as_ref().map(|service| service.feeds.as_slice()).unwrap_or_default();
        let is_stand_in = |address: &Pubkey| feeds.contains(&address.to_bytes());
        let older = self.patiently(older);
        for crank in refreshes(&self.mirror.engine, older, is_stand_in, clock) {
            self.send_once(crank, now(clock));
        }
    }

    /// Begins or continues the walk of the audit that runs.
    fn walk(&mut self, books: &Books) {
        let number = books.audit.as_deref().and_then(|report| audit::running(report, books.now()));
        let Some(number) = number else { return self.chores.walk = None };
        let is_under_way = self.chores.walk.is_some_and(|walk| walk.number == number);
        if !is_under_way {
            let is_new = self.chores.walk.is_some_and(|walk| walk.number != number);
            if !is_new && books.now() < self.chores.walked_at.saturating_add(WALK_AGAIN) {
                return;
            }
            let rows = self.mirror.engine.columns().rows();
            let next = rand::random_range(0..rows.max(1));
            self.chores.walk = Some(Walk { number, next, left: rows });
        }
        self.count_next();
    }

    /// Reads the next obligations of the walk and counts those that are not counted; at its end has the counts compared.
    fn count_next(&mut self) {
        let Some(walk) = &mut self.chores.walk else { return };
        let columns = self.mirror.engine.columns();
        let (number, vault) = (walk.number, self.settings.vault);
        let mut addresses = vec![];
        while walk.left > 0 && addresses.len() < READ_AT_ONCE {
            let row = walk.next % columns.rows().max(1);
            (walk.next, walk.left) = (row + 1, walk.left - 1);
            let address = columns.address(row as Row);
            if columns.count(row as Row) > 0 && self.settings.shard.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            self.chores.walk = None;
            let now = now(&self.mirror.clock());
            self.chores.walked_at = now;
            let reserves: Vec<Pubkey> =
                self.settings.assets.iter().map(|held| held.asset.reserve()).collect();
            for crank in audit::compare(vault, number, &reserves) {
                self.send_once(crank, now);
            }
            return;
        }
        self.chores.is_counting = true;
        let (sender, wallet, ends) = (self.sender.clone(), self.wallet.clone(), self.ends.clone());
        let tables = self.settings.tables.clone();
        tokio::spawn(async move {
            let counted = async {
                let read = sender.transport.accounts(&addresses).await;
                let accounts =
                    read.map_err(|error| SendError::Transport { what: "an audit".into(), error })?;
                let decoded = addresses
                    .iter()
                    .zip(accounts)
                    .filter_map(|(address, account)| Some((*address, decode::<Obligation>(&account?.data)?)));
                let obligations: Vec<(Pubkey, Obligation)> = decoded.collect();
                let steps = audit::counts(vault, number, &obligations);
                sender.send_steps(&steps, &[&*wallet], &tables).await
            };
            // Nobody listens any more once the keeper has stopped.
            let _ = ends.send(Ended::Counted(counted.await.map(|landed| landed.len())));
        });
    }

    /// Goes on with the walk, or waits for the next look where something went wrong.
    pub(super) fn note_counted(&mut self, counted: Result<usize, SendError>) {
        self.chores.is_counting = false;
        match counted {
            Ok(transactions) => {
                self.metrics.cranks.with_label_values(&["landed"]).inc_by(transactions as u64);
                if !self.stopping && self.mirror.is_synced() {
                    self.count_next();
                }
            }
            Err(error) => {
                // Somebody counted the same book, or it was closed: what is left is read again by the next walk.
                tracing::info!(%error, "an audit's count did not land");
                self.metrics.cranks.with_label_values(&["lost"]).inc();
            }
        }
    }

    /// An interval as this keeper keeps it: up to a quarter longer, so that keepers of one vault do not all crank at the same moment,
    /// and the later ones find it done.
    pub(super) fn patiently(&self, seconds: u64) -> u64 {
        seconds.saturating_add(seconds.saturating_mul(self.patience) / 1_000)
    }
}
