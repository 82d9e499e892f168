//! The assets of the lab and the demo and how they stand in the presets.

use ballast_risk::presets::AssetKind;
use serde::{Deserialize, Serialize};

/// How many assets there are.
pub const COUNT: usize = 7;

/// One asset of the lab and the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Asset {
    /// Wrapped bitcoin.
    Btc,
    /// Wrapped ether.
    Eth,
    /// Wrapped SOL.
    Sol,
    /// Liquid-staked SOL.
    Lst,
    /// USD stable that everybody borrows.
    Usdc,
    /// A second USD stable, as collateral of stable loops.
    Usde,
    /// A thin alt.
    Alt,
}

/// All assets, in the order of every array of this crate.
pub const ASSETS: [Asset; COUNT] =
    [Asset::Btc, Asset::Eth, Asset::Sol, Asset::Lst, Asset::Usdc, Asset::Usde, Asset::Alt];

impl Asset {
    /// Its place in [`ASSETS`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its ticker.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Btc => "BTC",
            Self::Eth => "ETH",
            Self::Sol => "SOL",
            Self::Lst => "LST",
            Self::Usdc => "USDC",
            Self::Usde => "USDE",
            Self::Alt => "ALT",
        }
    }

    /// The asset of a ticker.
    pub fn named(symbol: &str) -> Option<Self> {
        ASSETS.into_iter().find(|asset| asset.symbol().eq_ignore_ascii_case(symbol))
    }

    /// Decimals of its mint.
    pub const fn decimals(self) -> u8 {
        match self {
            Self::Btc | Self::Eth => 8,
            Self::Sol | Self::Lst | Self::Usde => 9,
            Self::Usdc | Self::Alt => 6,
        }
    }

    /// Which parameters of a preset it takes.
    pub const fn kind(self) -> AssetKind {
        match self {
            Self::Btc => AssetKind::Btc,
            Self::Eth => AssetKind::Eth,
            Self::Sol => AssetKind::Sol,
            Self::Lst => AssetKind::Lst,
            Self::Usdc | Self::Usde => AssetKind::Usd,
            Self::Alt => AssetKind::Alt,
        }
    }

    /// Whether it is a USD stable.
    pub const fn is_stable(self) -> bool {
        matches!(self, Self::Usdc | Self::Usde)
    }
}

impl std::fmt::Display for Asset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.symbol())
    }
}
