//! Books of the presets' assets in dollars, and requests that nothing but the book bounds.

use ballast_risk::{
    pace::{DepthBucket, PaceMeter},
    presets::{AssetKind, Preset},
    price::UnitPrice,
    score::{score, Exposure, Score},
    tranche::{plan_tranche, Legs, TrancheCurve, TrancheOutcome, TranchePlan, TrancheRequest, TrancheRules},
    Result, TokenAmount, Usd,
};

pub use ballast_risk::presets::AssetKind::{Alt, Btc, Eth, Lst, Sol, Usd as Usdc};

/// An hour after the meters were last written.
pub const NOW: u64 = 1_760_130_000;
/// No bound.
pub const ANY: Usd = Usd(i128::MAX);

/// Dollars from a decimal number with at most six places.
pub fn usd(dollars: f64) -> Usd {
    Usd((dollars * 1e6).round() as i128)
}

/// A book with what its tranches depend on.
pub struct Fixture {
    pub preset: Preset,
    pub book: Vec<Exposure>,
    pub curves: Vec<TrancheCurve>,
    pub buckets: Vec<DepthBucket>,
    pub rules: TrancheRules,
    pub meter: PaceMeter,
    pub usable: u32,
    pub now: u64,
}

impl Fixture {
    /// Positions in dollars: deposits positive, debts negative.
    pub fn new(preset: Preset, positions: &[(AssetKind, f64)]) -> Self {
        let parameters: Vec<_> = positions.iter().map(|(kind, _)| preset.asset(*kind).unwrap()).collect();
        let exposure = |(risk, dollars): (ballast_risk::model::AssetRisk, f64)| Exposure {
            value: usd(dollars),
            beta: risk.beta,
            idio: risk.idio,
            group: risk.group,
        };
        Self {
            preset,
            book: parameters.iter().zip(positions).map(|(p, (_, d))| exposure((p.risk, *d))).collect(),
            curves: parameters.iter().map(|p| p.curve).collect(),
            buckets: vec![DepthBucket::default(); positions.len()],
            rules: preset.rules,
            meter: PaceMeter::default(),
            usable: u32::MAX,
            now: NOW,
        }
    }

    pub fn score(&self) -> Score {
        score(&self.preset.model, &self.book).unwrap()
    }

    pub fn request(&self, debt: usize, deposit: usize, maximum: Usd) -> TrancheRequest<'_> {
        TrancheRequest {
            model: &self.preset.model,
            rules: &self.rules,
            curve: &self.curves[deposit],
            book: &self.book,
            usable: self.usable,
            debt,
            deposit,
            meter: self.meter,
            bucket: self.buckets[deposit],
            now: self.now,
            maximum,
        }
    }

    pub fn plan(&self, debt: usize, deposit: usize) -> Result<TranchePlan> {
        self.plan_up_to(debt, deposit, ANY)
    }

    pub fn plan_up_to(&self, debt: usize, deposit: usize, maximum: Usd) -> Result<TranchePlan> {
        plan_tranche(&self.request(debt, deposit, maximum))
    }

    /// The book after a planned tranche, in values.
    pub fn after(&self, debt: usize, deposit: usize, plan: &TranchePlan) -> Score {
        let mut book = self.book.clone();
        book[debt].value.0 += plan.repay.0;
        book[deposit].value.0 -= plan.repay.0 * (1_000_000 + i128::from(plan.bonus.0)) / 1_000_000;
        score(&self.preset.model, &book).unwrap()
    }

    /// The positions of a pair in tokens of six decimals that cost one dollar, but for rounding.
    pub fn legs(&self, debt: usize, deposit: usize) -> Legs {
        let price = UnitPrice::from_oracle(100_000_000, -8, 6).unwrap();
        let amount = |i: usize| TokenAmount(self.book[i].value.0.unsigned_abs() as u64);
        Legs {
            debt_price: price,
            debt_owed: amount(debt),
            deposit_price: price,
            deposit_held: amount(deposit),
        }
    }

    pub fn settle(&self, debt: usize, deposit: usize) -> Result<(TranchePlan, TrancheOutcome)> {
        let plan = self.plan(debt, deposit)?;
        Ok((plan, plan.settle(&self.legs(debt, deposit))?))
    }
}
