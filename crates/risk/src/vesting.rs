//! Fees vest: what a reserve earned in the last seven days bears losses and cannot be collected.

use crate::{
    breaker::DAY,
    reserve::Ledger,
    units::{Seconds, TokenAmount},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// A fee can be collected after this time, and at the latest after twice this time.
pub const VESTING_SECONDS: Seconds = 7 * DAY;

/// Which of a reserve's fees are old enough. Token units.
///
/// All fees are marked together and vest [`VESTING_SECONDS`] later, when the next are marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct FeeVesting {
    /// Vested and not collected.
    pub vested: u64,
    /// All fees when they were last marked, the vested among them.
    pub marked: u64,
    /// When they were marked.
    pub marked_at: Seconds,
}

const _: () = assert!(core::mem::size_of::<FeeVesting>() == 24);

impl FeeVesting {
    /// What has vested by now. Call it where interest is accrued, at least where fees are collected; losses may have taken
    /// fees since.
    pub fn at(&self, ledger: &Ledger, now: Seconds) -> Self {
        let fees = ledger.fees_down().0;
        if now >= self.marked_at.saturating_add(VESTING_SECONDS) {
            return Self { vested: self.marked.min(fees), marked: fees, marked_at: now };
        }
        Self { vested: self.vested.min(fees), marked: self.marked.min(fees), marked_at: self.marked_at }
    }

    /// Takes the vested fees out of the books as far as tokens are free. Returns how much, perhaps nothing.
    pub fn collect_down(&mut self, ledger: &mut Ledger, now: Seconds) -> Result<TokenAmount> {
        let mut next = self.at(ledger, now);
        let amount = ledger.collect_fees_down(TokenAmount(next.vested))?;
        next.vested = next.vested.saturating_sub(amount.0);
        next.marked = next.marked.saturating_sub(amount.0);
        *self = next;
        Ok(amount)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::{absorb::Losses, units::DebtShares};
    use proptest::prelude::*;
    use std::vec::Vec;

    const START: Seconds = 20_000 * DAY;

    fn earn(ledger: &mut Ledger, fees: u64) {
        ledger.fees_q64 += u128::from(fees) << 64;
        ledger.free_tokens.0 += fees;
    }

    proptest! {
        /// What is collected was earned a week before at least, whatever happens in between.
        #[test]
        fn nothing_is_collected_before_it_is_a_week_old(
            steps in proptest::collection::vec((0u64..5 * DAY, 0u64..1_000, any::<bool>()), 1..60),
        ) {
            let (mut ledger, mut vesting, mut now) = (Ledger::new(START), FeeVesting::default(), START);
            vesting = vesting.at(&ledger, now);
            let mut earned: Vec<(u64, u64)> = Vec::new();
            let mut collected = 0;
            for (wait, fees, collect) in steps {
                now += wait;
                if collect {
                    collected += vesting.collect_down(&mut ledger, now).unwrap().0;
                    let old: u64 =
                        earned.iter().filter(|(at, _)| at + VESTING_SECONDS <= now).map(|(_, fees)| fees).sum();
                    prop_assert!(collected <= old);
                    ledger.surplus().unwrap();
                } else {
                    earn(&mut ledger, fees);
                    earned.push((now, fees));
                    vesting = vesting.at(&ledger, now);
                }
            }
            // and all of it in the end
            for week in 1..=2 {
                collected += vesting.collect_down(&mut ledger, now + week * VESTING_SECONDS).unwrap().0;
            }
            prop_assert_eq!(collected, earned.iter().map(|(_, fees)| fees).sum::<u64>());
        }
    }

    #[test]
    fn fees_that_a_loss_took_do_not_vest() {
        let mut ledger = Ledger::new(START);
        ledger.deposit_down(TokenAmount(1_000)).unwrap();
        ledger.borrow_up(TokenAmount(900)).unwrap();
        earn(&mut ledger, 100);
        let mut vesting = FeeVesting::default().at(&ledger, START);
        Losses::default().absorb(&mut ledger, DebtShares(70), START).unwrap();
        let collected = vesting.collect_down(&mut ledger, START + VESTING_SECONDS).unwrap();
        assert_eq!(VESTING_SECONDS, 7 * 86_400);
        assert_eq!(collected, TokenAmount(30));
        assert_eq!(ledger.total_deposits_down(), TokenAmount(1_000));
    }
}
