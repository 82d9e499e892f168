//! A validator's websocket and RPC as a source: subscribes first, takes the snapshot then, and connects again when the socket is
//! lost or falls silent.

use super::{
    reader::{account_at, account_config, obligations, program_config, reserves, Reader},
    AccountAt, Event, Source,
};
use anchor_lang::prelude::Pubkey;
use anyhow::{anyhow, bail, Context as _, Result};
use futures_util::{stream::BoxStream, stream::SelectAll, StreamExt};
use solana_account_decoder_client_types::UiAccount;
use solana_commitment_config::CommitmentConfig;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client_api::response::{RpcKeyedAccount, SlotInfo};
use std::{
    sync::{atomic::Ordering, Arc},
    time::Duration,
};
use tokio::sync::mpsc;

/// Where to connect and what to watch.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// RPC URL.
    pub rpc: String,
    /// Websocket URL.
    pub websocket: String,
    /// At which commitment changes are wanted. Snapshots are always of confirmed slots.
    pub commitment: CommitmentConfig,
    /// The vault.
    pub vault: Pubkey,
    /// Other accounts to watch: price accounts, token accounts.
    pub watched: Vec<Pubkey>,
    /// How often the watched accounts, the vault and the clock are read over RPC, whatever the socket says.
    pub poll: Duration,
    /// A socket without a new slot for this long is given up.
    pub silence: Duration,
    /// How often a new snapshot is taken without need: it finds obligations that were closed, which sockets do not announce.
    pub resync: Duration,
}

/// What the keeper asks the source to do.
enum Ask {
    Read(Vec<Pubkey>),
    Resync,
}

/// A live source. It runs until dropped.
pub struct Live {
    events: mpsc::Receiver<Event>,
    asks: mpsc::UnboundedSender<Ask>,
    task: tokio::task::JoinHandle<()>,
}

