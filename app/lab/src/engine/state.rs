//! What a run carries along: the accounts, what keepers did, and what it cost.

use super::{
    reserves::{Reserves, Settled},
    Options, Window,
};
use crate::{
    asset::{Asset, ASSETS, COUNT},
    design::{Design, Insurance},
    market::Market,
    metrics::Outcome,
    population::{unit_prices, Account, Population},
    rules::Rules,
};
use anyhow::Result;
use ballast_risk::{
    pace::{DepthBucket, PaceMeter},
    price::UnitPrice,
    score::Exposure,
    tranche::TrancheOutcome,
    TokenAmount, Usd,
};

/// One micro-USD in dollars.
pub const MICRO: f64 = 1e-6;

/// One liquidation, kept on request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// When.
    pub time: u64,
    /// Whose.
    pub account: u32,
    /// Repaid asset.
    pub debt: Asset,
    /// Sold asset.
    pub deposit: Asset,
    /// Tokens repaid.
    pub repay: TokenAmount,
    /// Tokens seized.
    pub seize: TokenAmount,
    /// Of those, what stayed as insurance.
    pub insurance: TokenAmount,
}

/// A moment of a run.
pub struct Now {
    /// When.
    pub time: u64,
    /// Oracle prices a unit.
    pub prices: [UnitPrice; COUNT],
    /// Whether the oracle shows the market's prices.
    pub same: bool,
    /// Market prices a unit.
    pub true_prices: [UnitPrice; COUNT],
    /// Market over oracle price.
    pub gap: [f64; COUNT],
    /// The market.
    pub market: Market,
}

/// Positions of an account with their values, in the order of assets: deposit, then debt.
pub struct Valued {
    exposures: [Exposure; 2 * COUNT],
    positions: [(Asset, bool); 2 * COUNT],
    count: usize,
    /// Σ deposits.
    pub collateral: i128,
    /// Σ debts.
    pub debt: i128,
}

impl Valued {
    /// Values an account at these prices; `rules` says how each asset stands in the model.
    pub fn new(account: &Account, prices: &[UnitPrice; COUNT], rules: &Rules) -> Self {
        let mut valued = Self {
            exposures: [Exposure::default(); 2 * COUNT],
            positions: [(Asset::Btc, false); 2 * COUNT],
            count: 0,
            collateral: 0,
            debt: 0,
        };
        for asset in ASSETS {
            let i = asset.index();
            if account.deposits[i] > 0 {
                let value = prices[i].value_down(TokenAmount(account.deposits[i]));
                valued.collateral += value.0;
                valued.push(rules.exposure(asset, value), (asset, true));
            }
            if account.debts[i] > 0 {
                let value = prices[i].value_up(TokenAmount(account.debts[i]));
                valued.debt += value.0;
                valued.push(rules.exposure(asset, Usd(-value.0)), (asset, false));
            }
        }
        valued
    }

    fn push(&mut self, exposure: Exposure, position: (Asset, bool)) {
        self.exposures[self.count] = exposure;
        self.positions[self.count] = position;
        self.count += 1;
    }

    /// The positions as the score takes them.
    pub fn book(&self) -> &[Exposure] {
        &self.exposures[..self.count]
    }

    /// Asset of each position, and whether it is a deposit.
    pub fn positions(&self) -> &[(Asset, bool)] {
        &self.positions[..self.count]
    }
}

/// The state of a run.
pub struct State<'a> {
    /// Books as they are now.
    pub accounts: Vec<Account>,
    /// Pace meters.
    pub meters: Vec<PaceMeter>,
    /// Depth buckets of the reserves.
    pub buckets: [DepthBucket; COUNT],
    /// Figures so far.
    pub outcome: Outcome,
    /// The insurance rule.
    pub insurance: Insurance,
    /// The reserves that positions are shares of, where interest is simulated.
    pub reserves: Option<Reserves>,
    population: &'a Population,
    keep_fills: bool,
    shortfall: f64,
    shortfall_by_kind: Vec<f64>,
    fund: f64,
}

impl<'a> State<'a> {
    /// Everybody as the population has them.
    pub fn new(population: &'a Population, options: &Options) -> Self {
        Self {
            accounts: population.accounts.clone(),
            meters: vec![PaceMeter::default(); population.accounts.len()],
            buckets: [DepthBucket::default(); COUNT],
            outcome: Outcome::new(population),
            insurance: options.insurance,
            reserves: None,
            population,
            keep_fills: options.keep_fills,
            shortfall: 0.0,
            shortfall_by_kind: vec![0.0; population.kinds.len()],
            fund: options.insurance.before() * population.opening_debt,
        }
    }

    /// Books interest up to now.
    pub fn bring_up(&mut self, now: u64) -> Result<()> {
        if let Some(reserves) = &mut self.reserves {
            reserves.bring_up(now)?;
        }
        Ok(())
    }

    /// Brings the amounts of an account up to its reserves' books.
    pub fn fill_in(&mut self, account: u32) {
        if let Some(reserves) = &self.reserves {
            reserves.fill_in(account, &mut self.accounts[account as usize]);
        }
    }

