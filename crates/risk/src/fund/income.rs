//! The stakers' income: what a reserve insures itself with beyond its target, and how it comes to them.

use super::{Fund, PRICE_BOUND};
use crate::{
    breaker::DAY,
    error::RiskError,
    proportion::part_down,
    reserve::{InterestSplit, Ledger},
    units::{Seconds, TokenAmount, BPS_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// A debt that was seen counts for the target for this time, less and less.
pub const DEBT_MEMORY: Seconds = 30 * DAY;
/// Income comes to the stakers over this time. No cooldown is shorter, so whoever stakes just before income bears losses for as long
/// as it comes.
pub const INCOME_SECONDS: Seconds = 7 * DAY;

impl Fund {
    /// Takes income that comes to the stakers over [`INCOME_SECONDS`]; where there are none, to nobody's account. A second income
    /// ends together with what is still coming of the first: see [`Stream::add`](crate::stream::Stream::add).
    pub fn take_income(&mut self, amount: TokenAmount, now: Seconds) -> Result<()> {
        let mut next = self.at(now);
        next.check_room(amount)?;
        if next.shares == 0 {
            next.spare = next.spare.saturating_add(amount.0);
        } else {
            next.coming.add(amount, INCOME_SECONDS, now)?;
        }
        *self = next;
        Ok(())
    }

    /// As it is now, with the income that has come since: the stakers', up to a bounded worth of a share, beyond it nobody's.
    #[must_use]
    pub fn at(&self, now: Seconds) -> Self {
        let mut next = *self;
        let came = next.coming.release_down(now).0;
        // all that a fund holds together fits
        let tokens = next.tokens.saturating_add(came);
        if tokens >= next.shares.saturating_mul(PRICE_BOUND) {
            next.spare = next.spare.saturating_add(came);
        } else {
            next.tokens = tokens;
        }
        next
    }
}

/// The largest debt that a reserve remembers. The target is a share of debt: without a memory, whoever repays everything for a moment
/// would turn the reserve's own insurance into income. Whoever stores books writes it down, so no debt was there that it did not see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct IncomeGate {
    /// Token units.
    pub debt: u64,
    /// When it was last written.
    pub debt_at: Seconds,
}

const _: () = assert!(core::mem::size_of::<IncomeGate>() == 16);

impl IncomeGate {
    /// With the debt of a reserve as it is now: what is remembered has faded since, evenly, and the larger counts. Who looks often
    /// slows the fading, to a half-life of three weeks; nobody hastens it. All zeros remembers nothing.
    pub fn at(&self, ledger: &Ledger, now: Seconds) -> Self {
        let debt = ledger.total_debt_up().0;
        let faded = part_down(self.debt, now.saturating_sub(self.debt_at), DEBT_MEMORY);
        if faded == 0 && debt <= self.debt && self.debt_at > 0 {
            // while it is nothing whole, time keeps adding up
            return *self;
        }
        Self { debt: self.debt.saturating_sub(faded).max(debt), debt_at: now.max(self.debt_at) }
    }

    /// Insurance in whole units beyond the target of the debt that counts, as far as tokens are free; rounded down. Of a gate brought
    /// up to now by [`IncomeGate::at`].
    fn income_down(&self, ledger: &Ledger, split: &InterestSplit) -> TokenAmount {
        let kept = part_down(self.debt, u64::from(split.insurance_target.0), BPS_ONE).saturating_add(1);
        TokenAmount(ledger.insurance_down().0.saturating_sub(kept)).min(ledger.free_tokens)
    }

    /// Takes the income out of the reserve's books; returns it, for the caller to transfer. Perhaps nothing.
    pub fn collect_down(
        &mut self,
        ledger: &mut Ledger,
        split: &InterestSplit,
        now: Seconds,
    ) -> Result<TokenAmount> {
        *self = self.at(ledger, now);
        let amount = self.income_down(ledger, split);
        let insurance = ledger
            .insurance_q64
            .checked_sub(u128::from(amount.0) << 64)
            .ok_or(RiskError::InsufficientAmount)?;
        ledger.pay_tokens(amount)?;
        ledger.insurance_q64 = insurance;
        Ok(amount)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::units::{Bps, DebtShares};
    use proptest::prelude::*;

    const START: Seconds = 20_000 * DAY;
    const SPLIT: InterestSplit =
        InterestSplit { fee: Bps(500), insurance: Bps(1_000), insurance_target: Bps(30), reserved: 0 };

    fn insured(debt: u64, insurance: u64) -> Ledger {
        let mut ledger = Ledger::new(START);
        ledger.deposit_down(TokenAmount(10_000_000)).unwrap();
        ledger.borrow_up(TokenAmount(debt)).unwrap();
        ledger.insurance_q64 = u128::from(insurance) << 64;
        ledger.free_tokens.0 += insurance;
        ledger
    }

    #[test]
    fn what_is_beyond_the_target_is_income_and_the_target_stays() {
        let mut ledger = insured(1_000_000, 5_000);
        let mut gate = IncomeGate::default();
        // 30 bps of a million is 3,000
        assert_eq!(gate.collect_down(&mut ledger, &SPLIT, START), Ok(TokenAmount(1_999)));
        assert_eq!(gate.collect_down(&mut ledger, &SPLIT, START), Ok(TokenAmount(0)));
        assert_eq!(ledger.insurance_down(), TokenAmount(3_001));
        ledger.surplus().unwrap();
    }

    #[test]
    fn repaying_for_a_moment_turns_no_insurance_into_income() {
        let mut ledger = insured(1_000_000, 3_000);
        let mut gate = IncomeGate::default();
        gate.collect_down(&mut ledger, &SPLIT, START).unwrap();
        ledger.repay_down(TokenAmount(u64::MAX), DebtShares(1_000_000)).unwrap();
        assert_eq!(gate.collect_down(&mut ledger, &SPLIT, START), Ok(TokenAmount(0)));
        // a debt that stays away is forgotten bit by bit
        let half = START + DEBT_MEMORY / 2;
        assert_eq!(gate.collect_down(&mut ledger, &SPLIT, half), Ok(TokenAmount(1_499)));
        assert_eq!(gate.collect_down(&mut ledger, &SPLIT, START + DEBT_MEMORY), Ok(TokenAmount(750)));
    }

    #[test]
    fn a_larger_debt_counts_at_once_and_who_looks_often_keeps_no_debt_from_fading() {
        let gate = IncomeGate { debt: 1_000, debt_at: START };
        // in the same second, when nothing can have faded
        let larger = gate.at(&insured(1_001, 0), START);
        assert_eq!(larger, IncomeGate { debt: 1_001, debt_at: START });
        // a thousandth of the memory fades a unit; until then time adds up, and the time at which it is written down is lost
        let (ledger, unit) = (insured(1, 0), DEBT_MEMORY / 1_000);
        assert_eq!(gate.at(&ledger, START + unit - 1), gate);
        assert_eq!(gate.at(&ledger, START + unit), IncomeGate { debt: 999, debt_at: START + unit });
        let looked = (0..=unit / 60 + 1).fold(gate, |gate, minute| gate.at(&ledger, START + minute * 60));
        assert_eq!(looked.debt, 999, "looking every minute");
        // an empty gate has no time from which on anything could fade
        let first = IncomeGate::default().at(&ledger, START);
        assert_eq!(first, IncomeGate { debt: 1, debt_at: START });
    }

    #[test]
    fn a_reserve_without_debt_has_no_target() {
        let mut ledger = Ledger::new(START);
        ledger.insurance_q64 = 5_000 << 64;
        ledger.free_tokens = TokenAmount(5_000);
        let mut gate = IncomeGate::default();
        assert_eq!(gate.collect_down(&mut ledger, &SPLIT, START), Ok(TokenAmount(4_999)));
    }

    #[test]
    fn what_is_lent_out_waits() {
        let mut ledger = insured(1_000_000, 50_000);
        let mut gate = IncomeGate { debt: 1, debt_at: START };
        ledger.free_tokens = TokenAmount(7);
        assert_eq!(gate.collect_down(&mut ledger, &SPLIT, START), Ok(TokenAmount(7)));
    }

    proptest! {
        /// Whatever debts come and go and however often somebody collects, the reserve keeps its target of the present debt,
        /// and of the fading memory of every debt that was looked at.
        #[test]
        fn the_target_of_every_debt_that_counts_stays(
            steps in proptest::collection::vec((0u64..DEBT_MEMORY, 0u64..9_000_000, 0u64..50_000), 1..40),
        ) {
            let (mut ledger, mut gate, mut now) = (insured(1, 30_000), IncomeGate::default(), START);
            let mut seen: std::vec::Vec<(u64, u64)> = std::vec::Vec::new();
            for (wait, debt, earned) in steps {
                now += wait;
                ledger.repay_down(TokenAmount(u64::MAX), ledger.debt_shares).unwrap();
                ledger.borrow_up(TokenAmount(debt.max(1))).unwrap();
                ledger.insurance_q64 += u128::from(earned) << 64;
                ledger.free_tokens.0 += earned;
                let before = ledger.insurance_down().0;
                let paid = gate.collect_down(&mut ledger, &SPLIT, now).unwrap().0;
                seen.push((now, debt.max(1)));
                prop_assert_eq!(before - paid, ledger.insurance_down().0);
                if paid > 0 {
                    for (at, debt) in &seen {
                        let counts = debt - debt * (now - at).min(DEBT_MEMORY) / DEBT_MEMORY;
                        prop_assert!(ledger.insurance_down().0 + 1 >= counts * 30 / 10_000);
                    }
                }
                ledger.surplus().unwrap();
            }
        }
    }
}
