//! What opening a claim costs, until it passes.

use super::Fund;
use crate::{
    error::RiskError,
    math::{bps_of_up, mul_div_up},
    price::UnitPrice,
    units::{Bps, TokenAmount, Usd},
    Result,
};

/// Of what is claimed.
pub const BOND_OF_CLAIM: Bps = Bps(100);
/// One part in this many of the fund at least, for a claim of any size holds all stake back: 0.1 %.
pub const BOND_PART_OF_FUND: u128 = 1_000;

impl Fund {
    /// The bond of a claim in the fund's mint: 1 % of what is claimed, but at least a thousandth of the fund and one unit; rounded
    /// up. Errors with [`RiskError::PriceOutOfRange`] without a price.
    pub fn bond_up(&self, price: &UnitPrice, claimed: Usd) -> Result<TokenAmount> {
        let of_claim = price.amount_up(bps_of_up(claimed, u64::from(BOND_OF_CLAIM.0))?)?;
        let of_fund = mul_div_up(u128::from(self.total().0), 1, BOND_PART_OF_FUND)?;
        let of_fund = u64::try_from(of_fund).map_err(|_| RiskError::Overflow)?;
        Ok(of_claim.max(TokenAmount(of_fund)).max(TokenAmount(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bond_is_a_hundredth_of_the_claim_or_a_thousandth_of_the_fund() {
        let dollar = UnitPrice::from_oracle(100_000_000, -8, 6).unwrap();
        let fund = Fund { tokens: 900_000, spare: 100_001, ..Fund::default() };
        assert_eq!(fund.bond_up(&dollar, Usd(1)), Ok(TokenAmount(1_001)));
        assert_eq!(fund.bond_up(&dollar, Usd(50_000_000)), Ok(TokenAmount(500_000)));
        assert_eq!(fund.bond_up(&dollar, Usd(50_000_001)), Ok(TokenAmount(500_001)));
        assert_eq!(Fund::default().bond_up(&dollar, Usd(0)), Ok(TokenAmount(1)));
        assert_eq!(fund.bond_up(&UnitPrice::default(), Usd(1)), Err(RiskError::PriceOutOfRange));
    }
}
