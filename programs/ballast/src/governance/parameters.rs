//! Compiled bounds of a reserve's parameters, for whoever adds or changes one.

use crate::{
    error::{BallastError, Named},
    instructions::add_reserve::{RateConfig, ReserveConfig},
    state::{OracleConfig, RateAnchor, Reserve, Source, Vault},
};
use anchor_lang::prelude::*;
use ballast_risk::{rate::MAX_RATE_GROWTH, Seconds};

/// Smallest anchor taken: a thousandth of the base asset, parts per billion.
const MIN_ANCHOR: u64 = 1_000_000;
/// Largest anchor taken: a thousand of the base asset.
const MAX_ANCHOR: u64 = 1_000_000_000_000;

/// Refuses parameters of a reserve outside their compiled bounds. Whether the asset fits the vault is
/// [`check_reserve_fits`].
#[inline(never)]
pub fn check_reserve_config(config: &ReserveConfig) -> Result<()> {
    config.curve.as_risk().validate().named()?;
    config.rates.as_risk().validate().named()?;
    config.split.as_risk().validate().named()?;
    config.caps.as_risk().validate().named()?;
    config.flows.as_risk().validate().named()?;
    config.thresholds.as_risk().validate().named()?;
    OracleConfig::from(config).check()
}

impl From<&ReserveConfig> for OracleConfig {
    fn from(config: &ReserveConfig) -> Self {
        Self {
            feed_id: config.feed_id,
            rate: config.rate,
            confidence_factor: config.confidence_factor,
            max_confidence: config.max_confidence,
            size_charge: config.size_charge,
        }
    }
}

impl OracleConfig {
    /// What a reserve has now.
    pub fn of(reserve: &Reserve) -> Self {
        let source = &reserve.source;
        let rate = RateConfig {
            feed_id: source.rate_feed_id,
            anchor: source.anchor.rate,
            growth: source.rate_growth,
        };
        Self {
            feed_id: source.feed_id,
            rate: source.is_composed().then_some(rate),
            confidence_factor: reserve.confidence_factor,
            max_confidence: reserve.max_confidence,
            size_charge: reserve.size_charge,
        }
    }

    /// Refuses what is outside its compiled bounds.
    pub fn check(&self) -> Result<()> {
        require!(self.feed_id != [0; 32], BallastError::InvalidParameter);
        require!((10_000..=50_000).contains(&self.confidence_factor), BallastError::InvalidParameter);
        require!((10..=1_000).contains(&self.max_confidence), BallastError::InvalidParameter);
        require!(self.size_charge <= 10_000, BallastError::InvalidParameter);
        if let Some(rate) = self.rate {
            let feeds_differ = rate.feed_id != [0; 32] && rate.feed_id != self.feed_id;
            require!(feeds_differ, BallastError::InvalidParameter);
            require!((MIN_ANCHOR..=MAX_ANCHOR).contains(&rate.anchor), BallastError::InvalidParameter);
            require!(rate.growth <= MAX_RATE_GROWTH.0, BallastError::InvalidParameter);
        }
        Ok(())
    }
}

/// A reserve's feeds without quotes. The anchor counts from now on.
pub fn source(config: &OracleConfig, now: Seconds) -> Source {
    let mut source = Source { feed_id: config.feed_id, ..Source::default() };
    if let Some(rate) = config.rate {
        source.rate_feed_id = rate.feed_id;
        source.anchor = RateAnchor { rate: rate.anchor, updated_at: now };
        source.rate_growth = rate.growth;
    }
    source
}

/// Refuses a reserve whose asset does not fit the vault's model. While one of them ramps, both of its ends count: a margin is
/// then at most 100 % all the way.
#[inline(never)]
pub fn check_reserve_fits(vault: &Vault, reserve: &Reserve, now: Seconds) -> Result<()> {
    let models = [Some(vault.model.as_risk()), vault.model_before_if_ramping(now)];
    let assets = [Some(reserve.risk.as_risk()), reserve.risk_before_if_ramping(now)];
    for model in models.into_iter().flatten() {
        for asset in assets.into_iter().flatten() {
            model.validate_asset(asset).named()?;
        }
    }
    Ok(())
}
