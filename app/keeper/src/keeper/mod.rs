//! The loop: takes what the source says, rescores what it touched, plans for the worst books, and sends what pays.
//!
//! Everything that matters is on chain: a keeper that is killed loses nothing but what it knew, and learns it again at its start.

mod chores;
mod cranks;
mod rounds;
mod sending;
pub mod settings;
#[cfg(test)]
mod tests;

pub use settings::Settings;

use crate::{
    act::{
        backoff::{Backoff, LossBudget},
        inventory::Inventory,
        plan::OWN,
    },
    engine::Row,
    metrics::Metrics,
    mirror::{Effects, Mirror},
    source::{Event, Source},
};
use anyhow::Result;
use ballast_client::{
    price::Price,
    send::{Rpc, Sender},
    Account,
};
use futures_util::FutureExt;
use sending::Ended;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    collections::HashMap,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, watch};

/// Events that are taken at most before the keeper looks what to do.
const EVENTS_AT_ONCE: usize = 10_000;
/// The keeper looks what to do at least this often.
const HEARTBEAT: Duration = Duration::from_millis(200);

/// Why a keeper ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It was asked to.
    Asked,
    /// The source has ended.
    SourceEnded,
    /// The vault lists more reserves than at the start: start again to watch them, too.
    VaultGrew,
}

/// A book that is left alone.
#[derive(Clone, Copy, Debug)]
struct Rest {
    /// Until this cluster time …
    until: u64,
    /// … or, where this says so, until a price moves.
    by_price: bool,
}

/// A keeper at work.
pub struct Keeper<S> {
    source: S,
    mirror: Mirror,
    settings: Settings,
    wallet: Arc<Keypair>,
    sender: Arc<Sender<Rpc>>,
    metrics: Arc<Metrics>,
    inventory: Inventory,
    /// Books that nothing can be done about.
    rests: HashMap<Row, Rest>,
    /// Books at which somebody else was faster.
    backoff: Backoff,
    /// What failed transactions may still cost.
    budget: LossBudget,
    /// When a crank may be sent again, cluster time.
    cranked: HashMap<String, u64>,
    /// Slower unpaid work.
    chores: chores::Chores,
    /// How much longer than others this keeper waits before it cranks, in thousandths: 0 to 250.
    patience: u64,
    /// Cluster time at which every book was last brought up.
    swept_at: u64,
    /// Cluster time at which cranks were last looked for.
    looked_at: u64,
    /// Slot of the newest price, reserve or vault.
    news: u64,
    /// Newest prices of the service, where there is one.
    prices: Option<watch::Receiver<Vec<Price>>>,
    ended: mpsc::UnboundedReceiver<Ended>,
    ends: mpsc::UnboundedSender<Ended>,
    stopping: bool,
}

/// Ready when a service has new prices; never where there is none, or no longer one.
async fn changed(prices: &mut Option<watch::Receiver<Vec<Price>>>) {
    if let Some(receiver) = prices {
        if receiver.changed().await.is_ok() {
            return;
        }
        *prices = None;
    }
    std::future::pending().await
}

impl<S: Source> Keeper<S> {
    /// A keeper that has seen nothing yet.
    pub fn new(
        source: S,
        settings: Settings,
        wallet: Arc<Keypair>,
        sender: Arc<Sender<Rpc>>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (ends, ended) = mpsc::unbounded_channel();
        let prices = settings.service.as_ref().map(|service| service.listen(wallet.pubkey()));
        let own = Account { vault: settings.vault, owner: wallet.pubkey(), id: OWN }.obligation();
        let mirror = Mirror::new(settings.vault, settings.watched()).of_shard(settings.shard, own);
        Self {
            prices,
            source,
            mirror,
            budget: LossBudget::new(settings.lost_fees),
            settings,
            wallet,
            sender,
            metrics,
            inventory: Inventory::default(),
            rests: HashMap::new(),
            backoff: Backoff::default(),
            cranked: HashMap::new(),
            chores: chores::Chores::default(),
            patience: rand::random_range(0..=250),
            swept_at: 0,
            looked_at: 0,
            news: 0,
            ended,
            ends,
            stopping: false,
        }
    }

    /// Works until `stop` is ready; then waits for what is under way, as long as the settings say.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) -> Result<Stopped> {
        let mut stop = Box::pin(stop.fuse());
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut deadline = None;
        loop {
            tokio::select! {
                event = self.source.next() => {
                    let Some(event) = event else { return Ok(Stopped::SourceEnded) };
                    self.take(event);
                    for _ in 0..EVENTS_AT_ONCE {
                        match self.source.next().now_or_never() {
                            Some(Some(event)) => self.take(event),
                            _ => break,
                        }
                    }
                }
                Some(ended) = self.ended.recv() => self.note(ended),
                () = changed(&mut self.prices) => self.take_prices(),
                _ = heartbeat.tick() => {}
                () = &mut stop, if !self.stopping => {
                    tracing::info!(under_way = self.inventory.under_way(), "stopping");
                    self.metrics.stop();
                    self.stopping = true;
                    deadline = Some(Instant::now() + self.settings.stop_within);
                }
            }
            if self.stopping {
                if self.inventory.under_way() == 0 || deadline.is_some_and(|end| Instant::now() > end) {
                    tracing::info!(under_way = self.inventory.under_way(), "stopped");
                    return Ok(Stopped::Asked);
                }
                continue;
            }
            if self.mirror.engine.market.len() > self.settings.assets.len() {
                tracing::info!("the vault has a new reserve: starting again");
                return Ok(Stopped::VaultGrew);
            }
            tokio::task::block_in_place(|| self.round());
        }
    }

    /// Takes the service's newest prices.
    fn take_prices(&mut self) {
        let Some(prices) = &mut self.prices else { return };
        for price in prices.borrow_and_update().iter() {
            self.mirror.take_price(price);
        }
        self.news = self.mirror.slot();
        self.rests.retain(|_, rest| !rest.by_price);
    }

    /// Takes one event.
    fn take(&mut self, event: Event) {
        match &event {
            Event::Lost { reason } => {
                tracing::warn!(reason, "the source was lost; connecting again");
                self.metrics.lost.inc();
                self.metrics.synced.set(0);
                self.inventory.forget_balances();
                self.rests.clear();
                self.backoff.clear();
                // Another chain's clock may go behind.
                self.cranked.clear();
                self.chores.forget();
                (self.swept_at, self.looked_at) = (0, 0);
            }
            Event::Synced { slot, .. } => tracing::info!(slot, "synced"),
            Event::Account(account) => self.backoff.read(&account.address),
            _ => {}
        }
        if let Event::Synced { slot, .. } = &event {
            self.inventory.restart(*slot);
        }
        let Effects { read_again, dropped, market, .. } = self.mirror.apply(event);
        for obligation in self.inventory.rolled_back(&dropped, self.mirror.slot()) {
            tracing::warn!(%obligation, "a tranche that had landed was rolled back: it may land again");
            self.metrics.tranches.with_label_values(&["rolled back"]).inc();
        }
        if !read_again.is_empty() {
            tracing::info!(accounts = read_again.len(), "a fork was left: reading accounts again");
            self.metrics.rolled_back.inc_by(read_again.len() as u64);
            self.source.read_again(read_again);
        }
        if market {
            self.mirror.name_prices(&self.settings.prices);
            self.news = self.mirror.slot();
            self.rests.retain(|_, rest| !rest.by_price);
        }
    }
}
