//! Reading a vault over RPC: single accounts, and snapshots in parts, so that a vault of a million books needs no gigabytes at once.

use super::{live::Endpoint, AccountAt, Event};
use anchor_lang::{prelude::Pubkey, solana_program::sysvar::SysvarId, Discriminator};
use anyhow::{anyhow, bail, Context as _, Result};
use ballast::state::{Obligation, Reserve};
use serde_json::json;
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding, UiDataSliceConfig};
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
    filter::{Memcmp, RpcFilterType},
    request::RpcRequest,
    response::{OptionalContext, RpcKeyedAccount},
};
use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
    time::Duration,
};
use tokio::sync::mpsc;

/// Vaults with more obligations than this are read in 256 parts, by the first byte of the owner.
const WHOLE: usize = 20_000;
/// How long a node may need until what the socket has begun with is confirmed.
const BEHIND: Duration = Duration::from_secs(30);
/// How long to wait before a node that is behind is asked again.
const AGAIN: Duration = Duration::from_millis(200);

pub(super) fn account_config(commitment: CommitmentConfig) -> RpcAccountInfoConfig {
    RpcAccountInfoConfig {
        encoding: Some(UiAccountEncoding::Base64),
        commitment: Some(commitment),
        ..RpcAccountInfoConfig::default()
    }
}

pub(super) fn program_config(
    filters: Vec<RpcFilterType>,
    commitment: CommitmentConfig,
) -> RpcProgramAccountsConfig {
    RpcProgramAccountsConfig {
        filters: Some(filters),
        account_config: account_config(commitment),
        with_context: Some(true),
        ..RpcProgramAccountsConfig::default()
    }
}

/// The vault's obligations: their size, and the vault behind discriminator and first words.
pub(super) fn obligations(vault: &Pubkey) -> Vec<RpcFilterType> {
    let at = 8 + std::mem::offset_of!(Obligation, vault);
    of_vault(Obligation::DISCRIMINATOR, Obligation::SPACE, at, vault)
}

/// The vault's reserves.
pub(super) fn reserves(vault: &Pubkey) -> Vec<RpcFilterType> {
    let at = 8 + std::mem::offset_of!(Reserve, vault);
    of_vault(Reserve::DISCRIMINATOR, Reserve::SPACE, at, vault)
}

fn of_vault(discriminator: &[u8], space: usize, at: usize, vault: &Pubkey) -> Vec<RpcFilterType> {
    vec![
        RpcFilterType::DataSize(space as u64),
        RpcFilterType::Memcmp(Memcmp::new_raw_bytes(0, discriminator.to_vec())),
        RpcFilterType::Memcmp(Memcmp::new_raw_bytes(at, vault.to_bytes().to_vec())),
    ]
}

pub(super) fn account_at(address: Pubkey, account: &UiAccount, slot: u64) -> Result<AccountAt> {
    let owner = account.owner.parse().context("an owner in a notification")?;
    let data = account.data.decode().with_context(|| format!("the data of {address} cannot be read"))?;
    let data = if account.lamports == 0 { vec![] } else { data };
    Ok(AccountAt { slot, address, owner, data })
}

/// Reads over RPC.
pub(super) struct Reader {
    endpoint: Arc<Endpoint>,
    rpc: RpcClient,
    /// Newest slot heard of on any way.
    pub newest: AtomicU64,
    /// Whether the server stamps every notification with the slot of the subscription, as surfpool does.
    stamps_stand_still: bool,
}

impl Reader {
    pub async fn connect(endpoint: &Arc<Endpoint>) -> Result<Self> {
        let rpc = RpcClient::new_with_timeout_and_commitment(
            endpoint.rpc.clone(),
            endpoint.silence.max(Duration::from_secs(30)),
            endpoint.commitment,
        );
        let version: serde_json::Value = rpc
            .send(RpcRequest::GetVersion, json!([]))
            .await
            .with_context(|| format!("{} does not answer", endpoint.rpc))?;
        let stamps_stand_still = version.get("surfnet-version").is_some();
        Ok(Self { endpoint: endpoint.clone(), rpc, newest: AtomicU64::new(0), stamps_stand_still })
    }

    pub async fn slot(&self) -> Result<u64> {
        let slot = self.rpc.get_slot().await.context("getSlot failed")?;
        self.newest.fetch_max(slot, Ordering::Relaxed);
        Ok(slot)
    }

