//! What the accounts say, read together; and what they would say at another tick's prices.

use super::world::World;
use crate::{asset::Asset, population::Pool, tape::Tick};
use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::program_pack::Pack,
};
use anchor_spl::token::spl_token::state::Account as TokenAccount;
use anyhow::{anyhow, Context as _, Result};
use ballast::state::{Obligation, PriceState, Reserve, Vault};
use ballast_client::{decode, plan::Portfolio};
use ballast_risk::{score::Score, Bps, Usd};
use std::collections::BTreeMap;

/// A reserve with what its token account holds.
#[derive(Clone)]
pub struct ReserveState {
    /// Its vault.
    pub pool: Pool,
    /// Its asset.
    pub asset: Asset,
    /// The account.
    pub reserve: Reserve,
    /// Tokens that its token account holds.
    pub tokens: u64,
}

/// Everything that scoring takes.
#[derive(Clone)]
pub struct Snapshot {
    /// When.
    pub clock: Clock,
    /// The vaults.
    pub vaults: [Box<Vault>; 2],
    /// The reserves, by address.
    pub reserves: BTreeMap<Pubkey, ReserveState>,
    /// The borrowers' obligations; `None` for a closed one.
    pub borrowers: Vec<Option<Obligation>>,
    /// The lenders' and the keeper's obligations.
    pub others: Vec<Option<Obligation>>,
}

/// Sums over a vault's borrowers, micro-USD.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Deposits of those who owe something.
    pub collateral: i128,
    /// Debts.
    pub debt: i128,
    /// Requirements.
    pub requirement: i128,
    /// `Σ(D − C)⁺`.
    pub bad_debt: i128,
    /// How many borrowers are below their requirement.
    pub below: usize,
}

impl Totals {
    /// Deposits − debts.
    pub fn equity(&self) -> i128 {
        self.collateral - self.debt
    }
}

impl Snapshot {
    /// Reads everything.
    pub fn read(world: &World, clock: &Clock) -> Result<Self> {
        let vaults = world.validator.accounts(&world.vaults)?;
        let vault = |index: usize| -> Result<Box<Vault>> {
            let account = vaults[index].as_ref().context("a vault is missing")?;
            decode(&account.data).map(Box::new).context("a vault cannot be read")
        };
        let mut snapshot = Self {
            clock: clock.clone(),
            vaults: [vault(0)?, vault(1)?],
            reserves: BTreeMap::new(),
            borrowers: vec![None; world.borrowers.len()],
            others: vec![None; world.others.len()],
        };
        snapshot.refresh_reserves(world, clock)?;
        let all: Vec<Pubkey> =
            world.borrowers.iter().chain(&world.others).map(|person| person.obligation).collect();
        let mut accounts = world.validator.accounts(&all)?.into_iter();
        for (slot, account) in snapshot.borrowers.iter_mut().chain(&mut snapshot.others).zip(&mut accounts) {
            *slot = account
                .map(|account| decode(&account.data).context("an obligation cannot be read"))
                .transpose()?;
        }
        Ok(snapshot)
    }

    /// Reads the reserves and their token accounts again.
    pub fn refresh_reserves(&mut self, world: &World, clock: &Clock) -> Result<()> {
        self.clock = clock.clone();
        let reserves = world.reserves();
        let mut addresses: Vec<Pubkey> = reserves.iter().map(|(address, ..)| *address).collect();
        addresses.extend(reserves.iter().map(|(_, pool, asset)| world.asset(*pool, *asset).tokens()));
        let accounts = world.validator.accounts(&addresses)?;
        let (states, tokens) = accounts.split_at(reserves.len());
        for (((address, pool, asset), state), tokens) in reserves.into_iter().zip(states).zip(tokens) {
            let missing = || anyhow!("the {asset} reserve of the {} cannot be read", pool.name());
            let reserve = state.as_ref().and_then(|account| decode(&account.data)).ok_or_else(missing)?;
            let tokens = tokens.as_ref().ok_or_else(missing)?;
            let tokens = TokenAccount::unpack_from_slice(&tokens.data)?.amount;
            self.reserves.insert(address, ReserveState { pool, asset, reserve, tokens });
        }
        Ok(())
    }

    /// Reads one borrower again.
    pub fn refresh_borrower(&mut self, world: &World, borrower: usize) -> Result<()> {
        let account = world.validator.accounts(&[world.borrowers[borrower].obligation])?.remove(0);
        self.borrowers[borrower] = account
            .map(|account| decode(&account.data).context("an obligation cannot be read"))
            .transpose()?;
        Ok(())
    }

    /// What these accounts would say if a tick's prices were taken now.
    pub fn at(&self, tick: &Tick) -> Result<Self> {
        let mut other = self.clone();
        other.clock.unix_timestamp = i64::try_from(tick.time)?;
        for state in other.reserves.values_mut() {
            let quote = tick.quotes[state.asset.index()];
            let reserve = &mut state.reserve;
            let prices = quote
                .prices(reserve.decimals, Bps(reserve.confidence_factor))
                .with_context(|| format!("the price of {}", state.asset))?;
            reserve.price = PriceState {
                spot: prices.spot.into(),
                low: prices.low.into(),
                high: prices.high.into(),
                price: quote.price,
                confidence: quote.confidence,
                ema: quote.ema,
                publish_time: quote.publish_time,
                posted_slot: other.clock.slot,
                exponent: quote.exponent,
                confidence_bps: u32::try_from(quote.confidence_bps_up()).unwrap_or(u32::MAX),
            };
            // Interest is booked once here instead of once a position.
            let ledger = reserve.accrued_ledger(tick.time);
            reserve.books = ledger.into();
        }
        Ok(other)
    }

    /// A borrower's book with everything that scoring it takes; `None` when the obligation is closed or empty.
    pub fn portfolio<'a>(&'a self, world: &World, borrower: usize) -> Option<Portfolio<'a>> {
        let obligation =
            self.borrowers[borrower].as_ref().filter(|obligation| obligation.position_count > 0)?;
        let vault = &self.vaults[world.borrowers[borrower].pool as usize];
        let find = |reserve: &Pubkey| self.reserves.get(reserve).map(|state| &state.reserve);
        Portfolio::new(vault, obligation, &self.clock, find)
    }

    /// A borrower's score; `None` without positions.
    pub fn score(&self, world: &World, borrower: usize) -> Result<Option<Score>> {
        let Some(portfolio) = self.portfolio(world, borrower) else { return Ok(None) };
        Ok(Some(portfolio.maintenance().with_context(|| format!("scoring borrower {borrower}"))?))
    }

    /// Sums over the borrowers of each vault.
    pub fn totals(&self, world: &World) -> Result<[Totals; 2]> {
        let mut totals = [Totals::default(); 2];
        for (number, person) in world.borrowers.iter().enumerate() {
            let Some(score) = self.score(world, number)? else { continue };
            let sum = &mut totals[person.pool as usize];
            if score.debt > Usd::ZERO {
                sum.collateral += score.collateral.0;
            }
            sum.debt += score.debt.0;
            sum.requirement += score.requirement.0;
            sum.bad_debt += (score.debt.0 - score.collateral.0).max(0);
            sum.below += usize::from(!score.is_healthy());
        }
        Ok(totals)
    }
}
