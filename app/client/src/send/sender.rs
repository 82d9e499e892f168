//! Signs, simulates, sends and confirms.
//!
//! A transaction is signed anew only after its blockhash has expired and the cluster does not know it: it lands at most once.

use super::{
    error::SendError,
    pack::{pack, Packed, Step},
    refusal::Refusal,
    transport::{patiently, Blockhash, Status, Transport, TransportError},
    units::MAX_UNITS,
};
use anchor_lang::prelude::Pubkey;
use solana_commitment_config::CommitmentConfig;
use solana_message::AddressLookupTableAccount;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use std::time::Duration;

/// What is paid to be taken sooner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Nothing.
    #[default]
    None,
    /// Micro-lamports a compute unit.
    Fixed(u64),
    /// This percentile of what landed lately for the same accounts, at most `most` micro-lamports a unit.
    Recent {
        /// 0 to 100.
        percentile: u8,
        /// Most to pay.
        most: u64,
    },
}

/// How to send.
#[derive(Clone, Debug)]
pub struct SendOptions {
    /// When a transaction counts as landed.
    pub commitment: CommitmentConfig,
    /// What is paid to be taken sooner.
    pub priority: Priority,
    /// Simulate before sending. Refusals cost nothing then.
    pub simulate: bool,
    /// Fetch the record of what landed, for its logs and events. Without it, [`Landed::logs`] is empty and nothing is waited for.
    pub record: bool,
    /// Blockhashes to try.
    pub attempts: u32,
    /// How often to ask for the status while the websocket is silent.
    pub poll: Duration,
    /// How often to hand the same transaction in again.
    pub resend: Duration,
    /// How long to ask a cluster that does not answer what became of a transaction.
    pub patience: Duration,
}

impl Default for SendOptions {
    fn default() -> Self {
        Self {
            commitment: CommitmentConfig::confirmed(),
            priority: Priority::None,
            simulate: true,
            record: true,
            attempts: 3,
            poll: Duration::from_millis(500),
            resend: Duration::from_secs(2),
            patience: Duration::from_secs(60),
        }
    }
}

/// A transaction that landed.
#[derive(Clone, Debug, Default)]
pub struct Landed {
    /// What it did.
    pub what: String,
    /// Its signature.
    pub signature: Signature,
    /// Slot that it landed in.
    pub slot: u64,
    /// Its logs; empty where the node keeps none.
    pub logs: Vec<String>,
    /// Compute units that it took; 0 where the node does not say.
    pub units: u64,
}

impl Landed {
    /// The program's events in it.
    pub fn events(&self) -> Vec<crate::Event> {
        crate::event::events(&self.logs)
    }
}

/// Keys that sign; the first one pays.
pub type Signers<'a> = [&'a (dyn Signer + Sync)];

/// Sends transactions over a [`Transport`].
#[derive(Clone, Debug)]
pub struct Sender<T> {
    /// The cluster.
    pub transport: T,
    /// How to send.
    pub options: SendOptions,
}

enum Outcome {
    Landed(Status),
    Expired,
}

impl<T: Transport> Sender<T> {
    /// With these options.
    pub fn new(transport: T, options: SendOptions) -> Self {
        Self { transport, options }
    }

    /// Packs steps into transactions and sends them one after the other. When one fails, those before it have landed.
    pub async fn send_steps(
        &self,
        steps: &[Step],
        signers: &Signers<'_>,
        tables: &[AddressLookupTableAccount],
    ) -> Result<Vec<Landed>, SendError> {
        let payer = payer("send", signers)?;
        let mut landed = vec![];
        for packed in pack(&payer, steps, tables)? {
            landed.push(self.send(&packed, signers).await?);
        }
        Ok(landed)
    }

    /// Sends one transaction and waits until it has landed.
    pub async fn send(&self, packed: &Packed, signers: &Signers<'_>) -> Result<Landed, SendError> {
        let what = packed.what.as_str();
        let payer = payer(what, signers)?;
        let price = self.price(packed).await;
        let mut units = packed.units;
        let mut simulate = self.options.simulate;
        for _ in 0..self.options.attempts.max(1) {
            let blockhash = patiently(|| self.transport.latest_blockhash())
                .await
                .map_err(|error| SendError::transport(what, error))?;
            let mut transaction = sign(packed, &payer, units, price, &blockhash, signers)?;
            if simulate {
                match self.simulated(packed, &transaction).await? {
                    Simulated::Passes => simulate = false,
                    Simulated::StaleBlockhash => continue,
                    Simulated::NeedsUnits => {
                        units = MAX_UNITS;
                        transaction = sign(packed, &payer, units, price, &blockhash, signers)?;
                        match self.simulated(packed, &transaction).await? {
                            Simulated::Passes => simulate = false,
                            _ => continue,
                        }
                    }
                }
            }
            let signature = transaction.signatures.first().copied().unwrap_or_default();
            match self.land(what, &transaction, signature, &blockhash).await? {
                Outcome::Landed(status) => return self.landed(packed, signature, status).await,
                Outcome::Expired => continue,
            }
        }
        Err(SendError::Expired { what: what.into(), attempts: self.options.attempts.max(1) })
    }

