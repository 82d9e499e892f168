//! The net-risk score: equity against the requirement of the worst scenario, with charges and floors.
//!
//! One generic body runs in `i64` for ordinary books and in `i128` beyond its bound, with identical results. No operation
//! in it can overflow (the bounds are derived at each constant), so it uses wrapping arithmetic, which on chain costs one
//! instruction where a checked multiplication costs thirty.

pub mod batch;

use crate::{
    error::RiskError,
    math::{bps_of_up, mul_div_down},
    model::{RiskModel, MAX_GROUPS, MAX_POSITIONS, MAX_ROWS},
    units::{Bps, Fraction, Usd, BPS_ONE},
    Result,
};

/// One asset of a book: deposits count positive, debts negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Signed value: a deposit's, rounded down, or minus a debt's, rounded up.
    pub value: Usd,
    /// Its beta in its group.
    pub beta: Bps,
    /// Its idiosyncratic charge (for `R_init`, the opening one).
    pub idio: Bps,
    /// Its group.
    pub group: u8,
}

/// Which term of R is the largest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Binding {
    /// The worst row plus charges.
    #[default]
    Scenario,
    /// θ of the gross margin.
    GrossFloor,
    /// f of the debt.
    DebtFloor,
}

/// The result of a score. Deposits are rounded down, debts and the requirement up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Value of deposits.
    pub collateral: Usd,
    /// Value of debts.
    pub debt: Usd,
    /// The equity that the model asks for.
    pub requirement: Usd,
    /// Index of the worst scenario row.
    pub worst_row: u8,
    /// Which term binds.
    pub binding: Binding,
}

impl Score {
    /// Deposits − debts.
    pub fn equity(&self) -> Usd {
        // Both are below 2^112.
        Usd(self.collateral.0.wrapping_sub(self.debt.0))
    }
    /// Equity − requirement: negative when the book may be liquidated.
    pub fn excess(&self) -> Usd {
        Usd(self.equity().0.wrapping_sub(self.requirement.0))
    }
    /// `E ≥ R`: the test of health, never the ratio.
    pub fn is_healthy(&self) -> bool {
        self.excess().0 >= 0
    }
    /// Net risk `u = 1 − E/R` when `E < R`, in 0..=1: 0 is fine, 1 is out of equity. Rounded down.
    pub fn net_risk_down(&self) -> Fraction {
        let missing = self.excess().0.wrapping_neg();
        if missing <= 0 || self.requirement.0 <= 0 {
            return Fraction::ZERO;
        }
        if missing >= self.requirement.0 {
            return Fraction::ONE;
        }
        // Both are positive, and the quotient is below 2^32.
        let risk = mul_div_down(missing as u128, u128::from(Fraction::ONE.0), self.requirement.0 as u128)
            .unwrap_or(0);
        Fraction(risk as u64)
    }
}

/// What rounding adds to the largest sum of a score, in bps × micro-USD: up to 10^4 a group for a net rounded down under a
/// full shock, 10^4 a group charged for it, and 10^4 for the last division.
const ROUNDING_ROOM: i128 = 170_000;
/// Books with `Σ|v|` up to here are scored in `i64`: the largest sum, worst row + basis + idio in bps, is at most
/// `4·10^4·Σ|v|` (a row moves a beta-weighted dollar by at most 2·10^4 bps, basis and idio by 10^4 each) plus rounding.
pub const FAST_LIMIT: i128 = (i64::MAX as i128 - ROUNDING_ROOM).div_euclid(40_000);
/// Books beyond this are refused: the same sum in `i128`. Sixteen positions of `u64::MAX` units at the highest price lie
/// below it.
pub const EXACT_LIMIT: i128 = (i128::MAX - ROUNDING_ROOM).div_euclid(40_000);

