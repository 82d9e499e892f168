//! What the keeper holds, less what transactions under way may still spend: no token is promised twice.

use anchor_lang::prelude::Pubkey;
use std::collections::{BTreeSet, HashMap};

/// A promise of tokens to one tranche.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Promise {
    /// Token account that pays.
    from: Pubkey,
    /// Most that it pays.
    amount: u64,
    /// The obligation that is repaid.
    obligation: Pubkey,
    /// Slot in which it landed, or after which it can no longer land; `None` while it is under way.
    landed: Option<u64>,
}

/// Slots after which no transaction of now can land any more: 150 blocks, and about as many slots without one.
const LONGEST_VALID: u64 = 300;

/// Number of a promise.
pub type Ticket = u64;

/// Balances and promises.
#[derive(Debug, Default)]
pub struct Inventory {
    balances: HashMap<Pubkey, (u64, u64)>,
    promises: HashMap<Ticket, Promise>,
    /// Promises that were kept, as long as the chain may still take that back.
    kept: Vec<Promise>,
    /// The newest slot of a balance or landing.
    newest: u64,
    next: Ticket,
}

impl Inventory {
    /// Takes the balance of a token account as of a slot. What landed up to then is in it.
    pub fn observe(&mut self, account: Pubkey, amount: u64, slot: u64) {
        self.newest = self.newest.max(slot);
        let known = self.balances.entry(account).or_insert((amount, slot));
        if slot >= known.1 {
            *known = (amount, slot);
        }
        let seen = known.1;
        let is_in_it = |promise: &Promise| {
            promise.from == account && promise.landed.is_some_and(|landed| landed <= seen)
        };
        self.kept.extend(self.promises.extract_if(|_, promise| is_in_it(promise)).map(|(_, kept)| kept));
        self.kept.retain(|kept| kept.landed.is_some_and(|landed| landed + LONGEST_VALID > seen));
    }

    /// It is not known whether a tranche landed: its promise stands until a balance is seen of after its last valid block.
    pub fn unknown(&mut self, ticket: Ticket, slot: u64) {
        self.landed(ticket, slot.saturating_add(LONGEST_VALID));
    }

    /// These slots are not part of the chain any more. What landed in them may land again, so it is promised again for as long as it
    /// can. Returns the obligations of such tranches. `slot` is the newest one.
    pub fn rolled_back(&mut self, slots: &BTreeSet<u64>, slot: u64) -> Vec<Pubkey> {
        let is_back = |promise: &Promise| promise.landed.is_some_and(|landed| slots.contains(&landed));
        let mut back: Vec<Promise> = self.kept.extract_if(.., |kept| is_back(kept)).collect();
        back.extend(self.promises.extract_if(|_, promise| is_back(promise)).map(|(_, promise)| promise));
        for promise in &back {
            self.next += 1;
            let until = Some(slot.saturating_add(LONGEST_VALID));
            self.promises.insert(self.next, Promise { landed: until, ..*promise });
        }
        back.iter().map(|promise| promise.obligation).collect()
    }

    /// A snapshot of this slot was taken. Where that lies far behind what was seen before, it is of another chain, of a validator that was
    /// started anew: no promise was made on it.
    pub fn restart(&mut self, slot: u64) {
        if slot.saturating_add(2 * LONGEST_VALID) < self.newest {
            self.promises.clear();
            self.kept.clear();
            self.newest = slot;
        }
    }

    /// The source was lost: the next balances count, whatever their slots, and nothing is available before.
    pub fn forget_balances(&mut self) {
        self.balances.clear();
    }

    /// What may still be promised of a token account.
    pub fn available(&self, account: &Pubkey) -> u64 {
        let promised = self.promises.values().filter(|promise| promise.from == *account);
        let promised = promised.fold(0u64, |sum, promise| sum.saturating_add(promise.amount));
        self.balances.get(account).map_or(0, |(amount, _)| amount.saturating_sub(promised))
    }

    /// Promises tokens to a tranche; `None` when there are too few, or when a tranche of that obligation is under way.
    pub fn promise(&mut self, from: Pubkey, amount: u64, obligation: Pubkey) -> Option<Ticket> {
        if amount > self.available(&from) || self.is_busy(&obligation) {
            return None;
        }
        self.next += 1;
        self.promises.insert(self.next, Promise { from, amount, obligation, landed: None });
        Some(self.next)
    }

    /// Whether a tranche of this obligation is under way, or landed later than the balance that is known.
    pub fn is_busy(&self, obligation: &Pubkey) -> bool {
        self.promises.values().any(|promise| promise.obligation == *obligation)
    }

    /// A tranche landed in this slot: its promise stands until a balance of that slot or a later one is seen.
    pub fn landed(&mut self, ticket: Ticket, slot: u64) {
        let Some(promise) = self.promises.get_mut(&ticket) else { return };
        self.newest = self.newest.max(slot);
        promise.landed = Some(slot);
        let from = promise.from;
        if let Some((amount, seen)) = self.balances.get(&from).copied() {
            self.observe(from, amount, seen);
        }
    }

    /// A tranche failed, or can no longer land: its tokens are free.
    pub fn released(&mut self, ticket: Ticket) {
        self.promises.remove(&ticket);
    }

