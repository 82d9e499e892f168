//! Where what is received is turned into what is paid: behind a trait, because that differs from keeper to keeper.

use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast_risk::{math::bps_of_up, Usd};
use std::collections::HashMap;

/// What a sale costs and takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sale {
    /// What it costs against the oracle's price: spread, impact and fees, micro-USD, rounded up.
    pub cost: Usd,
    /// Instructions behind the tranche, in its transaction; empty where the sale happens elsewhere, or later.
    pub instructions: Vec<Instruction>,
    /// Compute units of these instructions.
    pub units: u32,
}

/// Sells what tranches pay.
pub trait Venue: Send + Sync {
    /// A sale of this value of a mint for another one; `None` where the venue does not trade them now. Called for every pair that
    /// could be planned: it answers from memory.
    fn sale(&self, sold: &Pubkey, bought: &Pubkey, value: Usd) -> Option<Sale>;
}

/// Sells nothing: the keeper repays from what it holds and keeps what it receives, and its operator balances the two now and then.
/// What that costs is estimated by a share of the value, by mint.
#[derive(Clone, Debug, Default)]
pub struct InventoryOnly {
    /// Cost of turning back, bps, where nothing is said of the mint.
    pub default_cost: u16,
    /// Cost of turning back, bps, by mint received.
    pub costs: HashMap<Pubkey, u16>,
}

impl Venue for InventoryOnly {
    fn sale(&self, sold: &Pubkey, _bought: &Pubkey, value: Usd) -> Option<Sale> {
        let bps = self.costs.get(sold).copied().unwrap_or(self.default_cost);
        Some(Sale { cost: bps_of_up(value, u64::from(bps)).ok()?, ..Sale::default() })
    }
}
