//! The configuration: one TOML file. `ballast-keeper example-config` prints one with comments.

use crate::shard::Shard;
use anchor_lang::prelude::Pubkey;
use anyhow::{bail, Context as _, Result};
use serde::Deserialize;
use solana_commitment_config::{CommitmentConfig, CommitmentLevel};
use std::{collections::BTreeMap, path::Path, path::PathBuf};

/// The commented example.
pub const EXAMPLE: &str = include_str!("../keeper.example.toml");

/// Everything that a keeper is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the cluster is.
    pub cluster: Cluster,
    /// Who pays and is paid.
    pub wallet: Wallet,
    /// Which vault.
    pub vault: Vault,
    /// What it may risk.
    #[serde(default)]
    pub limits: Limits,
    /// What it pays for transactions.
    pub costs: Costs,
    /// Where it sells.
    #[serde(default)]
    pub venue: Venue,
    /// Which unpaid work it does.
    #[serde(default)]
    pub cranks: Cranks,
    /// How it is watched.
    #[serde(default)]
    pub operation: Operation,
}

/// Where the cluster is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// RPC URL.
    pub rpc: String,
    /// Websocket URL; derived from `rpc` where it is missing.
    pub websocket: Option<String>,
    /// `processed` or `confirmed`.
    #[serde(default = "processed")]
    pub commitment: String,
    /// How often what is watched is read over RPC, whatever the socket says, milliseconds.
    #[serde(default = "numbers::<400>")]
    pub poll_ms: u64,
    /// A socket without a new slot for this long is given up, milliseconds.
    #[serde(default = "numbers::<5_000>")]
    pub silence_ms: u64,
    /// How often a new snapshot is taken without need, seconds.
    #[serde(default = "numbers::<600>")]
    pub resync_seconds: u64,
}

/// Who pays and is paid.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wallet {
    /// File of the keypair, as the Solana tools write it.
    pub keypair: PathBuf,
}

/// Which vault.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// Its address.
    pub address: String,
    /// Which of its obligations, where several keepers share them: `"2/4"` is the second quarter.
    #[serde(default = "whole")]
    pub shard: String,
    /// Price accounts by mint, in the order in which a refresh reads them: the feed's, or the base's and the rate's.
    #[serde(default)]
    pub prices: BTreeMap<String, Vec<String>>,
    /// URL of Pyth's Hermes, for the prices of all other reserves, which the keeper has posted then; none where empty.
    #[serde(default)]
    pub hermes: String,
    /// How often Hermes is asked, milliseconds.
    #[serde(default = "numbers::<1_000>")]
    pub hermes_ms: u64,
    /// Lookup tables that hold the vault's accounts; large books need one.
    #[serde(default)]
    pub lookup_tables: Vec<String>,
}

/// What the keeper may risk.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Least that a tranche has to leave after all costs, USD.
    pub least_profit_usd: f64,
    /// Most that one tranche repays, USD.
    pub most_repaid_usd: f64,
    /// Most that transactions which fail on chain may cost in an hour, USD; nothing is sent beyond it.
    pub lost_fees_usd: f64,
    /// Most tranches under way at a time.
    pub under_way: usize,
    /// Tokens of a mint that are never spent, in its smallest units.
    pub keep: BTreeMap<String, u64>,
    /// How many of the worst books are planned for at a time.
    pub look_at: usize,
    /// How long a book that nothing can be done about is left alone, seconds.
    pub rest_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            least_profit_usd: 0.0,
            most_repaid_usd: 25_000.0,
            lost_fees_usd: 1.0,
            under_way: 16,
            keep: BTreeMap::new(),
            look_at: 100,
            rest_seconds: 2,
        }
    }
}

/// What the keeper pays for transactions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Priority fee, micro-lamports a compute unit.
    #[serde(default)]
    pub priority_micro_lamports: u64,
    /// Tip on top of a tranche, lamports.
    #[serde(default)]
    pub tip_lamports: u64,
    /// Whom the tip is paid to.
    pub tip_to: Option<String>,
    /// What it costs to have one price posted, lamports; 0 where others post them.
    #[serde(default)]
    pub posting_lamports: u64,
    /// Mint whose reserve in the vault says what a SOL is worth.
    pub sol_mint: Option<String>,
    /// What a SOL is worth where no reserve says it, USD.
    pub sol_usd: Option<f64>,
}

/// Where the keeper sells.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Venue {
    /// What turning back costs where nothing is said of the mint, bps.
    pub cost_bps: u16,
    /// What turning back costs by mint received, bps.
    pub costs: BTreeMap<String, u16>,
}

