//! What a transaction costs, in dollars.

use anchor_lang::prelude::Pubkey;
use ballast_risk::{math::mul_div_up, Usd};

/// Lamports of a signature.
const SIGNATURE: u64 = 5_000;

/// What the keeper pays for transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// Priority fee, micro-lamports a compute unit.
    pub priority: u64,
    /// Tip on top of a tranche, lamports.
    pub tip: u64,
    /// Whom it is paid to; `None` for nobody.
    pub tip_to: Option<Pubkey>,
    /// What it costs to have one price posted, lamports; 0 where others post them.
    pub posting: u64,
    /// Price of a SOL, micro-USD.
    pub sol: u64,
}

impl Costs {
    /// A transaction of this many compute units that takes this many new prices, micro-USD, rounded up.
    pub fn transaction_up(&self, units: u32, prices: usize) -> Usd {
        let priority = (u128::from(units) * u128::from(self.priority)).div_ceil(1_000_000);
        let posting = u128::from(self.posting) * prices as u128;
        let lamports = u128::from(SIGNATURE) + priority + u128::from(self.tip) + posting;
        let value = mul_div_up(lamports, u128::from(self.sol), 1_000_000_000);
        value.and_then(Usd::from_unsigned).unwrap_or(Usd(i128::MAX))
    }
}

/// What a tranche leaves the keeper, and of what, micro-USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profit {
    /// Value received − value paid, at the oracle's prices: the bonus without insurance's slice.
    pub bonus: Usd,
    /// What turning what is received into what is paid costs.
    pub swap: Usd,
    /// Signature, priority, tip, price posting.
    pub fees: Usd,
}

impl Profit {
    /// What is left.
    pub fn net(&self) -> Usd {
        Usd(self.bonus.0.saturating_sub(self.swap.0).saturating_sub(self.fees.0))
    }

    /// All that it costs.
    pub fn cost(&self) -> Usd {
        Usd(self.swap.0.saturating_add(self.fees.0))
    }
}

/// The smallest tranche that still pays, with the state of the market that this takes for granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmallestPaying {
    /// Value repaid, micro-USD, rounded up; `None` where no size pays.
    pub repay: Option<Usd>,
    /// Bonus that the keeper keeps, ppm of what is repaid.
    pub kept_ppm: u64,
    /// Cost of the swap, ppm of what is repaid.
    pub swap_ppm: u64,
    /// Costs that do not depend on the size, micro-USD.
    pub fees: Usd,
    /// Profit that is asked for, micro-USD.
    pub least_profit: Usd,
}

/// The smallest tranche that leaves `least_profit` after fixed costs, where a dollar repaid earns `kept_ppm` and costs `swap_ppm`.
pub fn smallest_paying_up(kept_ppm: u64, swap_ppm: u64, fees: Usd, least_profit: Usd) -> SmallestPaying {
    let fixed = fees.0.saturating_add(least_profit.0).max(0);
    let margin = kept_ppm.saturating_sub(swap_ppm);
    let repay = (margin > 0)
        .then(|| mul_div_up(fixed.unsigned_abs(), 1_000_000, u128::from(margin)).ok())
        .flatten()
        .and_then(|value| Usd::from_unsigned(value).ok());
    SmallestPaying { repay, kept_ppm, swap_ppm, fees, least_profit }
}

impl std::fmt::Display for SmallestPaying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dollars = |value: Usd| value.0 as f64 / 1e6;
        match self.repay {
            Some(repay) => write!(f, "the smallest tranche that pays repays ${:.2}", dollars(repay))?,
            None => write!(f, "no tranche pays")?,
        }
        write!(
            f,
            " (a dollar repaid earns {:.4} % and costs {:.4} % to turn back; fees ${:.4}; asked for ${:.4})",
            self.kept_ppm as f64 / 1e4,
            self.swap_ppm as f64 / 1e4,
            dollars(self.fees),
            dollars(self.least_profit),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_costs_its_signature_its_units_its_tip_and_its_prices() {
        let costs = Costs { priority: 10_000, tip: 1_000, tip_to: None, posting: 200, sol: 200_000_000 };
        // 5,000 + 100,000 × 0.01 + 1,000 + 2 × 200 lamports at $200 a SOL
        let lamports = 5_000 + 100_000 * 10_000 / 1_000_000 + 1_000 + 2 * 200;
        assert_eq!(
            costs.transaction_up(100_000, 2),
            Usd((lamports * 200_000_000i128 + 999_999_999) / 1_000_000_000)
        );
    }

    #[test]
    fn the_smallest_tranche_earns_back_what_is_fixed() {
        // 0.14 % kept − 0.04 % for the swap: $0.002 of fees come back with $2 repaid
        let smallest = smallest_paying_up(1_400, 400, Usd(1_500), Usd(500));
        assert_eq!(smallest.repay, Some(Usd(2_000 * 1_000)));
        assert!(smallest.to_string().starts_with("the smallest tranche that pays repays $2.00 "));
        assert_eq!(smallest_paying_up(400, 400, Usd(1), Usd(0)).repay, None);
    }
}
