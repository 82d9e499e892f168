//! What a dollar of each position does to the requirement, by the term of R that binds.

use crate::{
    error::RiskError,
    model::{RiskModel, MAX_GROUPS, MAX_POSITIONS},
    score::{floor_bps_i64, Binding, Exposure, Score},
    units::{Bps, Fraction, Ppm, Usd, BPS_ONE, PPM_ONE},
    Result,
};

/// By how much the requirement falls when a dollar of a position is removed (a deposit sold, or a
/// debt repaid); negative where removing it would raise the requirement, as repaying the short leg of a hedge does.
///
/// One subgradient of R for all positions: the worst row's, and where `L = S` the long side's. Because R is convex, the relief
/// over a whole tranche of any pair is at most the sum of its legs'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reliefs {
    /// In bps of a bps (10^8 is a dollar a dollar), which is exact.
    exact: [i64; MAX_POSITIONS],
    count: usize,
}

impl Reliefs {
    /// Reliefs of every position of a scored book.
    pub fn new(model: &RiskModel, book: &[Exposure], score: &Score) -> Result<Self> {
        let count = book.len();
        if count > MAX_POSITIONS {
            return Err(RiskError::NoSuchPosition);
        }
        let mut exact = [0i64; MAX_POSITIONS];
        let mask = MAX_GROUPS.wrapping_sub(1);
        let row = model.rows.get(usize::from(score.worst_row)).ok_or(RiskError::NoSuchPosition)?;
        let mut sides = [(0i128, 0i128); MAX_GROUPS];
        if score.binding == Binding::Scenario {
            for exposure in book {
                let side = &mut sides[usize::from(exposure.group) & mask];
                // gross values are bounded by the score's limit
                if exposure.value.0 > 0 {
                    side.0 = side.0.wrapping_add(exposure.value.0);
                } else {
                    side.1 = side.1.wrapping_sub(exposure.value.0);
                }
            }
        }
        for (relief, exposure) in exact.iter_mut().zip(book) {
            let g = usize::from(exposure.group) & mask;
            let is_deposit = exposure.value.0 > 0;
            *relief = match score.binding {
                Binding::Scenario => {
                    // A deposit's removal takes away −β·s, a debt's adds it back. 16-bit factors.
                    let shock = i64::from(exposure.beta.0).wrapping_mul(i64::from(row[g]));
                    let shock = if is_deposit { shock.wrapping_neg() } else { shock };
                    let (long, short) = sides[g];
                    let basis = if (long >= short) == is_deposit { i64::from(model.basis[g].0) } else { 0 };
                    shock.wrapping_add(in_bps(basis.wrapping_add(i64::from(exposure.idio.0))))
                }
                Binding::GrossFloor if exposure.group == model.numeraire_group => 0,
                Binding::GrossFloor => {
                    let margin = model.margin_up(exposure.group, exposure.beta, exposure.idio);
                    margin.wrapping_mul(u64::from(model.gross_floor.0)) as i64
                }
                Binding::DebtFloor if is_deposit => 0,
                Binding::DebtFloor => in_bps(i64::from(model.debt_floor.0)),
            };
        }
        Ok(Self { exact, count })
    }

    fn exact(&self, position: usize) -> Result<i64> {
        self.exact
            .get(..self.count)
            .and_then(|all| all.get(position))
            .copied()
            .ok_or(RiskError::NoSuchPosition)
    }

    /// Relief of one position in bps, rounded down. Errors with [`RiskError::NoSuchPosition`].
    pub fn bps_down(&self, position: usize) -> Result<i64> {
        Ok(floor_bps_i64(self.exact(position)?))
    }

    /// `k_D + (1 + b)·k_C` in bps² × ppm: at most 2·10^8 a leg, so the sum stays below 2^50.
    fn exact_of_pair(&self, debt: usize, deposit: usize, bonus: Ppm) -> Result<i64> {
        let one_and_bonus = (PPM_ONE as i64).wrapping_add(i64::from(bonus.0));
        let deposit = self.exact(deposit)?.wrapping_mul(one_and_bonus);
        Ok(self.exact(debt)?.wrapping_mul(PPM_ONE as i64).wrapping_add(deposit))
    }

    /// How much R falls for a dollar repaid of `debt` and `1 + bonus` dollars sold of `deposit`: `a = k_D + (1 + b)·k_C`, in
    /// bps × ppm (10^10 is a dollar a dollar), rounded up.
    pub fn relief_of_pair_up(&self, debt: usize, deposit: usize, bonus: Ppm) -> Result<i64> {
        Ok(floor_bps_i64(self.exact_of_pair(debt, deposit, bonus)?.wrapping_neg()).wrapping_neg())
    }

    /// How much `E − R` rises for a dollar repaid: `a − b`, same unit, rounded down.
    pub fn gain_of_pair_down(&self, debt: usize, deposit: usize, bonus: Ppm) -> Result<i64> {
        let relief = floor_bps_i64(self.exact_of_pair(debt, deposit, bonus)?);
        Ok(relief.wrapping_sub(i64::from(bonus.0).wrapping_mul(BPS_ONE as i64)))
    }

    /// The debt and the deposit whose pair gains the most of all usable ones. A pair's gain is the sum of its legs', so the
    /// best legs make the best pair. Positions below `least` do not count: dust must not outrank a real position.
    pub fn best_legs(&self, book: &[Exposure], usable: u32, least: Usd) -> Option<(usize, usize)> {
        let (mut debt, mut deposit) = (None, None);
        for (i, exposure) in book.iter().enumerate().take(self.count) {
            if (usable >> i) & 1 == 0 || exposure.value.0.wrapping_abs() < least.0 {
                continue;
            }
            let best = if exposure.value.0 > 0 { &mut deposit } else { &mut debt };
            if best.is_none_or(|leader: usize| self.exact[i] > self.exact[leader]) {
                *best = Some(i);
            }
        }
        Some((debt?, deposit?))
    }
}

fn in_bps(bps: i64) -> i64 {
    bps.wrapping_mul(BPS_ONE as i64)
}

/// A fraction's ratio to a bps number, at most 1: `min(1, u/u1)`, rounded down.
pub fn ratio_down(value: Fraction, of: Bps) -> Fraction {
    // value ≤ 2^32 and 10^4 < 2^14
    let scaled = value.0.wrapping_mul(BPS_ONE).checked_div(u64::from(of.0)).unwrap_or(u64::MAX);
    Fraction(scaled.min(Fraction::ONE.0))
}
