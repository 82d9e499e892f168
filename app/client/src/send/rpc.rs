//! A real cluster: JSON-RPC and websockets.

use super::transport::*;
use anchor_lang::prelude::Pubkey;
use async_trait::async_trait;
use futures_util::StreamExt;
use solana_account::Account;
use solana_commitment_config::CommitmentConfig;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind},
    config::{
        RpcSendTransactionConfig, RpcSignatureSubscribeConfig, RpcSimulateTransactionConfig,
        RpcTransactionConfig,
    },
    request::RpcError,
};
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_status_client_types::UiTransactionEncoding;
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// Most addresses that a node takes in one question.
const ACCOUNTS_AT_ONCE: usize = 100;

/// A cluster over JSON-RPC, with one websocket that is opened when it is needed and again when it was lost.
pub struct Rpc {
    client: Arc<RpcClient>,
    websocket: String,
    socket: Mutex<Option<Arc<PubsubClient>>>,
}

impl Rpc {
    /// A cluster at these addresses. `websocket`: derived from `url` where `None`.
    pub fn new(url: &str, websocket: Option<&str>, commitment: CommitmentConfig, timeout: Duration) -> Self {
        let client = RpcClient::new_with_timeout_and_commitment(url.to_owned(), timeout, commitment);
        let websocket = websocket.map_or_else(|| websocket_of(url), str::to_owned);
        Self { client: Arc::new(client), websocket, socket: Mutex::new(None) }
    }

    /// The JSON-RPC client, for questions that sending does not ask.
    pub fn client(&self) -> &Arc<RpcClient> {
        &self.client
    }

    /// Where its websocket is.
    pub fn websocket(&self) -> &str {
        &self.websocket
    }

    /// The websocket, opened if it is not.
    pub async fn socket(&self) -> Answer<Arc<PubsubClient>> {
        let mut socket = self.socket.lock().await;
        if let Some(open) = socket.as_ref() {
            return Ok(open.clone());
        }
        let opened = PubsubClient::new(&self.websocket).await.map_err(lost)?;
        let opened = Arc::new(opened);
        *socket = Some(opened.clone());
        Ok(opened)
    }

    /// Forgets a websocket that was lost.
    pub async fn drop_socket(&self) {
        self.socket.lock().await.take();
    }
}

/// The websocket that belongs to an RPC address: the next port where one is named, as validators have it.
pub fn websocket_of(url: &str) -> String {
    let socket = url.replacen("http", "ws", 1);
    let (start, rest) = socket.split_once("://").unwrap_or(("ws", &socket));
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let port = host.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match port {
        Some((host, port)) => format!("{start}://{host}:{}{path}", port.saturating_add(1)),
        None => socket,
    }
}

fn lost(error: impl std::fmt::Display) -> TransportError {
    TransportError::Unreachable(format!("websocket: {error}"))
}

/// What a client error means.
pub fn transport_error(error: ClientError) -> TransportError {
    match error.kind() {
        ErrorKind::Reqwest(inner) if inner.is_timeout() => TransportError::Timeout(inner.to_string()),
        ErrorKind::Reqwest(inner) if inner.status().is_some_and(|status| status.as_u16() == 429) => {
            TransportError::Refused { code: 429, message: "too many requests".into() }
        }
        ErrorKind::Io(inner) => TransportError::Unreachable(inner.to_string()),
        ErrorKind::Reqwest(inner) => TransportError::Unreachable(inner.to_string()),
        ErrorKind::RpcError(RpcError::RpcResponseError { code, message, .. }) => {
            TransportError::Refused { code: *code, message: message.clone() }
        }
        other => TransportError::Unexpected(other.to_string()),
    }
}

#[async_trait]
impl Transport for Rpc {
    async fn accounts(&self, addresses: &[Pubkey]) -> Answer<Vec<Option<Account>>> {
        let mut accounts = Vec::with_capacity(addresses.len());
        for part in addresses.chunks(ACCOUNTS_AT_ONCE) {
            accounts.extend(self.client.get_multiple_accounts(part).await.map_err(transport_error)?);
        }
        Ok(accounts)
    }

    async fn latest_blockhash(&self) -> Answer<Blockhash> {
        let commitment = self.client.commitment();
        let answer = self.client.get_latest_blockhash_with_commitment(commitment).await;
        let (hash, last_valid_block_height) = answer.map_err(transport_error)?;
        Ok(Blockhash { hash, last_valid_block_height })
    }