    /// The same for everybody.
    pub fn fill_in_all(&mut self) {
        if let Some(reserves) = &self.reserves {
            for (number, account) in (0..).zip(&mut self.accounts) {
                reserves.fill_in(number, account);
            }
        }
    }

    /// The account as a tranche would leave it, and its reserves' books.
    pub fn settle(
        &self,
        account: u32,
        pair: [Asset; 2],
        outcome: &TrancheOutcome,
    ) -> ballast_risk::Result<(Account, Option<Settled>)> {
        let mut next = self.accounts[account as usize];
        if let Some(reserves) = &self.reserves {
            let settled = reserves.settle(account, pair, outcome, &mut next)?;
            return Ok((next, Some(settled)));
        }
        let [repaid, sold] = pair;
        next.debts[repaid.index()] -= outcome.repay.0;
        next.deposits[sold.index()] -= outcome.seize.0;
        Ok((next, None))
    }

    /// Stores what [`State::settle`] gave.
    pub fn store(
        &mut self,
        account: u32,
        (mut next, settled): (Account, Option<Settled>),
        now: u64,
    ) -> Result<()> {
        if let (Some(reserves), Some(settled)) = (&mut self.reserves, settled) {
            reserves.store(account, settled, now, &mut next)?;
        }
        self.accounts[account as usize] = next;
        Ok(())
    }

    /// Puts the accounts in this moment's turn: by number, from a start that changes, so that nobody is always served first.
    pub fn in_turn(&self, visited: &mut [u32], round: usize) {
        let count = self.accounts.len();
        let start = (round * 7_919) % count;
        visited.sort_unstable_by_key(|account| (*account as usize + count - start) % count);
    }

    /// Notes how far an account is under water at market prices, micro-USD.
    pub fn note_shortfall(&mut self, account: u32, valued: &Valued, now: &Now, rules: &Rules) {
        let short = if now.same {
            valued.debt - valued.collateral
        } else {
            let real = Valued::new(&self.accounts[account as usize], &now.true_prices, rules);
            real.debt - real.collateral
        };
        if short > 0 {
            let short = short as f64 * MICRO;
            self.shortfall += short;
            self.shortfall_by_kind[usize::from(self.accounts[account as usize].kind)] += short;
        }
    }

    /// Notes a liquidation, in dollars at oracle prices.
    pub fn note(&mut self, account: u32, repaid: f64, bonus: f64, insured: f64) {
        let kind = usize::from(self.accounts[account as usize].kind);
        self.outcome.note(account, kind, repaid, bonus);
        self.outcome.insured += insured;
        self.fund += insured;
    }

    /// Keeps a fill, where that was asked for.
    pub fn keep(&mut self, fill: Fill) {
        if self.keep_fills {
            self.outcome.fills.push(fill);
        }
    }

    /// Ends a moment: its bad debt against the fund.
    pub fn close_moment(&mut self, time: u64) {
        let net = (self.shortfall - self.fund).max(0.0);
        let outcome = &mut self.outcome;
        if self.shortfall > outcome.worst_bad_debt {
            outcome.worst_bad_debt = self.shortfall;
            outcome.worst_bad_debt_at = time;
            outcome.worst_by_kind.copy_from_slice(&self.shortfall_by_kind);
        }
        outcome.worst_lender_loss = outcome.worst_lender_loss.max(net);
        outcome.series.push([self.shortfall as f32, self.fund as f32]);
        outcome.bad_debt = self.shortfall;
        outcome.lender_loss = net;
        self.shortfall = 0.0;
        self.shortfall_by_kind.fill(0.0);
    }

    /// The figures of the run.
    pub fn finish(mut self, window: &Window, design: &Design) -> Result<Outcome> {
        let rules = Rules::balanced()?;
        let worth = |account: &Account, prices: &[UnitPrice; COUNT]| {
            let valued = Valued::new(account, prices, &rules);
            (valued.collateral as f64 * MICRO, valued.debt as f64 * MICRO)
        };
        let last = window.market.len() - 1;
        let (first, end) = (unit_prices(window.opening())?, unit_prices(&window.market[last])?);
        self.outcome.design = design.name.clone();
        for (opening, now) in self.population.accounts.iter().zip(&self.accounts) {
            let (collateral, debt) = worth(now, &end);
            self.outcome.equity_at_end += collateral - debt;
            let (collateral, debt) = worth(opening, &first);
            self.outcome.opening_equity += collateral - debt;
            self.outcome.debt_by_kind[usize::from(opening.kind)] += debt;
        }
        let touched = std::mem::take(&mut self.outcome.touched_bonus);
        for (account, bonus) in touched {
            let (collateral, _) = worth(&self.population.accounts[account as usize], &first);
            self.outcome.loss_shares.push((bonus / collateral) as f32);
            self.outcome.losses.push([collateral as f32, (bonus / collateral) as f32]);
        }
        self.outcome.loss_shares.sort_unstable_by(f32::total_cmp);
        Ok(self.outcome)
    }
}
