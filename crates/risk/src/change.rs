//! Governance, the pure part: which change takes effect at once, which waits, and which ramps.
//!
//! The program decides by comparing old and new, field by field; nobody declares what a change is. Classify again when a
//! change is executed, against what counts then.

#[cfg(test)]
mod tests;

use crate::{
    breaker::{ReserveThresholds, VaultThresholds, DAY},
    bucket::FlowRules,
    caps::{ReserveCaps, VaultCaps},
    error::RiskError,
    interest::RateCurve,
    model::{AssetRisk, RiskModel},
    ramp::{asset_seconds_up, model_seconds_up},
    refusal::{Checked, Refusal},
    reserve::InterestSplit,
    tranche::{TrancheCurve, TrancheRules},
    units::Seconds,
};
use bytemuck::{Pod, Zeroable};

/// Shortest timelock.
pub const MIN_TIMELOCK: Seconds = 2 * DAY;
/// Longest timelock.
pub const MAX_TIMELOCK: Seconds = 30 * DAY;
/// How long a ripe change can be executed.
pub const RIPE_SECONDS: Seconds = 3 * DAY;

/// A change, as the program compares it: what counts now and what is proposed.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// A vault's risk model. All assets of the vault must fit it too: [`crate::ramp::check_fit`].
    Model(&'a RiskModel, &'a RiskModel),
    /// An asset's place in the model, which it must fit ([`crate::ramp::check_fit`]); whether anyone holds or owes it.
    Asset(&'a AssetRisk, &'a AssetRisk, bool),
    /// A vault's tranche rules.
    Rules(&'a TrancheRules, &'a TrancheRules),
    /// How a reserve is sold.
    Curve(&'a TrancheCurve, &'a TrancheCurve),
    /// A reserve's rates.
    Rates(&'a RateCurve, &'a RateCurve),
    /// How a reserve's interest is split.
    Split(&'a InterestSplit, &'a InterestSplit),
    /// A reserve's caps.
    ReserveCaps(&'a ReserveCaps, &'a ReserveCaps),
    /// A vault's caps.
    VaultCaps(&'a VaultCaps, &'a VaultCaps),
    /// A reserve's flow rules.
    Flows(&'a FlowRules, &'a FlowRules),
    /// A reserve's breaker thresholds.
    ReserveThresholds(&'a ReserveThresholds, &'a ReserveThresholds),
    /// A vault's breaker thresholds.
    VaultThresholds(&'a VaultThresholds, &'a VaultThresholds),
    /// Whether a reserve may be borrowed: now, and proposed.
    Borrowable(bool, bool),
    /// Leaving WindDown.
    Reopening,
    /// Another feed, where what the present one says, or does not say, keeps the reserve out of Normal.
    Mending,
    /// Anything else: feeds and their ages, opening charges, a new asset, a role, fee recipients, the timelock itself.
    Other,
}

/// When a change's clock runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Clock {
    /// Always: it tightens, leaves WindDown, or gives a reserve a feed whose own one is broken.
    Always = 0,
    /// Only while the breakers are Normal: it loosens, or may.
    InNormal = 1,
}

/// How a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It changes nothing.
    Nothing,
    /// At once.
    AtOnce,
    /// After the timelock.
    Timelock(Clock),
    /// After the timelock, along a ramp of at least so many seconds.
    TimelockAndRamp(Clock, Seconds),
}

const CAUTIOUS: Class = Class::Timelock(Clock::InNormal);

