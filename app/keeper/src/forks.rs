//! Slots that turned out not to be part of the chain, and the accounts that were last seen in them.
//!
//! At `processed` a bank may be dropped after its changes were delivered, and nothing says so account by account. So this remembers
//! for a while which accounts were seen at which slot. When a slot begins whose ancestors leave out a slot seen before, that one is
//! suspected; when the root has passed it and is not its descendant, it is dead. Either way its accounts are read again.

use anchor_lang::prelude::Pubkey;
use std::collections::{BTreeMap, BTreeSet};

/// Slots that are remembered at most: far more than lie between a slot and its root.
const REMEMBERED: usize = 512;

/// What a new slot shows to be no part of the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Slots in which something was seen.
    pub slots: BTreeSet<u64>,
    /// The accounts that were seen in them.
    pub accounts: BTreeSet<Pubkey>,
}

/// The newest slots, as far as they can still be rolled back.
#[derive(Debug, Default)]
pub struct Forks {
    parents: BTreeMap<u64, u64>,
    seen: BTreeMap<u64, BTreeSet<Pubkey>>,
    newest: u64,
    root: u64,
}

impl Forks {
    /// The newest slot that was announced.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// Notes that an account was seen at a slot. Slots that cannot be rolled back any more are not noted.
    pub fn note(&mut self, slot: u64, account: Pubkey) {
        if slot > self.root {
            self.seen.entry(slot).or_default().insert(account);
            while self.seen.len() > REMEMBERED {
                self.seen.pop_first();
            }
        }
    }

    /// A slot begins. Returns what may have been rolled back by it.
    pub fn begin(&mut self, slot: u64, parent: u64, root: u64) -> Dropped {
        self.parents.insert(slot, parent);
        self.newest = self.newest.max(slot);
        let ancestors = self.ancestors(slot);
        // Only slots whose ancestry is known down to there can be missed by it.
        let reach = ancestors.first().copied().unwrap_or(slot);
        let left_out = |seen: u64| seen > reach && seen < slot && !ancestors.contains(&seen);
        let slots: BTreeSet<u64> = self.seen.keys().copied().filter(|seen| left_out(*seen)).collect();
        let mut accounts = BTreeSet::new();
        for slot in &slots {
            accounts.append(&mut self.seen.remove(slot).unwrap_or_default());
        }
        self.root = self.root.max(root);
        let settled = self.root;
        self.seen.retain(|slot, _| *slot > settled);
        while self.parents.len() > REMEMBERED {
            self.parents.pop_first();
        }
        Dropped { slots, accounts }
    }

    /// The slot's ancestors and itself, as far as they are known.
    fn ancestors(&self, slot: u64) -> BTreeSet<u64> {
        let mut ancestors = BTreeSet::from([slot]);
        let mut next = slot;
        while let Some(parent) = self.parents.get(&next).filter(|parent| **parent < next) {
            ancestors.insert(*parent);
            next = *parent;
        }
        ancestors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: u8) -> Pubkey {
        Pubkey::new_from_array([number; 32])
    }

    fn nothing() -> Dropped {
        Dropped::default()
    }

    fn dropped(slot: u64, account: Pubkey) -> Dropped {
        Dropped { slots: BTreeSet::from([slot]), accounts: BTreeSet::from([account]) }
    }

    #[test]
    fn accounts_of_a_slot_that_the_chain_leaves_out_are_read_again() {
        let mut forks = Forks::default();
        for slot in 10..13 {
            assert_eq!(forks.begin(slot, slot - 1, 0), nothing());
            forks.note(slot, account(slot as u8));
        }
        // 13 builds on 11: slot 12 is left out
        assert_eq!(forks.begin(13, 11, 0), dropped(12, account(12)));
        assert_eq!(forks.begin(14, 13, 11), nothing(), "once is enough");
    }

    #[test]
    fn a_fork_that_wins_later_is_noticed_again() {
        let mut forks = Forks::default();
        forks.begin(10, 9, 0);
        forks.begin(11, 10, 0);
        forks.note(11, account(1));
        assert_eq!(forks.begin(12, 10, 0), dropped(11, account(1)));
        // read again at 12, and then the other fork goes on
        forks.note(12, account(1));
        assert_eq!(forks.begin(13, 11, 0), dropped(12, account(1)));
    }

    #[test]
    fn skipped_slots_and_gaps_in_what_was_announced_suspect_nobody() {
        let mut forks = Forks::default();
        forks.begin(10, 9, 0);
        forks.note(10, account(1));
        assert_eq!(forks.begin(14, 10, 0), nothing(), "slots 11 to 13 were skipped");
        forks.note(14, account(2));
        assert_eq!(
            forks.begin(20, 19, 0),
            nothing(),
            "15 to 19 were not announced: nothing is known about 14"
        );
    }

    #[test]
    fn what_is_rooted_is_forgotten() {
        let mut forks = Forks::default();
        for slot in 1..5_000 {
            forks.note(slot, account(1));
            assert_eq!(forks.begin(slot, slot - 1, slot.saturating_sub(32)), nothing());
        }
        assert!(forks.seen.len() <= 33 && forks.parents.len() <= REMEMBERED);
    }
}
