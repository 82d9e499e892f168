//! What a design did to the book: the same figures for the vaults on the chain and for the plain protocols.

use crate::{asset::Asset, population::Kind};
use serde::Serialize;

/// One liquidation.
#[derive(Clone, Debug, Serialize)]
pub struct Fill {
    /// When, seconds since the epoch.
    pub time: u64,
    /// Whose.
    pub borrower: usize,
    /// What the borrower is up to.
    pub kind: Kind,
    /// Repaid asset (the largest, where there are several).
    pub debt: Asset,
    /// Sold asset (the largest, where there are several).
    pub deposit: Asset,
    /// Dollars repaid.
    pub repaid: f64,
    /// Dollars that the borrower lost on it.
    pub bonus: f64,
}

/// A design's whole run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its name for people.
    pub design: String,
    /// Dollars owed by everybody at the start.
    pub opening_debt: f64,
    /// Dollars deposited by each borrower at the start.
    pub opening_collateral: Vec<f64>,
    /// Its liquidations, in order.
    pub fills: Vec<Fill>,
    /// Σ(D − C)⁺ at its worst moment, dollars.
    pub worst_bad_debt: f64,
    /// That moment.
    pub worst_bad_debt_at: u64,
    /// Σ(D − C)⁺ at the end, dollars.
    pub bad_debt: f64,
}

/// The figures of a design.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// The design.
    pub design: String,
    /// Dollars repaid by liquidations.
    pub liquidated_usd: f64,
    /// The same as a share of the opening debt.
    pub liquidated_share_of_debt: f64,
    /// How many liquidations.
    pub tranches: usize,
    /// Their median size in dollars repaid; 0 without any.
    pub median_tranche_usd: f64,
    /// Borrowers with at least one.
    pub borrowers_touched: usize,
    /// Median over those of what the bonuses took, as a share of the opening deposits; 0 without any.
    pub median_loss_share: f64,
    /// Dollars that all bonuses took.
    pub bonuses_usd: f64,
    /// Σ(D − C)⁺ at the end, dollars.
    pub bad_debt_usd: f64,
    /// Σ(D − C)⁺ at its worst, dollars.
    pub worst_bad_debt_usd: f64,
    /// When that was, seconds since the epoch.
    pub worst_bad_debt_at: u64,
}

impl Outcome {
    /// A run that has not begun.
    pub fn new(design: impl Into<String>, opening_collateral: Vec<f64>, opening_debt: f64) -> Self {
        Self {
            design: design.into(),
            opening_debt,
            opening_collateral,
            fills: vec![],
            worst_bad_debt: 0.0,
            worst_bad_debt_at: 0,
            bad_debt: 0.0,
        }
    }

    /// Notes the bad debt of a moment.
    pub fn note_bad_debt(&mut self, time: u64, dollars: f64) {
        self.bad_debt = dollars;
        if dollars > self.worst_bad_debt {
            (self.worst_bad_debt, self.worst_bad_debt_at) = (dollars, time);
        }
    }

    /// The figures.
    pub fn figures(&self) -> Figures {
        // From 0, because the sum of nothing is −0.
        let liquidated = self.fills.iter().fold(0.0, |sum, fill| sum + fill.repaid);
        let mut lost = vec![0.0; self.opening_collateral.len()];
        let mut touched = vec![false; self.opening_collateral.len()];
        for fill in &self.fills {
            lost[fill.borrower] += fill.bonus;
            touched[fill.borrower] = true;
        }
        let shares = touched.iter().enumerate().filter(|(_, touched)| **touched);
        let shares: Vec<f64> = shares.map(|(i, _)| lost[i] / self.opening_collateral[i]).collect();
        Figures {
            design: self.design.clone(),
            liquidated_usd: liquidated,
            liquidated_share_of_debt: liquidated / self.opening_debt,
            tranches: self.fills.len(),
            median_tranche_usd: median(self.fills.iter().map(|fill| fill.repaid).collect()),
            borrowers_touched: shares.len(),
            median_loss_share: median(shares),
            bonuses_usd: lost.iter().sum(),
            bad_debt_usd: self.bad_debt,
            worst_bad_debt_usd: self.worst_bad_debt,
            worst_bad_debt_at: self.worst_bad_debt_at,
        }
    }
}

/// The median; 0 of nothing.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_follow_from_the_fills() {
        let mut outcome = Outcome::new("test", vec![1_000.0, 2_000.0, 500.0], 1_500.0);
        let fill = |borrower, repaid, bonus| Fill {
            time: 1,
            borrower,
            kind: Kind::Plain,
            debt: Asset::Usdc,
            deposit: Asset::Sol,
            repaid,
            bonus,
        };
        outcome.fills = vec![fill(0, 100.0, 5.0), fill(0, 50.0, 1.0), fill(1, 30.0, 1.0)];
        for (time, bad) in [(1, 0.0), (2, 7.0), (3, 2.0)] {
            outcome.note_bad_debt(time, bad);
        }
        let figures = outcome.figures();
        assert_eq!(figures.liquidated_share_of_debt, (100.0 + 50.0 + 30.0) / 1_500.0);
        assert_eq!((figures.median_tranche_usd, figures.tranches, figures.borrowers_touched), (50.0, 3, 2));
        assert_eq!(figures.median_loss_share, (6.0 / 1_000.0 + 1.0 / 2_000.0) / 2.0);
        assert_eq!(
            (figures.bad_debt_usd, figures.worst_bad_debt_usd, figures.worst_bad_debt_at),
            (2.0, 7.0, 2)
        );
        assert_eq!((median(vec![]), median(vec![3.0, 1.0])), (0.0, 2.0));
    }
}
