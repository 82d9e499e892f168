//! Vault and reserve configurations from the risk crate's presets.

use anchor_lang::prelude::Pubkey;
use ballast::instructions::{ReserveConfig, VaultConfig};
use ballast_risk::{
    breaker::{ReserveThresholds, VaultThresholds},
    bucket::FlowRules,
    caps::{ReserveCaps, VaultCaps},
    change::MIN_TIMELOCK,
    presets::{AssetKind, Preset},
};

/// A flow floor that no token amount passes: buckets bind once an operator sets smaller ones.
const WIDE_FLOOR: u64 = u64::MAX;

/// A vault of this preset, with balanced caps and breakers and the shortest timelock.
pub fn vault_config(preset: &Preset, id: u64, guardian: Pubkey, fee_recipient: Pubkey) -> VaultConfig {
    VaultConfig {
        id,
        guardian,
        fee_recipient,
        model: preset.model.into(),
        rules: preset.rules.into(),
        caps: VaultCaps::BALANCED.into(),
        thresholds: VaultThresholds::BALANCED.into(),
        timelock: MIN_TIMELOCK,
    }
}

/// A reserve of this preset: one confidence interval off spot and at most 2 % of uncertainty to open risk. Caps and flow floors,
/// which depend on the token and on what an operator wants, are wide open.
pub fn reserve_config(
    preset: &Preset,
    kind: AssetKind,
    feed_id: [u8; 32],
) -> ballast_risk::Result<ReserveConfig> {
    let asset = preset.asset(kind)?;
    Ok(ReserveConfig {
        feed_id,
        rate: None,
        risk: asset.risk.into(),
        curve: asset.curve.into(),
        rates: asset.rates.into(),
        split: asset.split.into(),
        confidence_factor: 10_000,
        max_confidence: 200,
        size_charge: asset.size_charge.0,
        borrowable: asset.borrowable,
        caps: ReserveCaps::OPEN.into(),
        flows: FlowRules::balanced(WIDE_FLOOR, WIDE_FLOOR).into(),
        thresholds: thresholds(kind).into(),
    })
}

/// When the breaker of such an asset trips.
pub fn thresholds(kind: AssetKind) -> ReserveThresholds {
    match kind {
        AssetKind::Usd => ReserveThresholds::STABLE,
        AssetKind::Alt => ReserveThresholds::ALT,
        _ => ReserveThresholds::MAJOR,
    }
}
