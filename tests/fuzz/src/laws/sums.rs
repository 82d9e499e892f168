//! What a reserve has and owes, exactly: with interest up to now, and with the 64 fractional bits that its books have.

use ballast::state::Reserve;
use ballast_risk::{absorb::Losses, reserve::Ledger, Seconds};
use ballast_tests::law::owed_up;

/// A token unit, with 64 fractional bits.
pub const UNIT: i128 = 1 << 64;

/// A reserve's sums at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Sums {
    /// Its books, with interest and with what has come back of losses.
    pub ledger: Ledger,
    losses: Losses,
}

impl Sums {
    /// At this moment.
    pub fn of(reserve: &Reserve, now: Seconds) -> Self {
        let (ledger, losses) = reserve.accrued(now);
        Self { ledger, losses }
    }

    /// All debts together, whole units, rounded up: as the books count them, so that a debt that goes takes a whole number with it.
    pub fn debt(&self) -> i128 {
        owed_up(self.ledger.debt_shares.0, self.ledger.debt_index).into()
    }

    /// What so many deposit shares are worth.
    pub fn worth(&self, shares: u64) -> i128 {
        // indices stay below 2^104 and amounts below 2^63, so what fits legal books fits 127 bits
        exact(u128::from(shares).saturating_mul(self.ledger.deposit_index))
    }

    /// Uncollected fees.
    pub fn fees(&self) -> i128 {
        exact(self.ledger.fees_q64)
    }

    /// Insurance in kind.
    pub fn insurance(&self) -> i128 {
        exact(self.ledger.insurance_q64)
    }

    /// Recoveries that are still to be streamed.
    pub fn coming(&self) -> i128 {
        exact(u128::from(self.losses.recovery.pending) << 64)
    }

    /// All that is not deposits: what bears losses before them, and what comes back to them.
    pub fn kept(&self) -> i128 {
        self.fees().saturating_add(self.insurance()).saturating_add(self.coming())
    }

    /// All claims, but for deposit shares of somebody.
    pub fn claims_without(&self, shares: u64) -> i128 {
        let others = self.ledger.deposit_shares.0.saturating_sub(shares);
        self.kept().saturating_add(self.worth(others))
    }

    /// All claims.
    pub fn claims(&self) -> i128 {
        self.claims_without(0)
    }
}

fn exact(amount: u128) -> i128 {
    i128::try_from(amount).unwrap_or(i128::MAX)
}

/// By how much what belongs to nobody rose while so many tokens came in.
pub fn rise_of_surplus(then: &Sums, now: &Sums, came: i128) -> i128 {
    (came + now.debt() - then.debt()) * UNIT - (now.claims() - then.claims())
}