    /// Runs one transaction without landing it.
    pub async fn simulate(
        &self,
        packed: &Packed,
        signers: &Signers<'_>,
    ) -> Result<super::transport::Simulation, SendError> {
        let payer = payer(&packed.what, signers)?;
        let fail = |error| SendError::transport(&packed.what, error);
        let blockhash = patiently(|| self.transport.latest_blockhash()).await.map_err(fail)?;
        let transaction = sign(packed, &payer, packed.units, 0, &blockhash, signers)?;
        let simulation = patiently(|| self.transport.simulate(&transaction)).await.map_err(fail)?;
        match &simulation.error {
            None => Ok(simulation),
            Some(error) => Err(refused(packed, error, simulation.logs.clone(), None)),
        }
    }

    async fn simulated(
        &self,
        packed: &Packed,
        transaction: &VersionedTransaction,
    ) -> Result<Simulated, SendError> {
        use solana_transaction_error::TransactionError as Error;
        let simulation = patiently(|| self.transport.simulate(transaction))
            .await
            .map_err(|error| SendError::transport(&packed.what, error))?;
        match simulation.error {
            None => Ok(Simulated::Passes),
            Some(Error::BlockhashNotFound) => Ok(Simulated::StaleBlockhash),
            Some(error) => {
                let failure = refused(packed, &error, simulation.logs, None);
                let starved = failure.refusal().is_some_and(Refusal::is_out_of_units);
                if starved && packed.units < MAX_UNITS {
                    return Ok(Simulated::NeedsUnits);
                }
                Err(failure)
            }
        }
    }

    /// Hands the transaction in, again and again, until it has landed or can no longer land.
    async fn land(
        &self,
        what: &str,
        transaction: &VersionedTransaction,
        signature: Signature,
        blockhash: &Blockhash,
    ) -> Result<Outcome, SendError> {
        let commitment = self.options.commitment;
        // A node that answered with an error has not taken it; one that did not answer may have.
        let mut may_be_out = false;
        match self.transport.send(transaction).await {
            Ok(()) => may_be_out = true,
            Err(TransportError::Refused { message, .. }) if is_known_already(&message) => may_be_out = true,
            Err(TransportError::Refused { message, .. }) if is_stale(&message) => {
                return Ok(Outcome::Expired)
            }
            Err(error) if error.is_transient() || matches!(error, TransportError::Unexpected(_)) => {
                may_be_out |= !matches!(error, TransportError::Refused { .. });
            }
            Err(error) => return Err(SendError::transport(what, error)),
        }
        let notice = self.transport.notice(&signature, commitment);
        tokio::pin!(notice);
        let mut listening = true;
        let mut resend_at = tokio::time::Instant::now() + self.options.resend;
        let mut silent_since: Option<tokio::time::Instant> = None;
        loop {
            tokio::select! {
                // Heard or lost, from here on polling has the word.
                _ = &mut notice, if listening => listening = false,
                () = tokio::time::sleep(self.options.poll) => {}
            }
            match self.look(&signature, blockhash).await {
                Ok(Look::Landed(status)) => return Ok(Outcome::Landed(status)),
                Ok(Look::Waiting) => silent_since = None,
                Ok(Look::Expired) => return Ok(Outcome::Expired),
                Err(error) => {
                    let since = *silent_since.get_or_insert_with(tokio::time::Instant::now);
                    if since.elapsed() >= self.options.patience {
                        return Err(if may_be_out {
                            SendError::Unknown { what: what.into(), signature, error }
                        } else {
                            SendError::transport(what, error)
                        });
                    }
                }
            }
            if tokio::time::Instant::now() >= resend_at {
                // The same signature: it cannot land twice.
                may_be_out |= self.transport.send(transaction).await.is_ok();
                resend_at = tokio::time::Instant::now() + self.options.resend;
            }
        }
    }