impl Live {
    /// Starts watching; connection failures are retried for ever and show as [`Event::Lost`].
    pub fn start(endpoint: Endpoint) -> Self {
        let (sender, events) = mpsc::channel(65_536);
        let (asks, asked) = mpsc::unbounded_channel();
        let task = tokio::spawn(run(Arc::new(endpoint), sender, asked));
        Self { events, asks, task }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Source for Live {
    async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    fn read_again(&mut self, accounts: Vec<Pubkey>) {
        // The task lives as long as this does.
        let _ = self.asks.send(Ask::Read(accounts));
    }

    fn resync(&mut self) {
        let _ = self.asks.send(Ask::Resync);
    }
}

/// Shortest and longest wait before connecting again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A connection that lasted this long was a good one: the next wait is short again.
const GOOD: Duration = Duration::from_secs(10);

async fn run(endpoint: Arc<Endpoint>, events: mpsc::Sender<Event>, mut asked: mpsc::UnboundedReceiver<Ask>) {
    let mut wait = BACKOFF.0;
    loop {
        let start = tokio::time::Instant::now();
        let ended = connection(&endpoint, &events, &mut asked).await;
        let reason = ended.map_or_else(|error| format!("{error:#}"), |()| "the keeper stops".into());
        if events.send(Event::Lost { reason }).await.is_err() {
            return;
        }
        wait = if start.elapsed() > GOOD { BACKOFF.0 } else { (wait * 2).min(BACKOFF.1) };
        // Keepers that lost the same validator do not come back at the same moment.
        tokio::time::sleep(wait.mul_f64(rand::random_range(0.5..1.0))).await;
    }
}

/// A message of any of the subscriptions.
enum Said {
    Program(RpcKeyedAccount, u64),
    Account(Pubkey, UiAccount, u64),
    Slot(SlotInfo),
}

/// One connection, until it ends.
async fn connection(
    endpoint: &Arc<Endpoint>,
    events: &mpsc::Sender<Event>,
    asked: &mut mpsc::UnboundedReceiver<Ask>,
) -> Result<()> {
    let reader = Arc::new(Reader::connect(endpoint).await?);
    let socket = tokio::time::timeout(endpoint.silence, PubsubClient::new(&endpoint.websocket))
        .await
        .map_err(|_| anyhow!("{} does not answer", endpoint.websocket))?
        .with_context(|| format!("cannot connect to {}", endpoint.websocket))?;
    let mut said = subscribe(&socket, endpoint).await?;
    // Nothing that changes from here on is missed, so a snapshot of any later slot closes the gap.
    let from = reader.slot().await?;
    let (snapshots, mut snapshot) = mpsc::channel::<Result<Event>>(1);
    let take = |from: u64| {
        let (reader, snapshots) = (reader.clone(), snapshots.clone());
        tokio::spawn(async move {
            if let Err(error) = reader.snapshot(from, &snapshots).await {
                // Nobody listens once the connection has ended.
                let _ = snapshots.send(Err(error)).await;
            }
        })
    };
    let mut taking = take(from);
    let mut poll = tokio::time::interval(endpoint.poll);
    poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut resync = tokio::time::interval_at(tokio::time::Instant::now() + endpoint.resync, endpoint.resync);
    let polled: Vec<Pubkey> = reader.polled();
    let (answers, mut answered) = mpsc::channel::<Result<Vec<AccountAt>>>(64);
    let read = |accounts: Vec<Pubkey>| {
        let (reader, answers) = (reader.clone(), answers.clone());
        tokio::spawn(async move { answers.send(reader.read(&accounts).await).await })
    };
    let mut heard = tokio::time::Instant::now();
    let mut slot = 0;
    loop {
        let event = tokio::select! {
            next = said.next() => match next {
                None => bail!("the socket was closed"),
                Some(Said::Slot(info)) => {
                    heard = tokio::time::Instant::now();
                    slot = info.slot;
                    reader.newest.fetch_max(info.slot, Ordering::Relaxed);
                    Event::Slot { slot: info.slot, parent: info.parent, root: info.root }
                }
                Some(Said::Program(keyed, slot)) => {
                    let address = keyed.pubkey.parse().context("an address in a notification")?;
                    Event::Account(account_at(address, &keyed.account, reader.stamp(slot))?)
                }
                Some(Said::Account(address, account, slot)) => {
                    Event::Account(account_at(address, &account, reader.stamp(slot))?)
                }
            },
            Some(taken) = snapshot.recv() => taken.context("the snapshot failed")?,
            Some(accounts) = answered.recv() => {
                for account in accounts.context("reading accounts failed")? {
                    send(events, Event::Account(account)).await?;
                }
                continue;
            }
            Some(ask) = asked.recv() => {
                match ask {
                    Ask::Read(accounts) => drop(read(accounts)),
                    Ask::Resync if taking.is_finished() => taking = take(slot),
                    Ask::Resync => {}
                }
                continue;
            }
            _ = poll.tick() => {
                if heard.elapsed() > endpoint.silence {
                    bail!("no new slot for {:.1} s", heard.elapsed().as_secs_f64());
                }
                read(polled.clone());
                continue;
            }
            _ = resync.tick() => {
                if taking.is_finished() {
                    taking = take(slot);
                }
                continue;
            }
        };
        send(events, event).await?;
    }
}

async fn send(events: &mpsc::Sender<Event>, event: Event) -> Result<()> {
    events.send(event).await.map_err(|_| anyhow!("the keeper stops"))
}

/// Opens every subscription.
async fn subscribe<'a>(
    socket: &'a PubsubClient,
    endpoint: &Endpoint,
) -> Result<SelectAll<BoxStream<'a, Said>>> {
    let mut all = SelectAll::new();
    let (slots, _) = socket.slot_subscribe().await.context("slotSubscribe was refused")?;
    all.push(slots.map(Said::Slot).boxed());
    for filters in [obligations(&endpoint.vault), reserves(&endpoint.vault)] {
        let config = program_config(filters, endpoint.commitment);
        let subscribed = socket.program_subscribe(&ballast::ID, Some(config)).await;
        let (accounts, _) =
            subscribed.context("programSubscribe was refused: use an RPC node that allows it")?;
        all.push(accounts.map(|said| Said::Program(said.value, said.context.slot)).boxed());
    }
    for address in endpoint.watched.iter().chain([&endpoint.vault]).copied() {
        let config = account_config(endpoint.commitment);
        let subscribed = socket.account_subscribe(&address, Some(config)).await;
        let (changes, _) =
            subscribed.with_context(|| format!("accountSubscribe of {address} was refused"))?;
        all.push(changes.map(move |said| Said::Account(address, said.value, said.context.slot)).boxed());
    }
    Ok(all)
}
