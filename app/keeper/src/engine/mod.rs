//! A vault in memory: obligations in columns, scored by `crates/risk`, rescored only where a price or a book moved. Pure: no network,
//! no clock of its own.

pub mod columns;
pub mod market;
pub mod rank;
pub mod scoring;
pub mod terms;

pub use columns::{Columns, Leg, Row};
pub use market::Market;
pub use rank::{Candidate, CostOf};
pub use scoring::{Rescored, Scope};

use anchor_lang::prelude::{Clock, Pubkey};
use ballast::{
    constants::STATE_VERSION,
    state::{Obligation, Reserve, Vault},
};
use ballast_risk::model::{RiskModel, MAX_POSITIONS};
use std::collections::HashMap;
use terms::Terms;

/// A vault's obligations with their scores.
pub struct Engine {
    /// The vault's address.
    vault: Pubkey,
    /// The vault, its reserves and the prices that are known.
    pub market: Market,
    columns: Columns,
    /// Terms by place in the vault, as all scores in the columns were computed with.
    terms: Vec<Option<Terms>>,
    /// The model, likewise.
    model: Option<RiskModel>,
    /// Rows that changed by themselves since they were scored.
    dirty: Vec<Row>,
    /// Obligations with a reserve that the vault, as known here, does not list yet.
    waiting: HashMap<Pubkey, Box<Obligation>>,
}

impl Engine {
    /// An engine of one vault, which knows nothing yet.
    pub fn new(vault: Pubkey) -> Self {
        Self {
            vault,
            market: Market::default(),
            columns: Columns::default(),
            terms: vec![],
            model: None,
            dirty: vec![],
            waiting: HashMap::new(),
        }
    }

    /// The vault's address.
    pub fn vault(&self) -> Pubkey {
        self.vault
    }

    /// The obligations.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Makes room for this many obligations of this many positions.
    pub fn reserve(&mut self, obligations: usize, positions: usize) {
        self.columns.reserve(obligations, positions);
    }

    /// Takes the vault's account as it is now.
    pub fn set_vault(&mut self, vault: Vault) {
        self.market.set_vault(vault);
        for (address, obligation) in std::mem::take(&mut self.waiting) {
            self.set_obligation(&address, &obligation);
        }
    }

    /// Takes a reserve's account as it is now. Reserves of other vaults are not taken.
    pub fn set_reserve(&mut self, address: Pubkey, reserve: Reserve) {
        if reserve.vault == self.vault && reserve.version == STATE_VERSION {
            self.market.set_reserve(address, reserve);
        }
    }

    /// Takes an obligation's account as it is now. Obligations of other vaults are not taken.
    pub fn set_obligation(&mut self, address: &Pubkey, obligation: &Obligation) {
        if obligation.vault != self.vault || obligation.version != STATE_VERSION {
            return;
        }
        let mut legs = [Leg { reserve: 0, side: ballast::state::Side::Deposit, shares: 0 }; MAX_POSITIONS];
        let active = obligation.active();
        for (leg, position) in legs.iter_mut().zip(active) {
            let (Some(reserve), Some(side)) = (self.market.index(&position.reserve), position.side()) else {
                self.waiting.insert(*address, Box::new(*obligation));
                return;
            };
            *leg = Leg { reserve, side, shares: position.shares };
        }
        let row = self.columns.put(address, obligation, &legs[..active.len()]);
        self.dirty.push(row);
    }

    /// Forgets an obligation that was closed.
    pub fn remove_obligation(&mut self, address: &Pubkey) {
        self.waiting.remove(address);
        self.columns.remove(address);
    }

    /// An obligation as far as scoring and tranches read it: positions, meter, slot of the last borrow or withdrawal.
    pub fn obligation(&self, row: Row) -> Box<Obligation> {
        let mut obligation: Box<Obligation> = Box::new(bytemuck::Zeroable::zeroed());
        obligation.version = STATE_VERSION;
        obligation.vault = self.vault;
        obligation.meter = self.columns.meter(row).into();
        obligation.last_risk_slot = self.columns.risk_slot(row);
        for leg in self.columns.legs(row) {
            let Some(reserve) = self.market.address(leg.reserve) else { continue };
            // A free slot always exists: an obligation on chain has at most as many positions. Price accounts do not matter here.
            let _ = obligation.add(&reserve, 0, leg.side, leg.shares, 0);
        }
        obligation
    }

    /// Brings scores up to the accounts and prices that are known, and to this time as far as `scope` says: see [`scoring`].
    pub fn rescore(&mut self, clock: &Clock, scope: Scope) -> Rescored {
        scoring::rescore(self, clock, scope)
    }

    /// The worst books: see [`rank`].
    pub fn worst(&self, most: usize, cost: &CostOf, skip: impl Fn(Row) -> bool + Sync) -> Vec<Candidate> {
        rank::worst(&self.columns, most, cost, skip)
    }
}
