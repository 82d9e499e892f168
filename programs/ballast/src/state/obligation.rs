//! An obligation: one owner's account in one vault, with up to 16 positions.

use super::{parameters::PaceMeter, safety::PositionFlow};
use crate::{assert_layout, constants::*, error::BallastError};
use anchor_lang::prelude::*;

/// Which side of a reserve a position is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Deposit shares.
    Deposit,
    /// Debt shares.
    Debt,
}

/// Value of [`Position::side`] for a deposit.
const DEPOSIT: u8 = 1;
/// Value of [`Position::side`] for a debt.
const DEBT: u8 = 2;

/// Shares of one reserve, on one side.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The reserve.
    pub reserve: Pubkey,
    /// Deposit or debt shares.
    pub shares: u64,
    /// 0 unused, 1 deposit, 2 debt.
    pub side: u8,
    /// Price accounts that its reserve reads.
    pub price_accounts: u8,
    /// Zero; aligns what follows.
    pub padding: [u8; 6],
    /// The audit that last counted it.
    pub audit: u64,
    /// What came in and left of a deposit lately.
    pub flow: PositionFlow,
}

assert_layout!(Position, size 88, align 8, shares at 32, side at 40, audit at 48, flow at 56);

impl Position {
    /// Its side; `None` for an unused slot.
    pub fn side(&self) -> Option<Side> {
        match self.side {
            DEPOSIT => Some(Side::Deposit),
            DEBT => Some(Side::Debt),
            _ => None,
        }
    }
}

/// One owner's account in one vault.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct Obligation {
    /// Layout version.
    pub version: u8,
    /// Bump of the obligation's address.
    pub bump: u8,
    /// Positions in use; they are the first ones.
    pub position_count: u8,
    /// Zero; aligns `id`.
    pub padding: u8,
    /// Number that the owner gave it.
    pub id: u16,
    /// Zero; aligns what follows.
    pub padding2: u16,
    /// Its vault.
    pub vault: Pubkey,
    /// Its owner.
    pub owner: Pubkey,
    /// Paces its tranches.
    pub meter: PaceMeter,
    /// Slot of the last borrow or withdrawal.
    pub last_risk_slot: u64,
    /// Slot of the last `refresh_obligation`, to which the next four belong. For readers; no instruction uses them.
    pub refreshed_slot: u64,
    /// Value of deposits then, micro-USD.
    pub collateral: u64,
    /// Value of debts then, micro-USD.
    pub debt: u64,
    /// Equity then, micro-USD.
    pub equity: i64,
    /// Requirement then, micro-USD.
    pub requirement: u64,
    /// The positions.
    pub positions: [Position; MAX_POSITIONS],
    /// The audit that last summed its shortfall.
    pub audit: u64,
    /// Zero.
    pub reserved: [u64; 15],
}

assert_layout!(
    Obligation, size 1_672, align 8, vault at 8, owner at 40, meter at 72, last_risk_slot at 88, positions at 136, audit at 1_544,
);

impl Obligation {
    /// Bytes of the account, discriminator included.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Refuses an account of another layout version or vault.
    pub fn check(&self, vault: &Pubkey) -> Result<()> {
        require!(self.version == STATE_VERSION, BallastError::WrongStateVersion);
        require_keys_eq!(self.vault, *vault, BallastError::WrongVault);
        Ok(())
    }

    /// The positions in use.
    pub fn active(&self) -> &[Position] {
        let count = usize::from(self.position_count).min(MAX_POSITIONS);
        self.positions.get(..count).unwrap_or(&[])
    }

    /// Whether it owes anything.
    pub fn has_debt(&self) -> bool {
        self.active().iter().any(|position| position.side == DEBT)
    }

    /// Index of the position in a reserve, whichever side it is on.
    pub fn find(&self, reserve: &Pubkey) -> Option<usize> {
        self.active().iter().position(|position| position.reserve == *reserve)
    }

    /// Index and shares of the position on this side of a reserve.
    pub fn position(&self, reserve: &Pubkey, side: Side) -> Result<(usize, u64)> {
        self.active()
            .iter()
            .enumerate()
            .find(|(_, position)| position.reserve == *reserve && position.side() == Some(side))
            .map(|(index, position)| (index, position.shares))
            .ok_or_else(|| BallastError::NoSuchPosition.into())
    }

    /// What came in and left lately of the deposit in a reserve; nothing where there is none.
    pub fn flow(&self, reserve: &Pubkey) -> PositionFlow {
        let position = self.active().iter().find(|position| position.reserve == *reserve);
        position.map_or_else(PositionFlow::default, |position| position.flow)
    }

    /// Writes what came in and left lately of the deposit in a reserve, if there still is one.
    pub fn set_flow(&mut self, reserve: &Pubkey, flow: PositionFlow) {
        if let Some(position) = self.find(reserve).and_then(|index| self.positions.get_mut(index)) {
            position.flow = flow;
        }
    }

    /// Adds shares to the position on this side of a reserve, opening it where there is none. Returns whether it was
    /// opened; a new position counts as seen by `audit`. Errors: the other side is in use, the slots are full, or too many price accounts.
    pub fn add(
        &mut self,
        reserve: &Pubkey,
        price_accounts: u8,
        side: Side,
        shares: u64,
        audit: u64,
    ) -> Result<bool> {
        let code = if side == Side::Deposit { DEPOSIT } else { DEBT };
        if let Some(index) = self.find(reserve) {
            let position = self.positions.get_mut(index).ok_or(BallastError::NoSuchPosition)?;
            if position.side != code {
                return Err(match side {
                    Side::Deposit => BallastError::DebtInReserve.into(),
                    Side::Debt => BallastError::DepositInReserve.into(),
                });
            }
            position.shares = position.shares.checked_add(shares).ok_or(BallastError::Overflow)?;
            return Ok(false);
        }
        let read = self.active().iter().fold(0u32, |sum, p| sum.saturating_add(u32::from(p.price_accounts)));
        require!(
            read.saturating_add(u32::from(price_accounts)) <= u32::from(MAX_PRICE_ACCOUNTS),
            BallastError::TooManyPriceAccounts
        );
        let slot =
            self.positions.get_mut(usize::from(self.position_count)).ok_or(BallastError::TooManyPositions)?;
        *slot =
            Position { reserve: *reserve, shares, side: code, price_accounts, audit, ..Position::default() };
        self.position_count = self.position_count.saturating_add(1);
        Ok(true)
    }

    /// Takes shares from a position and closes it when none are left, keeping the others' order. Returns whether it was closed.
    pub fn remove(&mut self, index: usize, shares: u64) -> Result<bool> {
        let count = usize::from(self.position_count).min(MAX_POSITIONS);
        let active = self.positions.get_mut(..count).ok_or(BallastError::NoSuchPosition)?;
        let position = active.get_mut(index).ok_or(BallastError::NoSuchPosition)?;
        position.shares = position.shares.checked_sub(shares).ok_or(BallastError::InsufficientAmount)?;
        if position.shares > 0 {
            return Ok(false);
        }
        if let Some(tail) = active.get_mut(index..) {
            tail.rotate_left(1);
        }
        if let Some(last) = active.last_mut() {
            *last = Position::default();
        }
        self.position_count = self.position_count.saturating_sub(1);
        Ok(true)
    }
}