impl Change<'_> {
    /// Checks the proposed parameters' compiled bounds and says how the change takes effect.
    ///
    /// At once: caps down, borrowing off. Timelock and ramp: whatever raises `R_maint` for any book. Timelock: everything else,
    /// both ways. Errors: [`Refusal::Risk`] for parameters outside their bounds, [`Refusal::OnlyWhenUnused`] for an asset that
    /// would change its group while it is held or owed.
    pub fn classify(&self) -> Checked<Class> {
        let bounds = match self {
            Self::Model(_, new) => new.validate(),
            Self::Rules(_, new) => new.validate(),
            Self::Curve(_, new) => new.validate(),
            Self::Rates(_, new) => new.validate(),
            Self::Split(_, new) => new.validate(),
            Self::ReserveCaps(_, new) => new.validate(),
            Self::VaultCaps(_, new) => new.validate(),
            Self::Flows(_, new) => new.validate(),
            Self::ReserveThresholds(_, new) => new.validate(),
            Self::VaultThresholds(_, new) => new.validate(),
            Self::Asset(..) | Self::Borrowable(..) | Self::Reopening | Self::Mending | Self::Other => Ok(()),
        };
        bounds?;
        Ok(match self {
            Self::Model(old, new) => model(old, new)?,
            Self::Asset(old, new, in_use) => asset(old, new, *in_use)?,
            Self::Rules(old, new) => unless_same(old == new),
            Self::Curve(old, new) => unless_same(old == new),
            Self::Rates(old, new) => unless_same(old == new),
            Self::Split(old, new) => unless_same(old == new),
            Self::Flows(old, new) => unless_same(old == new),
            Self::ReserveThresholds(old, new) => unless_same(old == new),
            Self::VaultThresholds(old, new) => unless_same(old == new),
            Self::ReserveCaps(old, new) => unless_lower(old == new, reserve_caps_fall(old, new)),
            Self::VaultCaps(old, new) => unless_lower(old == new, vault_caps_fall(old, new)),
            Self::Borrowable(old, new) => unless_lower(old == new, *old),
            // in a Normal that never comes they would wait for good
            Self::Reopening | Self::Mending => Class::Timelock(Clock::Always),
            Self::Other => CAUTIOUS,
        })
    }
}

fn unless_same(same: bool) -> Class {
    if same {
        Class::Nothing
    } else {
        CAUTIOUS
    }
}

fn unless_lower(same: bool, lower: bool) -> Class {
    match (same, lower) {
        (true, _) => Class::Nothing,
        (false, true) => Class::AtOnce,
        (false, false) => CAUTIOUS,
    }
}

fn reserve_caps_fall(old: &ReserveCaps, new: &ReserveCaps) -> bool {
    new.deposits <= old.deposits
        && new.debt <= old.debt
        && new.exposure <= old.exposure
        && new.debt_over_depth <= old.debt_over_depth
        && new.utilisation <= old.utilisation
}

fn vault_caps_fall(old: &VaultCaps, new: &VaultCaps) -> bool {
    let groups = new.groups.iter().zip(&old.groups).all(|(new, old)| new <= old);
    groups && new.leverage <= old.leverage && new.ltv <= old.ltv
}

/// A model raises `R_maint` for no book when each of its rows is one of the old rows and no charge or floor is higher. Any
/// other row may: even a milder shock is a smaller gain for a hedge.
fn model(old: &RiskModel, new: &RiskModel) -> Checked<Class> {
    if old == new {
        return Ok(Class::Nothing);
    }
    if old.numeraire_group != new.numeraire_group {
        return Err(RiskError::InvalidParameter("the group of the unit of account stays what it is").into());
    }
    let known_rows = new.rows.iter().all(|row| old.rows.contains(row));
    let charges = || new.basis.iter().zip(&old.basis);
    let raises = !known_rows
        || charges().any(|(new, old)| new > old)
        || new.gross_floor > old.gross_floor
        || new.debt_floor > old.debt_floor;
    if !raises {
        return Ok(CAUTIOUS);
    }
    // A harsher shock in a row's place is a larger gain for some hedge: only what keeps every old row loses nothing, and keeps it in its
    // place, since a ramp moves each row from what stood there before, and half way between two others is milder than both.
    let kept = old.rows.iter().zip(&new.rows).take(usize::from(old.row_count)).all(|(old, new)| old == new);
    let loosens = !kept
        || charges().any(|(new, old)| new < old)
        || new.gross_floor < old.gross_floor
        || new.debt_floor < old.debt_floor
        || new.opening_factor < old.opening_factor;
    Ok(Class::TimelockAndRamp(clock(loosens), model_seconds_up(old, new)))
}

