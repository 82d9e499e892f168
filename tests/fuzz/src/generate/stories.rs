//! Beginnings of sequences that chance would seldom bring about.

use super::{plain, Generator};
use crate::action::{Action, Amount, Deed, Pick};
use rand::Rng as _;

impl Generator {
    /// What chance would seldom bring about: books that die with a loss of their lenders, a claim on it, votes.
    pub(super) fn begin_with_a_loss(&mut self) {
        let vault = self.rng.random_range(0..2);
        let mut story = self.gap(None);
        story.push(plain(0, Deed::CallRoll { vault, first: 0, count: 32 }));
        story.push(plain(1, Deed::OpenClaim { vault, part: self.rng.random_range(1_000..10_001) }));
        for voter in 0..8 {
            let yes = !self.one_in(6);
            story
                .push(plain(crate::world::VALIDATORS as u8 + voter, Deed::VoteClaim { vault, back: 0, yes }));
        }
        story.push(plain(1, Deed::SettleClaim { vault, back: 0, with_tokens: true }));
        let (amount, claim) = (Amount::Part(self.rng.random_range(1..10_001)), Some(0));
        story.push(plain(7, Deed::CoverLoss { vault, asset: self.rng.random(), amount, claim }));
        story.reverse();
        self.queue = story;
    }

    /// Borrowers with a unit of what nobody can sell beside what they pledged.
    pub(super) fn begin_with_dust(&mut self) {
        let market = self.rng.random_range(0..7);
        let mut story: Vec<Action> = (3..7)
            .map(|by| {
                let amount = Amount::Units(self.rng.random_range(1..4));
                plain(by, Deed::Deposit { of: Pick::Own(0, 0), asset: market, amount, show: true })
            })
            .collect();
        story.push(Action::Silence { market, silent: true });
        story.extend(self.gap(Some(market)));
        story.extend((0..4).map(|number| plain(8, Deed::AbsorbLoss { of: Pick::Unhealthy(number) })));
        story.reverse();
        self.queue = story;
    }

    /// A model or an asset that asks for more, on its way.
    pub(super) fn begin_with_a_ramp(&mut self) {
        let (by, vault) = (crate::world::CURATOR as u8, self.rng.random_range(0..3));
        // a model's row, floor or charge, or an asset's charge or beta, by up to a fifth; ramps of six to eight days
        let asset = if self.one_in(2) { None } else { Some(self.rng.random()) };
        let kind = self.rng.random_range(0..if asset.is_some() { 2 } else { 3 });
        let size = 9 * self.rng.random_range(10..220) + self.rng.random_range(6..9);
        let mut story = vec![
            plain(by, Deed::ProposeChange { vault, asset, kind, size }),
            Action::Tick { seconds: 2 * 86_400 + 60, moves: vec![] },
            plain(by, Deed::ExecuteChange { vault, back: 0 }),
        ];
        for _ in 0..self.rng.random_range(2..30) {
            story.push(Action::Tick { seconds: self.rng.random_range(60..50_000), moves: vec![] });
            story.push(plain(9, Deed::RefreshObligation { of: Pick::Indebted(self.rng.random()) }));
        }
        story.reverse();
        self.queue = story;
    }

    /// Everything but stables gaps far down; keepers close what is insolvent.
    fn gap(&mut self, but: Option<u8>) -> Vec<Action> {
        let falls = |market: &u8| *market != 4 && Some(*market) != but;
        let moves: Vec<(u8, i32)> =
            (0..7).filter(falls).map(|market| (market, -self.rng.random_range(4_000..8_500))).collect();
        let mut story = vec![Action::Tick { seconds: 20, moves }];
        story.extend((0..3).map(|vault| plain(9, Deed::RefreshReserves { vault, first: 0, count: 32 })));
        for _ in 0..self.rng.random_range(4..16) {
            let (of, most) = (Pick::Unhealthy(self.rng.random()), Amount::All);
            let deed =
                Deed::SoftLiquidate { of, debt: 0, deposit: 0, best: true, most, least: 0, shares: true };
            story.push(plain(8, deed));
        }
        story
    }
}
