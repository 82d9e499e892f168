//! From accounts to plain numbers: values an obligation's positions from its reserves, for the risk crate to score.

use crate::{
    constants::MAX_POSITIONS,
    error::{BallastError, Named},
    guard::lends_against,
    oracle::now,
    state::{reserve::PriceUse, Obligation, Position, Reserve, Side},
    tokens::is_frozen,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::TokenAccount;
use ballast_risk::{
    model::RiskModel,
    price::{stale_debt_value_up, stale_deposit_value_down, STALE_AFTER},
    score::Exposure,
    units::*,
};

/// An obligation's positions as values.
pub struct Book {
    exposures: [Exposure; MAX_POSITIONS],
    count: usize,
    /// Bit i: position i's price is fresh enough to trade in a tranche.
    pub usable: u32,
    /// Positions whose price is older than a minute.
    pub stale: u32,
}

/// How a book is valued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Valuation {
    /// At spot, for `R_maint`; stale assets in the borrower's favour. Never refuses a price.
    Maintenance,
    /// At conservative prices with opening charges, for `R_init`. Every price must be fresh and certain. Deposits that a breaker
    /// does not lend against count nothing.
    Opening,
    /// As `Opening`, with every deposit counted, at last prices of any age and without charges for size: for collateral that only
    /// heals. With them, a deposit too large to be lent against would count nothing, and as much as one likes would heal.
    Healing,
}

impl Book {
    /// The exposures, in the obligation's order.
    pub fn exposures(&self) -> &[Exposure] {
        self.exposures.get(..self.count).unwrap_or(&[])
    }

    /// Sets the value of one position, after an instruction changed it.
    pub fn set_value(&mut self, position: usize, value: Usd) -> Result<()> {
        let exposure = self.exposures.get_mut(position).ok_or(BallastError::NoSuchPosition)?;
        exposure.value = value;
        Ok(())
    }

    /// A book without positions.
    pub fn empty() -> Self {
        Self { exposures: [Exposure::default(); MAX_POSITIONS], count: 0, usable: 0, stale: 0 }
    }

