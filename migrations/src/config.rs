//! The configuration file: what should stand. Every key is known, every value exact; anything else is refused with the file, the
//! key and what is allowed.

mod parameters;
mod reserve;
pub mod value;
mod vault;

pub use reserve::{Caps, Curve, Flows, Kind, RateFeed, Reserve, Split, Thresholds, TokenProgram};
pub use vault::{PresetName, Vault, VaultCaps, VaultThresholds};

use anyhow::{bail, Context as _, Result};
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};
use value::Key;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where all of this stands.
    pub cluster: Cluster,
    /// Who makes the vaults, and adds their reserves; part of the vaults' addresses.
    pub curator: Key,
    /// The program.
    pub program: Program,
    /// The vaults.
    #[serde(rename = "vault")]
    pub vaults: Vec<Vault>,
    /// The file, for messages and for paths in it.
    #[serde(skip)]
    pub file: PathBuf,
}

/// A cluster, told from others by its genesis.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Cluster {
    /// Solana's main network.
    MainnetBeta,
    /// Solana's network for applications' tests.
    Devnet,
    /// Solana's network for validators' tests.
    Testnet,
    /// Any other: a validator of one's own.
    Local,
}

/// The program's file, address and who may upgrade it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its address: the one that it was built for.
    pub id: Key,
    /// The built program, from the configuration's folder.
    pub so: PathBuf,
    /// The keypair of the address, from the configuration's folder; only a first deployment needs it.
    pub keypair: Option<PathBuf>,
    /// Who may upgrade it once it stands.
    pub upgrade_authority: Authority,
}

/// Who may upgrade the program.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Authority {
    /// Nobody, ever again.
    Nobody,
    /// A vault of a Squads multisig: its members together, after its time lock.
    Squads(Squads),
    /// One key. Whoever has it can replace the program at once.
    Key(Key),
}

/// A Squads v4 multisig.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Squads {
    /// The multisig's account.
    pub multisig: Key,
    /// Which of its vaults.
    #[serde(default)]
    pub vault: u8,
}

impl Config {
    /// Reads and checks a file.
    pub fn read(file: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text, file)
    }

    /// Reads and checks a file's text.
    pub fn parse(text: &str, file: &Path) -> Result<Self> {
        let name = file.display();
        let mut config: Self = toml::from_str(text).map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
        config.file = file.to_owned();
        if config.program.id.0 != ballast::ID {
            bail!(
                "{name}: program.id is {}, but this tool and the program beside it are built for {}: set the address in \
                 programs/ballast/src/lib.rs and build both again",
                config.program.id.0,
                ballast::ID
            );
        }
        if config.vaults.is_empty() {
            bail!("{name}: there is no [[vault]]: name at least one");
        }
        let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
        for vault in &config.vaults {
            let place = format!("{name}: vault \"{}\"", vault.name);
            if !ids.insert(vault.id) || !names.insert(&vault.name) {
                bail!("{place}: another vault has its id or name: both are given once");
            }
            vault.check().map_err(|reason| anyhow::anyhow!("{place}{reason}"))?;
        }
        Ok(config)
    }

    /// A path of the file, from where the file is.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(path)
    }
}

#[cfg(test)]
mod tests;
