//! Scores of many accounts at once, for those who watch a whole vault: keepers, monitors, the stress lab.
//!
//! Values lie in columns: `columns[i][a]` is account `a`'s signed value of asset `i` in micro-USD, 0 for none. Lanes of [`LANES`]
//! accounts go through the formula of [`mod@crate::score`] together, in 64-bit integers that a compiler can turn into vector
//! instructions. Nothing is allocated. The results equal [`score`]'s to the bit, which a property test checks; a book beyond
//! [`FAST_LIMIT`] goes through it.

use crate::{
    model::{AssetRisk, RiskModel, MAX_GROUPS, MAX_POSITIONS, MAX_ROWS},
    score::{floor_bps_i64, score, Exposure, FAST_LIMIT},
    units::{Usd, BPS_ONE},
    Result, RiskError,
};

/// Accounts that are scored together.
pub const LANES: usize = 8;
/// One number for each of them.
type Lane = [i64; LANES];

const BPS: i64 = BPS_ONE as i64;
const LIMIT: i64 = FAST_LIMIT as i64;

/// What an asset brings to every account, computed once a batch.
#[derive(Clone, Copy, Default)]
struct Column {
    beta: i64,
    idio: i64,
    /// `m_i`, 0 for the numéraire's group.
    margin: i64,
    group: usize,
}

/// Scores the accounts of these columns into `equity` (deposits − debts) and `requirement` (`R`, rounded up), micro-USD.
///
/// Errors: [`RiskError::NoSuchPosition`] for more than 16 columns or lengths that differ; [`RiskError::Overflow`] for an account
/// whose equity or requirement leaves 64 bits.
#[inline(always)]
pub fn score_columns(
    model: &RiskModel,
    assets: &[AssetRisk],
    columns: &[&[i64]],
    equity: &mut [i64],
    requirement: &mut [i64],
) -> Result<()> {
    let count = equity.len();
    let fits = assets.len() == columns.len() && assets.len() <= MAX_POSITIONS && requirement.len() == count;
    if !fits || columns.iter().any(|column| column.len() != count) {
        return Err(RiskError::NoSuchPosition);
    }
    let mut prepared = [Column::default(); MAX_POSITIONS];
    let mut whole = [true; MAX_GROUPS];
    for (column, asset) in prepared.iter_mut().zip(assets) {
        let group = usize::from(asset.group) & MAX_GROUPS.wrapping_sub(1);
        let counts = asset.group != model.numeraire_group;
        let margin = model.margin_up(asset.group, asset.beta, asset.idio) as i64;
        *column = Column {
            beta: i64::from(asset.beta.0),
            idio: i64::from(asset.idio.0),
            margin: if counts { margin } else { 0 },
            group,
        };
        whole[group] &= i64::from(asset.beta.0) == BPS;
    }
    let prepared = prepared.get(..assets.len()).ok_or(RiskError::NoSuchPosition)?;
    let results = equity.chunks_mut(LANES).zip(requirement.chunks_mut(LANES));
    for (number, (equity, requirement)) in results.enumerate() {
        let start = number.wrapping_mul(LANES);
        let mut lanes = [[0i64; LANES]; MAX_POSITIONS];
        for (lane, column) in lanes.iter_mut().zip(columns) {
            let rest = column.get(start..).unwrap_or(&[]);
            match rest.first_chunk::<LANES>() {
                Some(full) => *lane = *full,
                None => lane.iter_mut().zip(rest).for_each(|(to, from)| *to = *from),
            }
        }
        let (own, required, gross) = score_lanes(model, prepared, &whole, &lanes);
        let out = equity.iter_mut().zip(requirement).zip(own.iter().zip(required).zip(gross));
        for (lane, ((equity, requirement), ((own, required), gross))) in out.enumerate() {
            (*equity, *requirement) =
                if gross <= LIMIT { (*own, required) } else { one(model, assets, &lanes, lane)? };
        }
    }
    Ok(())
}

