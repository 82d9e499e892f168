//! Losing races cheaply: a book at which somebody else was faster is left alone for a random while that doubles with every further
//! loss, and is not planned for before it was read again; and what failed transactions may cost in an hour is bounded over all books.

use anchor_lang::prelude::Pubkey;
use ballast_risk::Usd;
use rand::Rng;
use std::collections::HashMap;

/// How a tranche was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// In the simulation, or before: for nothing.
    Free,
    /// On chain: for the signature and the priority fee.
    Paid,
}

impl Lost {
    /// Losses in a row up to which waits double: 2^5 slots are 13 seconds, 2^10 are seven minutes.
    fn doublings(self) -> u32 {
        match self {
            Self::Free => 5,
            Self::Paid => 10,
        }
    }
}

/// Slots without a loss after which a book's losses are forgotten: longer than the longest wait, or no series would ever be long.
const FORGOTTEN: u64 = 2_048;

/// What is remembered of a book at which races were lost.
#[derive(Clone, Copy, Debug)]
struct Losses {
    in_a_row: u32,
    /// No tranche is sent before this slot …
    until: u64,
    /// … nor before it was read again after the loss.
    read: bool,
}

/// Books at which races were lost.
#[derive(Debug, Default)]
pub struct Backoff {
    books: HashMap<Pubkey, Losses>,
}

impl Backoff {
    /// A race was lost at this slot. Returns for how many slots the book is left alone: from one to twice as many as after the loss
    /// before. At random, so that keepers that met once do not meet again.
    pub fn lost(&mut self, obligation: Pubkey, how: Lost, slot: u64, random: &mut impl Rng) -> u64 {
        let known = self.books.get(&obligation).filter(|known| slot < known.until.saturating_add(FORGOTTEN));
        let in_a_row = known.map_or(0, |known| known.in_a_row).saturating_add(1);
        let wait = random.random_range(1..=1u64 << in_a_row.min(how.doublings()));
        let losses = Losses { in_a_row, until: slot.saturating_add(wait), read: false };
        self.books.insert(obligation, losses);
        wait
    }

    /// A tranche of this book landed: its losses are forgotten.
    pub fn landed(&mut self, obligation: &Pubkey) {
        self.books.remove(obligation);
    }

    /// The book was read, changed or not.
    pub fn read(&mut self, obligation: &Pubkey) {
        if let Some(losses) = self.books.get_mut(obligation) {
            losses.read = true;
        }
    }

    /// Whether the book is left alone at this slot.
    pub fn holds(&self, obligation: &Pubkey, slot: u64) -> bool {
        self.books.get(obligation).is_some_and(|losses| slot < losses.until || !losses.read)
    }

    /// Forgets losses of long ago.
    pub fn sweep(&mut self, slot: u64) {
        self.books.retain(|_, losses| slot < losses.until.saturating_add(FORGOTTEN));
    }

    /// Forgets everything: slots may start again.
    pub fn clear(&mut self) {
        self.books.clear();
    }
}

/// What transactions that fail on chain may cost: so much in an hour, and never more at once.
#[derive(Clone, Copy, Debug)]
pub struct LossBudget {
    /// Micro-USD in an hour.
    an_hour: Usd,
    /// Micro-USD that failed transactions cost and time has not given back yet.
    spent: Usd,
    /// Until when time has given back, seconds.
    at: u64,
}

/// Seconds of an hour.
const HOUR: u64 = 3_600;

impl LossBudget {
    /// So many micro-USD in an hour.
    pub fn new(an_hour: Usd) -> Self {
        Self { an_hour, spent: Usd::ZERO, at: 0 }
    }

    /// A transaction failed on chain and cost this.
    pub fn spend(&mut self, cost: Usd, now: u64) {
        self.give_back(now);
        self.spent = Usd(self.spent.0.saturating_add(cost.0));
    }

    /// Whether nothing may be sent at this time.
    pub fn is_spent(&mut self, now: u64) -> bool {
        self.give_back(now);
        self.spent >= self.an_hour
    }

