//! Drawing what validators do.

use super::{plain, Generator};
use crate::{
    action::{Action, Amount, Deed},
    world::VALIDATORS,
};
use rand::Rng as _;

/// Vote accounts that a world begins with, each of an identity of its own.
const FIRST: u8 = 8;
/// A number beyond all vote accounts.
const NEW: u8 = u8::MAX;

impl Generator {
    /// Stake moves, or a vote account names somebody else.
    pub(super) fn electorate(&mut self) -> Action {
        match self.rng.random_range(0..8) {
            0..=3 => self.restake(),
            4..=5 => {
                let identity = self.rng.random_range(0..FIRST);
                Action::Rename { vote_account: self.rng.random_range(0..12), identity: Some(identity) }
            }
            6 => Action::Rename { vote_account: NEW, identity: Some(self.rng.random_range(0..FIRST)) },
            _ => Action::Rename { vote_account: self.rng.random_range(4..16), identity: None },
        }
    }

    fn restake(&mut self) -> Action {
        let (from, to) = (self.rng.random_range(0..FIRST), self.rng.random_range(0..12));
        Action::Restake { from, to, part: self.rng.random_range(1..10_001) }
    }

    /// Operators with second vote accounts, stake that moves from one to the other and identities that change, before the roll is
    /// called for a claim, after it, and while it is voted on.
    pub(super) fn moving_stake(&mut self) -> Vec<Action> {
        let vault = self.rng.random_range(0..2);
        let mut story = vec![];
        for number in 0..self.rng.random_range(1..4u8) {
            let identity = self.rng.random_range(0..FIRST);
            let validator = FIRST + number;
            story.push(Action::Rename { vote_account: NEW, identity: Some(identity) });
            let from = if self.one_in(2) { identity } else { self.rng.random_range(0..FIRST) };
            story.push(Action::Restake { from, to: validator, part: self.rng.random_range(1_000..6_000) });
            story.push(plain(VALIDATORS as u8 + identity, Deed::EnrollValidator { vault, validator }));
        }
        story.extend([Action::NextEpoch, Action::NextEpoch]);
        story.extend(self.gap(None));
        for _ in 0..self.rng.random_range(1..3) {
            if self.one_in(2) {
                story.push(self.slight());
            }
            story.push(plain(0, Deed::CallRoll { vault, first: 0, count: 32 }));
            if self.one_in(3) {
                story.push(self.slight());
            }
            story.extend((0..3).map(|vault| plain(9, Deed::RefreshReserves { vault, first: 0, count: 32 })));
            story.push(plain(1, Deed::OpenClaim { vault, part: self.rng.random_range(500..5_000) }));
            let convinced = !self.one_in(3);
            for voter in 0..FIRST {
                if self.one_in(6) {
                    story.push(self.slight());
                }
                let yes = self.one_in(4) != convinced;
                story.push(plain(VALIDATORS as u8 + voter, Deed::VoteClaim { vault, back: 0, yes }));
            }
            if !convinced || self.one_in(2) {
                story.push(Action::Tick { seconds: 3 * 86_400 + 1, moves: vec![] });
            }
            story.push(plain(1, Deed::SettleClaim { vault, back: 0, with_tokens: true }));
        }
        let (amount, claim) = (Amount::Part(self.rng.random_range(1..10_001)), Some(0));
        story.push(plain(7, Deed::CoverLoss { vault, asset: self.rng.random(), amount, claim }));
        story
    }

    /// A move that leaves most claims possible: a little stake, or the name of a second vote account.
    fn slight(&mut self) -> Action {
        if self.one_in(2) {
            let (from, to) = (self.rng.random_range(0..FIRST), self.rng.random_range(0..12));
            return Action::Restake { from, to, part: self.rng.random_range(1..2_000) };
        }
        let identity = Some(self.rng.random_range(0..FIRST));
        Action::Rename { vote_account: self.rng.random_range(FIRST..12), identity }
    }
}
