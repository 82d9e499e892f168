//! What a liquidator's market costs and takes, the same for every design that is compared.
//!
//! Assumptions, stated in the report: selling costs 0.1 % of value in calm depth, a fifth of that for stables and three times that
//! for the alt, and grows with the inverse root of depth. A sale of a share `e` of the bonus is profitable up to
//! `depth × e/(1 − e)`, `e` being what the bonus leaves after costs. A transaction costs a cent, price posting included. Nobody
//! liquidates at a loss.

use crate::asset::{Asset, ASSETS, COUNT};
use crate::rules::Rules;

/// Cost of a sale in calm depth, as a share of its value.
const COST: f64 = 0.001;
/// Dollars that a liquidation's transaction costs.
pub const TRANSACTION_DOLLARS: f64 = 0.01;

/// The market of one moment: what liquidators sold in it so far.
#[derive(Clone, Debug)]
pub struct Market {
    depth: f64,
    calm: [f64; COUNT],
    sold: [f64; COUNT],
}

impl Market {
    /// The market at this share of calm depth.
    pub fn new(rules: &Rules, depth: f64) -> Self {
        let calm = ASSETS.map(|asset| rules.assets[asset.index()].curve.depth as f64 / 1e6);
        Self { depth, calm, sold: [0.0; COUNT] }
    }

    /// Cost of selling this asset now, as a share of its value.
    pub fn cost(&self, asset: Asset) -> f64 {
        match asset {
            Asset::Usdc | Asset::Usde => COST * 0.2,
            Asset::Alt => COST * 3.0 / self.depth.sqrt(),
            _ => COST / self.depth.sqrt(),
        }
    }

    /// Dollars of this asset that can still be sold at a profit for this bonus (what the liquidator keeps of it), or `None` when
    /// none can.
    pub fn room(&self, asset: Asset, bonus: f64) -> Option<f64> {
        let edge = bonus - self.cost(asset);
        if edge <= 0.0 {
            return None;
        }
        if asset.is_stable() {
            return Some(f64::MAX);
        }
        let room = self.calm[asset.index()] * self.depth * edge / (1.0 - edge) - self.sold[asset.index()];
        (room > 0.0).then_some(room)
    }

    /// Whether a liquidation of this size pays its transaction.
    pub fn pays(&self, asset: Asset, bonus: f64, repaid: f64) -> bool {
        (bonus - self.cost(asset)) * repaid >= TRANSACTION_DOLLARS
    }

    /// Dollars of each asset sold so far.
    pub fn sold(&self) -> &[f64; COUNT] {
        &self.sold
    }

    /// Depth of an asset now, dollars.
    pub fn depth_of(&self, asset: Asset) -> f64 {
        self.calm[asset.index()] * self.depth
    }

    /// Notes a sale.
    pub fn sell(&mut self, asset: Asset, dollars: f64) {
        self.sold[asset.index()] += dollars;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_shrinks_with_depth_cost_and_sales() {
        let rules = Rules::balanced().unwrap();
        let mut calm = Market::new(&rules, 1.0);
        // edge 5 % − 0.1 %, SOL's calm depth 60M
        let edge = 0.05 - 0.001;
        let room = calm.room(Asset::Sol, 0.05).unwrap();
        assert!((room - 60e6 * edge / (1.0 - edge)).abs() < 1.0);
        calm.sell(Asset::Sol, room - 5.0);
        assert!((calm.room(Asset::Sol, 0.05).unwrap() - 5.0).abs() < 1e-6);
        assert!(calm.room(Asset::Sol, 0.04).is_none());
        // at 4 % of depth the cost is five times as high
        let thin = Market::new(&rules, 0.04);
        assert!(thin.room(Asset::Sol, 0.0049).is_none() && thin.room(Asset::Sol, 0.0051).is_some());
        assert!(thin.room(Asset::Alt, 0.0149).is_none());
        assert!(thin.room(Asset::Usdc, 0.001).is_some());
        assert!(!calm.pays(Asset::Usdc, 0.0012, 9.0) && calm.pays(Asset::Usdc, 0.0012, 11.0));
    }
}