/// Any other beta may raise `R_maint` (a lower one makes a hedge weaker); a higher charge does.
fn asset(old: &AssetRisk, new: &AssetRisk, in_use: bool) -> Checked<Class> {
    if old == new {
        return Ok(Class::Nothing);
    }
    if !in_use {
        return Ok(CAUTIOUS);
    }
    if old.group != new.group {
        return Err(Refusal::OnlyWhenUnused);
    }
    if old.beta == new.beta && new.idio <= old.idio {
        return Ok(CAUTIOUS);
    }
    let loosens = old.beta != new.beta || new.idio < old.idio;
    Ok(Class::TimelockAndRamp(clock(loosens), asset_seconds_up(old, new)))
}

fn clock(loosens: bool) -> Clock {
    if loosens {
        Clock::InNormal
    } else {
        Clock::Always
    }
}

/// The clock of a proposed change. `outside_normal` is [`crate::breaker::Breaker::outside_normal_at`] of the vault, and of the
/// reserve for a change of one. A change ripens as if the two had never been outside Normal together, and expires as if always: the
/// clock by which it ripens may go back, and what has expired stays so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Timelock {
    /// When the change was proposed.
    pub proposed_at: Seconds,
    /// Seconds outside Normal up to then: the vault's and the reserve's.
    pub outside_normal: [Seconds; 2],
    /// How long it waits, seconds.
    pub delay: Seconds,
    /// 1 if the clock runs only in Normal ([`Clock::InNormal`]).
    pub in_normal: u64,
}

const _: () = assert!(core::mem::size_of::<Timelock>() == 40);

impl Timelock {
    /// The clock of a change proposed now, with the vault's delay. Errors with a parameter error for a delay outside
    /// [`MIN_TIMELOCK`] to [`MAX_TIMELOCK`].
    pub fn start(clock: Clock, delay: Seconds, now: Seconds, outside_normal: [Seconds; 2]) -> Checked<Self> {
        if !(MIN_TIMELOCK..=MAX_TIMELOCK).contains(&delay) {
            return Err(RiskError::InvalidParameter("a timelock lasts 2 to 30 days").into());
        }
        Ok(Self { proposed_at: now, outside_normal, delay, in_normal: clock as u64 })
    }

    /// Seconds outside Normal since it was proposed: at least and at most, as the vault and the reserve were so together or not.
    fn outside_normal_since(&self, outside_normal: [Seconds; 2]) -> (Seconds, Seconds) {
        let [of_vault, of_reserve] = outside_normal;
        let [vault_before, reserve_before] = self.outside_normal;
        let (vault, reserve) =
            (of_vault.saturating_sub(vault_before), of_reserve.saturating_sub(reserve_before));
        (vault.max(reserve), vault.saturating_add(reserve))
    }

    /// Whether the change may be executed now. It expires by the clock that it was proposed with, so that what has expired stays so whatever it
    /// has become since, and ripens by the stricter of that and the `clock` of what it is by now. Errors: [`Refusal::NotRipe`],
    /// [`Refusal::ChangeExpired`].
    pub fn check_ripe(&self, clock: Clock, now: Seconds, outside_normal: [Seconds; 2]) -> Checked<()> {
        let (least, most) = self.outside_normal_since(outside_normal);
        let stood = |is_still: bool, seconds: Seconds| if is_still { seconds } else { 0 };
        let began_in_normal = self.in_normal != 0;
        let waited = now.saturating_sub(self.proposed_at);
        let expires_after = self.delay.saturating_add(RIPE_SECONDS);
        if waited.saturating_sub(stood(began_in_normal, least)) > expires_after {
            return Err(Refusal::ChangeExpired);
        }
        let in_normal = began_in_normal || clock == Clock::InNormal;
        if waited.saturating_sub(stood(in_normal, most)) < self.delay {
            return Err(Refusal::NotRipe);
        }
        Ok(())
    }
}

/// Whether a change may be cancelled: by the curator any, by the guardian any but its own replacement. Errors with
/// [`Refusal::MayNotCancel`].
pub fn check_cancel(by_guardian: bool, replaces_guardian: bool) -> Checked<()> {
    if by_guardian && replaces_guardian {
        return Err(Refusal::MayNotCancel);
    }
    Ok(())
}
