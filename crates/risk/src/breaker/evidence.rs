//! Signals: typed evidence and what it calls for.

use super::{
    thresholds::{ReserveThresholds, VaultThresholds, GUARDED_SHARE},
    trail::PriceTrail,
    Cause, Reading, State, MAX_OBSERVATION_AGE,
};
use crate::{
    price::UnitPrice,
    proportion::{part_down, ratio_bps_down},
    refusal::{Checked, Refusal},
    units::{Bps, Seconds, TokenAmount, Usd, BPS_ONE},
};

/// Share of a bucket that may be left when it counts as empty, bps.
const EMPTY: u64 = 500;

/// Evidence about one reserve. The program fills it from accounts that it has checked; it changes only that reserve's
/// breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReserveEvidence {
    /// Spot and its average, in one scale.
    Average {
        /// Spot mantissa.
        spot: u64,
        /// Average mantissa.
        average: u64,
        /// Publish time.
        published_at: Seconds,
    },
    /// Confidence interval and spot, in one scale.
    Confidence {
        /// Confidence mantissa.
        confidence: u64,
        /// Spot mantissa.
        spot: u64,
        /// Publish time.
        published_at: Seconds,
    },
    /// Spot and where it stood before.
    Jump {
        /// Spot.
        spot: UnitPrice,
        /// The trail as it was before this price was noted.
        trail: PriceTrail,
        /// Publish time.
        published_at: Seconds,
    },
    /// What the market pays and what the asset's rate says (a stable's peg), in one scale.
    Rate {
        /// What the market pays.
        market: u64,
        /// What the rate says.
        rate: u64,
        /// Publish time of the older of both.
        published_at: Seconds,
    },
    /// The newest price.
    Stale {
        /// Its publish time.
        published_at: Seconds,
        /// Debt of the asset, or against it, in any unit: a feed on which nothing depends is no signal.
        exposed: u64,
    },
    /// The outflow bucket as it is now. Empty to a twentieth it guards: it delays, and no more.
    Outflow {
        /// What may still leave.
        room: TokenAmount,
        /// What the bucket holds.
        capacity: TokenAmount,
    },
    /// The inflow bucket as it is now. It only guards.
    Inflow {
        /// What may still come in.
        room: TokenAmount,
        /// What the bucket holds.
        capacity: TokenAmount,
    },
    /// What lenders lost within a day, and what they had.
    Loss {
        /// Lost by lenders lately.
        lost: TokenAmount,
        /// Deposits before the losses.
        deposits: TokenAmount,
    },
    /// Tokens in the account and tokens in the books. More than booked is no signal: a donation changes nothing.
    Deficit {
        /// Tokens in the reserve's account.
        held: TokenAmount,
        /// Free tokens of the books.
        booked: TokenAmount,
    },
}

/// Evidence about a whole vault: the only things that raise it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultEvidence {
    /// What lenders lost within a day, and the vault's collateral.
    Loss {
        /// Lost by lenders lately.
        lost: Usd,
        /// Collateral before.
        collateral: Usd,
    },
    /// Tokens of one reserve, as in [`ReserveEvidence::Deficit`].
    Deficit {
        /// Tokens in the reserve's account.
        held: TokenAmount,
        /// Free tokens of the books.
        booked: TokenAmount,
    },
    /// A solvency attestation whose assets fall short of its claims.
    Attestation {
        /// Claims − assets of the worst reserve.
        shortfall: Usd,
    },
    /// Deposits of the reserves that are not Normal, and those of all.
    GuardedShare {
        /// Deposits of guarded, halted and winding-down reserves.
        guarded: Usd,
        /// All deposits.
        collateral: Usd,
    },
}

