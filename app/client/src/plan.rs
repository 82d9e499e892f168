//! Scores and tranches from decoded accounts, by the same code that the program runs.

use crate::error::Result;
use anchor_lang::prelude::{Clock, Pubkey};
use ballast::{
    book::{Book, Valuation},
    oracle::now,
    state::{Obligation, Reserve, Vault},
};
use ballast_risk::{
    model::RiskModel,
    pace::DepthBucket,
    score::{opening_score, score, Score},
    tranche::{best_pair, TrancheCurve, TranchePlan, TrancheRequest},
    Usd,
};

/// An obligation with everything that scoring it takes.
pub struct Portfolio<'a> {
    /// Its vault.
    pub vault: &'a Vault,
    /// The obligation.
    pub obligation: &'a Obligation,
    /// The reserves of its positions, in its order.
    pub reserves: Vec<&'a Reserve>,
    /// The cluster's clock.
    pub clock: &'a Clock,
}

impl<'a> Portfolio<'a> {
    /// Gathers the reserves of an obligation; `None` when `find` does not know one of them.
    pub fn new(
        vault: &'a Vault,
        obligation: &'a Obligation,
        clock: &'a Clock,
        find: impl Fn(&Pubkey) -> Option<&'a Reserve>,
    ) -> Option<Self> {
        let reserves =
            obligation.active().iter().map(|position| find(&position.reserve)).collect::<Option<_>>()?;
        Some(Self { vault, obligation, reserves, clock })
    }

    /// The risk model that counts now.
    pub fn model(&self) -> RiskModel {
        self.vault.model_at(now(self.clock))
    }

    /// The book at maintenance or opening prices.
    pub fn book(&self, valuation: Valuation) -> Result<Book> {
        let (mut book, model) = (Book::empty(), self.model());
        for (position, reserve) in self.obligation.active().iter().zip(&self.reserves) {
            book.push(position, reserve, &model, valuation, self.clock)?;
        }
        Ok(book)
    }

    /// Equity and `R_maint`.
    pub fn maintenance(&self) -> Result<Score> {
        let book = self.book(Valuation::Maintenance)?;
        Ok(score(&self.model(), book.exposures())?)
    }

    /// Equity and `R_init`, at conservative prices.
    pub fn opening(&self) -> Result<Score> {
        let book = self.book(Valuation::Opening)?;
        Ok(opening_score(&self.model(), book.exposures())?)
    }

    /// The pair that removes the most risk now, as (index of the debt, index of the deposit, plan); `None` when no tranche is
    /// possible now.
    pub fn best_tranche(&self, maximum: Usd) -> Result<Option<(usize, usize, TranchePlan)>> {
        let book = self.book(Valuation::Maintenance)?;
        let curves: Vec<TrancheCurve> = self.reserves.iter().map(|r| *r.curve.as_risk()).collect();
        let buckets: Vec<DepthBucket> = self.reserves.iter().map(|r| *r.bucket.as_risk()).collect();
        let Some(curve) = curves.first() else { return Ok(None) };
        let model = self.model();
        let request = TrancheRequest {
            model: &model,
            rules: self.vault.rules.as_risk(),
            curve,
            book: book.exposures(),
            usable: book.usable,
            debt: 0,
            deposit: 0,
            meter: *self.obligation.meter.as_risk(),
            bucket: DepthBucket::default(),
            now: now(self.clock),
            maximum,
        };
        Ok(best_pair(&request, &curves, &buckets)?)
    }
}
