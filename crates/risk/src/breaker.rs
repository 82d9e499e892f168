//! Circuit breakers: one a reserve and one a vault.
//!
//! Normal → Guarded → Halted → WindDown. A signal is evidence that the program has checked (prices, flows, losses, token
//! counts); [`Breaker::trip_reserve`] and [`Breaker::trip_vault`] compare it with thresholds. Every state but Normal and WindDown
//! expires by itself: [`Breaker::state_at`] already says so, [`Breaker::step`] only writes it down. One cause holds Halted
//! for at most [`MAX_HALTED_SECONDS`] in any [`HALT_WINDOW_SECONDS`]; its next signal winds down, which only the timelock
//! leaves. What each state allows stands in one table, [`allows`].
//!
//! A guard may slow or block new risk; it never blocks repaying or adding collateral, never stops a liquidation, and never
//! triggers one: nothing in a breaker enters a score of `R_maint`.

mod evidence;
mod halts;
mod machine;
mod restriction;
mod table;
#[cfg(test)]
mod tests;
mod thresholds;
mod trail;

pub use evidence::{ReserveEvidence, VaultEvidence};
pub use halts::HaltHistory;
pub use machine::{Change, Transition};
pub use restriction::{restriction, Restriction};
pub use table::{allows, write_table, Action, Permission, ACTIONS, STATES};
pub use thresholds::{ReserveThresholds, VaultThresholds};
pub use trail::PriceTrail;

use crate::units::Seconds;
use bytemuck::{Pod, Zeroable};

/// Seconds of a day.
pub(crate) const DAY: Seconds = 86_400;
/// Longest that one cause holds Halted in any [`HALT_WINDOW_SECONDS`].
pub const MAX_HALTED_SECONDS: Seconds = DAY;
/// The window of [`MAX_HALTED_SECONDS`].
pub const HALT_WINDOW_SECONDS: Seconds = 7 * DAY;
/// Oldest publish time of a price that may be a signal.
pub const MAX_OBSERVATION_AGE: Seconds = 60;
/// Between the publish times of the two observations of a price signal.
pub const MIN_OBSERVATION_GAP: Seconds = 30;
/// A first observation that no second one confirmed counts no longer.
pub const OBSERVATION_EXPIRES: Seconds = 300;
/// Longest that a guardian tightens at a time.
pub const MAX_TIGHTENED_SECONDS: Seconds = 8 * 3_600;
/// How often a guardian may tighten in any [`HALT_WINDOW_SECONDS`]; together never longer than [`MAX_HALTED_SECONDS`].
pub const MAX_TIGHTENINGS: usize = 3;

/// How much a reserve or a vault is held back. Later states hold back everything that earlier ones do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum State {
    /// Nothing is held back.
    #[default]
    Normal = 0,
    /// No new borrowing of it or against it; whoever leaves takes a daily share of the own deposit.
    Guarded = 1,
    /// Also no deposits (but what an obligation with debt needs) and no withdrawals with debt.
    Halted = 2,
    /// As Halted, and who leaves takes the own share of what is free. Left only by the timelock.
    WindDown = 3,
}

impl State {
    /// From its stored number; an unknown one is taken for the most careful state.
    pub const fn from_stored(stored: u8) -> Self {
        match stored {
            0 => Self::Normal,
            1 => Self::Guarded,
            2 => Self::Halted,
            _ => Self::WindDown,
        }
    }
}

/// Why a breaker left Normal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Cause {
    /// It never did.
    #[default]
    None = 0,
    /// Spot away from its average.
    Average = 1,
    /// A confidence interval that is wide against the price.
    Confidence = 2,
    /// A jump of the price within a window.
    Jump = 3,
    /// A liquid-staked or wrapped asset, or a stable, away from its rate.
    Rate = 4,
    /// No new price while debt depends on it.
    Stale = 5,
    /// An empty outflow bucket.
    Outflow = 6,
    /// An empty inflow bucket.
    Inflow = 7,
    /// Losses that lenders bore.
    Loss = 8,
    /// Fewer tokens than the books say.
    Deficit = 9,
    /// A solvency attestation that failed (vault).
    Attestation = 10,
    /// Guarded reserves above a third of collateral (vault).
    GuardedShare = 11,
    /// The guardian.
    Guardian = 12,
}

