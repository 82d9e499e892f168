//! What would be if: deposits, withdrawals, borrowing, repayments and price moves, applied by the program's own code to copies.

use super::{Snapshot, ViewError};
use crate::plan::Portfolio;
use anchor_lang::prelude::Pubkey;
use ballast::{
    error::BallastError,
    state::{Obligation, Quote, Reserve, Side},
};
use ballast_risk::{units::PPM_ONE, DebtShares, DepositShares, TokenAmount};

/// One part of a supposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Tokens come in.
    Deposit {
        /// The reserve.
        reserve: Pubkey,
        /// Token units.
        amount: TokenAmount,
    },
    /// Tokens leave; `u64::MAX` for all.
    Withdraw {
        /// The reserve.
        reserve: Pubkey,
        /// Token units.
        amount: TokenAmount,
    },
    /// Tokens are lent.
    Borrow {
        /// The reserve.
        reserve: Pubkey,
        /// Token units.
        amount: TokenAmount,
    },
    /// A debt is paid back; `u64::MAX` for all.
    Repay {
        /// The reserve.
        reserve: Pubkey,
        /// Token units.
        amount: TokenAmount,
    },
    /// A price moves to this many millionths of what it is now, its average with it. Of a composed price, the base moves, and with it
    /// every other reserve that reads the same feed.
    Price {
        /// The reserve.
        reserve: Pubkey,
        /// New price over the old one, parts per million.
        to_ppm: u64,
    },
}

impl Change {
    /// The reserve that changes.
    pub fn reserve(&self) -> Pubkey {
        match *self {
            Self::Deposit { reserve, .. }
            | Self::Withdraw { reserve, .. }
            | Self::Borrow { reserve, .. }
            | Self::Repay { reserve, .. }
            | Self::Price { reserve, .. } => reserve,
        }
    }
}

/// A copy of a vault and an obligation, to be changed.
#[derive(Clone)]
pub struct WhatIf {
    /// The vault.
    pub snapshot: Snapshot,
    /// The obligation.
    pub obligation: Obligation,
}

impl WhatIf {
    /// Begins with things as they are.
    pub fn new(snapshot: &Snapshot, obligation: &Obligation) -> Self {
        Self { snapshot: snapshot.clone(), obligation: *obligation }
    }

    /// Applies a change. Errors as the program would: no such position, nothing to lend, too many positions. Breakers, caps and buckets
    /// are not asked.
    pub fn apply(&mut self, change: &Change) -> Result<(), ViewError> {
        match *change {
            Change::Deposit { reserve, amount } => self.add(reserve, Side::Deposit, |state, now| {
                let mut ledger = state.bring_up(now);
                let shares = ledger.deposit_down(amount)?;
                state.store(ledger)?;
                Ok(shares.0)
            }),
            Change::Borrow { reserve, amount } => self.add(reserve, Side::Debt, |state, now| {
                let mut ledger = state.bring_up(now);
                if amount > ledger.free_tokens {
                    return Err(anchor_lang::error::Error::from(BallastError::InsufficientLiquidity).into());
                }
                let shares = ledger.borrow_up(amount)?;
                state.store(ledger)?;
                Ok(shares.0)
            }),
            Change::Withdraw { reserve, amount } => {
                self.remove(reserve, Side::Deposit, |state, held, now| {
                    let mut ledger = state.bring_up(now);
                    let (_, shares) = ledger.withdraw_up(amount, DepositShares(held))?;
                    state.store(ledger)?;
                    Ok(shares.0)
                })
            }
            Change::Repay { reserve, amount } => self.remove(reserve, Side::Debt, |state, held, now| {
                let mut ledger = state.bring_up(now);
                let (_, shares) = ledger.repay_down(amount, DebtShares(held))?;
                state.store(ledger)?;
                Ok(shares.0)
            }),
            Change::Price { reserve, to_ppm } => self.move_price(reserve, to_ppm),
        }
    }

    /// The book as it would be.
    pub fn portfolio(&self) -> Result<Portfolio<'_>, ViewError> {
        let missing =
            ViewError::Missing { what: "vault with the obligation's reserves", key: self.snapshot.key };
        self.snapshot.portfolio(&self.obligation).ok_or(missing)
    }

    fn state(&mut self, reserve: Pubkey) -> Result<&mut Reserve, ViewError> {
        self.snapshot.reserves.get_mut(&reserve).ok_or(ViewError::NoReserve(reserve))
    }

    fn add(
        &mut self,
        reserve: Pubkey,
        side: Side,
        act: impl FnOnce(&mut Reserve, u64) -> Result<u64, ViewError>,
    ) -> Result<(), ViewError> {
        let (now, audit) = (self.snapshot.now(), self.snapshot.vault.audit);
        let state = self.state(reserve)?;
        let shares = act(state, now)?;
        let price_accounts = state.source.price_accounts();
        self.obligation.add(&reserve, price_accounts, side, shares, audit)?;
        Ok(())
    }

    fn remove(
        &mut self,
        reserve: Pubkey,
        side: Side,
        act: impl FnOnce(&mut Reserve, u64, u64) -> Result<u64, ViewError>,
    ) -> Result<(), ViewError> {
        let now = self.snapshot.now();
        let (index, held) = self.obligation.position(&reserve, side)?;
        let shares = act(self.state(reserve)?, held, now)?;
        self.obligation.remove(index, shares)?;
        Ok(())
    }

    fn move_price(&mut self, reserve: Pubkey, to_ppm: u64) -> Result<(), ViewError> {
        let source = self.snapshot.reserve(&reserve)?.source;
        let [old, _] = source.quotes;
        let scaled = |mantissa: i128| {
            let moved = mantissa.saturating_mul(i128::from(to_ppm)) / i128::from(PPM_ONE);
            i64::try_from(moved).unwrap_or(i64::MAX)
        };
        let moved = Quote {
            price: scaled(old.price.into()),
            confidence: scaled(old.confidence.into()).unsigned_abs(),
            ema: scaled(old.ema.into()),
            publish_time: old.publish_time.saturating_add(1).max(self.snapshot.now()),
            posted_slot: self.snapshot.clock.slot,
            ..old
        };
        self.snapshot.take_quotes(&[(source.feed_id, moved)])
    }
}

/// Whether nothing is left to say against a book: after it, equity meets `R_init`, and LTV and leverage are within the vault's caps.
pub fn may_open(portfolio: &Portfolio) -> Result<bool, ViewError> {
    if !portfolio.obligation.has_debt() {
        return Ok(true);
    }
    let score = portfolio.opening()?;
    Ok(score.is_healthy() && portfolio.vault.caps.as_risk().check_opening(&score).is_ok())
}

/// What all of a position amounts to, interest included.
pub fn whole_position(reserve: &Reserve, side: Side, shares: u64, now: u64) -> TokenAmount {
    let ledger = reserve.accrued_ledger(now);
    match side {
        Side::Deposit => ledger.deposit_amount_down(DepositShares(shares)),
        Side::Debt => ledger.debt_amount_up(DebtShares(shares)),
    }
}
