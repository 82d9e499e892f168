//! What governance does to requirements.

use super::{Asked, Verdict};
use crate::{ensure, step::Step};
use ballast::state::{Reserve, Vault};
use ballast_risk::{
    model::{AssetRisk, RiskModel},
    ramp::{MAX_BETA_STEP, MAX_STEP},
    units::Bps,
    Seconds,
};

/// The law's name of what time may do.
pub const RAMP: &str = "governance raises no requirement faster than the ramp";

/// Seconds of a day.
const DAY: Seconds = 86_400;

/// Executing a change moves no shock or beta, and raises no charge or floor, at once: that is the ramp's to do. What nobody holds
/// may move.
pub fn no_jump(step: &Step) -> Asked {
    let (now, mut asked) = (step.now(), false);
    // whatever lands is looked at; the question is one where parameters may change
    let executes = step.has("execute_change");
    for (key, before, after) in step.changed::<Vault>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        if before.opened_at > 0 {
            check_model(&before.model_at(now), &after.model_at(now), 0).map_err(|e| format!("{key}: {e}"))?;
            asked = executes;
        }
    }
    for (key, before, after) in step.changed::<Reserve>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        if before.deposit_positions + before.debt_positions > 0 {
            check_asset(&before.risk_at(now), &after.risk_at(now), 0).map_err(|e| format!("{key}: {e}"))?;
            asked = executes;
        }
    }
    Ok(asked)
}

/// Most that a parameter moves in so many seconds, and one for rounding.
fn most(step: Bps, seconds: Seconds) -> u64 {
    (u64::from(step.0) * seconds).div_ceil(DAY) + u64::from(seconds > 0)
}

/// Shocks move by no more than the ramp's speed, in either direction: a milder one is a smaller gain for a hedge. A row that is one of
/// the old rows is no new one. Charges and floors move upwards by no more than that.
pub fn check_model(then: &RiskModel, now: &RiskModel, seconds: Seconds) -> Verdict {
    let most = most(MAX_STEP, seconds);
    for (place, (old, new)) in then.rows.iter().zip(&now.rows).enumerate() {
        let moved = old.iter().zip(new).map(|(old, new)| u64::from(old.abs_diff(*new))).max().unwrap_or(0);
        ensure!(
            moved <= most || then.rows.contains(new),
            "a shock of row {place} moved by {moved}, more than {most}"
        );
    }
    let floors = [(then.gross_floor, now.gross_floor), (then.debt_floor, now.debt_floor)];
    for (then, now) in then.basis.into_iter().zip(now.basis).chain(floors) {
        let rise = u64::from(now.0).saturating_sub(then.0.into());
        ensure!(rise <= most, "a charge or floor rose by {rise}, more than {most}");
    }
    Ok(())
}

/// The same of an asset's place in the model: its beta in either direction.
pub fn check_asset(then: &AssetRisk, now: &AssetRisk, seconds: Seconds) -> Verdict {
    let (idio, beta) = (now.idio.0.saturating_sub(then.idio.0), now.beta.0.abs_diff(then.beta.0));
    ensure!(u64::from(idio) <= most(MAX_STEP, seconds), "idio rose by {idio} in {seconds} s");
    ensure!(u64::from(beta) <= most(MAX_BETA_STEP, seconds), "beta moved by {beta} in {seconds} s");
    Ok(())
}
