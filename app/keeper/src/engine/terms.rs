//! What a reserve's positions are worth at one moment: its books with interest, its price and its place in the model.

use anchor_lang::prelude::Clock;
use ballast::{
    book::negative,
    oracle::now,
    state::{obligation::Side, Reserve},
};
use ballast_risk::{
    model::AssetRisk,
    price::{stale_debt_value_up, stale_deposit_value_down, UnitPrice},
    score::Exposure,
    DebtShares, DepositShares, Result, Seconds, Usd,
};

/// Everything about a reserve that the value of a position depends on. The program's `Book` reads the same from the account once
/// a position; here it is read once a price. A test holds both equal, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    ledger: ballast_risk::reserve::Ledger,
    spot: UnitPrice,
    /// Age of the price, as far as it widens: 0 up to a minute.
    age: Seconds,
    risk: AssetRisk,
}

impl Terms {
    /// A reserve's terms at this time.
    pub fn of(reserve: &Reserve, clock: &Clock) -> Self {
        let now = now(clock);
        let mut ledger = reserve.accrued_ledger(now);
        // Only the indices price a share; the rest would make terms differ that value everything alike.
        ledger = ballast_risk::reserve::Ledger {
            deposit_index: ledger.deposit_index,
            debt_index: ledger.debt_index,
            ..Default::default()
        };
        let age = reserve.price_age(now);
        Self {
            ledger,
            spot: *reserve.price.spot.as_risk(),
            age: if age > ballast_risk::price::STALE_AFTER { age } else { 0 },
            risk: reserve.risk_at(now),
        }
    }

    /// A position's exposure for `R_maint`: deposits rounded down, debts rounded up, stale prices in the borrower's favour.
    pub fn exposure(&self, side: Side, shares: u64) -> Result<Exposure> {
        let value = match side {
            Side::Deposit => {
                let amount = self.ledger.deposit_amount_down(DepositShares(shares));
                stale_deposit_value_down(self.spot.value_down(amount), self.age)?
            }
            Side::Debt => {
                let amount = self.ledger.debt_amount_up(DebtShares(shares));
                negative(stale_debt_value_up(self.spot.value_up(amount), self.age)?)
            }
        };
        Ok(self.exposed(value))
    }

    fn exposed(&self, value: Usd) -> Exposure {
        Exposure { value, beta: self.risk.beta, idio: self.risk.idio, group: self.risk.group }
    }
}