    async fn look(&self, signature: &Signature, blockhash: &Blockhash) -> Result<Look, TransportError> {
        let commitment = self.options.commitment;
        if let Some(status) = self.transport.status(signature, commitment, false).await? {
            return Ok(if status.settled { Look::Landed(status) } else { Look::Waiting });
        }
        let height = self.transport.block_height().await?;
        let ahead = blockhash.last_valid_block_height.saturating_sub(height);
        if ahead > FAR_BEHIND {
            return Err(TransportError::Unexpected(format!(
                "it is {ahead} blocks behind the transaction's last one: it lags, or its chain was started anew"
            )));
        }
        if height <= blockhash.last_valid_block_height {
            return Ok(Look::Waiting);
        }
        // Asked after the last block that could hold it: what is unknown now stays so.
        Ok(match self.transport.status(signature, commitment, true).await? {
            Some(status) if status.settled => Look::Landed(status),
            Some(_) => Look::Waiting,
            None => Look::Expired,
        })
    }

    async fn landed(
        &self,
        packed: &Packed,
        signature: Signature,
        status: Status,
    ) -> Result<Landed, SendError> {
        // Some nodes know the status before the record.
        let mut record = None;
        let tries = if self.options.record || status.error.is_some() { 20 } else { 0 };
        for _ in 0..tries {
            record = patiently(|| self.transport.record(&signature)).await.ok().flatten();
            if record.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let (logs, units) = record.map_or((vec![], 0), |record| (record.logs, record.units));
        if let Some(error) = &status.error {
            return Err(refused(packed, error, logs, Some(signature)));
        }
        Ok(Landed { what: packed.what.clone(), signature, slot: status.slot, logs, units })
    }

    /// Micro-lamports a unit; a cluster that cannot say what is paid gets nothing.
    async fn price(&self, packed: &Packed) -> u64 {
        match self.options.priority {
            Priority::None => 0,
            Priority::Fixed(price) => price,
            Priority::Recent { percentile, most } => {
                let metas = packed.instructions.iter().flat_map(|one| &one.accounts);
                let mut writable: Vec<Pubkey> =
                    metas.filter(|meta| meta.is_writable).map(|meta| meta.pubkey).collect();
                writable.sort();
                writable.dedup();
                let mut fees = self.transport.recent_fees(&writable).await.unwrap_or_default();
                fees.sort_unstable();
                let last = fees.len().saturating_sub(1);
                let at = last * usize::from(percentile.min(100)) / 100;
                fees.get(at).copied().unwrap_or(0).min(most)
            }
        }
    }
}

/// A blockhash lives for 150 blocks. A node whose newest block is farther from the last of them than twice that is not where the
/// blockhash came from, and cannot say what became of a transaction.
const FAR_BEHIND: u64 = 300;

enum Simulated {
    Passes,
    StaleBlockhash,
    NeedsUnits,
}

enum Look {
    Landed(Status),
    Waiting,
    Expired,
}

fn is_known_already(message: &str) -> bool {
    message.contains("already been processed") || message.contains("AlreadyProcessed")
}

fn is_stale(message: &str) -> bool {
    message.contains("Blockhash not found") || message.contains("BlockhashNotFound")
}

fn refused(
    packed: &Packed,
    error: &solana_transaction_error::TransactionError,
    logs: Vec<String>,
    signature: Option<Signature>,
) -> SendError {
    let all = packed.with_budget(packed.units, 0);
    let refusal = Box::new(Refusal::new(error, &all, logs));
    SendError::Refused { what: packed.what.clone(), refusal, signature }
}

fn payer(what: &str, signers: &Signers) -> Result<Pubkey, SendError> {
    let first = signers.first().map(|signer| signer.pubkey());
    first.ok_or_else(|| SendError::Signing { what: what.into(), reason: "no key was given".into() })
}

fn sign(
    packed: &Packed,
    payer: &Pubkey,
    units: u32,
    price: u64,
    blockhash: &Blockhash,
    signers: &Signers,
) -> Result<VersionedTransaction, SendError> {
    let what = || packed.what.clone();
    let message = packed.message(payer, units, price, blockhash.hash)?;
    let needed = usize::from(message.header().num_required_signatures);
    let mut keys: Vec<&dyn Signer> = vec![];
    for key in message.static_account_keys().iter().take(needed) {
        let found = signers.iter().find(|signer| signer.pubkey() == *key);
        let found = found.ok_or_else(|| SendError::MissingSigner { what: what(), key: *key })?;
        keys.push(*found);
    }
    VersionedTransaction::try_new(message, &keys)
        .map_err(|error| SendError::Signing { what: what(), reason: error.to_string() })
}