impl ReserveEvidence {
    /// What the evidence calls for; `None` below the thresholds. Ratios are rounded down, so a signal is never imagined.
    /// Errors with [`Refusal::ObservationTooOld`] for a price published more than [`MAX_OBSERVATION_AGE`] ago.
    pub fn read(&self, thresholds: &ReserveThresholds, now: Seconds) -> Checked<Option<Reading>> {
        let t = thresholds;
        let reading = match *self {
            Self::Average { spot, average, published_at } => {
                fresh(published_at, now)?;
                let distance = ratio_bps_down(spot.abs_diff(average), average);
                graded(Cause::Average, distance, t.average_guards, t.average_halts, published_at)
            }
            Self::Confidence { confidence, spot, published_at } => {
                fresh(published_at, now)?;
                let ratio = ratio_bps_down(confidence, spot);
                graded(Cause::Confidence, ratio, t.confidence_guards, t.confidence_halts, published_at)
            }
            Self::Jump { spot, trail, published_at } => {
                fresh(published_at, now)?;
                let jump = trail.jump_bps_down(spot, published_at, Seconds::from(t.jump_window));
                graded(Cause::Jump, jump, t.jump_guards, t.jump_halts, published_at)
            }
            Self::Rate { market, rate, published_at } => {
                fresh(published_at, now)?;
                let distance = ratio_bps_down(market.abs_diff(rate), rate);
                graded(Cause::Rate, distance, t.rate_guards, t.rate_halts, published_at)
            }
            Self::Stale { exposed: 0, .. } => None,
            Self::Stale { published_at, .. } => {
                let age = now.saturating_sub(published_at);
                let (guards, halts) = (u64::from(t.stale_guards), u64::from(t.stale_halts));
                graded_numbers(Cause::Stale, age, guards, halts, now)
            }
            Self::Outflow { room, capacity } => empty_bucket(Cause::Outflow, room, capacity, now),
            Self::Inflow { room, capacity } => empty_bucket(Cause::Inflow, room, capacity, now),
            Self::Loss { lost, deposits } => {
                let share = ratio_bps_down(lost.0, deposits.0);
                graded(Cause::Loss, share, t.loss_guards, t.loss_halts, now)
            }
            Self::Deficit { held, booked } => deficit(held, booked, now),
        };
        Ok(reading)
    }
}

impl VaultEvidence {
    /// What the evidence calls for; `None` below the thresholds.
    pub fn read(&self, thresholds: &VaultThresholds, now: Seconds) -> Option<Reading> {
        match *self {
            Self::Loss { lost, collateral } => {
                let share = ratio_bps_down(lost.clamp_u64(), collateral.clamp_u64());
                graded(Cause::Loss, share, thresholds.loss_guards, thresholds.loss_halts, now)
            }
            Self::Deficit { held, booked } => deficit(held, booked, now),
            Self::Attestation { shortfall } => {
                let measured = shortfall.clamp_u64();
                let reading = Reading {
                    cause: Cause::Attestation,
                    level: State::Halted,
                    measured,
                    limit: 1,
                    observed_at: now,
                };
                (measured > 0).then_some(reading)
            }
            Self::GuardedShare { guarded, collateral } => {
                let measured = ratio_bps_down(guarded.clamp_u64(), collateral.clamp_u64());
                let limit = u64::from(GUARDED_SHARE.0);
                let reading = Reading {
                    cause: Cause::GuardedShare,
                    level: State::Guarded,
                    measured,
                    limit,
                    observed_at: now,
                };
                (measured > limit).then_some(reading)
            }
        }
    }
}

fn fresh(published_at: Seconds, now: Seconds) -> Checked<()> {
    if now > published_at.saturating_add(MAX_OBSERVATION_AGE) {
        return Err(Refusal::ObservationTooOld);
    }
    Ok(())
}

fn graded(cause: Cause, measured: u64, guards: Bps, halts: Bps, observed_at: Seconds) -> Option<Reading> {
    graded_numbers(cause, measured, u64::from(guards.0), u64::from(halts.0), observed_at)
}

fn graded_numbers(
    cause: Cause,
    measured: u64,
    guards: u64,
    halts: u64,
    observed_at: Seconds,
) -> Option<Reading> {
    let (level, limit) = if measured >= halts { (State::Halted, halts) } else { (State::Guarded, guards) };
    (measured >= limit).then_some(Reading { cause, level, measured, limit, observed_at })
}

/// A bucket of which no twentieth is left counts as empty: one that refills is exactly empty for a moment only.
fn empty_bucket(cause: Cause, room: TokenAmount, capacity: TokenAmount, now: Seconds) -> Option<Reading> {
    let measured = capacity.0.saturating_sub(room.0);
    let limit = capacity.0.saturating_sub(part_down(capacity.0, EMPTY, BPS_ONE)).max(1);
    let reading = Reading { cause, level: State::Guarded, measured, limit, observed_at: now };
    (measured >= limit).then_some(reading)
}

fn deficit(held: TokenAmount, booked: TokenAmount, now: Seconds) -> Option<Reading> {
    let measured = booked.0.saturating_sub(held.0);
    let reading =
        Reading { cause: Cause::Deficit, level: State::Halted, measured, limit: 1, observed_at: now };
    (measured > 0).then_some(reading)
}
