//! When stake cannot leave: while a claim is open, right after a loss, and while what a claim approved is still to be paid.

use crate::units::Seconds;
use bytemuck::{Pod, Zeroable};

/// Times in which stake is held back, and how long they were altogether, so that they do not count against who wants to leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Lock {
    /// When the present or last lock began; 0 for none.
    pub from: Seconds,
    /// When it ends, unless a claim is open then.
    pub until: Seconds,
    /// Seconds of all earlier locks.
    pub total: Seconds,
    /// Claims that are open.
    pub open_claims: u64,
}

impl Lock {
    /// Whether stake is held back now.
    pub const fn holds(&self, now: Seconds) -> bool {
        self.open_claims > 0 || now < self.until
    }

    /// Seconds in which stake was held back, up to now.
    pub fn seconds(&self, now: Seconds) -> Seconds {
        let end = if self.holds(now) { now } else { self.until };
        let last = if self.from == 0 { 0 } else { end.saturating_sub(self.from) };
        self.total.saturating_add(last)
    }

    /// Holds stake back until some time.
    pub(super) fn hold(&mut self, until: Seconds, now: Seconds) {
        self.begin(now);
        self.until = self.until.max(until);
    }

    pub(super) fn open(&mut self, now: Seconds) {
        self.begin(now);
        self.open_claims = self.open_claims.saturating_add(1);
    }

    pub(super) fn close(&mut self, now: Seconds) {
        self.open_claims = self.open_claims.saturating_sub(1);
        self.until = self.until.max(now);
    }

    fn begin(&mut self, now: Seconds) {
        if !self.holds(now) {
            self.total = self.seconds(now);
            self.from = now;
            self.until = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_time_adds_up_once_however_locks_overlap() {
        let mut lock = Lock::default();
        assert!(!lock.holds(1_000) && lock.seconds(1_000) == 0);
        lock.hold(1_100, 1_000);
        lock.open(1_050);
        assert_eq!((lock.holds(1_200), lock.seconds(1_200)), (true, 200));
        lock.close(1_300);
        assert_eq!((lock.holds(1_300), lock.seconds(1_400)), (false, 300));
        lock.hold(1_510, 1_500);
        lock.hold(1_505, 1_501);
        assert_eq!((lock.seconds(1_504), lock.seconds(9_999)), (304, 310));
        lock.open(1_505);
        lock.close(1_506);
        assert_eq!((lock.holds(1_509), lock.holds(1_510), lock.seconds(9_999)), (true, false, 310));
    }
}