impl Cause {
    /// From its stored number; an unknown one is none.
    pub const fn from_stored(stored: u8) -> Self {
        match stored {
            1 => Self::Average,
            2 => Self::Confidence,
            3 => Self::Jump,
            4 => Self::Rate,
            5 => Self::Stale,
            6 => Self::Outflow,
            7 => Self::Inflow,
            8 => Self::Loss,
            9 => Self::Deficit,
            10 => Self::Attestation,
            11 => Self::GuardedShare,
            12 => Self::Guardian,
            _ => Self::None,
        }
    }

    /// Row of the first observations of the causes that a price shows, which need two; `None` for all others.
    const fn observation_index(self) -> Option<usize> {
        match self {
            Self::Average => Some(0),
            Self::Confidence => Some(1),
            Self::Jump => Some(2),
            Self::Rate => Some(3),
            _ => None,
        }
    }

    /// Row of [`HaltHistory`]; `None` for causes that never halt, and for the guardian, who is bounded by number.
    const fn halt_index(self) -> Option<usize> {
        match self {
            Self::Average => Some(0),
            Self::Confidence => Some(1),
            Self::Jump => Some(2),
            Self::Rate => Some(3),
            Self::Stale => Some(4),
            Self::Loss => Some(5),
            Self::Deficit => Some(6),
            Self::Attestation => Some(7),
            _ => None,
        }
    }
}

/// What a piece of evidence shows, compared with its threshold. It is stored with the trip and goes into its event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Which signal.
    pub cause: Cause,
    /// The state that it calls for: Guarded or Halted.
    pub level: State,
    /// What was measured, rounded down, in the signal's unit: bps for ratios, seconds for a stale feed, token units for a
    /// deficit and for buckets, micro-USD for an attestation's shortfall.
    pub measured: u64,
    /// The threshold that it reached, same unit.
    pub limit: u64,
    /// Publish time of the price for price signals, otherwise the time of the call.
    pub observed_at: Seconds,
}

/// The stored state of one breaker. Times are seconds since the Unix epoch.
///
/// All zeros is a breaker in Normal that never tripped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Breaker {
    /// [`State`] as last written; what holds now is [`Breaker::state_at`].
    pub state: u8,
    /// [`Cause`] of the last trip.
    pub cause: u8,
    /// Zero; aligns what follows.
    pub padding: [u8; 6],
    /// When it last left Normal.
    pub left_normal_at: Seconds,
    /// When the state began.
    pub entered_at: Seconds,
    /// Since when `cause` holds Halted.
    pub held_from: Seconds,
    /// When the state ends; `u64::MAX` for WindDown.
    pub expires_at: Seconds,
    /// How long Guarded lasts after a Halted that ends.
    pub guarded_seconds: Seconds,
    /// What the last trip measured: [`Reading::measured`].
    pub measured: u64,
    /// The threshold that it reached: [`Reading::limit`].
    pub limit: u64,
    /// When it was observed: [`Reading::observed_at`].
    pub observed_at: Seconds,
    /// Seconds outside Normal, up to the last return to it: loosening clocks stop then.
    pub outside_normal: Seconds,
    /// Publish times of first observations: per price cause, for Guarded and for Halted; 0 for none.
    pub first_observed: [[Seconds; 2]; 4],
    /// When the guardian last tightened, the oldest first.
    pub tightened_at: [Seconds; MAX_TIGHTENINGS],
    /// How long each cause held Halted lately.
    pub halts: HaltHistory,
}

const _: () = {
    assert!(core::mem::size_of::<Breaker>() == 304);
    assert!(core::mem::align_of::<Breaker>() == 8);
    assert!(core::mem::offset_of!(Breaker, first_observed) == 80);
    assert!(core::mem::offset_of!(Breaker, halts) == 168);
};