    fn give_back(&mut self, now: u64) {
        let passed = now.saturating_sub(self.at).min(HOUR * 24);
        let back = self.an_hour.0.saturating_mul(i128::from(passed)) / i128::from(HOUR);
        // Less than a micro-USD is waited for, not lost.
        if back > 0 {
            self.spent = Usd(self.spent.0.saturating_sub(back).max(0));
            self.at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn book(number: u16) -> Pubkey {
        let mut address = [0; 32];
        address[..2].copy_from_slice(&number.to_le_bytes());
        Pubkey::new_from_array(address)
    }

    fn random() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(1)
    }

    #[test]
    fn a_lost_book_waits_and_is_read_again_before_the_next_try() {
        let (mut backoff, mut random) = (Backoff::default(), random());
        let wait = backoff.lost(book(1), Lost::Free, 100, &mut random);
        assert!((1..=2).contains(&wait));
        assert!(backoff.holds(&book(1), 100 + wait), "nobody has read it since");
        backoff.read(&book(1));
        assert!(backoff.holds(&book(1), 100), "too early");
        assert!(!backoff.holds(&book(1), 100 + wait));
        assert!(!backoff.holds(&book(2), 100), "other books are not concerned");
    }

    #[test]
    fn waits_double_up_to_a_bound_that_is_wider_for_losses_that_cost() {
        for (how, longest) in [(Lost::Free, 32), (Lost::Paid, 1_024)] {
            let (mut backoff, mut random) = (Backoff::default(), random());
            let mut slot = 0;
            let mut longest_seen = 0;
            for losses in 1..200 {
                let wait = backoff.lost(book(1), how, slot, &mut random);
                assert!(wait <= (1 << losses.min(20)), "wait {wait} after {losses} losses");
                assert!(wait <= longest);
                longest_seen = longest_seen.max(wait);
                slot += wait;
            }
            assert!(longest_seen > longest / 2, "never longer than {longest_seen} slots");
        }
    }

    #[test]
    fn two_keepers_that_met_do_not_go_on_meeting() {
        let (mut one, mut other) = (ChaCha8Rng::seed_from_u64(1), ChaCha8Rng::seed_from_u64(2));
        let (mut a, mut b) = (Backoff::default(), Backoff::default());
        let (mut at_a, mut at_b, mut met) = (0, 0, 0);
        for _ in 0..20 {
            at_a += a.lost(book(1), Lost::Paid, at_a, &mut one);
            at_b += b.lost(book(1), Lost::Paid, at_b, &mut other);
            met += usize::from(at_a == at_b);
        }
        assert!(met <= 3, "met {met} times of 20");
    }

    #[test]
    fn a_landing_and_time_forgive() {
        let (mut backoff, mut random) = (Backoff::default(), random());
        for _ in 0..20 {
            backoff.lost(book(1), Lost::Paid, 100, &mut random);
        }
        backoff.landed(&book(1));
        assert!(!backoff.holds(&book(1), 100));
        assert!(backoff.lost(book(1), Lost::Paid, 100, &mut random) <= 2, "it starts anew");
        for _ in 0..20 {
            backoff.lost(book(2), Lost::Paid, 100, &mut random);
        }
        let later = 100 + 1_024 + FORGOTTEN;
        assert!(backoff.lost(book(2), Lost::Paid, later, &mut random) <= 2, "it starts anew");
        backoff.sweep(later + 2 + FORGOTTEN);
        assert!(backoff.books.is_empty());
    }

    /// Somebody is always faster, at every book, all day long, and each loss costs.
    #[test]
    fn however_many_races_are_lost_their_fees_are_bounded() {
        const BOOKS: u16 = 2_000;
        const FEE: Usd = Usd(1_000);
        const SLOTS_A_SECOND: f64 = 2.5;
        let an_hour = Usd(500_000);
        let (mut backoff, mut random, mut budget) = (Backoff::default(), random(), LossBudget::new(an_hour));
        let (mut paid, mut of_one) = (Usd::ZERO, 0);
        let day = (24.0 * 3_600.0 * SLOTS_A_SECOND) as u64;
        for slot in (0..day).step_by(5) {
            let now = 1_000_000 + (slot as f64 / SLOTS_A_SECOND) as u64;
            for number in 0..BOOKS {
                if budget.is_spent(now) {
                    break;
                }
                if !backoff.holds(&book(number), slot) {
                    backoff.lost(book(number), Lost::Paid, slot, &mut random);
                    backoff.read(&book(number));
                    budget.spend(FEE, now);
                    paid = Usd(paid.0 + FEE.0);
                    of_one += usize::from(number == 0);
                }
            }
        }
        // an hour's worth at the start, and what 24 hours give back
        assert!(paid.0 <= 25 * an_hour.0 + FEE.0, "lost ${}", paid.0 as f64 / 1e6);
        assert!(paid.0 >= 20 * an_hour.0, "the budget was never needed: the test shows nothing");
        assert!(of_one > 0);

        // and of one book without any budget
        let (mut backoff, mut losses) = (Backoff::default(), 0);
        for slot in 0..day {
            if !backoff.holds(&book(0), slot) {
                backoff.lost(book(0), Lost::Paid, slot, &mut random);
                backoff.read(&book(0));
                losses += 1;
            }
        }
        // after ten doublings every 512 slots in the mean
        assert!(losses <= 10 + day / 512 * 5 / 4, "{losses} of a book in a day");
    }
}