/// Equity, requirement and `Σ|v|` (clamped above [`FAST_LIMIT`]) of each lane; the first two hold where the third is within the
/// limit. Step by step what the scalar score does.
#[inline(always)]
fn score_lanes(
    model: &RiskModel,
    columns: &[Column],
    whole: &[bool; MAX_GROUPS],
    lanes: &[Lane; MAX_POSITIONS],
) -> (Lane, Lane, Lane) {
    let zero: Lane = [0; LANES];
    let (mut net, mut long, mut short) = ([zero; MAX_GROUPS], [zero; MAX_GROUPS], [zero; MAX_GROUPS]);
    let (mut charges, mut gross, mut size_sum) = (zero, zero, zero);
    for (column, lane) in columns.iter().zip(lanes) {
        let g = column.group & MAX_GROUPS.wrapping_sub(1);
        // Where all betas of a group are 1, its net is a whole number of micro-USD: the scalar's product and division cancel.
        let beta = if whole[g] { 1 } else { column.beta };
        for l in 0..LANES {
            let value = lane[l];
            let size = value.wrapping_abs();
            let up = value.max(0);
            net[g][l] = net[g][l].wrapping_add(value.wrapping_mul(beta));
            long[g][l] = long[g][l].wrapping_add(up);
            short[g][l] = short[g][l].wrapping_add(size.wrapping_sub(up));
            gross[l] = gross[l].wrapping_add(size.wrapping_mul(column.margin));
            size_sum[l] =
                size_sum[l].wrapping_add(value.max(-i64::MAX).wrapping_abs().min(LIMIT.wrapping_add(1)));
        }
        if column.idio != 0 {
            for l in 0..LANES {
                charges[l] = charges[l].wrapping_add(lane[l].wrapping_abs().wrapping_mul(column.idio));
            }
        }
    }
    let (mut collateral, mut debt) = (zero, zero);
    let groups = usize::from(model.group_count).min(MAX_GROUPS);
    for g in 0..groups {
        let basis = i64::from(model.basis[g].0);
        for l in 0..LANES {
            collateral[l] = collateral[l].wrapping_add(long[g][l]);
            debt[l] = debt[l].wrapping_add(short[g][l]);
            charges[l] = charges[l].wrapping_add(long[g][l].max(short[g][l]).wrapping_mul(basis));
        }
        if !whole[g] {
            for l in 0..LANES {
                let floor = floor_bps_i64(net[g][l]);
                if floor.wrapping_mul(BPS) != net[g][l] {
                    charges[l] = charges[l].wrapping_add(BPS);
                }
                net[g][l] = floor;
            }
        }
    }
    let mut worst = zero;
    for row in model.rows.iter().take(usize::from(model.row_count).min(MAX_ROWS)) {
        let mut gain = zero;
        for g in 0..groups {
            let shock = i64::from(row[g]);
            for l in 0..LANES {
                gain[l] = gain[l].wrapping_add(net[g][l].wrapping_mul(shock));
            }
        }
        for l in 0..LANES {
            worst[l] = worst[l].max(gain[l].wrapping_neg());
        }
    }
    let (mut equity, mut requirement) = (zero, zero);
    let (theta, floor) = (i64::from(model.gross_floor.0), i64::from(model.debt_floor.0));
    for l in 0..LANES {
        let gross_up = floor_bps_i64(gross[l].wrapping_add(BPS.wrapping_sub(1)));
        let required = worst[l]
            .wrapping_add(charges[l])
            .max(gross_up.wrapping_mul(theta))
            .max(debt[l].wrapping_mul(floor));
        requirement[l] = floor_bps_i64(required.wrapping_add(BPS.wrapping_sub(1)));
        equity[l] = collateral[l].wrapping_sub(debt[l]);
    }
    (equity, requirement, size_sum)
}

/// One account by the scalar score.
#[cold]
fn one(
    model: &RiskModel,
    assets: &[AssetRisk],
    lanes: &[Lane; MAX_POSITIONS],
    lane: usize,
) -> Result<(i64, i64)> {
    let mut book = [Exposure::default(); MAX_POSITIONS];
    for ((exposure, asset), values) in book.iter_mut().zip(assets).zip(lanes) {
        *exposure = Exposure {
            value: Usd(i128::from(values[lane & LANES.wrapping_sub(1)])),
            beta: asset.beta,
            idio: asset.idio,
            group: asset.group,
        };
    }
    let score = score(model, book.get(..assets.len()).ok_or(RiskError::NoSuchPosition)?)?;
    let narrow = |value: Usd| i64::try_from(value.0).map_err(|_| RiskError::Overflow);
    Ok((narrow(score.equity())?, narrow(score.requirement)?))
}