macro_rules! scorer {
    ($name:ident, $floor:ident, $t:ty, $unsigned:ty) => {
        /// `floor(n / 10,000)` by unsigned division: SBF has no signed one.
        #[inline]
        pub(crate) fn $floor(n: $t) -> $t {
            const BPS: $unsigned = BPS_ONE as $unsigned;
            if n >= 0 {
                (n as $unsigned).wrapping_div(BPS) as $t
            } else {
                // −ceil(|n| / 10,000)
                (n.unsigned_abs().wrapping_add(BPS - 1).wrapping_div(BPS) as $t).wrapping_neg()
            }
        }

        /// R before the last division, in bps × micro-USD, with the worst row and the binding term.
        #[inline]
        fn $name(model: &RiskModel, book: &[Exposure]) -> ($t, $t, $t, u8, Binding) {
            const BPS: $t = BPS_ONE as $t;
            let mut net = [0 as $t; MAX_GROUPS];
            let mut long = [0 as $t; MAX_GROUPS];
            let mut short = [0 as $t; MAX_GROUPS];
            let (mut collateral, mut debt, mut idio, mut gross): ($t, $t, $t, $t) = (0, 0, 0, 0);
            for exposure in book {
                let g = usize::from(exposure.group) & (MAX_GROUPS - 1);
                let value = exposure.value.0 as $t;
                let size = value.wrapping_abs();
                net[g] = net[g].wrapping_add(value.wrapping_mul(<$t>::from(exposure.beta.0)));
                if value > 0 {
                    long[g] = long[g].wrapping_add(size);
                    collateral = collateral.wrapping_add(size);
                } else {
                    short[g] = short[g].wrapping_add(size);
                    debt = debt.wrapping_add(size);
                }
                idio = idio.wrapping_add(size.wrapping_mul(<$t>::from(exposure.idio.0)));
                if exposure.group != model.numeraire_group {
                    let margin = model.margin_up(exposure.group, exposure.beta, exposure.idio);
                    gross = gross.wrapping_add(size.wrapping_mul(margin as $t));
                }
            }
            let mut charges = idio;
            for (g, net) in net.iter_mut().enumerate() {
                charges =
                    charges.wrapping_add(long[g].max(short[g]).wrapping_mul(<$t>::from(model.basis[g].0)));
                // From bps × micro-USD to micro-USD, rounded down. Where that loses anything, a full micro-USD at a
                // full shock is charged, so the requirement is never below the exact one.
                let whole = $floor(*net);
                if whole.wrapping_mul(BPS) != *net {
                    charges = charges.wrapping_add(BPS);
                }
                *net = whole;
            }
            let (mut worst, mut worst_row): ($t, u8) = (0, 0);
            for (k, row) in model.rows.iter().enumerate().take(usize::from(model.row_count).min(MAX_ROWS)) {
                let mut loss: $t = 0;
                for (net, shock) in net.iter().zip(row) {
                    loss = loss.wrapping_sub(net.wrapping_mul(<$t>::from(*shock)));
                }
                if loss > worst {
                    worst = loss;
                    worst_row = k as u8;
                }
            }
            let mut required = worst.wrapping_add(charges);
            let mut binding = Binding::Scenario;
            // gross is in bps × micro-USD; dividing it up before θ keeps the product in range.
            let gross_up = $floor(gross.wrapping_add(BPS - 1));
            let gross_floor = gross_up.wrapping_mul(<$t>::from(model.gross_floor.0));
            if gross_floor > required {
                required = gross_floor;
                binding = Binding::GrossFloor;
            }
            let debt_floor = debt.wrapping_mul(<$t>::from(model.debt_floor.0));
            if debt_floor > required {
                required = debt_floor;
                binding = Binding::DebtFloor;
            }
            let required = $floor(required.wrapping_add(BPS - 1));
            (collateral, debt, required, worst_row, binding)
        }
    };
}

scorer!(score_i64, floor_bps_i64, i64, u64);
scorer!(score_i128, floor_bps_i128, i128, u128);

/// Scores a book against a validated model. `R` is at least the exact one and less than 17 micro-USD above it: up to 2 for each
/// group whose net is not a whole number of micro-USD, and up to 1 for the last division; with all betas 1 less than 2. Margins
/// `m_i` count in whole bps, rounded up.
///
/// Errors: [`RiskError::NoSuchPosition`] for more than 16 exposures, [`RiskError::Overflow`] beyond [`EXACT_LIMIT`].
pub fn score(model: &RiskModel, book: &[Exposure]) -> Result<Score> {
    if gross_value(book)? <= FAST_LIMIT {
        let (collateral, debt, required, worst_row, binding) = score_i64(model, book);
        Ok(Score {
            collateral: Usd(i128::from(collateral)),
            debt: Usd(i128::from(debt)),
            requirement: Usd(i128::from(required)),
            worst_row,
            binding,
        })
    } else {
        score_exact(model, book)
    }
}

