//! What a command works with: a cluster, a key, a vault, names, prices.

use crate::{
    args::{Commitment, Global},
    network::{self, Network},
};
use anchor_lang::prelude::Pubkey;
use anyhow::{anyhow, bail, Context as _, Result};
use ballast::state::Reserve;
use ballast_client::{
    amount::{self, AmountError},
    names::Names,
    prices::{feed_from_hex, hermes::Hermes, local::LocalPrices, PriceSource},
    send::{sender::Signers, Landed, Priority, Rpc, SendOptions, Sender, Step},
    view::Snapshot,
    Account,
};
use ballast_risk::TokenAmount;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::{read_keypair_file, Keypair};
use solana_signer::Signer;
use std::{path::PathBuf, sync::Arc, time::Duration};

/// How long a node has to answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Most micro-lamports a unit that "auto" pays.
const MOST_AUTOMATIC: u64 = 1_000_000;

/// Everything that a command works with.
pub struct Session {
    /// Options of every command.
    pub global: Global,
    /// The cluster.
    pub rpc: Arc<Rpc>,
    /// Sends to it.
    pub sender: Sender<Arc<Rpc>>,
    /// Symbols.
    pub names: Names,
    /// The network file, if there is one.
    pub network: Network,
    keeps: Option<PathBuf>,
}

impl Session {
    /// Reads the network file and names the cluster; nothing is asked yet.
    pub fn open(global: Global) -> Result<Self> {
        let named = global.url.as_deref().map(network::cluster);
        let is_default = named.as_deref().is_none_or(network::is_local);
        let default = PathBuf::from(network::DEFAULT);
        let path = global.network.clone().or_else(|| (is_default && default.exists()).then_some(default));
        let mut network = path.as_deref().map(Network::read).transpose()?.unwrap_or_default();
        let url = match named {
            // A moniker of this machine means the network that the file describes.
            Some(url) if network.local && url == network::cluster("localhost") => network.url.clone(),
            Some(url) => url,
            None if network.url.is_empty() => bail!(
                "which cluster? Pass --url (localhost, devnet, testnet, mainnet-beta or an address), or start one with `ballast localnet`"
            ),
            None => network.url.clone(),
        };
        if url != network.url {
            network.websocket = None;
            network.keypair = None;
            network.local = false;
            network.url.clone_from(&url);
        }
        let websocket = global.ws.clone().or_else(|| network.websocket.clone());
        let commitment = match global.commitment {
            Commitment::Processed => CommitmentConfig::processed(),
            Commitment::Confirmed => CommitmentConfig::confirmed(),
            Commitment::Finalized => CommitmentConfig::finalized(),
        };
        let rpc = Arc::new(Rpc::new(&url, websocket.as_deref(), commitment, TIMEOUT));
        let priority = match global.priority.as_deref() {
            None => Priority::None,
            Some("auto") => Priority::Recent { percentile: 60, most: MOST_AUTOMATIC },
            Some(fee) => Priority::Fixed(fee.parse().map_err(|_| {
                anyhow!("--priority takes micro-lamports a compute unit, or \"auto\", not \"{fee}\"")
            })?),
        };
        let mut names = Names::default();
        for token in &network.tokens {
            names.add(address("mint", &token.mint)?, &token.symbol);
        }
        let keeps = path
            .as_deref()
            .and_then(|path| path.parent().map(|folder| folder.join("tables")))
            .or_else(|| network::home("ballast/tables"));
        let options = SendOptions { commitment, priority, ..SendOptions::default() };
        let sender = Sender::new(rpc.clone(), options);
        Ok(Self { global, rpc, sender, names, network, keeps })
    }

    /// The key that signs and pays.
    pub fn key(&self) -> Result<Keypair> {
        let named = self.global.keypair.clone().or_else(|| self.network.keypair.clone());
        let path = named.or_else(|| network::home("solana/id.json"));
        let path = path.context("no keypair: pass --keypair FILE")?;
        let name = path.display();
        read_keypair_file(&path).map_err(|error| {
            anyhow!("cannot read the keypair {name} ({error}): make one with `solana-keygen new -o {name}`, or pass --keypair FILE")
        })
    }

    /// The vault that is meant.
    pub fn vault(&self) -> Result<Pubkey> {
        let named = self.global.vault.as_deref().or(self.network.vault.as_deref());
        address(
            "vault",
            named.context("which vault? Pass --vault ADDRESS (`ballast vault list` shows them)")?,
        )
    }

