//! A leaky bucket: how much of a capacity was used lately. It refills evenly with time.

use crate::{proportion::part_down, units::Seconds};
use bytemuck::{Pod, Zeroable};

/// The stored part of a bucket. Its capacity and refill time are parameters and may change at any time.
///
/// Over any period it lets through at most its capacity and what refills in that period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Leak {
    /// Used and not refilled, at `updated_at`.
    pub used: u64,
    /// Up to when refills are counted.
    pub updated_at: Seconds,
}

impl Leak {
    /// The bucket as it is now. It refills by `capacity` in `refill_seconds`, rounded down; while that is nothing whole, time
    /// keeps adding up, so that nobody stops a refill by looking often. A clock that runs backwards refills nothing.
    pub fn at(&self, capacity: u64, refill_seconds: Seconds, now: Seconds) -> Self {
        let elapsed = now.saturating_sub(self.updated_at);
        let refilled = part_down(capacity, elapsed, refill_seconds.max(1));
        let used = self.used.saturating_sub(refilled).min(capacity);
        let updated_at = if refilled == 0 && used > 0 { self.updated_at } else { now.max(self.updated_at) };
        Self { used, updated_at }
    }

    /// What may still be used, of a bucket brought up to now by [`Leak::at`].
    pub const fn room(&self, capacity: u64) -> u64 {
        capacity.saturating_sub(self.used)
    }

    /// After `amount` was used, at most empty.
    pub fn plus(&self, amount: u64, capacity: u64) -> Self {
        Self { used: self.used.saturating_add(amount).min(capacity), ..*self }
    }

    /// After `amount` came back.
    pub const fn minus(&self, amount: u64) -> Self {
        Self { used: self.used.saturating_sub(amount), updated_at: self.updated_at }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    proptest! {
        #[test]
        fn any_period_lets_through_a_capacity_and_its_refill(
            capacity in 1u64..1_000_000, refill in 1u64..100_000,
            steps in proptest::collection::vec((0u64..20_000, 0u64..1_000_000), 1..60),
        ) {
            let (mut leak, mut now) = (Leak::default(), 1_000_000u64);
            let mut uses: Vec<(u64, u64)> = Vec::new();
            for (wait, wanted) in steps {
                now += wait;
                leak = leak.at(capacity, refill, now);
                let amount = wanted.min(leak.room(capacity));
                leak = leak.plus(amount, capacity);
                uses.push((now, amount));
                for (i, &(from, _)) in uses.iter().enumerate() {
                    let through: u64 = uses[i..].iter().map(|(_, amount)| amount).sum();
                    let refilled = (now - from) as u128 * u128::from(capacity) / u128::from(refill);
                    // one unit for time that added up before the period
                    prop_assert!(u128::from(through) <= u128::from(capacity) + refilled + 1);
                }
            }
        }

        #[test]
        fn looking_often_slows_a_refill_to_half_at_most(capacity in 1u64..1_000_000, refill in 1u64..5_000) {
            let mut leak = Leak { used: capacity, updated_at: 0 };
            for now in 1..=2 * refill + 1 {
                leak = leak.at(capacity, refill, now);
            }
            prop_assert_eq!(leak.used, 0);
        }
    }

    #[test]
    fn a_bucket_that_stood_idle_holds_no_more_than_its_capacity() {
        let leak = Leak::default().at(100, 10, 1_000_000).plus(100, 100);
        assert_eq!(leak.at(100, 10, 1_000_000).room(100), 0);
        assert_eq!(leak.at(100, 10, 1_000_005).room(100), 50);
        assert_eq!(leak.at(50, 10, 1_000_000).used, 50, "a smaller capacity");
        assert_eq!(leak.at(100, 10, 999_999), leak, "a clock that runs backwards");
        // a unit in ten seconds: nine of them that passed before it was used bring nothing after it
        let used = Leak::default().at(1, 10, 9).plus(1, 1);
        assert_eq!((used.updated_at, used.at(1, 10, 18).used, used.at(1, 10, 19).used), (9, 1, 0));
    }
}
