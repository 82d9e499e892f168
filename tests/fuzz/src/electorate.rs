//! Validators between transactions: stake that moves and vote accounts that name others, as the vote and stake programs let them.

use crate::{
    setup::named,
    world::{World, VALIDATORS},
};
use anchor_lang::{prelude::Pubkey, solana_program::system_program};
use ballast_tests::{Cluster as _, Validator};

/// Most vote accounts of a world.
const VOTE_ACCOUNTS: usize = 16;

impl World {
    /// A vote account, whatever the number.
    fn vote_account(&self, number: u8) -> Pubkey {
        self.vote_accounts[usize::from(number) % self.vote_accounts.len()]
    }

    /// Moves part of the stake of one vote account to another. On a cluster it is active in the next epoch.
    pub fn restake(&mut self, from: u8, to: u8, part: u16) {
        let (from, to) = (self.vote_account(from), self.vote_account(to));
        let all = self.svm.stake_of(&from);
        let moved = u128::from(all) * u128::from(part.min(10_000)) / 10_000;
        let moved = u64::try_from(moved).unwrap_or(all);
        self.svm.set_stake(from, all - moved);
        let there = self.svm.stake_of(&to);
        self.svm.set_stake(to, there + moved);
    }

    /// Lets a vote account name one of the validators' identities, or closes it. A number beyond all vote accounts makes a new one,
    /// without stake, while there is room.
    pub fn rename(&mut self, vote_account: u8, identity: Option<u8>) {
        if usize::from(vote_account) >= self.vote_accounts.len() && self.vote_accounts.len() < VOTE_ACCOUNTS {
            self.vote_accounts.push(named("vote", self.vote_accounts.len() as u64));
            self.name(self.vote_accounts[self.vote_accounts.len() - 1], identity.unwrap_or(0));
            return;
        }
        let key = self.vote_account(vote_account);
        match identity {
            Some(identity) => self.name(key, identity),
            // what is closed has no stake
            None => {
                self.svm.set_stake(key, 0);
                self.svm.set_account(key, system_program::ID, vec![]);
            }
        }
    }

    fn name(&mut self, vote_account: Pubkey, identity: u8) {
        let identities = &self.actors[VALIDATORS..];
        let identity = identities[usize::from(identity) % identities.len()];
        let mut validator = Validator::with_stake(0);
        validator.vote_account = vote_account;
        let state = validator.vote_state(&identity);
        self.svm.put(vote_account, state.into());
    }
}
