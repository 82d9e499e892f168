//! The transitions: (state, signal, evidence, time) → new state and what to report.

use super::{
    evidence::{ReserveEvidence, VaultEvidence},
    thresholds::{ReserveThresholds, VaultThresholds},
    Breaker, Cause, Reading, State, HALT_WINDOW_SECONDS, MAX_TIGHTENED_SECONDS, MAX_TIGHTENINGS,
    MIN_OBSERVATION_GAP, OBSERVATION_EXPIRES,
};
use crate::{
    refusal::{Checked, Refusal},
    units::Seconds,
};

/// What a signal did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was written down; a second observation must confirm it.
    Observed,
    /// The state rose.
    Raised,
    /// The state holds for longer, or for another cause.
    Extended,
    /// The state already held for at least as long.
    Nothing,
    /// The state fell.
    Lowered,
}

/// A transition: the new breaker, and what its event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The breaker to store.
    pub breaker: Breaker,
    /// What happened.
    pub change: Change,
    /// The state that held before.
    pub from: State,
    /// The state that holds now.
    pub to: State,
    /// What was measured; of the last trip where the transition measured nothing.
    pub reading: Reading,
}

/// How long a signal holds.
#[derive(Clone, Copy, Debug)]
struct Holds {
    guarded: Seconds,
    halted: Seconds,
}

impl Breaker {
    /// The state that holds now. Halted steps down to Guarded and Guarded to Normal by time alone.
    pub fn state_at(&self, now: Seconds) -> State {
        match State::from_stored(self.state) {
            State::Halted if now >= self.expires_at => {
                if now < self.expires_at.saturating_add(self.guarded_seconds) {
                    State::Guarded
                } else {
                    State::Normal
                }
            }
            State::Guarded if now >= self.expires_at => State::Normal,
            state => state,
        }
    }

    /// The breaker with every step that time has taken written down.
    pub fn settled(&self, now: Seconds) -> Self {
        let mut next = *self;
        next.halts.advance(now);
        if next.state == State::Halted as u8 && now >= next.expires_at {
            next.charge_until(next.expires_at);
            next.state = State::Guarded as u8;
            next.entered_at = next.expires_at;
            next.expires_at = next.expires_at.saturating_add(next.guarded_seconds);
        }
        if next.state == State::Guarded as u8 && now >= next.expires_at {
            next.state = State::Normal as u8;
            next.entered_at = next.expires_at;
            let outside = next.expires_at.saturating_sub(next.left_normal_at);
            next.outside_normal = next.outside_normal.saturating_add(outside);
        }
        next
    }

    /// Writes down the steps that time has taken: the work of `step_breaker`, open to anyone. Errors with
    /// [`Refusal::NothingToStep`].
    pub fn step(&self, now: Seconds) -> Checked<Transition> {
        let next = self.settled(now);
        if next.state == self.state {
            return Err(Refusal::NothingToStep);
        }
        Ok(Transition {
            breaker: next,
            change: Change::Lowered,
            from: State::from_stored(self.state),
            to: State::from_stored(next.state),
            reading: self.last_reading(),
        })
    }

    /// A reserve's breaker after a signal. Errors: [`Refusal::NoSignal`] below the threshold,
    /// [`Refusal::ObservationTooOld`], [`Refusal::ObservationTooSoon`] for a price signal that adds nothing to the first one.
    pub fn trip_reserve(
        &self,
        thresholds: &ReserveThresholds,
        evidence: &ReserveEvidence,
        now: Seconds,
    ) -> Checked<Transition> {
        let reading = evidence.read(thresholds, now)?.ok_or(Refusal::NoSignal)?;
        let holds = Holds {
            guarded: Seconds::from(thresholds.guarded_seconds),
            halted: Seconds::from(thresholds.halted_seconds),
        };
        self.trip(reading, holds, now)
    }

    /// A vault's breaker after a signal. Errors with [`Refusal::NoSignal`] below the threshold.
    pub fn trip_vault(
        &self,
        thresholds: &VaultThresholds,
        evidence: &VaultEvidence,
        now: Seconds,
    ) -> Checked<Transition> {
        let reading = evidence.read(thresholds, now).ok_or(Refusal::NoSignal)?;
        let holds = Holds {
            guarded: Seconds::from(thresholds.guarded_seconds),
            halted: Seconds::from(thresholds.halted_seconds),
        };
        self.trip(reading, holds, now)
    }

