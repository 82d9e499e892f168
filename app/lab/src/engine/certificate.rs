//! Which accounts may have become unhealthy.
//!
//! By law 1 the excess `E − R` falls by at most `(1 + m_i)` for a dollar that a position's value moves (and an LTV protocol's by at
//! most 1). So an account with excess `x` stays healthy while every price stays within `ρ·w_i` of where it was, with
//! `ρ = x / Σ w_i·(1 + m_i)·|v_i|`; the weights `w_i` only say which assets move more. Accounts are sorted by ρ at some moment; afterwards only
//! those with `ρ ≤ max_i |move_i|/w_i` are scored, and those that were liquidated since. When that has cost as much as scoring
//! everybody, everybody is scored and sorted again: never more than twice the work of the best schedule.

use super::state::{Now, Valued, MICRO};
use crate::{
    asset::{ASSETS, COUNT},
    design::{Design, Mechanism},
    population::Account,
    rules::Rules,
    tape::Prices,
};
use anyhow::Result;
use ballast_risk::{ltv::ltv_excess_down, score::score, Bps};
use rayon::prelude::*;

/// How much assets tend to move against each other.
const WEIGHTS: [f64; COUNT] = [0.8, 1.0, 1.2, 1.2, 0.1, 0.1, 2.0];
/// What rounding may take from an excess between two moments, dollars: a price's eighth decimal and 17 micro-USD a score.
const ROUNDING: f64 = 0.001;

/// The certificates of one run.
pub struct Certificates<'a> {
    design: &'a Design,
    rules: Rules,
    /// Prices at which everybody was scored last: market and oracle.
    base: Option<[Prices; 2]>,
    /// Accounts by ρ.
    sorted: Vec<(f32, u32)>,
    /// Accounts that changed since.
    changed: Vec<u32>,
    is_changed: Vec<bool>,
    work: usize,
}

impl<'a> Certificates<'a> {
    pub fn new(design: &'a Design) -> Self {
        let rules = match &design.mechanism {
            Mechanism::NetRisk(rules) => (**rules).clone(),
            Mechanism::Ltv(_) => {
                Rules::balanced().unwrap_or_else(|_| unreachable!("the balanced preset is valid"))
            }
        };
        Self { design, rules, base: None, sorted: vec![], changed: vec![], is_changed: vec![], work: 0 }
    }

    /// Notes that an account changed: it is looked at until everybody is scored again.
    pub fn touched(&mut self, account: u32) {
        if let Some(changed) = self.is_changed.get_mut(account as usize) {
            if !*changed {
                *changed = true;
                self.changed.push(account);
            }
        }
    }

    /// Fills in the accounts that have to be looked at now.
    pub fn at_risk(
        &mut self,
        accounts: &[Account],
        now: &Now,
        prices: [&Prices; 2],
        out: &mut Vec<u32>,
    ) -> Result<()> {
        if self.base.is_none() || self.work > accounts.len() {
            self.score_all(accounts, now, prices)?;
        }
        let moved = self.base.as_ref().map_or(f64::MAX, |base| {
            let of = |i: usize| {
                let side = |k: usize| (prices[k][i] / base[1][i] - 1.0).abs();
                side(0).max(side(1)) / WEIGHTS[i]
            };
            (0..COUNT).map(of).fold(0.0, f64::max)
        });
        // f32 keeps 24 bits: a millionth covers its rounding.
        let reach = (moved * 1.000_001 + 1e-7) as f32;
        let count = self.sorted.partition_point(|(rho, _)| *rho <= reach);
        out.clear();
        let fresh = self.sorted[..count].iter().map(|(_, account)| *account);
        out.extend(fresh.filter(|account| !self.is_changed[*account as usize]));
        out.extend(&self.changed);
        self.work += out.len();
        Ok(())
    }

    fn score_all(&mut self, accounts: &[Account], now: &Now, prices: [&Prices; 2]) -> Result<()> {
        self.sorted = accounts
            .par_iter()
            .enumerate()
            .map(|(number, account)| Ok((self.reach(account, now)? as f32, number as u32)))
            .collect::<Result<_>>()?;
        self.sorted.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.base = Some([*prices[0], *prices[1]]);
        self.is_changed.clear();
        self.is_changed.resize(accounts.len(), false);
        self.changed.clear();
        self.work = 0;
        Ok(())
    }

    /// ρ of an account: 0 if it is unhealthy, infinite without debt.
    fn reach(&self, account: &Account, now: &Now) -> Result<f64> {
        let valued = Valued::new(account, &now.prices, &self.rules);
        if valued.debt == 0 {
            return Ok(f64::INFINITY);
        }
        let excess = match &self.design.mechanism {
            Mechanism::NetRisk(rules) => score(&rules.preset.model, valued.book())?.excess(),
            Mechanism::Ltv(ltv) => {
                let mut thresholds = [Bps(0); 16];
                for (threshold, (asset, _)) in thresholds.iter_mut().zip(valued.positions()) {
                    *threshold = ltv.thresholds[asset.index()];
                }
                ltv_excess_down(valued.book(), &thresholds[..valued.positions().len()])?
            }
        };
        let slopes = ASSETS.map(|asset| {
            let risk = self.rules.assets[asset.index()].risk;
            let margin = self.rules.preset.model.margin_up(risk.group, risk.beta, risk.idio) as f64 / 1e4;
            WEIGHTS[asset.index()] * (1.0 + margin)
        });
        let positions = valued.positions().iter().zip(valued.book());
        let exposed: f64 =
            positions.map(|((asset, _), e)| slopes[asset.index()] * e.value.0.abs() as f64 * MICRO).sum();
        Ok(((excess.0 as f64 * MICRO - ROUNDING) / exposed).max(0.0))
    }
}
