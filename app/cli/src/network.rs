//! The network file: a vault, its tokens and their symbols. `ballast localnet` writes one; for real clusters an operator may.

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Where `ballast localnet` puts it, and where commands on localhost look for it.
pub const DEFAULT: &str = ".ballast/network.toml";

/// A network file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// RPC address.
    pub url: String,
    /// Websocket address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub websocket: Option<String>,
    /// The vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vault: Option<String>,
    /// Keypair file that signs and pays where none is named, such as a local network's borrower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keypair: Option<PathBuf>,
    /// Whether prices, tokens and SOL may be made up here.
    #[serde(default)]
    pub local: bool,
    /// Its tokens.
    #[serde(default, rename = "token")]
    pub tokens: Vec<Token>,
}

/// A token of a network file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// What people call it.
    pub symbol: String,
    /// Its mint.
    pub mint: String,
    /// The mint's decimals.
    pub decimals: u8,
    /// Its Pyth feed, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
    /// Its price account, on a local network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_account: Option<String>,
}

impl Network {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the network file {}", path.display()))?;
        toml::from_str(&text)
            .with_context(|| format!("the network file {} is not understood", path.display()))
    }

    /// Writes a file, and its folder.
    pub fn write(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(path, toml::to_string(self)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The RPC address of a cluster's usual name, or the address itself.
pub fn cluster(name: &str) -> String {
    match name {
        "l" | "localhost" | "localnet" => "http://127.0.0.1:8899".into(),
        "d" | "devnet" => "https://api.devnet.solana.com".into(),
        "t" | "testnet" => "https://api.testnet.solana.com".into(),
        "m" | "mainnet" | "mainnet-beta" => "https://api.mainnet-beta.solana.com".into(),
        address => address.into(),
    }
}

/// Whether an address is this machine's.
pub fn is_local(url: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| url.contains(host))
}

/// A folder of this user for what is worth keeping.
pub fn home(file: &str) -> Option<PathBuf> {
    std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config").join(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_are_clusters_and_addresses_stay() {
        assert_eq!(cluster("m"), cluster("mainnet-beta"));
        assert_eq!(cluster("localhost"), "http://127.0.0.1:8899");
        assert_eq!(cluster("https://node.example"), "https://node.example");
        assert!(is_local(&cluster("l")) && !is_local(&cluster("devnet")));
    }

    #[test]
    fn a_network_file_is_read_as_it_was_written() {
        let token = Token {
            symbol: "SOL".into(),
            mint: "So11111111111111111111111111111111111111112".into(),
            decimals: 9,
            feed: Some("ab".repeat(32)),
            price_account: None,
        };
        let network = Network {
            url: "http://127.0.0.1:8899".into(),
            local: true,
            tokens: vec![token],
            ..Network::default()
        };
        let read: Network = toml::from_str(&toml::to_string(&network).unwrap()).unwrap();
        assert_eq!(read.tokens[0].symbol, "SOL");
        assert!(read.local && read.vault.is_none());
    }
}
