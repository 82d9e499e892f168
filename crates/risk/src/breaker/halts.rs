//! How long each cause held Halted in the last seven days.

use super::{DAY, MAX_HALTED_SECONDS};
use crate::units::Seconds;
use bytemuck::{Pod, Zeroable};

/// Days that a history keeps: today and the seven before it, so that any seven days lie inside.
const DAYS: u64 = 8;
/// Causes that can halt.
pub(super) const HALTING_CAUSES: usize = 8;

/// Halted time by cause and day, in units of two seconds (43,200 a day fit 16 bits), rounded up.
///
/// The sum over its eight days is never below what any seven days up to now hold, so a bound on the sum bounds every
/// window of seven days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct HaltHistory {
    /// Newest day written, days since the Unix epoch; day `d` stands in slot `d mod 8`.
    pub day: u64,
    /// Halted time by cause and slot.
    pub used: [[u16; DAYS as usize]; HALTING_CAUSES],
}

impl HaltHistory {
    /// Seconds that a cause may still hold Halted.
    pub fn remaining_down(&self, cause: usize) -> Seconds {
        let units = self
            .used
            .get(cause)
            .map_or(0, |days| days.iter().fold(0u64, |sum, d| sum.saturating_add(u64::from(*d))));
        MAX_HALTED_SECONDS.saturating_sub(units.saturating_mul(2))
    }

    /// Moves on to the day of `now`: days that fell out of the window are forgotten. Never moves back.
    pub(super) fn advance(&mut self, now: Seconds) {
        let today = now.wrapping_div(DAY);
        let passed = today.saturating_sub(self.day);
        for back in 0..passed.min(DAYS) {
            let slot = slot_of(today.saturating_sub(back));
            for days in &mut self.used {
                days[slot] = 0;
            }
        }
        self.day = self.day.max(today);
    }

    /// Writes down that a cause held Halted from `from` to `to`, which must not lie after the day last advanced to.
    pub(super) fn charge_up(&mut self, cause: usize, from: Seconds, to: Seconds) {
        let oldest = self.day.saturating_sub(DAYS.saturating_sub(1)).saturating_mul(DAY);
        let mut from = from.max(oldest);
        let Some(days) = self.used.get_mut(cause) else { return };
        while from < to {
            let day = from.wrapping_div(DAY);
            let end = day.saturating_add(1).saturating_mul(DAY).min(to);
            let units = end.saturating_sub(from).saturating_add(1) >> 1;
            let slot = &mut days[slot_of(day)];
            *slot = slot.saturating_add(u16::try_from(units).unwrap_or(u16::MAX));
            from = end;
        }
    }
}

fn slot_of(day: u64) -> usize {
    (day & (DAYS - 1)) as usize
}