/// Which unpaid work the keeper does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cranks {
    /// Show breakers signals, tokens that are missing or frozen among them, and step them down.
    pub breakers: bool,
    /// Absorb what books without deposits owe.
    pub absorption: bool,
    /// Attest solvency when the last round is older than this, seconds; 0 for never.
    pub attest_seconds: u64,
    /// Audit the books when the last audit began longer ago than this, seconds; 0 for never.
    pub audit_seconds: u64,
    /// Refresh prices on chain that are older than this, seconds; 0 for never.
    pub refresh_seconds: u64,
    /// Collect fees and income of the fund once they are worth this, USD; 0 for never.
    pub collect_usd: f64,
    /// Execute changes that are ripe.
    pub changes: bool,
    /// Call the roll of validators in each epoch.
    pub roll: bool,
    /// How often token accounts, reports, fund and changes are looked at, seconds.
    pub look_seconds: u64,
    /// The same crank is not sent again within this, seconds.
    pub again_seconds: u64,
}

impl Default for Cranks {
    fn default() -> Self {
        Self {
            breakers: true,
            absorption: true,
            attest_seconds: 600,
            audit_seconds: 0,
            refresh_seconds: 0,
            collect_usd: 0.0,
            changes: false,
            roll: true,
            look_seconds: 10,
            again_seconds: 30,
        }
    }
}

/// How the keeper is watched.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Operation {
    /// Address for `/metrics` and `/health`; none where empty.
    pub listen: String,
    /// Every book is brought up to the second this often, seconds.
    pub sweep_seconds: u64,
    /// How long transactions under way are waited for at a stop, seconds.
    pub stop_seconds: u64,
    /// Logs as JSON lines.
    pub json_logs: bool,
    /// Which logs: `info`, `debug`, or a filter such as `ballast_keeper=debug`.
    pub log: String,
}

impl Default for Operation {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9464".into(),
            sweep_seconds: 10,
            stop_seconds: 20,
            json_logs: false,
            log: "info".into(),
        }
    }
}

fn whole() -> String {
    Shard::WHOLE.to_string()
}

fn processed() -> String {
    "processed".into()
}

/// A default number, as serde wants it.
fn numbers<const N: u64>() -> u64 {
    N
}

/// An address in the configuration. Errors name where it is.
pub fn address(place: &str, text: &str) -> Result<Pubkey> {
    text.parse().with_context(|| format!("{place}: \"{text}\" is not an address"))
}

/// Dollars as micro-USD. Errors name where they are.
pub fn micro_usd(place: &str, dollars: f64) -> Result<i128> {
    if !(0.0..=1e15).contains(&dollars) {
        bail!("{place}: {dollars} is not an amount of dollars");
    }
    Ok((dollars * 1e6).round() as i128)
}

impl Config {
    /// Reads a configuration. Errors say which line is wrong and how.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {name}: write one with `ballast-keeper example-config`"))?;
        Self::parse(&text).with_context(|| format!("{name} is not a keeper's configuration"))
    }

    /// Reads a configuration from its text.
    pub fn parse(text: &str) -> Result<Self> {
        let config: Self = toml::from_str(text)?;
        config.commitment()?;
        config.shard()?;
        if config.costs.sol_mint.is_none() && config.costs.sol_usd.is_none() {
            bail!("costs: say what a SOL is worth, by `sol_mint` (a mint of the vault) or `sol_usd`");
        }
        if config.limits.lost_fees_usd <= 0.0 {
            bail!("limits.lost_fees_usd: has to be above 0, or nothing could ever be sent");
        }
        if config.costs.tip_lamports > 0 && config.costs.tip_to.is_none() {
            bail!("costs.tip_lamports: say whom the tip is paid to, by `tip_to`");
        }
        Ok(config)
    }

    /// Which obligations the keeper cares for.
    pub fn shard(&self) -> Result<Shard> {
        self.vault.shard.parse().context("vault.shard")
    }

    /// At which commitment the keeper watches. Tranches count as landed at it, too.
    pub fn commitment(&self) -> Result<CommitmentConfig> {
        let level: CommitmentLevel = match self.cluster.commitment.as_str() {
            "processed" => CommitmentLevel::Processed,
            "confirmed" => CommitmentLevel::Confirmed,
            other => bail!("cluster.commitment: \"{other}\" is neither \"processed\" nor \"confirmed\""),
        };
        Ok(CommitmentConfig { commitment: level })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_configuration() {
        let config = Config::parse(EXAMPLE).unwrap();
        assert_eq!(config.limits.under_way, Limits::default().under_way);
        assert!(address("vault.address", &config.vault.address).is_ok());
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = EXAMPLE.replace("commitment = \"processed\"", "commitment = \"finalised\"");
        assert!(Config::parse(&wrong).unwrap_err().to_string().contains("finalised"));
        let unknown = EXAMPLE.replace("least_profit_usd", "least_profits_usd");
        assert!(format!("{:#}", Config::parse(&unknown).unwrap_err()).contains("least_profits_usd"));
        let tip_to_nobody = EXAMPLE.replace("# tip_lamports = 0 ", "tip_lamports = 1 ");
        assert!(format!("{:#}", Config::parse(&tip_to_nobody).unwrap_err()).contains("tip_to"));
        let third_of_two = EXAMPLE.replace("# shard = \"1/1\"", "shard = \"3/2\"");
        assert!(format!("{:#}", Config::parse(&third_of_two).unwrap_err()).contains("vault.shard"));
    }
}