    /// The slot of a notification: the server's word, where it can be taken.
    pub fn stamp(&self, slot: u64) -> u64 {
        if self.stamps_stand_still {
            self.newest.load(Ordering::Relaxed).max(slot)
        } else {
            slot
        }
    }

    /// What is read over and over: the clock, the vault, and what is watched.
    pub fn polled(&self) -> Vec<Pubkey> {
        let clock = anchor_lang::prelude::Clock::id();
        [clock, self.endpoint.vault].into_iter().chain(self.endpoint.watched.iter().copied()).collect()
    }

    pub async fn read(&self, accounts: &[Pubkey]) -> Result<Vec<AccountAt>> {
        let mut read = vec![];
        for part in accounts.chunks(100) {
            let config = account_config(self.endpoint.commitment);
            let answer = self
                .rpc
                .get_multiple_ui_accounts_with_config(part, config)
                .await
                .context("getMultipleAccounts failed")?;
            let slot = answer.context.slot;
            self.newest.fetch_max(slot, Ordering::Relaxed);
            for (address, account) in part.iter().zip(answer.value) {
                read.push(match account {
                    Some(account) => account_at(*address, &account, slot)?,
                    None => AccountAt { slot, address: *address, owner: Pubkey::default(), data: vec![] },
                });
            }
        }
        Ok(read)
    }

    /// Sends all accounts of the vault, each as of a confirmed slot that is not older than `from`: vault and reserves first, because
    /// obligations refer to them.
    pub async fn snapshot(&self, from: u64, to: &mpsc::Sender<Result<Event>>) -> Result<()> {
        let vault = self.endpoint.vault;
        let mut market = self.read(&[vault]).await?;
        let (mut oldest, accounts) = self.program_accounts(reserves(&vault), from, None).await?;
        market.extend(accounts);
        send(to, Event::Part { accounts: market }).await?;
        // Addresses alone say how large the vault is.
        let nothing = UiDataSliceConfig { offset: 0, length: 0 };
        let (_, addresses) = self.program_accounts(obligations(&vault), from, Some(nothing)).await?;
        let parts = if addresses.len() > WHOLE { (0..=u8::MAX).map(Some).collect() } else { vec![None] };
        drop(addresses);
        for part in parts {
            let mut filters = obligations(&vault);
            if let Some(byte) = part {
                let at = 8 + std::mem::offset_of!(Obligation, owner);
                filters.push(RpcFilterType::Memcmp(Memcmp::new_raw_bytes(at, vec![byte])));
            }
            let (slot, accounts) = self.program_accounts(filters, from, None).await?;
            oldest = oldest.min(slot);
            send(to, Event::Part { accounts }).await?;
        }
        send(to, Event::Synced { slot: oldest, accounts: vec![] }).await
    }

    /// Accounts of the program as of a confirmed slot that is not older than `from`.
    async fn program_accounts(
        &self,
        filters: Vec<RpcFilterType>,
        from: u64,
        slice: Option<UiDataSliceConfig>,
    ) -> Result<(u64, Vec<AccountAt>)> {
        let mut config = program_config(filters, CommitmentConfig::confirmed());
        let is_whole = slice.is_none();
        config.account_config.encoding =
            Some(if is_whole { UiAccountEncoding::Base64Zstd } else { UiAccountEncoding::Base64 });
        config.account_config.data_slice = slice;
        let params = json!([ballast::ID.to_string(), config]);
        let start = tokio::time::Instant::now();
        loop {
            let answer: OptionalContext<Vec<RpcKeyedAccount>> = self
                .rpc
                .send(RpcRequest::GetProgramAccounts, params.clone())
                .await
                .context("getProgramAccounts failed: use an RPC node that allows it for this program")?;
            let OptionalContext::Context(answer) = answer else {
                bail!("the RPC node does not say of which slot its snapshot is")
            };
            let slot = answer.context.slot;
            if slot >= from {
                let read = |keyed: RpcKeyedAccount| {
                    let address = keyed.pubkey.parse().context("an address in a snapshot")?;
                    account_at(address, &keyed.account, slot)
                };
                return Ok((slot, answer.value.into_iter().map(read).collect::<Result<_>>()?));
            }
            if start.elapsed() > BEHIND {
                bail!(
                    "the RPC node stays behind its own socket: slot {from} is not confirmed after {BEHIND:?}"
                );
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}

async fn send(to: &mpsc::Sender<Result<Event>>, event: Event) -> Result<()> {
    to.send(Ok(event)).await.map_err(|_| anyhow!("the connection has ended"))
}
