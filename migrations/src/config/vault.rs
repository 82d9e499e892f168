//! `[[vault]]`: a vault, as a person describes it.

use super::{
    reserve::Reserve,
    value::{Dollars, Key, Percent, Read, Time, Times},
};
use ballast::instructions::VaultConfig;
use ballast_client::preset::vault_config;
use ballast_risk::{
    change::{MAX_TIMELOCK, MIN_TIMELOCK},
    presets::{self, Preset, GROUP_NAMES},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A vault.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// What people call it; not on chain.
    pub name: String,
    /// Its number; part of its address.
    pub id: u64,
    /// Where its parameters come from.
    pub preset: PresetName,
    /// Who may tighten.
    pub guardian: Key,
    /// Owner of the token accounts that fees are paid to.
    pub fee_recipient: Key,
    /// How long a change waits.
    pub timelock: Time,
    /// How large it may become.
    pub caps: VaultCaps,
    /// When its breaker trips, where not as usual.
    #[serde(default)]
    pub thresholds: VaultThresholds,
    /// Its reserves, in the order in which they are added.
    #[serde(rename = "reserve")]
    pub reserves: Vec<Reserve>,
}

/// A set of parameters that the risk crate has.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum PresetName {
    /// Later thresholds than loan-to-value's, paced by net risk.
    Balanced,
    /// The same margins, sold more slowly.
    Calm,
    /// Wider margins and a fast alt.
    Safe,
    /// Balanced's margins, and nobody is paid to hurry: a bet on rebounds.
    Steady,
    /// The slowest.
    Still,
}

/// How large a vault may become.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultCaps {
    /// Most `(deposits + debts) / equity` of an obligation that takes new risk.
    pub leverage: Times,
    /// Most debt over deposits of an obligation that takes new risk.
    pub ltv: Percent,
    /// Most deposits of each group, by value. A group that is not named takes none.
    pub groups: BTreeMap<String, Dollars>,
}

/// When a vault's breaker trips.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultThresholds {
    /// How long a signal guards.
    pub guarded: Option<Time>,
    /// How long a signal halts.
    pub halted: Option<Time>,
    /// Lenders' loss within a day, of collateral, that guards.
    pub loss_guards: Option<Percent>,
    /// … that halts.
    pub loss_halts: Option<Percent>,
}

impl Vault {
    /// Its preset.
    pub fn preset(&self) -> Read<Preset> {
        let preset = match self.preset {
            PresetName::Balanced => presets::balanced(),
            PresetName::Calm => presets::calm(),
            PresetName::Safe => presets::safe(),
            PresetName::Steady => presets::steady(),
            PresetName::Still => presets::still(),
        };
        preset.map_err(|reason| format!("preset: {reason}"))
    }

    /// The program's parameters. Errors begin with the key.
    pub fn wanted(&self) -> Read<VaultConfig> {
        let mut config = vault_config(&self.preset()?, self.id, self.guardian.0, self.fee_recipient.0);
        config.timelock = u64::from(self.timelock.0);
        config.caps.leverage = self.caps.leverage.0;
        config.caps.ltv = self.caps.ltv.short().map_err(|reason| format!("caps.ltv: {reason}"))?;
        config.caps.groups = [0; 8];
        for (name, cap) in &self.caps.groups {
            let group = GROUP_NAMES.iter().position(|group| group == name).ok_or_else(|| {
                format!("caps.groups.{name}: there is no such group, only {}", GROUP_NAMES.join(", "))
            })?;
            config.caps.groups[group] = cap.0;
        }
        let (given, thresholds) = (&self.thresholds, &mut config.thresholds);
        super::parameters::set(&mut thresholds.guarded_seconds, given.guarded.map(|time| time.0));
        super::parameters::set(&mut thresholds.halted_seconds, given.halted.map(|time| time.0));
        super::parameters::set_short(
            &mut thresholds.loss_guards,
            given.loss_guards,
            "thresholds.loss_guards",
        )?;
        super::parameters::set_short(&mut thresholds.loss_halts, given.loss_halts, "thresholds.loss_halts")?;
        Ok(config)
    }

    /// Checks what can be known without a chain. Errors begin with the place in the vault.
    pub(super) fn check(&self) -> Read<()> {
        let here = |reason: String| format!(": {reason}");
        let wanted = self.wanted().map_err(here)?;
        if !(MIN_TIMELOCK..=MAX_TIMELOCK).contains(&wanted.timelock) {
            return Err(": timelock: a change waits 2 to 30 days".into());
        }
        let bounds = |key: &str, checked: ballast_risk::Result<()>| {
            checked.map_err(|reason| format!(": {key}: {reason}"))
        };
        bounds("caps", wanted.caps.as_risk().validate())?;
        bounds("thresholds", wanted.thresholds.as_risk().validate())?;
        if self.reserves.is_empty() || self.reserves.len() > ballast::MAX_RESERVES {
            return Err(format!(": it has {} reserves: 1 to {}", self.reserves.len(), ballast::MAX_RESERVES));
        }
        let (mut names, mut mints, mut parts) = (BTreeSet::new(), BTreeSet::new(), [0u128; 8]);
        for reserve in &self.reserves {
            let place = |reason: String| format!(", reserve \"{}\": {reason}", reserve.name);
            if !names.insert(&reserve.name) || !mints.insert(reserve.mint.0) {
                return Err(place(
                    "another reserve of the vault has its name or mint: both are given once".into(),
                ));
            }
            let group = reserve.check(&self.preset()?, &wanted.model).map_err(place)?;
            parts[group] += u128::from(reserve.caps.exposure.0);
        }
        for ((part, cap), name) in parts.iter().zip(wanted.caps.groups).zip(GROUP_NAMES) {
            if *part > u128::from(cap) {
                return Err(format!(
                    ": caps.groups.{name}: its reserves' exposures add up to ${}, more than the group's ${}: raise it or \
                     lower theirs",
                    part / 1_000_000,
                    cap / 1_000_000
                ));
            }
        }
        Ok(())
    }
}
