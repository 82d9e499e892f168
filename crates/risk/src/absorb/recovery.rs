//! Money that comes back after a loss.

use super::{takes_deposits, Losses};
use crate::{
    breaker::DAY,
    error::RiskError,
    fund::{APPROVAL_SECONDS, CLAIM_WINDOW, MAX_VOTING},
    interest::Q64_ONE,
    reserve::{InterestSplit, Ledger},
    units::{Seconds, TokenAmount},
    Result,
};

/// A recovery streams to lenders over this time.
pub const RECOVERY_SECONDS: Seconds = 30 * DAY;
/// A loss may be covered for this time: as long as a claim may open, be voted on and be paid. Beyond it whoever are lenders then
/// would collect for those who lost. Losses end together, at the mean of their ends weighted by amount.
pub const COVER_SECONDS: Seconds = CLAIM_WINDOW + MAX_VOTING + APPROVAL_SECONDS;
/// Recoveries raise the worth of a share up to here and no further; the rest insures the reserve. Otherwise the last share
/// of a deserted reserve could become worth so much that a deposit buys none.
const MAX_RECOVERED_INDEX: u128 = Q64_ONE << 20;

impl Losses {
    /// Takes tokens back that repay what lenders lost: at most [`Losses::coverable`]. They are free tokens at once and stream to
    /// lenders over [`RECOVERY_SECONDS`]. Returns what was taken, for the caller to transfer. Errors with [`RiskError::ZeroAmount`]
    /// when there is nothing to recover.
    pub fn recover(&mut self, ledger: &mut Ledger, amount: TokenAmount, now: Seconds) -> Result<TokenAmount> {
        let taken = TokenAmount(amount.0.min(self.coverable(now)));
        if taken.is_zero() {
            return Err(RiskError::ZeroAmount);
        }
        let mut next = *ledger;
        let mut losses = *self;
        losses.stream(&mut next, now);
        next.free_tokens = next.free_tokens.plus(taken)?;
        losses.unrecovered = self.unrecovered.saturating_sub(taken.0);
        losses.recovery.add(taken, RECOVERY_SECONDS, now)?;
        *ledger = next;
        *self = losses;
        Ok(taken)
    }

    /// Books interest up to `now`, of which what is coming back earns its part for lenders, and then streams it.
    pub fn accrue(&mut self, ledger: &mut Ledger, split: &InterestSplit, now: Seconds) {
        ledger.accrue_beside(TokenAmount(self.recovery.pending), now, split);
        self.stream(ledger, now);
    }

    /// Streams recoveries up to `now` into the deposit index; returns how much, rounded down. A clock that stands still or runs
    /// backwards streams nothing. Call it wherever interest is accrued.
    pub fn stream(&mut self, ledger: &mut Ledger, now: Seconds) -> TokenAmount {
        let released = self.recovery.release_down(now);
        if !released.is_zero() {
            self.release(ledger, released.0);
        }
        released
    }

    fn release(&mut self, ledger: &mut Ledger, released: u64) {
        let scaled = u128::from(released) << 64;
        let shares = u128::from(ledger.deposit_shares.0);
        let room = MAX_RECOVERED_INDEX.saturating_sub(ledger.deposit_index);
        let rise = scaled.checked_div(shares).unwrap_or(0).min(room);
        // rise × shares ≤ scaled: what the index cannot carry, below a unit by rounding or all of it, insures the reserve
        let rest = scaled.saturating_sub(rise.saturating_mul(shares));
        ledger.deposit_index = ledger.deposit_index.saturating_add(rise);
        ledger.insurance_q64 = ledger.insurance_q64.saturating_add(rest);
        if takes_deposits(ledger) {
            self.wiped_out_at = 0;
        }
    }
}
