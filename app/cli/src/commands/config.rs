//! Vaults and reserves as operators write them in TOML: a preset, and what differs from it, in units of people.

use crate::session::address;
use anchor_lang::prelude::Pubkey;
use anyhow::{bail, Context as _, Result};
use ballast::instructions::{RateConfig, ReserveConfig, VaultConfig};
use ballast_client::{
    amount,
    preset::{reserve_config, vault_config},
    prices::feed_from_hex,
};
use ballast_risk::presets::{self, AssetKind, Preset};
use serde::Deserialize;
use std::path::Path;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// A preset by name.
pub fn preset(name: &str) -> Result<Preset> {
    let Some(shape) = presets::named(name) else {
        let names = presets::SHAPES.map(|shape| shape.name);
        bail!("there is no preset \"{name}\": write one of {}", names.join(", "));
    };
    shape.build().map_err(|error| anyhow::anyhow!("{error}"))
}

/// A vault's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultFile {
    /// Number, part of the address.
    pub id: u64,
    /// balanced, calm, safe, steady or still.
    pub preset: String,
    /// Who may tighten.
    pub guardian: String,
    /// Who owns the fees.
    pub fee_recipient: String,
    /// Days that a change waits.
    pub timelock_days: Option<u64>,
    /// Gross over equity, at most.
    pub leverage: Option<f64>,
    /// Debt over deposits, at most, percent.
    pub ltv_percent: Option<f64>,
}

/// A reserve's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReserveFile {
    /// The token.
    pub mint: String,
    /// btc, eth, sol, lst, usd or alt: its place in the preset.
    pub kind: String,
    /// The vault's preset.
    pub preset: String,
    /// Pyth feed, hexadecimal.
    pub feed: String,
    /// For liquid-staked and wrapped assets.
    pub rate: Option<RateFile>,
    /// Whether it may be borrowed.
    pub borrowable: Option<bool>,
    /// Most deposits, whole tokens.
    pub deposit_cap: Option<String>,
    /// Most debt, whole tokens.
    pub debt_cap: Option<String>,
    /// Its part of its group's cap, whole dollars.
    pub exposure_usd: Option<u64>,
    /// Most debt over what there is, percent.
    pub utilisation_percent: Option<f64>,
    /// What its market absorbs, whole dollars.
    pub depth_usd: Option<u64>,
    /// The inflow bucket holds at least this, whole tokens.
    pub inflow_floor: Option<String>,
    /// The outflow bucket holds at least this, whole tokens.
    pub outflow_floor: Option<String>,
}

/// A rate over a base asset.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateFile {
    /// Pyth feed of the rate, hexadecimal.
    pub feed: String,
    /// The redemption rate now, such as "1.1834".
    pub anchor: String,
    /// Daily growth that is believed, bps.
    pub growth_bps: u16,
}

/// Reads a TOML file.
pub fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is not understood", path.display()))
}

/// Percent or multiples as bps, exactly.
pub(super) fn bps(what: &str, value: f64, scale: f64) -> Result<u32> {
    let bps = value * scale;
    if !(0.0..=1e7).contains(&bps) || (bps - bps.round()).abs() > 1e-6 {
        bail!("{what} = {value} is out of range or finer than a basis point");
    }
    Ok(bps.round() as u32)
}

/// A share in percent as bps.
pub(super) fn percent(what: &str, value: f64) -> Result<u16> {
    u16::try_from(bps(what, value, 100.0)?).with_context(|| format!("{what} = {value} is out of range"))
}

/// Days as seconds.
pub(super) fn days(days: u64) -> Result<u64> {
    days.checked_mul(DAY).context("days out of range")
}

/// Whole dollars as micro-USD.
pub(super) fn micro(dollars: u64) -> Result<u64> {
    dollars.checked_mul(1_000_000).context("dollars out of range")
}

pub(super) fn feed(text: &str) -> Result<[u8; 32]> {
    feed_from_hex(text).with_context(|| format!("\"{text}\" is no feed: a feed is 64 hexadecimal digits"))
}

impl VaultFile {
    /// As the program takes it.
    pub fn config(&self) -> Result<VaultConfig> {
        let guardian = address("guardian", &self.guardian)?;
        let recipient = address("fee recipient", &self.fee_recipient)?;
        let mut config = vault_config(&preset(&self.preset)?, self.id, guardian, recipient);
        if let Some(timelock) = self.timelock_days {
            config.timelock = days(timelock).context("timelock_days")?;
        }
        if let Some(leverage) = self.leverage {
            config.caps.leverage = bps("leverage", leverage, 10_000.0)?;
        }
        if let Some(ltv) = self.ltv_percent {
            config.caps.ltv = percent("ltv_percent", ltv)?;
        }
        Ok(config)
    }
}

