//! Hearing of an account's transactions as they happen.

use super::Rpc;
use anchor_lang::prelude::Pubkey;
use futures_util::StreamExt;
use solana_rpc_client_api::config::{RpcTransactionLogsConfig, RpcTransactionLogsFilter};
use std::{convert::Infallible, time::Duration};
use tokio::sync::Notify;

/// Pause before a websocket that was lost, or could not be had, is opened again.
const PAUSE: Duration = Duration::from_secs(5);

impl Rpc {
    /// Tells of transactions that name an account, as long as it is polled. Several at once may be told as one, and nothing is
    /// told while there is no websocket: who waits also looks from time to time by itself.
    pub async fn follow(&self, account: &Pubkey, told: &Notify) -> Infallible {
        loop {
            if let Ok(socket) = self.socket().await {
                let filter = RpcTransactionLogsFilter::Mentions(vec![account.to_string()]);
                let config = RpcTransactionLogsConfig { commitment: Some(self.client().commitment()) };
                if let Ok((mut notices, _unsubscribe)) = socket.logs_subscribe(filter, config).await {
                    while notices.next().await.is_some() {
                        told.notify_one();
                    }
                }
                self.drop_socket().await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