    /// How many tranches are under way.
    pub fn under_way(&self) -> usize {
        self.promises.values().filter(|promise| promise.landed.is_none()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(number: u8) -> Pubkey {
        Pubkey::new_from_array([number; 32])
    }

    #[test]
    fn what_one_tranche_was_promised_no_other_one_gets() {
        let mut inventory = Inventory::default();
        inventory.observe(key(1), 100, 10);
        let first = inventory.promise(key(1), 70, key(2)).unwrap();
        assert_eq!(inventory.promise(key(1), 40, key(3)), None);
        assert_eq!(inventory.promise(key(1), 10, key(2)), None, "that obligation is busy");
        inventory.landed(first, 12);
        assert_eq!(inventory.available(&key(1)), 30, "the balance known is older than the landing");
        inventory.observe(key(1), 35, 12);
        assert_eq!(inventory.available(&key(1)), 35, "now it is in the balance");
        let second = inventory.promise(key(1), 35, key(2)).unwrap();
        inventory.released(second);
        assert_eq!(inventory.available(&key(1)), 35);
    }

    #[test]
    fn what_landed_on_a_fork_that_was_left_may_land_again_and_stays_promised_meanwhile() {
        let mut inventory = Inventory::default();
        inventory.observe(key(1), 100, 10);
        let first = inventory.promise(key(1), 70, key(2)).unwrap();
        inventory.landed(first, 12);
        inventory.observe(key(1), 30, 12);
        assert_eq!((inventory.available(&key(1)), inventory.is_busy(&key(2))), (30, false));
        // Slot 12 is left, and the balance is read again: the tokens are back, and the transaction is still valid.
        assert_eq!(inventory.rolled_back(&BTreeSet::from([12]), 13), [key(2)]);
        inventory.observe(key(1), 100, 13);
        assert_eq!((inventory.available(&key(1)), inventory.is_busy(&key(2))), (30, true));
        assert_eq!(inventory.promise(key(1), 40, key(3)), None, "it would be spent twice");
        inventory.observe(key(1), 100, 13 + LONGEST_VALID - 1);
        assert_eq!(inventory.available(&key(1)), 30, "it can still land");
        inventory.observe(key(1), 100, 13 + LONGEST_VALID);
        assert_eq!((inventory.available(&key(1)), inventory.is_busy(&key(2))), (100, false));
        assert_eq!(inventory.rolled_back(&BTreeSet::from([12]), 400), [], "once");
    }

    #[test]
    fn a_landing_that_no_balance_has_shown_yet_is_rolled_back_likewise() {
        let mut inventory = Inventory::default();
        inventory.observe(key(1), 100, 10);
        let first = inventory.promise(key(1), 70, key(2)).unwrap();
        inventory.landed(first, 12);
        assert_eq!(inventory.rolled_back(&BTreeSet::from([11]), 13), [], "another slot");
        assert_eq!(inventory.rolled_back(&BTreeSet::from([12]), 13), [key(2)]);
        inventory.observe(key(1), 100, 14);
        assert_eq!(inventory.available(&key(1)), 30);
    }

    #[test]
    fn promises_end_with_the_chain_that_they_were_of() {
        let mut inventory = Inventory::default();
        inventory.observe(key(1), 100, 10_000);
        let ticket = inventory.promise(key(1), 70, key(2)).unwrap();
        inventory.unknown(ticket, 10_000);
        let under_way = inventory.promise(key(1), 10, key(3)).unwrap();
        inventory.forget_balances();
        // a node that lies behind a little: the tranche may have landed where it does not see it yet
        inventory.restart(9_900);
        inventory.observe(key(1), 100, 9_900);
        assert_eq!(inventory.available(&key(1)), 20);
        // a validator with a new chain
        inventory.forget_balances();
        inventory.restart(20);
        inventory.observe(key(1), 100, 20);
        assert_eq!((inventory.available(&key(1)), inventory.under_way()), (100, 0));
        // and what was under way on the old one ends without a word
        inventory.unknown(under_way, 20);
        assert_eq!(inventory.available(&key(1)), 100);
    }

    proptest! {
        #[test]
        fn whatever_the_order_of_news_the_chain_can_pay_all_that_is_promised(
            steps in proptest::collection::vec((0u8..4, 1u64..50, any::<prop::sample::Index>()), 1..200),
        ) {
            // The chain: a balance a slot. Its news arrive late; landings are heard of in any order.
            let mut inventory = Inventory::default();
            let mut balances = vec![1_000u64];
            let mut open: Vec<(Ticket, u64)> = vec![];
            inventory.observe(key(1), 1_000, 0);
            for (number, (kind, amount, index)) in steps.into_iter().enumerate() {
                match kind {
                    0 | 1 => {
                        let obligation = Pubkey::new_from_array([number as u8; 32]);
                        open.extend(inventory.promise(key(1), amount, obligation).map(|ticket| (ticket, amount)));
                    }
                    2 if !open.is_empty() => {
                        let (ticket, amount) = open.swap_remove(index.index(open.len()));
                        let left = balances.last().unwrap().checked_sub(amount);
                        prop_assert!(left.is_some(), "promised more than the chain holds");
                        balances.push(left.unwrap());
                        inventory.landed(ticket, balances.len() as u64 - 1);
                    }
                    _ => {
                        let slot = index.index(balances.len());
                        inventory.observe(key(1), balances[slot], slot as u64);
                    }
                }
                let promised: u64 = open.iter().map(|(_, amount)| amount).sum();
                prop_assert!(promised <= *balances.last().unwrap());
            }
        }
    }
}
