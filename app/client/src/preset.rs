//! Vault and reserve configurations from the risk crate's presets.

use anchor_lang::prelude::Pubkey;
use ballast::instructions::{ReserveConfig, VaultConfig};
use ballast_risk::presets::{AssetKind, Preset};

/// A vault of this preset.
pub fn vault_config(preset: &Preset, id: u64, guardian: Pubkey, fee_recipient: Pubkey) -> VaultConfig {
    VaultConfig { id, guardian, fee_recipient, model: preset.model.into(), rules: preset.rules.into() }
}

/// A reserve of this preset: one confidence interval off spot and at most 2 % of uncertainty to open risk.
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
    })
}
