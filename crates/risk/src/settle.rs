//! From a planned tranche to tokens, and the check that follows it.

use crate::{
    error::RiskError,
    math::{mul_div_down, mul_div_up},
    price::UnitPrice,
    score::Score,
    tranche::TranchePlan,
    units::{TokenAmount, Usd, BPS_ONE, PPM_ONE},
    Result,
};

/// The two positions of a tranche in tokens.
#[derive(Clone, Copy, Debug)]
pub struct Legs {
    /// Spot price of the debt's token.
    pub debt_price: UnitPrice,
    /// What the debt position owes, rounded up.
    pub debt_owed: TokenAmount,
    /// Spot price of the deposit's token.
    pub deposit_price: UnitPrice,
    /// What the deposit position holds, rounded down.
    pub deposit_held: TokenAmount,
}

/// A tranche in tokens, ready to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrancheOutcome {
    /// Tokens that the liquidator pays.
    pub repay: TokenAmount,
    /// Tokens that leave the borrower's deposit.
    pub seize: TokenAmount,
    /// Of those, what stays as insurance, rounded up.
    pub insurance: TokenAmount,
    /// Of those, what the liquidator gets, rounded down.
    pub to_liquidator: TokenAmount,
    /// All debt shares of the position go.
    pub close_debt: bool,
    /// All deposit shares of the position go.
    pub take_deposit: bool,
    /// Value repaid, rounded down.
    pub repaid_value: Usd,
    /// Value seized, rounded down.
    pub seized_value: Usd,
}

impl TranchePlan {
    /// Turns the plan into tokens, rounding against the liquidator. Errors: [`RiskError::ZeroAmount`] when a leg rounds to
    /// nothing, [`RiskError::PriceOutOfRange`] for a price that was never set.
    pub fn settle(&self, legs: &Legs) -> Result<TrancheOutcome> {
        let one_and_bonus = u128::from(PPM_ONE).wrapping_add(u128::from(self.bonus.0));
        let wanted = if self.close_debt {
            legs.debt_owed
        } else if self.take_deposit {
            let worth = legs.deposit_price.value_up(legs.deposit_held).positive_part();
            let owed = mul_div_up(worth, u128::from(PPM_ONE), one_and_bonus)?;
            legs.debt_price.amount_up(Usd::from_unsigned(owed)?)?
        } else {
            legs.debt_price.amount_down(self.repay)?
        };
        let repay = wanted.min(legs.debt_owed);
        let repaid_value = legs.debt_price.value_down(repay);
        // The whole deposit goes only for its whole price: where the debt is a unit short of it, a unit's worth stays.
        let seize = if self.take_deposit && repay == wanted {
            legs.deposit_held
        } else {
            let worth = mul_div_down(repaid_value.positive_part(), one_and_bonus, u128::from(PPM_ONE))?;
            legs.deposit_price.amount_down(Usd::from_unsigned(worth)?)?.min(legs.deposit_held)
        };
        if repay.is_zero() || seize.is_zero() {
            return Err(RiskError::ZeroAmount);
        }
        let kept = u128::from(self.bonus.0).wrapping_mul(u128::from(self.insurance_slice.0));
        let insurance =
            mul_div_up(u128::from(seize.0), kept, one_and_bonus.wrapping_mul(u128::from(BPS_ONE)))?;
        let insurance = TokenAmount(u64::try_from(insurance).map_err(|_| RiskError::Overflow)?);
        Ok(TrancheOutcome {
            repay,
            seize,
            insurance,
            to_liquidator: seize.minus(insurance)?,
            close_debt: repay == legs.debt_owed,
            take_deposit: seize == legs.deposit_held,
            repaid_value,
            seized_value: legs.deposit_price.value_down(seize),
        })
    }

    /// Law 4, checked on the exact scores: `E − R` strictly rises, insolvent books excepted.
    pub fn check_after(&self, after: &Score) -> Result<()> {
        if self.insolvent || after.excess() > self.before.excess() {
            Ok(())
        } else {
            Err(RiskError::WorseningPair)
        }
    }
}