    /// The guardian's only power over a breaker: to raise it to Guarded or Halted for a bounded time, a bounded number of times;
    /// a Halted is followed by a Guarded of the same length. Errors: [`Refusal::NotTighter`],
    /// [`Refusal::TightenedTooLong`], [`Refusal::TightenedTooOften`].
    pub fn tighten(&self, to: State, seconds: Seconds, now: Seconds) -> Checked<Transition> {
        let from = self.state_at(now);
        if to <= from || to == State::WindDown {
            return Err(Refusal::NotTighter);
        }
        if seconds == 0 || seconds > MAX_TIGHTENED_SECONDS {
            return Err(Refusal::TightenedTooLong);
        }
        let [oldest, ..] = self.tightened_at;
        if oldest != 0 && now < oldest.saturating_add(HALT_WINDOW_SECONDS) {
            return Err(Refusal::TightenedTooOften);
        }
        let reading =
            Reading { cause: Cause::Guardian, level: to, measured: seconds, limit: 0, observed_at: now };
        let mut raised = self.raise(reading, Holds { guarded: seconds, halted: seconds }, now);
        raised.breaker.tightened_at.rotate_left(1);
        raised.breaker.tightened_at[MAX_TIGHTENINGS - 1] = now;
        Ok(raised)
    }

    /// Leaves WindDown, for Guarded, then by time for Normal: only a change that waited out its timelock calls this. What was
    /// held against causes is forgotten. Errors with [`Refusal::NotWindingDown`].
    pub fn reopen(&self, guarded_seconds: Seconds, now: Seconds) -> Checked<Transition> {
        if self.state_at(now) != State::WindDown {
            return Err(Refusal::NotWindingDown);
        }
        let mut next = *self;
        // daily shares begin with Guarded: what added up since Normal was left, under another rule, would let everybody out at once
        next.outside_normal = self.outside_normal_at(now);
        next.left_normal_at = now;
        next.state = State::Guarded as u8;
        next.entered_at = now;
        next.expires_at = now.saturating_add(guarded_seconds);
        next.guarded_seconds = guarded_seconds;
        next.first_observed = Default::default();
        next.halts = Default::default();
        next.halts.advance(now);
        Ok(Transition {
            breaker: next,
            change: Change::Lowered,
            from: State::WindDown,
            to: State::Guarded,
            reading: self.last_reading(),
        })
    }

    /// Seconds that were spent outside Normal up to now. Two readings of it say for how long loosening clocks stood still.
    pub fn outside_normal_at(&self, now: Seconds) -> Seconds {
        let settled = self.settled(now);
        let running = match State::from_stored(settled.state) {
            State::Normal => 0,
            _ => now.saturating_sub(settled.left_normal_at),
        };
        settled.outside_normal.saturating_add(running)
    }

    /// What the last trip measured.
    pub fn last_reading(&self) -> Reading {
        Reading {
            cause: Cause::from_stored(self.cause),
            level: State::from_stored(self.state),
            measured: self.measured,
            limit: self.limit,
            observed_at: self.observed_at,
        }
    }

    fn trip(&self, reading: Reading, holds: Holds, now: Seconds) -> Checked<Transition> {
        let Some(index) = reading.cause.observation_index() else {
            return Ok(self.raise(reading, holds, now));
        };
        let (first, confirmed, noted) = observe(self.first_observed[index], &reading);
        let mut next = *self;
        next.first_observed[index] = first;
        match confirmed {
            Some(level) => Ok(next.raise(Reading { level, ..reading }, holds, now)),
            None if noted => {
                let state = self.state_at(now);
                Ok(Transition { breaker: next, change: Change::Observed, from: state, to: state, reading })
            }
            None => Err(Refusal::ObservationTooSoon),
        }
    }

    /// Raises to the reading's level, or holds the state for longer. Never lowers anything.
    fn raise(&self, reading: Reading, holds: Holds, now: Seconds) -> Transition {
        let from = self.state_at(now);
        let mut next = self.settled(now);
        let change = if reading.level == State::Guarded {
            next.guard(holds, now)
        } else {
            next.halt(reading.cause, holds, now)
        };
        // A signal that calls for Guarded lengthens what follows a Halted, but does not hold it.
        let holds_state = reading.level == State::Halted || next.state != State::Halted as u8;
        if holds_state && (change == Change::Raised || change == Change::Extended) {
            next.cause = reading.cause as u8;
            next.measured = reading.measured;
            next.limit = reading.limit;
            next.observed_at = reading.observed_at;
            if from == State::Normal {
                next.left_normal_at = now;
            }
        }
        Transition { breaker: next, change, from, to: State::from_stored(next.state), reading }
    }