impl RateFile {
    /// As the program takes it.
    pub fn config(&self) -> Result<RateConfig> {
        // Parts per billion.
        let anchor = amount::parse(&self.anchor, 9).context("rate.anchor")?.0;
        Ok(RateConfig { feed_id: feed(&self.feed)?, anchor, growth: self.growth_bps })
    }
}

impl ReserveFile {
    /// The token.
    pub fn mint(&self) -> Result<Pubkey> {
        address("mint", &self.mint)
    }

    /// As the program takes it, for a token of these decimals.
    pub fn config(&self, decimals: u8) -> Result<ReserveConfig> {
        let kind = kind(&self.kind)?;
        let mut config = reserve_config(&preset(&self.preset)?, kind, feed(&self.feed)?)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        if let Some(rate) = &self.rate {
            config.rate = Some(rate.config()?);
        }
        let tokens = |what: &'static str, text: &Option<String>| -> Result<Option<u64>> {
            let read = text.as_deref().map(|text| amount::parse(text, decimals).context(what)).transpose()?;
            Ok(read.map(|amount| amount.0))
        };
        config.borrowable = self.borrowable.unwrap_or(config.borrowable);
        config.caps.deposits = tokens("deposit_cap", &self.deposit_cap)?.unwrap_or(config.caps.deposits);
        config.caps.debt = tokens("debt_cap", &self.debt_cap)?.unwrap_or(config.caps.debt);
        config.caps.exposure = self.exposure_usd.map(micro).transpose()?.unwrap_or(config.caps.exposure);
        if let Some(utilisation) = self.utilisation_percent {
            config.caps.utilisation = percent("utilisation_percent", utilisation)?;
        }
        config.curve.depth = self.depth_usd.map(micro).transpose()?.unwrap_or(config.curve.depth);
        let (inflow, outflow) = (&self.inflow_floor, &self.outflow_floor);
        config.flows.inflow_floor = tokens("inflow_floor", inflow)?.unwrap_or(config.flows.inflow_floor);
        config.flows.outflow_floor = tokens("outflow_floor", outflow)?.unwrap_or(config.flows.outflow_floor);
        Ok(config)
    }
}

pub(super) fn kind(name: &str) -> Result<AssetKind> {
    Ok(match name {
        "btc" => AssetKind::Btc,
        "eth" => AssetKind::Eth,
        "sol" => AssetKind::Sol,
        "lst" => AssetKind::Lst,
        "usd" => AssetKind::Usd,
        "alt" => AssetKind::Alt,
        other => bail!("there is no kind \"{other}\": write btc, eth, sol, lst, usd or alt"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "So11111111111111111111111111111111111111112";

    #[test]
    fn a_vault_file_is_a_preset_with_what_differs() {
        let text = format!(
            "id = 7\npreset = \"calm\"\nguardian = \"{KEY}\"\nfee_recipient = \"{KEY}\"\ntimelock_days = 3\nleverage = 6.5\nltv_percent = 85"
        );
        let config = toml::from_str::<VaultFile>(&text).unwrap().config().unwrap();
        assert_eq!((config.id, config.timelock), (7, 3 * DAY));
        assert_eq!((config.caps.leverage, config.caps.ltv), (65_000, 8_500));
    }

    #[test]
    fn a_reserve_file_counts_in_whole_tokens_and_dollars() {
        let feed = "ab".repeat(32);
        let text = format!(
            "mint = \"{KEY}\"\nkind = \"sol\"\npreset = \"balanced\"\nfeed = \"{feed}\"\ndeposit_cap = \"1000.5\"\ndepth_usd = 5000000\nrate = {{ feed = \"{feed}\", anchor = \"1.1834\", growth_bps = 5 }}"
        );
        let config = toml::from_str::<ReserveFile>(&text).unwrap().config(9).unwrap();
        assert_eq!(config.caps.deposits, 1_000_500_000_000);
        assert_eq!(config.curve.depth, 5_000_000_000_000);
        assert_eq!(config.rate.unwrap().anchor, 1_183_400_000);
    }

    #[test]
    fn what_is_misspelt_or_too_fine_is_refused() {
        assert!(toml::from_str::<VaultFile>("idd = 1").is_err());
        assert!(bps("ltv_percent", 85.001, 100.0).is_err());
        assert!(preset("bold").is_err() && kind("gold").is_err() && feed("abc").is_err());
    }
}
