//! The cluster, over RPC.

use crate::config::Cluster;
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use anyhow::{bail, Context as _, Result};
use solana_account::Account;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_rpc_client::rpc_client::RpcClient;
use solana_rpc_client_api::config::RpcSendTransactionConfig;
use solana_signer::Signer;
use solana_transaction::Transaction;
use std::time::Duration;

/// Genesis hashes of the clusters that everybody knows.
const KNOWN: [(Cluster, &str); 3] = [
    (Cluster::MainnetBeta, "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"),
    (Cluster::Devnet, "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"),
    (Cluster::Testnet, "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY"),
];

/// A cluster.
pub struct Chain {
    /// Its RPC.
    pub rpc: RpcClient,
}

impl Chain {
    /// Connects.
    pub fn connect(url: &str) -> Self {
        let (timeout, commitment) = (Duration::from_secs(30), CommitmentConfig::confirmed());
        Self { rpc: RpcClient::new_with_timeout_and_commitment(url.to_owned(), timeout, commitment) }
    }

    /// Refuses a cluster that is not the one that the file is for.
    pub fn check(&self, wanted: Cluster) -> Result<()> {
        let url = self.rpc.url();
        let genesis = self.rpc.get_genesis_hash().with_context(|| format!("cannot reach {url}"))?.to_string();
        let found =
            KNOWN.iter().find(|(_, hash)| *hash == genesis).map_or(Cluster::Local, |(cluster, _)| *cluster);
        if found != wanted {
            bail!("{url} is {found:?} (genesis {genesis}), but the file is for {wanted:?}: pass the right --url or set `cluster`");
        }
        Ok(())
    }

    /// An account, if there is one.
    pub fn account(&self, key: &Pubkey) -> Result<Option<Account>> {
        let found = self.rpc.get_account_with_commitment(key, CommitmentConfig::confirmed());
        Ok(found.with_context(|| format!("cannot read {key}"))?.value)
    }

    /// Lamports that keep an account of this size.
    pub fn rent(&self, bytes: usize) -> Result<u64> {
        self.rpc.get_minimum_balance_for_rent_exemption(bytes).context("cannot ask for the rent")
    }

    /// Sends a transaction and waits until it is confirmed. The first signer pays.
    pub fn send(&self, what: &str, instructions: &[Instruction], signers: &[&Keypair]) -> Result<()> {
        let blockhash = self.rpc.get_latest_blockhash().context("cannot get a blockhash")?;
        let payer = signers.first().map(|signer| signer.pubkey());
        let transaction =
            Transaction::new_signed_with_payer(instructions, payer.as_ref(), signers, blockhash);
        self.rpc
            .send_and_confirm_transaction(&transaction)
            .with_context(|| format!("{what} did not land"))?;
        Ok(())
    }

    /// Sends a transaction without waiting or asking whether it would land: whoever calls this looks for its effect.
    pub fn fire(&self, transaction: &Transaction) -> Result<()> {
        let config = RpcSendTransactionConfig { skip_preflight: true, ..RpcSendTransactionConfig::default() };
        self.rpc.send_transaction_with_config(transaction, config)?;
        Ok(())
    }
}

/// Lamports as SOL.
pub fn sol(lamports: u64) -> String {
    format!("{}.{:09}", lamports / 1_000_000_000, lamports % 1_000_000_000)
}