    /// Values an obligation from the accounts of its reserves, which must be exactly those of its positions in its order.
    pub fn load<'info>(
        obligation: &Obligation,
        reserves: &'info [AccountInfo<'info>],
        model: &RiskModel,
        valuation: Valuation,
        clock: &Clock,
    ) -> Result<Self> {
        let positions = obligation.active();
        require!(reserves.len() == positions.len(), BallastError::WrongRemainingAccounts);
        let mut book = Self::empty();
        for (position, account) in positions.iter().zip(reserves) {
            require_keys_eq!(*account.key, position.reserve, BallastError::WrongRemainingAccounts);
            let loader = AccountLoader::<Reserve>::try_from(account)?;
            let reserve = loader.load()?;
            reserve.check(&obligation.vault)?;
            book.push(position, &reserve, model, valuation, clock)?;
        }
        Ok(book)
    }

    /// Takes debts out of the pairs whose reserve's token account is frozen: what cannot be repaid now must not set the standard
    /// for other pairs, or it would shield the book. Whoever liquidates shows it by passing the token accounts. Deposits stay:
    /// they are seized as shares. `reserves` are those that [`Book::load`] has taken.
    pub fn leave_out_frozen<'info>(
        &mut self,
        reserves: &'info [AccountInfo<'info>],
        frozen: &'info [AccountInfo<'info>],
    ) -> Result<()> {
        for shown in frozen {
            let mut position = None;
            for (index, account) in reserves.iter().enumerate() {
                if AccountLoader::<Reserve>::try_from(account)?.load()?.token_account == *shown.key {
                    position = Some(index);
                }
            }
            let index = position.ok_or(BallastError::WrongRemainingAccounts)?;
            let tokens = InterfaceAccount::<TokenAccount>::try_from(shown)?;
            require!(is_frozen(&tokens), BallastError::WrongRemainingAccounts);
            if self.exposures().get(index).is_some_and(|exposure| exposure.value < Usd::ZERO) {
                self.usable &= !1u32.checked_shl(index as u32).unwrap_or(0);
            }
        }
        Ok(())
    }

    /// Values the next position from its reserve, which is only read: interest since its last change is added on the way.
    pub fn push(
        &mut self,
        position: &Position,
        reserve: &Reserve,
        model: &RiskModel,
        valuation: Valuation,
        clock: &Clock,
    ) -> Result<()> {
        let index = self.count;
        let side = position.side().ok_or(BallastError::NoSuchPosition)?;
        let exposure = match valuation {
            Valuation::Maintenance => self.maintenance(index, reserve, side, position.shares, clock)?,
            Valuation::Opening => {
                check_price(reserve, clock)?;
                let lent_against = side == Side::Debt || lends_against(reserve, now(clock));
                opening(reserve, side, if lent_against { position.shares } else { 0 }, model, clock)?
            }
            Valuation::Healing => {
                require!(reserve.price.spot.as_risk().is_set(), BallastError::PriceTooOld);
                let exposure = opening(reserve, side, position.shares, model, clock)?;
                Exposure { idio: reserve.risk_at(now(clock)).idio, ..exposure }
            }
        };
        *self.exposures.get_mut(index).ok_or(BallastError::TooManyPositions)? = exposure;
        self.count = index.saturating_add(1);
        Ok(())
    }

    fn maintenance(
        &mut self,
        index: usize,
        reserve: &Reserve,
        side: Side,
        shares: u64,
        clock: &Clock,
    ) -> Result<Exposure> {
        let ledger = reserve.accrued_ledger(now(clock));
        let spot = reserve.price.spot.as_risk();
        let age = reserve.price_age(now(clock));
        let value = match side {
            Side::Deposit => {
                let value = spot.value_down(ledger.deposit_amount_down(DepositShares(shares)));
                stale_deposit_value_down(value, age).named()?
            }
            Side::Debt => {
                let value = spot.value_up(ledger.debt_amount_up(DebtShares(shares)));
                negative(stale_debt_value_up(value, age).named()?)
            }
        };
        let is_repayable = side == Side::Deposit || reserve.frozen_since == 0;
        if is_repayable && reserve.price_is_fresh(now(clock), clock.slot, PriceUse::Pair) {
            self.usable |= 1u32.checked_shl(index as u32).unwrap_or(0);
        }
        self.stale = self.stale.saturating_add(u32::from(age > STALE_AFTER));
        let risk = reserve.risk_at(now(clock));
        Ok(Exposure { value, beta: risk.beta, idio: risk.idio, group: risk.group })
    }
}

/// Refuses a price that no risk is opened at.
fn check_price(reserve: &Reserve, clock: &Clock) -> Result<()> {
    require!(reserve.price_is_fresh(now(clock), clock.slot, PriceUse::Open), BallastError::PriceTooOld);
    require!(
        reserve.price.confidence_bps <= u32::from(reserve.max_confidence),
        BallastError::PriceTooUncertain
    );
    Ok(())
}

fn opening(reserve: &Reserve, side: Side, shares: u64, model: &RiskModel, clock: &Clock) -> Result<Exposure> {
    let ledger = reserve.accrued_ledger(now(clock));
    let prices = reserve.prices();
    let (value, held) = match side {
        Side::Deposit => (
            prices.low.value_down(ledger.deposit_amount_down(DepositShares(shares))),
            prices.spot.value_up(ledger.total_deposits_down()),
        ),
        Side::Debt => (
            negative(prices.high.value_up(ledger.debt_amount_up(DebtShares(shares)))),
            prices.spot.value_up(ledger.total_debt_up()),
        ),
    };
    let risk = reserve.risk_at(now(clock));
    let idio = model.opening_idio_up(&risk, Bps(reserve.size_charge), held.clamp_u64(), reserve.curve.depth);
    Ok(Exposure { value, beta: risk.beta, idio, group: risk.group })
}

/// A debt's value as an exposure.
pub fn negative(value: Usd) -> Usd {
    Usd(value.0.saturating_neg())
}
