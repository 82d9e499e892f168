//! What sending needs of a cluster, as a small trait, so that tests can play a bad one.

use anchor_lang::prelude::Pubkey;
use async_trait::async_trait;
use solana_account::Account;
use solana_commitment_config::CommitmentConfig;
use solana_hash::Hash;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;
use std::time::Duration;

/// Why a cluster did not answer as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No answer in time. A transaction that was being sent may have arrived.
    #[error("the RPC node did not answer in time ({0}): try again, or use another --url")]
    Timeout(String),
    /// The node cannot be reached.
    #[error("the RPC node cannot be reached ({0}): check --url and your connection")]
    Unreachable(String),
    /// The node answered, with an error.
    #[error("the RPC node refused: {message} (code {code})")]
    Refused {
        /// JSON-RPC code.
        code: i64,
        /// What it said.
        message: String,
    },
    /// The node answered something else than asked.
    #[error("the RPC node answered something unexpected: {0}")]
    Unexpected(String),
}

impl TransportError {
    /// Whether asking again may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Timeout(_) | Self::Unreachable(_) => true,
            // Too many requests, node behind, slot skipped.
            Self::Refused { code, .. } => matches!(code, 429 | -32_004 | -32_005 | -32_014 | -32_016),
            Self::Unexpected(_) => false,
        }
    }
}

/// Result of a call to a cluster.
pub type Answer<T> = std::result::Result<T, TransportError>;

/// A blockhash and how long it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blockhash {
    /// The hash.
    pub hash: Hash,
    /// Last block height at which a transaction with it can land.
    pub last_valid_block_height: u64,
}

/// What a simulation said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulation {
    /// Why it fails, if it does.
    pub error: Option<TransactionError>,
    /// Its logs.
    pub logs: Vec<String>,
    /// Compute units that it took.
    pub units: u64,
}

/// What is known of a transaction that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Slot that it landed in.
    pub slot: u64,
    /// Why it failed, if it did.
    pub error: Option<TransactionError>,
    /// Whether it is as settled as was asked for.
    pub settled: bool,
}

/// A transaction with its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Slot that it landed in.
    pub slot: u64,
    /// Time of its block, seconds; `None` where the node does not say.
    pub time: Option<i64>,
    /// Why it failed, if it did.
    pub error: Option<TransactionError>,
    /// Its logs.
    pub logs: Vec<String>,
    /// Compute units that it took.
    pub units: u64,
}

/// A cluster, as far as sending needs it.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Accounts in the order of the addresses; `None` for those that do not exist.
    async fn accounts(&self, addresses: &[Pubkey]) -> Answer<Vec<Option<Account>>>;
    /// The newest blockhash.
    async fn latest_blockhash(&self) -> Answer<Blockhash>;
    /// Height of the newest block.
    async fn block_height(&self) -> Answer<u64>;
    /// The newest slot.
    async fn slot(&self) -> Answer<u64>;
    /// Runs a transaction without landing it.
    async fn simulate(&self, transaction: &VersionedTransaction) -> Answer<Simulation>;
    /// Hands a transaction in, without simulating it.
    async fn send(&self, transaction: &VersionedTransaction) -> Answer<()>;
    /// What is known of a transaction; `None` when nothing is. `history`: look beyond the recent ones.
    async fn status(
        &self,
        signature: &Signature,
        commitment: CommitmentConfig,
        history: bool,
    ) -> Answer<Option<Status>>;
    /// Waits for the notice of a transaction over a websocket; `Ok(())` when there may be news. Errors where the socket is lost.
    async fn notice(&self, signature: &Signature, commitment: CommitmentConfig) -> Answer<()>;
    /// A landed transaction's record; `None` when the node has none.
    async fn record(&self, signature: &Signature) -> Answer<Option<Record>>;
    /// Priority fees that landed lately with these accounts writable, micro-lamports a unit.
    async fn recent_fees(&self, writable: &[Pubkey]) -> Answer<Vec<u64>>;
}

macro_rules! forward {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<T: Transport + ?Sized> Transport for std::sync::Arc<T> {
            $(async fn $name(&self, $($argument: $type),*) -> Answer<$answer> {
                (**self).$name($($argument),*).await
            })*
        }
    };
}

forward! {
    accounts(addresses: &[Pubkey]) -> Vec<Option<Account>>;
    latest_blockhash() -> Blockhash;
    block_height() -> u64;
    slot() -> u64;
    simulate(transaction: &VersionedTransaction) -> Simulation;
    send(transaction: &VersionedTransaction) -> ();
    status(signature: &Signature, commitment: CommitmentConfig, history: bool) -> Option<Status>;
    notice(signature: &Signature, commitment: CommitmentConfig) -> ();
    record(signature: &Signature) -> Option<Record>;
    recent_fees(writable: &[Pubkey]) -> Vec<u64>;
}

/// Calls again after transient errors: four times, waiting 100, 200 and 400 ms.
pub async fn patiently<T, F, Fut>(mut call: F) -> Answer<T>
where
    F: FnMut() -> Fut,
    Fut: std::future::Future<Output = Answer<T>>,
{
    let mut pause = Duration::from_millis(100);
    for _ in 0..3 {
        match call().await {
            Err(error) if error.is_transient() => tokio::time::sleep(pause).await,
            answer => return answer,
        }
        pause *= 2;
    }
    call().await
}
