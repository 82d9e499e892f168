//! What the keeper holds, less what transactions under way may still spend: no token is promised twice.

use anchor_lang::prelude::Pubkey;
use std::collections::HashMap;

/// A promise of tokens to one tranche.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Promise {
    /// Token account that pays.
    from: Pubkey,
    /// Most that it pays.
    amount: u64,
    /// The obligation that is repaid.
    obligation: Pubkey,
    /// Slot in which it landed; `None` while it is under way.
    landed: Option<u64>,
}

/// Number of a promise.
pub type Ticket = u64;

/// Balances and promises.
#[derive(Debug, Default)]
pub struct Inventory {
    balances: HashMap<Pubkey, (u64, u64)>,
    promises: HashMap<Ticket, Promise>,
    next: Ticket,
}

impl Inventory {
    /// Takes the balance of a token account as of a slot. What landed up to then is in it.
    pub fn observe(&mut self, account: Pubkey, amount: u64, slot: u64) {
        let known = self.balances.entry(account).or_insert((amount, slot));
        if slot >= known.1 {
            *known = (amount, slot);
        }
        let seen = known.1;
        self.promises
            .retain(|_, promise| promise.from != account || promise.landed.is_none_or(|slot| slot > seen));
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
