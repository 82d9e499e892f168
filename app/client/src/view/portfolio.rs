//! An obligation's book in figures and words.

use super::{
    what_if::{whole_position, Change, WhatIf},
    words, Snapshot, ViewError,
};
use anchor_lang::prelude::Pubkey;
use ballast::{
    book::Valuation,
    state::{Obligation, Side},
};
use ballast_risk::{score::Score, units::PPM_ONE, TokenAmount, Usd};

/// One position.
#[derive(Clone, Debug, PartialEq)]
pub struct PositionView {
    /// Its reserve.
    pub reserve: Pubkey,
    /// Its token.
    pub mint: Pubkey,
    /// The token's decimals.
    pub decimals: u8,
    /// Deposit or debt.
    pub is_debt: bool,
    /// Token units, interest included; deposits rounded down, debts up.
    pub amount: TokenAmount,
    /// Value as `R_maint` counts it: positive, also for debts.
    pub value: Usd,
    /// Seconds since its price was published.
    pub price_age: u64,
    /// See [`Distance::falls_to_ppm`].
    pub falls_to_ppm: Option<u64>,
    /// See [`Distance::rises_to_ppm`].
    pub rises_to_ppm: Option<u64>,
}

/// How far one price may move, everything else as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distance {
    /// The falling price at which the book may be liquidated: parts per million of the price now, rounded down. `None` when no fall
    /// does it.
    pub falls_to_ppm: Option<u64>,
    /// The same for a rising price (up to tenfold), rounded up.
    pub rises_to_ppm: Option<u64>,
}

impl Distance {
    /// How far the price of a reserve of a book may move.
    pub fn new(what_if: &WhatIf, reserve: Pubkey) -> Result<Self, ViewError> {
        Ok(Self { falls_to_ppm: edge(what_if, reserve, 1)?, rises_to_ppm: edge(what_if, reserve, HIGHEST)? })
    }
}

/// A whole book.
#[derive(Clone, Debug, PartialEq)]
pub struct PortfolioView {
    /// Its positions, in the obligation's order.
    pub positions: Vec<PositionView>,
    /// At spot: equity against `R_maint`.
    pub maintenance: Score,
    /// At conservative prices: equity against `R_init`; `None` while a price is too old or too uncertain to open risk.
    pub opening: Option<Score>,
    /// Where the requirement comes from.
    pub reason: String,
    /// Net risk, parts per million: 0 is fine, one million is out of equity.
    pub net_risk_ppm: u32,
}

/// How far up distances look: ten times the price.
const HIGHEST: u64 = 10 * PPM_ONE;

impl PortfolioView {
    /// Shows an obligation in a vault as it is now.
    pub fn new(snapshot: &Snapshot, obligation: &Obligation) -> Result<Self, ViewError> {
        let what_if = WhatIf::new(snapshot, obligation);
        let portfolio = what_if.portfolio()?;
        let maintenance = portfolio.maintenance()?;
        let book = portfolio.book(Valuation::Maintenance)?;
        let mut positions = vec![];
        for (position, exposure) in obligation.active().iter().zip(book.exposures()) {
            let reserve = snapshot.reserve(&position.reserve)?;
            let side = position.side().unwrap_or(Side::Deposit);
            let distance = Distance::new(&what_if, position.reserve)?;
            positions.push(PositionView {
                reserve: position.reserve,
                mint: reserve.mint,
                decimals: reserve.decimals,
                is_debt: side == Side::Debt,
                amount: whole_position(reserve, side, position.shares, snapshot.now()),
                value: Usd(exposure.value.0.abs()),
                price_age: reserve.price_age(snapshot.now()),
                falls_to_ppm: distance.falls_to_ppm,
                rises_to_ppm: distance.rises_to_ppm,
            });
        }
        let model = portfolio.model();
        Ok(Self {
            positions,
            reason: words::requirement(&model, &maintenance),
            net_risk_ppm: maintenance.net_risk_down().to_ppm_down().0,
            opening: portfolio.opening().ok(),
            maintenance,
        })
    }
}

/// Where health ends when one price moves alone, between the price as it is and `end`. Equity minus requirement is concave in each price, so health holds on one
/// interval around a healthy book, and bisection finds its end.
fn edge(what_if: &WhatIf, reserve: Pubkey, end: u64) -> Result<Option<u64>, ViewError> {
    let healthy_at = |to_ppm: u64| -> Result<bool, ViewError> {
        let mut moved = what_if.clone();
        // A price that the oracle could not express ends the interval.
        if moved.apply(&Change::Price { reserve, to_ppm }).is_err() {
            return Ok(true);
        }
        Ok(moved.portfolio()?.maintenance()?.is_healthy())
    };
    if !what_if.obligation.has_debt() || !healthy_at(PPM_ONE)? {
        return Ok(None);
    }
    let (mut healthy, mut broken) = (PPM_ONE, end);
    if healthy_at(broken)? {
        return Ok(None);
    }
    while healthy.abs_diff(broken) > 1 {
        let middle = healthy.midpoint(broken);
        if healthy_at(middle)? {
            healthy = middle;
        } else {
            broken = middle;
        }
    }
    Ok(Some(broken))
}
