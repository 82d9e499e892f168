//! Parameters of vaults and reserves as the comparison sees them: the same form from an account and from the file.

use ballast::{
    instructions::{ReserveConfig, VaultConfig},
    state::{self, *},
};

/// A vault's parameters.
#[derive(Debug)]
#[expect(dead_code, reason = "compared in its printed form")]
pub struct VaultView {
    guardian: String,
    fee_recipient: String,
    model: RiskModel,
    rules: TrancheRules,
    caps: VaultCaps,
    thresholds: VaultThresholds,
    timelock: u64,
}

impl From<&VaultConfig> for VaultView {
    fn from(config: &VaultConfig) -> Self {
        let VaultConfig { id: _, guardian, fee_recipient, model, rules, caps, thresholds, timelock } =
            *config;
        let [guardian, fee_recipient] = [guardian, fee_recipient].map(|key| key.to_string());
        Self { guardian, fee_recipient, model, rules, caps, thresholds, timelock }
    }
}

impl From<&Vault> for VaultView {
    fn from(vault: &Vault) -> Self {
        Self {
            guardian: vault.guardian.to_string(),
            fee_recipient: vault.fee_recipient.to_string(),
            model: vault.model,
            rules: vault.rules,
            caps: vault.caps,
            thresholds: vault.thresholds,
            timelock: vault.timelock,
        }
    }
}

/// A reserve's parameters. The redemption rate is left out: the program moves it.
#[derive(Debug)]
#[expect(dead_code, reason = "compared in its printed form")]
pub struct ReserveView {
    feed: String,
    rate_feed: String,
    rate_growth: u16,
    risk: AssetRisk,
    curve: TrancheCurve,
    rates: RateCurve,
    split: InterestSplit,
    confidence_factor: u16,
    max_confidence: u16,
    size_charge: u16,
    borrowable: bool,
    caps: ReserveCaps,
    flows: FlowRules,
    thresholds: ReserveThresholds,
}

impl From<&ReserveConfig> for ReserveView {
    fn from(config: &ReserveConfig) -> Self {
        let ReserveConfig {
            feed_id,
            rate,
            risk,
            curve,
            rates,
            split,
            confidence_factor,
            max_confidence,
            size_charge,
            borrowable,
            caps,
            flows,
            thresholds,
        } = config.clone();
        Self {
            feed: hex(&feed_id),
            rate_feed: hex(&rate.map_or([0; 32], |rate| rate.feed_id)),
            rate_growth: rate.map_or(0, |rate| rate.growth),
            risk,
            curve,
            rates,
            split,
            confidence_factor,
            max_confidence,
            size_charge,
            borrowable,
            caps,
            flows,
            thresholds,
        }
    }
}

impl From<&state::Reserve> for ReserveView {
    fn from(reserve: &state::Reserve) -> Self {
        Self {
            feed: hex(&reserve.source.feed_id),
            rate_feed: hex(&reserve.source.rate_feed_id),
            rate_growth: reserve.source.rate_growth,
            risk: reserve.risk,
            curve: reserve.curve,
            rates: reserve.rates,
            split: reserve.split,
            confidence_factor: reserve.confidence_factor,
            max_confidence: reserve.max_confidence,
            size_charge: reserve.size_charge,
            borrowable: reserve.borrowable != 0,
            caps: reserve.caps,
            flows: reserve.flow_rules,
            thresholds: reserve.thresholds,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