    async fn block_height(&self) -> Answer<u64> {
        self.client.get_block_height().await.map_err(transport_error)
    }

    async fn slot(&self) -> Answer<u64> {
        self.client.get_slot().await.map_err(transport_error)
    }

    async fn simulate(&self, transaction: &VersionedTransaction) -> Answer<Simulation> {
        let config = RpcSimulateTransactionConfig {
            commitment: Some(self.client.commitment()),
            ..RpcSimulateTransactionConfig::default()
        };
        let answer = self.client.simulate_transaction_with_config(transaction, config).await;
        let value = answer.map_err(transport_error)?.value;
        Ok(Simulation {
            error: value.err.map(Into::into),
            logs: value.logs.unwrap_or_default(),
            units: value.units_consumed.unwrap_or(0),
        })
    }

    async fn send(&self, transaction: &VersionedTransaction) -> Answer<()> {
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            max_retries: Some(0),
            ..RpcSendTransactionConfig::default()
        };
        let answer = self.client.send_transaction_with_config(transaction, config).await;
        answer.map(|_| ()).map_err(transport_error)
    }

    async fn status(
        &self,
        signature: &Signature,
        commitment: CommitmentConfig,
        history: bool,
    ) -> Answer<Option<Status>> {
        let signatures = [*signature];
        let answer = if history {
            self.client.get_signature_statuses_with_history(&signatures).await
        } else {
            self.client.get_signature_statuses(&signatures).await
        };
        let status = answer.map_err(transport_error)?.value.into_iter().next().flatten();
        Ok(status.map(|status| Status {
            slot: status.slot,
            settled: status.satisfies_commitment(commitment),
            error: status.err,
        }))
    }

    async fn notice(&self, signature: &Signature, commitment: CommitmentConfig) -> Answer<()> {
        let socket = self.socket().await?;
        let config = RpcSignatureSubscribeConfig {
            commitment: Some(commitment),
            enable_received_notification: Some(false),
        };
        let heard = match socket.signature_subscribe(signature, Some(config)).await {
            Ok((mut notices, unsubscribe)) => {
                let heard = notices.next().await;
                drop(notices);
                // The notice ends the subscription by itself.
                drop(unsubscribe);
                heard.ok_or_else(|| lost("closed"))
            }
            Err(error) => Err(lost(error)),
        };
        if heard.is_err() {
            self.drop_socket().await;
        }
        heard.map(|_| ())
    }

    async fn record(&self, signature: &Signature) -> Answer<Option<Record>> {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(CommitmentConfig::confirmed()),
            max_supported_transaction_version: Some(0),
        };
        let found = match self.client.get_transaction_with_config(signature, config).await {
            Ok(found) => found,
            Err(error) => {
                return match transport_error(error) {
                    // `null`: not there yet.
                    TransportError::Unexpected(_) => Ok(None),
                    error => Err(error),
                };
            }
        };
        let Some(meta) = found.transaction.meta else { return Ok(None) };
        Ok(Some(Record {
            slot: found.slot,
            time: found.block_time,
            error: meta.err.map(Into::into),
            logs: Option::from(meta.log_messages).unwrap_or_default(),
            units: Option::from(meta.compute_units_consumed).unwrap_or(0),
        }))
    }

    async fn recent_fees(&self, writable: &[Pubkey]) -> Answer<Vec<u64>> {
        let writable = writable.get(..writable.len().min(128)).unwrap_or_default();
        let fees = self.client.get_recent_prioritization_fees(writable).await.map_err(transport_error)?;
        Ok(fees.into_iter().map(|fee| fee.prioritization_fee).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::websocket_of;

    #[test]
    fn the_websocket_is_on_the_next_port_or_on_the_same_name() {
        assert_eq!(websocket_of("http://127.0.0.1:8899"), "ws://127.0.0.1:8900");
        assert_eq!(websocket_of("https://api.devnet.solana.com"), "wss://api.devnet.solana.com");
        assert_eq!(websocket_of("https://node.example/key/1"), "wss://node.example/key/1");
        assert_eq!(websocket_of("http://node.example:80/key"), "ws://node.example:81/key");
    }
}