/// [`score`] always in `i128`: the reference that the fast path must equal.
pub fn score_exact(model: &RiskModel, book: &[Exposure]) -> Result<Score> {
    if gross_value(book)? > EXACT_LIMIT {
        return Err(RiskError::Overflow);
    }
    let (collateral, debt, required, worst_row, binding) = score_i128(model, book);
    Ok(Score { collateral: Usd(collateral), debt: Usd(debt), requirement: Usd(required), worst_row, binding })
}

/// `Σ|v|`.
fn gross_value(book: &[Exposure]) -> Result<i128> {
    if book.len() > MAX_POSITIONS {
        return Err(RiskError::NoSuchPosition);
    }
    let mut gross: i128 = 0;
    for exposure in book {
        // 2^122 a position at most, so sixteen stay in range.
        if exposure.value.0.unsigned_abs() > EXACT_LIMIT.unsigned_abs() {
            return Err(RiskError::Overflow);
        }
        gross = gross.wrapping_add(exposure.value.0.wrapping_abs());
    }
    Ok(gross)
}

/// `R_init` of a book that is valued at conservative prices with opening charges: `factor × R`, rounded up.
pub fn opening_score(model: &RiskModel, book: &[Exposure]) -> Result<Score> {
    let score = score(model, book)?;
    Ok(Score { requirement: bps_of_up(score.requirement, u64::from(model.opening_factor.0))?, ..score })
}

/// Where a requirement comes from, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The score itself.
    pub score: Score,
    /// Each group's loss in the worst row, rounded towards zero; gains are negative. They sum to the row's loss.
    pub group_loss: [Usd; MAX_GROUPS],
    /// Charge on each group's larger side, rounded up.
    pub basis_charge: [Usd; MAX_GROUPS],
    /// Charge on each position, rounded up, in the book's order.
    pub idio_charge: [Usd; MAX_POSITIONS],
    /// `θ·Σ m_i|v_i|`, rounded up.
    pub gross_floor: Usd,
    /// `f·D`, rounded up.
    pub debt_floor: Usd,
}

/// Scores a book and takes the requirement apart. Off chain only. Errors as [`score`].
pub fn explain(model: &RiskModel, book: &[Exposure]) -> Result<Explanation> {
    let score = score(model, book)?;
    let mut explanation = Explanation { score, ..Explanation::default() };
    let row = model.rows.get(usize::from(score.worst_row)).ok_or(RiskError::NoSuchPosition)?;
    let mut sides = [(0i128, 0i128); MAX_GROUPS];
    let mut net = [0i128; MAX_GROUPS];
    let mut gross = Usd::ZERO;
    let over = |value: i128| value.checked_div(i128::from(BPS_ONE)).ok_or(RiskError::DivisionByZero);
    for (exposure, idio) in book.iter().zip(&mut explanation.idio_charge) {
        let g = usize::from(exposure.group) & MAX_GROUPS.wrapping_sub(1);
        let size = Usd(exposure.value.0.wrapping_abs());
        let side = if exposure.value.0 > 0 { &mut sides[g].0 } else { &mut sides[g].1 };
        *side = side.checked_add(size.0).ok_or(RiskError::Overflow)?;
        let weighted =
            exposure.value.0.checked_mul(i128::from(exposure.beta.0)).ok_or(RiskError::Overflow)?;
        net[g] = net[g].checked_add(weighted).ok_or(RiskError::Overflow)?;
        *idio = bps_of_up(size, u64::from(exposure.idio.0))?;
        if exposure.group != model.numeraire_group {
            gross = gross
                .plus(bps_of_up(size, model.margin_up(exposure.group, exposure.beta, exposure.idio))?)?;
        }
    }
    for g in 0..MAX_GROUPS {
        let shocked = over(net[g])?.checked_mul(i128::from(row[g])).ok_or(RiskError::Overflow)?;
        explanation.group_loss[g] = Usd(over(shocked)?.wrapping_neg());
        explanation.basis_charge[g] =
            bps_of_up(Usd(sides[g].0.max(sides[g].1)), u64::from(model.basis[g].0))?;
    }
    explanation.gross_floor = bps_of_up(gross, u64::from(model.gross_floor.0))?;
    explanation.debt_floor = bps_of_up(score.debt, u64::from(model.debt_floor.0))?;
    Ok(explanation)
}
