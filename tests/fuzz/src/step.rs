//! One transaction with the world before and after it, as laws look at it.

use crate::{
    build::Built,
    outcome::Outcome,
    svm::{decode, is_old, Svm},
    world::{tokens_in, Book},
};
use anchor_lang::{
    prelude::{Clock, Pubkey},
    Discriminator, ZeroCopy,
};
use ballast::state::Obligation;
use ballast_client::address::Account;
use ballast_risk::{score::Score, Seconds};
use solana_account::AccountSharedData;
use std::collections::BTreeMap;

/// Accounts at one moment: those that a transaction could write as they were then, all others as they are.
#[derive(Clone, Copy)]
pub struct Lens<'a> {
    svm: &'a Svm,
    over: Option<&'a BTreeMap<Pubkey, Option<AccountSharedData>>>,
}

impl<'a> Lens<'a> {
    /// The world as it is.
    pub fn now(svm: &'a Svm) -> Self {
        Self { svm, over: None }
    }

    /// The world with some accounts as they were.
    pub fn with(svm: &'a Svm, over: &'a BTreeMap<Pubkey, Option<AccountSharedData>>) -> Self {
        Self { svm, over: Some(over) }
    }

    /// An account.
    pub fn account(&self, key: &Pubkey) -> Option<&'a AccountSharedData> {
        match self.over.and_then(|over| over.get(key)) {
            Some(then) => then.as_ref(),
            None => self.svm.account(key),
        }
    }

    /// An account of the program, if there is one of this kind.
    pub fn state<T: ZeroCopy + Discriminator>(&self, key: &Pubkey) -> Option<T> {
        decode(self.account(key)?)
    }

    /// Tokens in a token account; 0 where there is none.
    pub fn tokens(&self, key: &Pubkey) -> u64 {
        self.account(key).map_or(0, tokens_in)
    }

    /// Active stake of a vote account, which no transaction moves.
    pub fn stake_of(&self, vote_account: &Pubkey) -> u64 {
        self.svm.stake_of(vote_account)
    }

    /// That of the whole cluster.
    pub fn cluster_stake(&self) -> u64 {
        self.svm.cluster_stake()
    }

    /// An obligation with its vault and reserves.
    pub fn book(&self, key: &Pubkey) -> Option<Book> {
        Book::read(key, |key| self.account(key))
    }
}

impl Book {
    /// Equity against `R_maint`.
    pub fn score(&self, clock: &Clock) -> Result<Score, String> {
        let score = self.look(clock, |book| book.maintenance());
        score.ok_or("not looked at")?.map_err(|error| format!("{error:?}"))
    }
}

/// A landed transaction.
pub struct Step<'a> {
    /// Before it.
    pub before: Lens<'a>,
    /// After it.
    pub after: Lens<'a>,
    /// The clock.
    pub clock: &'a Clock,
    /// What was called, as it was sent.
    pub calls: &'a [Built],
    /// All open obligations.
    pub obligations: &'a BTreeMap<Pubkey, Account>,
    /// Tokens that vanished before, by token account.
    pub missing: &'a BTreeMap<Pubkey, u64>,
    /// Whoever signed.
    pub signers: Vec<Pubkey>,
    /// Accounts that are not as they were.
    pub changed: Vec<Pubkey>,
    /// How it ended.
    pub outcome: &'a Outcome,
}

impl Step<'_> {
    /// Seconds since the epoch.
    pub fn now(&self) -> Seconds {
        ballast::oracle::now(self.clock)
    }

    /// Changed accounts of one kind, before and after; `None` where there was none. Those that migrated are left out: what they
    /// were, no instruction but that reads.
    pub fn changed<T: ZeroCopy + Discriminator>(
        &self,
    ) -> impl Iterator<Item = (Pubkey, Option<T>, Option<T>)> + '_ {
        self.changed.iter().filter(|key| !self.before.account(key).is_some_and(is_old)).filter_map(|key| {
            let (before, after) = (self.before.state(key), self.after.state(key));
            (before.is_some() || after.is_some()).then_some((*key, before, after))
        })
    }

    /// Whether an instruction of this name is part of it.
    pub fn has(&self, name: &str) -> bool {
        self.calls.iter().any(|call| call.does == name)
    }

    /// The only call, if it does one of these. What is bent and lands all the same is asked like everything else.
    pub fn only(&self, names: &[&str]) -> Option<&Built> {
        match self.calls {
            [call] if names.contains(&call.does) => Some(call),
            _ => None,
        }
    }

    /// Whether an obligation is another's than the signers'.
    pub fn is_bystander(&self, obligation: &Obligation) -> bool {
        !self.signers.contains(&obligation.owner)
    }
}