    /// The vault as it is now.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        Ok(Snapshot::fetch(&self.rpc, self.vault()?).await?)
    }

    /// An obligation's address parts: of `owner`, or of the key's own wallet.
    pub fn account(&self, id: u16, owner: Option<&str>) -> Result<Account> {
        let owner = match owner {
            Some(owner) => address("owner", owner)?,
            None => self.key()?.pubkey(),
        };
        Ok(Account { vault: self.vault()?, owner, id })
    }

    /// The reserve of a token in a vault.
    pub fn reserve<'a>(&self, snapshot: &'a Snapshot, token: &str) -> Result<(Pubkey, &'a Reserve)> {
        let found = self.names.mint(token).and_then(|mint| snapshot.reserve_of(&mint));
        let (key, reserve) = found.with_context(|| {
            let mut symbols: Vec<String> =
                snapshot.reserves.values().map(|one| self.names.of(&one.mint)).collect();
            symbols.sort();
            format!("the vault has no {token}: it has {}", symbols.join(", "))
        })?;
        Ok((*key, reserve))
    }

    /// A reserve and an amount of its token; "max" and "all" are all, where `all` allows it.
    pub fn amount(
        &self,
        snapshot: &Snapshot,
        text: &str,
        token: &str,
        all: bool,
    ) -> Result<(Pubkey, TokenAmount)> {
        let (key, reserve) = self.reserve(snapshot, token)?;
        if matches!(text, "max" | "all") {
            if !all {
                bail!("\"{text}\" has no meaning here: write an amount");
            }
            return Ok((key, TokenAmount(u64::MAX)));
        }
        match amount::parse(text, reserve.decimals) {
            Ok(units) => Ok((key, units)),
            Err(error @ AmountError::NotANumber(_)) if all => bail!("{error}, or \"max\" for all"),
            Err(error) => Err(error.into()),
        }
    }

    /// Where fresh prices come from.
    pub fn prices(&self) -> Result<Box<dyn PriceSource>> {
        if self.network.local {
            return Ok(Box::new(self.local_prices()?));
        }
        Ok(Box::new(Hermes::new(&self.global.hermes)?))
    }

    /// The local network's price accounts. Errors elsewhere.
    pub fn local_prices(&self) -> Result<LocalPrices> {
        self.only_locally()?;
        let mut accounts = std::collections::BTreeMap::new();
        for token in &self.network.tokens {
            if let (Some(feed), Some(account)) = (&token.feed, &token.price_account) {
                let feed = feed_from_hex(feed)
                    .with_context(|| format!("{}: \"{feed}\" is no feed", token.symbol))?;
                accounts.insert(feed, address("price account", account)?);
            }
        }
        Ok(LocalPrices::new(self.rpc.clone(), accounts))
    }

    /// Refuses what only a local network can do.
    pub fn only_locally(&self) -> Result<()> {
        if self.network.local {
            return Ok(());
        }
        bail!("that works on a local network only: start one with `ballast localnet`")
    }

    /// Sends steps signed by a key, unless nothing is to be sent; then packs and, where it is one transaction, simulates them.
    pub async fn send(&self, steps: &[Step], signers: &Signers<'_>) -> Result<Vec<Landed>> {
        if !self.global.dry_run {
            return Ok(self.sender.send_steps(steps, signers, &[]).await?);
        }
        let payer = signers.first().map(|signer| signer.pubkey()).unwrap_or_default();
        let packed = ballast_client::send::pack::pack(&payer, steps, &[])?;
        let alone = packed.len() == 1;
        let mut shown = vec![];
        for one in packed {
            let mut landed = Landed { what: format!("would {}", one.what), ..Landed::default() };
            if alone {
                let simulation = self.sender.simulate(&one, signers).await?;
                landed.units = simulation.units;
                landed.logs = simulation.logs;
            }
            shown.push(landed);
        }
        Ok(shown)
    }

    /// Lookup tables that this wallet made before.
    pub fn tables(&self) -> Vec<Pubkey> {
        let text = self.keeps.as_deref().and_then(|path| std::fs::read_to_string(path).ok());
        text.unwrap_or_default().lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Remembers lookup tables. What cannot be kept is made again some day.
    pub fn keep_tables(&self, tables: &[Pubkey]) {
        if tables.is_empty() {
            return;
        }
        if let Some(path) = &self.keeps {
            let text: String = tables.iter().map(|table| format!("{table}\n")).collect();
            let _ = path.parent().map(std::fs::create_dir_all);
            let _ = std::fs::write(path, text);
        }
    }
}

/// Reads an address.
pub fn address(what: &str, text: &str) -> Result<Pubkey> {
    text.parse().map_err(|_| {
        anyhow!("\"{text}\" is no address of a {what}: an address has 32 to 44 letters and digits")
    })
}
