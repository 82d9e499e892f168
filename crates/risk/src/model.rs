//! A vault's risk model: groups, scenario rows, charges and floors.

use crate::{
    error::{check_unused, RiskError},
    units::{Bps, BPS_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// Most groups of a model.
pub const MAX_GROUPS: usize = 8;
/// Most scenario rows of a model.
pub const MAX_ROWS: usize = 16;
/// Most positions of an obligation.
pub const MAX_POSITIONS: usize = 16;
/// Highest beta of an asset in its group: 2.
pub const MAX_BETA: Bps = Bps(20_000);
/// Highest bonus that any reserve may pay: 5 %.
pub const MAX_BONUS: Bps = Bps(500);
/// Highest `R_init / R_maint` factor.
pub const MAX_OPENING_FACTOR: Bps = Bps(30_000);

/// Scenarios and charges of a vault, in bps of value.
///
/// `R = max_k Σ_g −N_g·s_gk + Σ_g basis_g·max(L_g, S_g) + Σ_i idio_i·|v_i|`, at least `θ·Σ m_i|v_i|` (without the numéraire's
/// group) and at least `f·D`: see `docs/risk-model.md`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct RiskModel {
    /// `rows[k][g]`: shock of group g in scenario k, signed bps; −1,200 is a fall of 12 %. Row 0 is all zeros.
    pub rows: [[i16; MAX_GROUPS]; MAX_ROWS],
    /// `max_k |rows[k][g]|`, kept beside the rows because every score needs it.
    pub peak: [Bps; MAX_GROUPS],
    /// Charge on the larger side of a group, so that hedges cost too.
    pub basis: [Bps; MAX_GROUPS],
    /// θ: how much of the gross margin remains whatever nets out.
    pub gross_floor: Bps,
    /// f: requirement per debt, above the highest bonus; it caps LTV at `1/(1 + f)`.
    pub debt_floor: Bps,
    /// `R_init = factor × R` at conservative prices; at least 100 %.
    pub opening_factor: Bps,
    /// Groups in use, 1..=8.
    pub group_count: u8,
    /// Rows in use, 1..=16.
    pub row_count: u8,
    /// The group of the unit of account (USD stables): left out of the gross floor.
    pub numeraire_group: u8,
    /// Zero.
    pub reserved: [u8; 7],
}

/// How one asset stands in its vault's model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct AssetRisk {
    /// Move of the asset for a move of its group.
    pub beta: Bps,
    /// Charge on the asset's own value: what no scenario covers.
    pub idio: Bps,
    /// Its group.
    pub group: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

impl RiskModel {
    /// A model of these rows and charges; the rest as given. Fills in `peak` and the counts, then validates.
    pub fn new(
        rows: &[[i16; MAX_GROUPS]],
        basis: &[Bps],
        numeraire_group: u8,
        gross_floor: Bps,
        debt_floor: Bps,
        opening_factor: Bps,
    ) -> Result<Self> {
        if rows.len() > MAX_ROWS || basis.len() > MAX_GROUPS {
            return Err(RiskError::InvalidParameter("a risk model has at most 16 rows and 8 groups"));
        }
        let mut model = Self {
            gross_floor,
            debt_floor,
            opening_factor,
            group_count: basis.len() as u8,
            row_count: rows.len() as u8,
            numeraire_group,
            ..Self::default()
        };
        for (to, from) in model.rows.iter_mut().zip(rows) {
            *to = *from;
        }
        for (to, from) in model.basis.iter_mut().zip(basis) {
            *to = *from;
        }
        model.peak = model.peaks();
        model.validate()?;
        Ok(model)
    }

    /// `max_k |s_gk|` of each group.
    pub fn peaks(&self) -> [Bps; MAX_GROUPS] {
        let mut peak = [Bps(0); MAX_GROUPS];
        for row in &self.rows {
            for (peak, shock) in peak.iter_mut().zip(row) {
                *peak = (*peak).max(Bps(shock.unsigned_abs()));
            }
        }
        peak
    }

    /// Checks every rule that the laws rest on.
    pub fn validate(&self) -> Result<()> {
        let groups = usize::from(self.group_count);
        let rows = usize::from(self.row_count);
        if !(1..=MAX_GROUPS).contains(&groups) || !(1..=MAX_ROWS).contains(&rows) {
            return Err(RiskError::InvalidParameter("a risk model has 1 to 8 groups and 1 to 16 rows"));
        }
        if self.rows.first() != Some(&[0; MAX_GROUPS]) {
            return Err(RiskError::InvalidParameter("the first row of a risk model is all zeros"));
        }
        if self.peak != self.peaks() {
            return Err(RiskError::InvalidParameter("the peaks of a risk model must be those of its rows"));
        }
        let beyond_groups = self.peak.iter().zip(&self.basis).skip(groups).any(|(p, b)| p.0 != 0 || b.0 != 0);
        if beyond_groups || self.rows.iter().skip(rows).any(|row| *row != [0; MAX_GROUPS]) {
            return Err(RiskError::InvalidParameter("groups and rows beyond their counts must be zero"));
        }
        if self.peak.iter().any(|p| u64::from(p.0) > BPS_ONE) {
            return Err(RiskError::InvalidParameter("a shock moves a group by at most 100 %"));
        }
        if usize::from(self.numeraire_group) >= groups {
            return Err(RiskError::InvalidParameter("the numeraire's group must be one of the groups"));
        }
        if u64::from(self.gross_floor.0) > BPS_ONE {
            return Err(RiskError::InvalidParameter("the gross floor is at most 100 %"));
        }
        if self.debt_floor <= MAX_BONUS || u64::from(self.debt_floor.0) > BPS_ONE {
            return Err(RiskError::InvalidParameter("the debt floor lies above the highest bonus (5 %)"));
        }
        if u64::from(self.opening_factor.0) < BPS_ONE || self.opening_factor > MAX_OPENING_FACTOR {
            return Err(RiskError::InvalidParameter("the opening factor lies between 100 % and 300 %"));
        }
        check_unused(self.reserved == [0; 7])
    }

    /// `m_i = β_i·max_k|s_gk| + basis_g + idio_i`, rounded up: the most that a dollar of this asset can add to R, in bps.
    #[inline]
    pub fn margin_up(&self, group: u8, beta: Bps, idio: Bps) -> u64 {
        let g = usize::from(group) & MAX_GROUPS.wrapping_sub(1);
        // 16-bit factors: nothing here can pass 2^32.
        let shock = u64::from(beta.0)
            .wrapping_mul(u64::from(self.peak[g].0))
            .wrapping_add(9_999)
            .wrapping_div(BPS_ONE);
        shock.wrapping_add(u64::from(self.basis[g].0)).wrapping_add(u64::from(idio.0))
    }

    /// Checks an asset against the model: its group exists, its beta is bounded, and a dollar of it never asks for more than a
    /// dollar of equity, in `R_maint` or, with the opening factor, in `R_init`.
    pub fn validate_asset(&self, asset: &AssetRisk) -> Result<()> {
        if asset.group >= self.group_count {
            return Err(RiskError::InvalidParameter("the asset's group must be one of the vault's groups"));
        }
        if asset.beta > MAX_BETA {
            return Err(RiskError::InvalidParameter("an asset's beta is at most 2"));
        }
        let margin = self.margin_up(asset.group, asset.beta, asset.idio);
        if margin.saturating_mul(u64::from(self.opening_factor.0)) > BPS_ONE.wrapping_mul(BPS_ONE) {
            return Err(RiskError::InvalidParameter(
                "an asset's margin times the opening factor is at most 100 %",
            ));
        }
        check_unused(asset.reserved == [0; 3])
    }

    /// The idiosyncratic charge for `R_init`: `idio + slope × held/depth`, where `held` is what the whole vault holds of the
    /// asset and `depth` what its market absorbs, capped so that the opening margin stays at 100 %. It is the same for every
    /// account at one time, so splitting one gains nothing.
    pub fn opening_idio_up(&self, asset: &AssetRisk, slope: Bps, held: u64, depth: u64) -> Bps {
        let growth = crate::math::mul_div_up(u128::from(slope.0), u128::from(held), u128::from(depth.max(1)))
            .unwrap_or(u128::from(u16::MAX));
        let wanted = u128::from(asset.idio.0).saturating_add(growth);
        let ceiling =
            BPS_ONE.wrapping_mul(BPS_ONE).checked_div(u64::from(self.opening_factor.0)).unwrap_or(0);
        let others = self.margin_up(asset.group, asset.beta, Bps(0));
        let most = ceiling.saturating_sub(others).max(u64::from(asset.idio.0));
        Bps(u16::try_from(wanted.min(u128::from(most))).unwrap_or(u16::MAX))
    }
}
