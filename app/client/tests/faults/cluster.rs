//! A cluster that does what clusters do on bad days, on a clock that the tests own.

use anchor_lang::prelude::Pubkey;
use async_trait::async_trait;
use ballast_client::send::transport::*;
use solana_account::Account;
use solana_commitment_config::CommitmentConfig;
use solana_hash::Hash;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
};

/// How long a blockhash lives, blocks.
pub const LIFE: u64 = 10;

/// What becomes of a transaction that is handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It lands and the node says so.
    Lands,
    /// It lands, and the node's answer is lost.
    LandsWithoutAnswer,
    /// The node takes it and loses it.
    Vanishes,
    /// The node does not answer, and has not taken it.
    TimesOut,
    /// The node does not know the blockhash.
    IsStale,
    /// The validator loses it and starts anew, with the first block.
    StartsAnew,
}

/// What the websocket does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Socket {
    /// It tells.
    #[default]
    Tells,
    /// It is lost at once.
    IsLost,
    /// It is open and never says anything.
    IsSilent,
}

#[derive(Default)]
pub struct State {
    /// Fates of transactions handed in, in order; afterwards they land.
    pub fates: VecDeque<Fate>,
    /// Questions that time out, from now on.
    pub timeouts: u32,
    /// Every question times out once something was handed in.
    pub dark_after_sending: bool,
    /// The recent statuses are forgotten: only the history knows.
    pub forgets: bool,
    pub socket: Socket,
    /// What simulations say, in order; afterwards all pass.
    pub simulations: VecDeque<Simulation>,
    /// What landing transactions fail with.
    pub failure: Option<TransactionError>,
    pub fees: Vec<u64>,
    /// Everything handed in.
    pub submitted: Vec<VersionedTransaction>,
    pub simulated: u32,
    landed: BTreeMap<Signature, u64>,
    /// Height of the newest block.
    pub height: u64,
}

/// The cluster. A block passes with every question for the height.
#[derive(Default)]
pub struct BadCluster(pub Mutex<State>);

impl BadCluster {
    pub fn new(set: impl FnOnce(&mut State)) -> Self {
        let cluster = Self::default();
        set(&mut cluster.0.lock().unwrap());
        cluster
    }

    /// How many different transactions have landed.
    pub fn landed(&self) -> usize {
        self.0.lock().unwrap().landed.len()
    }

    /// How many different transactions were handed in.
    pub fn signatures(&self) -> usize {
        let state = self.0.lock().unwrap();
        let mut all: Vec<Signature> = state.submitted.iter().map(|one| one.signatures[0]).collect();
        all.sort();
        all.dedup();
        all.len()
    }

    fn ask<T>(&self, answer: impl FnOnce(&mut State) -> T) -> Answer<T> {
        let mut state = self.0.lock().unwrap();
        if state.timeouts > 0 {
            state.timeouts -= 1;
            return Err(TransportError::Timeout("30 s".into()));
        }
        if state.dark_after_sending && !state.submitted.is_empty() {
            return Err(TransportError::Unreachable("connection refused".into()));
        }
        Ok(answer(&mut state))
    }
}

#[async_trait]
impl Transport for BadCluster {
    async fn accounts(&self, addresses: &[Pubkey]) -> Answer<Vec<Option<Account>>> {
        self.ask(|_| vec![None; addresses.len()])
    }

    async fn latest_blockhash(&self) -> Answer<Blockhash> {
        self.ask(|state| Blockhash {
            hash: Hash::new_from_array([u8::try_from(state.height % 251).unwrap(); 32]),
            last_valid_block_height: state.height + LIFE,
        })
    }

    async fn block_height(&self) -> Answer<u64> {
        self.ask(|state| {
            state.height += 1;
            state.height
        })
    }

    async fn slot(&self) -> Answer<u64> {
        self.ask(|state| state.height)
    }

    async fn simulate(&self, _: &VersionedTransaction) -> Answer<Simulation> {
        self.ask(|state| {
            state.simulated += 1;
            state.simulations.pop_front().unwrap_or_default()
        })
    }

    async fn send(&self, transaction: &VersionedTransaction) -> Answer<()> {
        let mut state = self.0.lock().unwrap();
        let signature = transaction.signatures[0];
        state.submitted.push(transaction.clone());
        let fate = state.fates.pop_front().unwrap_or(Fate::Lands);
        let slot = state.height;
        match fate {
            Fate::Lands | Fate::LandsWithoutAnswer => {
                state.landed.entry(signature).or_insert(slot);
            }
            Fate::StartsAnew => state.height = 0,
            Fate::Vanishes | Fate::TimesOut | Fate::IsStale => {}
        }
        match fate {
            Fate::Lands | Fate::Vanishes | Fate::StartsAnew => Ok(()),
            Fate::LandsWithoutAnswer | Fate::TimesOut => Err(TransportError::Timeout("30 s".into())),
            Fate::IsStale => Err(TransportError::Refused {
                code: -32_002,
                message: "Transaction simulation failed: Blockhash not found".into(),
            }),
        }
    }

    async fn status(
        &self,
        signature: &Signature,
        _: CommitmentConfig,
        history: bool,
    ) -> Answer<Option<Status>> {
        self.ask(|state| {
            let slot = *state.landed.get(signature)?;
            let is_known = history || !state.forgets;
            is_known.then(|| Status { slot, error: state.failure.clone(), settled: true })
        })
    }

    async fn notice(&self, _: &Signature, _: CommitmentConfig) -> Answer<()> {
        let socket = self.0.lock().unwrap().socket;
        match socket {
            Socket::Tells => Ok(()),
            Socket::IsLost => Err(TransportError::Unreachable("websocket: closed".into())),
            Socket::IsSilent => std::future::pending().await,
        }
    }

    async fn record(&self, signature: &Signature) -> Answer<Option<Record>> {
        self.ask(|state| {
            let slot = *state.landed.get(signature)?;
            Some(Record { slot, time: None, error: state.failure.clone(), logs: vec![], units: 1 })
        })
    }

    async fn recent_fees(&self, _: &[Pubkey]) -> Answer<Vec<u64>> {
        self.ask(|state| state.fees.clone())
    }
}
