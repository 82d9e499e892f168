//! Plain LTV protocols. The ordinary rule comes from `ballast_risk::ltv`; the other two sizings exist only for comparison.

use super::state::{Now, State, Valued, MICRO};
use crate::{
    asset::Asset,
    design::{Ltv, Sizing},
    rules::Rules,
};
use anyhow::Result;
use ballast_risk::{
    ltv::{ltv_excess_down, ltv_liquidation, LtvLiquidation, LtvRules, ORDINARY},
    math::mul_div_down,
    units::{BPS_ONE, PPM_ONE},
    Bps, TokenAmount, Usd,
};

/// Debts below this are left alone, as nobody earns anything on them.
const DUST: i128 = 500_000;

/// Looks at an account; a keeper liquidates if it may and if that pays. Returns whether the account changed.
pub fn visit(state: &mut State, account: u32, ltv: &Ltv, rules: &Rules, now: &mut Now) -> Result<bool> {
    let valued = Valued::new(&state.accounts[account as usize], &now.prices, rules);
    if valued.debt < DUST {
        return Ok(false);
    }
    state.note_shortfall(account, &valued, now, rules);
    let Some(allowed) = allowed(&valued, ltv)? else { return Ok(false) };
    let Some(taken) = taken(state, &valued, allowed, now)? else { return Ok(false) };

    let books = &mut state.accounts[account as usize];
    for ((asset, is_deposit), exposure) in valued.positions().iter().zip(valued.book()) {
        let (held, of, total) = if *is_deposit {
            (&mut books.deposits[asset.index()], taken.seize, valued.collateral)
        } else {
            (&mut books.debts[asset.index()], taken.repay, valued.debt)
        };
        let tokens = if of.0 >= total {
            TokenAmount(*held)
        } else {
            let part = mul_div_down(of.positive_part(), exposure.value.0.unsigned_abs(), total as u128)?;
            now.prices[asset.index()].amount_down(Usd::from_unsigned(part)?)?
        };
        *held = held.saturating_sub(tokens.0);
    }
    let (repaid, bonus) = (taken.repay.0 as f64 * MICRO, (taken.seize.0 - taken.repay.0) as f64 * MICRO);
    let slice = f64::from(state.insurance.bonus_slice.0) / BPS_ONE as f64;
    state.note(account, repaid, bonus, bonus.max(0.0) * slice);
    Ok(true)
}

/// What the protocol's rule allows now.
fn allowed(valued: &Valued, ltv: &Ltv) -> Result<Option<LtvLiquidation>> {
    let mut thresholds = [Bps(0); 16];
    for (threshold, (asset, _)) in thresholds.iter_mut().zip(valued.positions()) {
        *threshold = ltv.thresholds[asset.index()];
    }
    let thresholds = &thresholds[..valued.positions().len()];
    let rule = match ltv.sizing {
        Sizing::Half => ORDINARY,
        Sizing::Fifth => fifth(valued, thresholds)?,
        Sizing::Restore => return restore(valued, thresholds),
    };
    Ok(ltv_liquidation(valued.book(), thresholds, &rule)?)
}

/// A fifth at a bonus of what the LTV is above its threshold, 2 % to 10 %; no whole closing but of dust.
fn fifth(valued: &Valued, thresholds: &[Bps]) -> Result<LtvRules> {
    let excess = ltv_excess_down(valued.book(), thresholds)?.0;
    let over = -(excess as f64) / (valued.collateral.max(1) as f64);
    Ok(LtvRules {
        close_factor: Bps(2_000),
        full_close_health: Bps(0),
        full_close_debt: Usd::dollars(2),
        bonus: Bps((over * BPS_ONE as f64).clamp(200.0, 1_000.0) as u16),
    })
}

/// `x = D·(H − h)/(H − (1 + b)·LT)` with `H = 1.02`: Aave v4's restore-to-target.
fn restore(valued: &Valued, thresholds: &[Bps]) -> Result<Option<LtvLiquidation>> {
    let excess = ltv_excess_down(valued.book(), thresholds)?.0 as f64;
    let (collateral, debt) = (valued.collateral as f64, valued.debt as f64);
    if excess >= 0.0 || collateral <= 0.0 {
        return Ok(None);
    }
    let health = 1.0 + excess / debt;
    let threshold = (debt + excess) / collateral;
    let bonus = (0.01 + 0.4 * (1.0 - health)).min(0.05);
    let wanted = if debt * MICRO < 100.0 {
        debt
    } else {
        debt * (1.02 - health) / (1.02 - (1.0 + bonus) * threshold).max(0.02)
    };
    let repay = wanted.min(debt).min(collateral / (1.0 + bonus));
    let seize = (repay * (1.0 + bonus)).min(collateral);
    Ok(Some(LtvLiquidation { repay: Usd(repay as i128), seize: Usd(seize as i128) }))
}

/// What of it the market takes at a profit; it is sold.
fn taken(
    state: &State,
    valued: &Valued,
    allowed: LtvLiquidation,
    now: &mut Now,
) -> Result<Option<LtvLiquidation>> {
    let deposits = || valued.positions().iter().zip(valued.book()).filter(|((_, deposit), _)| *deposit);
    let seized = |value: i128| value as f64 / valued.collateral as f64 * allowed.seize.0 as f64 * MICRO;
    // As actually paid: below the rule's where the deposits do not suffice.
    let bonus = (allowed.seize.0 - allowed.repay.0) as f64 / allowed.repay.0.max(1) as f64;
    let kept = bonus * (1.0 - f64::from(state.insurance.bonus_slice.0) / BPS_ONE as f64);
    let gap = |is_deposit: bool, total: i128| -> f64 {
        let side = valued.positions().iter().zip(valued.book()).filter(|((_, d), _)| *d == is_deposit);
        side.map(|((asset, _), e)| e.value.0.abs() as f64 / total as f64 * now.gap[asset.index()]).sum()
    };
    let edge = (1.0 + kept) * gap(true, valued.collateral) / gap(false, valued.debt) - 1.0;
    let mut share = 1.0f64;
    for ((asset, _), exposure) in deposits() {
        let room = now.market.room(*asset, edge).unwrap_or(0.0);
        share = share.min(room / seized(exposure.value.0));
    }
    let ppm = (share * PPM_ONE as f64) as u128;
    let part = |value: Usd| -> Result<Usd> {
        Ok(Usd::from_unsigned(mul_div_down(value.positive_part(), ppm, u128::from(PPM_ONE))?)?)
    };
    let taken = LtvLiquidation { repay: part(allowed.repay)?, seize: part(allowed.seize)? };
    let largest: Option<Asset> = deposits().max_by_key(|(_, e)| e.value.0).map(|((asset, _), _)| *asset);
    let Some(largest) = largest else { return Ok(None) };
    if taken.repay.0 <= 0 || !now.market.pays(largest, edge, taken.repay.0 as f64 * MICRO) {
        return Ok(None);
    }
    for ((asset, _), exposure) in deposits() {
        now.market.sell(*asset, seized(exposure.value.0) * share);
    }
    Ok(Some(taken))
}