    fn guard(&mut self, holds: Holds, now: Seconds) -> Change {
        let until = now.saturating_add(holds.guarded);
        match State::from_stored(self.state) {
            State::Normal => self.enter(State::Guarded, until, holds, now),
            State::Guarded if until > self.expires_at => {
                self.expires_at = until;
                Change::Extended
            }
            State::Halted if until > self.guarded_until() => {
                self.guarded_seconds = until.saturating_sub(self.expires_at);
                Change::Extended
            }
            _ => Change::Nothing,
        }
    }

    fn halt(&mut self, cause: Cause, holds: Holds, now: Seconds) -> Change {
        let state = State::from_stored(self.state);
        if state == State::WindDown {
            return Change::Nothing;
        }
        let remaining = self.remaining(cause, now);
        if remaining == 0 {
            self.charge_until(now);
            return self.enter(State::WindDown, Seconds::MAX, holds, now);
        }
        let until = now.saturating_add(holds.halted.min(remaining));
        if state != State::Halted {
            self.held_from = now;
            return self.enter(State::Halted, until, holds, now);
        }
        if until <= self.expires_at {
            return Change::Nothing;
        }
        if self.cause != cause as u8 {
            self.charge_until(now);
            self.held_from = now;
        }
        self.guarded_seconds = holds.guarded.max(self.guarded_until().saturating_sub(until));
        self.expires_at = until;
        Change::Extended
    }

    fn enter(&mut self, state: State, until: Seconds, holds: Holds, now: Seconds) -> Change {
        self.guarded_seconds = holds.guarded.max(self.guarded_until().saturating_sub(until));
        self.state = state as u8;
        self.entered_at = now;
        self.expires_at = until;
        Change::Raised
    }

    /// When the last Guarded ends, so that a higher state never shortens it.
    fn guarded_until(&self) -> Seconds {
        match State::from_stored(self.state) {
            State::Normal | State::WindDown => 0,
            State::Guarded => self.expires_at,
            State::Halted => self.expires_at.saturating_add(self.guarded_seconds),
        }
    }

    /// Seconds for which a cause may still halt, the running Halted included.
    fn remaining(&self, cause: Cause, now: Seconds) -> Seconds {
        let Some(index) = cause.halt_index() else { return MAX_TIGHTENED_SECONDS };
        let running = self.state == State::Halted as u8 && self.cause == cause as u8;
        let running = if running { now.saturating_sub(self.held_from) } else { 0 };
        self.halts.remaining_down(index).saturating_sub(running)
    }

    /// Writes down how long the present cause held Halted, up to a time that is not after the day advanced to.
    fn charge_until(&mut self, until: Seconds) {
        if self.state != State::Halted as u8 {
            return;
        }
        if let Some(index) = Cause::from_stored(self.cause).halt_index() {
            self.halts.charge_up(index, self.held_from, until);
        }
    }
}

/// The two-observation rule. Returns the first observations to keep, the level that is confirmed now, and whether
/// anything was written down.
///
/// A reading that calls for Halted also calls for Guarded, so each level is observed and confirmed on its own: the state
/// rises to the lower of what the two observations call for. The second observation becomes the first of the next pair.
fn observe(mut first: [Seconds; 2], reading: &Reading) -> ([Seconds; 2], Option<State>, bool) {
    let (mut confirmed, mut noted) = (None, false);
    for (first, level) in first.iter_mut().zip([State::Guarded, State::Halted]) {
        if level > reading.level {
            continue;
        }
        let gap = reading.observed_at.saturating_sub(*first);
        let expired = *first == 0 || gap > OBSERVATION_EXPIRES || reading.observed_at < *first;
        if !expired && gap >= MIN_OBSERVATION_GAP {
            confirmed = Some(level);
        }
        if expired || gap >= MIN_OBSERVATION_GAP {
            *first = reading.observed_at;
            noted = true;
        }
    }
    (first, confirmed, noted)
}
