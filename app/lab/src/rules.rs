//! The preset of a vault, asset by asset, and the thresholds of the plain LTV protocols it is compared with.

use crate::asset::{Asset, ASSETS, COUNT};
use anyhow::{anyhow, Result};
use ballast_risk::{
    presets::{balanced, AssetParameters, Preset},
    score::Exposure,
    units::BPS_ONE,
    Bps, Usd,
};

/// Distance of an opening LTV from the liquidation threshold, in the plain protocols and hence for everybody.
pub const OPENING_DISTANCE: u16 = 500;

/// Confidence intervals off spot at which `R_init` values things, bps.
pub const CONFIDENCE_FACTOR: Bps = Bps(20_000);

/// A preset with the parameters of every asset.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The vaults' preset.
    pub preset: Preset,
    /// Parameters by asset.
    pub assets: [AssetParameters; COUNT],
}

impl Rules {
    /// The balanced preset.
    pub fn balanced() -> Result<Self> {
        Self::of(balanced().map_err(|error| anyhow!("the balanced preset: {error}"))?)
    }

    /// Any preset.
    pub fn of(preset: Preset) -> Result<Self> {
        let named = |error| anyhow!("the {} preset: {error}", preset.name);
        let assets = ASSETS.map(|asset| preset.asset(asset.kind()).map_err(named));
        let [btc, eth, sol, lst, usdc, usde, alt] = assets;
        let mut assets = [btc?, eth?, sol?, lst?, usdc?, usde?, alt?];
        // The second stable is collateral only, as LSTs and alts are.
        assets[Asset::Usde.index()].borrowable = false;
        Ok(Self { preset, assets })
    }

    /// An asset's exposure of this signed value, for `R_maint`.
    pub fn exposure(&self, asset: Asset, value: Usd) -> Exposure {
        let risk = &self.assets[asset.index()].risk;
        Exposure { value, beta: risk.beta, idio: risk.idio, group: risk.group }
    }

    /// Liquidation thresholds of the ordinary LTV protocol.
    pub fn ordinary_thresholds(&self) -> [Bps; COUNT] {
        self.assets.map(|asset| asset.ordinary_threshold)
    }

    /// The same, raised to our margins: `min(1 − m, 1/(1 + f))`, which is where a plain deposit against stable debt is liquidated
    /// here. Rounded down.
    pub fn raised_thresholds(&self) -> [Bps; COUNT] {
        let model = &self.preset.model;
        let floor = BPS_ONE * BPS_ONE / (BPS_ONE + u64::from(model.debt_floor.0));
        self.assets.map(|asset| {
            let margin = model.margin_up(asset.risk.group, asset.risk.beta, asset.risk.idio);
            Bps(u16::try_from(BPS_ONE.saturating_sub(margin).min(floor)).unwrap_or(0))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raised_thresholds_are_one_minus_the_margin() {
        let raised = Rules::balanced().unwrap().raised_thresholds();
        let of = |asset: Asset| u64::from(raised[asset.index()].0);
        // margins of the balanced preset: BTC 14.5 %, ETH 14 %, SOL 17 %, LST 17 % + 1.5 %, ALT 30 %
        assert_eq!(of(Asset::Btc), 10_000 - 1_450);
        assert_eq!(of(Asset::Eth), 10_000 - 1_400);
        assert_eq!(of(Asset::Sol), 10_000 - 1_700);
        assert_eq!(of(Asset::Lst), 10_000 - 1_700 - 150);
        assert_eq!(of(Asset::Alt), 10_000 - 3_000);
        // stables: 1/(1 + 6 %) lies below 1 − (4.5 % + 0.5 %)
        assert_eq!(of(Asset::Usdc), 100_000_000 / 10_600);
    }
}
