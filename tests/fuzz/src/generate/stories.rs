//! Beginnings of sequences that chance would seldom bring about.

use super::{plain, Generator};
use crate::action::{Action, Amount, Deed, Flaw, Lie, Pick};
use rand::Rng as _;

/// The signal of missing tokens, by its place in the list of all.
const DEFICIT: u8 = 8;
/// The change of a reserve that leaves a state that only the timelock leaves.
const REOPEN: u8 = 10;

/// What chance would seldom bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// Books that die with a loss of their lenders, a claim on it, votes.
    Loss,
    /// Books that hold what nobody can sell.
    Dust,
    /// A requirement that rises.
    Ramp,
    /// Lenders who lose everything.
    WipeOut,
    /// Accounts of an older layout.
    OldVault,
    /// Breakers that halt for as long as they may.
    Halts,
    /// Fewer tokens than the books say.
    MissingTokens,
    /// Stake and identities that move around a claim.
    MovingStake,
    /// Lenders who leave by the shares that guards and a winding-down leave them.
    Leaving,
}

impl Generator {
    /// Queues a story.
    pub(super) fn begin(&mut self, story: Story) {
        let mut story = match story {
            Story::Loss => self.loss(),
            Story::Dust => self.dust(),
            Story::Ramp => self.ramp(),
            Story::WipeOut => self.wipe_out(),
            Story::OldVault => self.old_vault(),
            Story::Halts => self.halts(),
            Story::MissingTokens => self.missing_tokens(),
            Story::MovingStake => self.moving_stake(),
            Story::Leaving => self.leaving(),
        };
        // what comes last is played first
        story.reverse();
        self.queue = story;
    }

    /// Books that die with a loss of their lenders, a claim on it, votes.
    fn loss(&mut self) -> Vec<Action> {
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
        story
    }

    /// Borrowers with a unit of what nobody can sell beside what they pledged.
    fn dust(&mut self) -> Vec<Action> {
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
        story
    }

    /// Lenders of an asset lose all that they left there: it is lent to the last unit, and what was pledged for it becomes worthless.
    /// Their shares are retired, by themselves and by others.
    fn wipe_out(&mut self) -> Vec<Action> {
        // in the first vault: 1 lends ETH, the second asset, and nobody else has any; 7, who has nothing there, pledges BTC, the first
        let (btc, eth, sol, lender, borrower) = (0, 1, 2, 1, 7);
        let own = Pick::Own(0, 0);
        let deposit = |by, asset, dollars| {
            plain(by, Deed::Deposit { of: own, asset, amount: Amount::Dollars(dollars), show: false })
        };
        // $150,000 are there and $10,000 come: two lenders, of whom the first takes what is not lent
        let mut story = vec![
            deposit(2, eth, 10_000),
            deposit(borrower, btc, 400_000),
            plain(borrower, Deed::Borrow { of: own, asset: eth, amount: Amount::Dollars(151_000) }),
            plain(borrower, Deed::Borrow { of: own, asset: sol, amount: Amount::Dollars(10_000) }),
            // ETH is the first of the lender's deposits
            plain(lender, Deed::Withdraw { of: own, asset: 0, amount: Amount::Dollars(9_000) }),
            Action::Tick { seconds: self.rng.random_range(0..60), moves: vec![(btc, -9_999); 2] },
            plain(9, Deed::RefreshReserves { vault: 0, first: 0, count: 32 }),
        ];
        for _ in 0..12 {
            story.push(self.last_tranche());
        }
        story.push(plain(8, Deed::AbsorbLoss { of: Pick::Unhealthy(0) }));
        // lenders of SOL lost a part, and the fund covers some of it: it comes back to them while the others retire. Of the
        // two reserves that lost, ETH is the first
        let (asset, amount) =
            (if self.one_in(4) { 0 } else { 1 }, Amount::Dollars(self.rng.random_range(10..1_000)));
        story.push(plain(9, Deed::CoverLoss { vault: 0, asset, amount, claim: None }));
        let moves = if self.one_in(2) { vec![] } else { vec![(btc, 99_990_000); 2] };
        story.push(Action::Tick { seconds: self.rng.random_range(0..90 * 86_400), moves });
        if self.one_in(2) {
            story.push(plain(9, Deed::RefreshReserves { vault: 0, first: 0, count: 32 }));
        }
        for _ in 0..self.rng.random_range(2..8) {
            let (by, of) = match self.rng.random_range(0..4) {
                0 => (lender, own),
                1 => (2, own),
                _ => (self.rng.random_range(0..10), Pick::Any(self.rng.random())),
            };
            story.push(plain(by, Deed::AbsorbLoss { of }));
            story.push(deposit(self.rng.random_range(0..10), eth, 100));
        }
        story
    }

    /// A vault that the program's first version left. Whoever comes migrates some of it.
    fn old_vault(&mut self) -> Vec<Action> {
        // the one without a fund
        let vault = 2;
        let mut story = vec![Action::Age { vault }];
        for _ in 0..self.rng.random_range(10..60) {
            let by = self.rng.random_range(0..10);
            let (asset, amount) =
                (self.rng.random_range(0..4), Amount::Dollars(self.rng.random_range(1..1_000)));
            let of = Pick::Own(vault, 0);
            story.push(match self.rng.random_range(0..8) {
                0 => plain(by, Deed::Deposit { of, asset, amount, show: self.one_in(2) }),
                1 => plain(by, Deed::Withdraw { of, asset, amount }),
                _ => plain(by, Deed::MigrateAccount { vault, account: self.rng.random() }),
            });
        }
        story
    }

    /// One reserve that halts again and again, for one cause or for several, until it winds down.
    fn halts(&mut self) -> Vec<Action> {
        let (vault, asset) = (self.rng.random_range(0..3), self.rng.random_range(0..3));
        let curator = crate::world::CURATOR as u8;
        let mut story = vec![];
        for _ in 0..self.rng.random_range(4..14) {
            match self.rng.random_range(0..4) {
                0 => story.extend(self.doubtful_price(vault, asset)),
                1 => {
                    let deed = Deed::Tighten { vault, asset: Some(asset), halted: true, seconds: 8 * 3_600 };
                    story.push(plain(crate::world::GUARDIAN as u8, deed));
                }
                _ => {
                    story.push(Action::Vanish { vault, asset, part: self.rng.random_range(1..100) });
                    story.push(plain(9, Deed::TripBreaker { vault, asset, signal: DEFICIT }));
                }
            }
            story.push(Action::Tick { seconds: self.rng.random_range(600..86_400), moves: vec![] });
            if self.one_in(4) {
                story.push(plain(9, Deed::StepBreaker { vault, asset: Some(asset) }));
            }
        }
        // the timelock leaves what wound down
        story.push(plain(curator, Deed::ProposeChange { vault, asset: Some(asset), kind: REOPEN, size: 1 }));
        story.push(Action::Tick { seconds: 3 * 86_400, moves: vec![] });
        story.push(plain(curator, Deed::ExecuteChange { vault, back: 0 }));
        story
    }

    /// Tokens that are gone from a reserve: signals, reports, and everybody who wants in or out.
    fn missing_tokens(&mut self) -> Vec<Action> {
        let (vault, asset) = (self.rng.random_range(0..3), self.rng.random_range(0..4));
        let part = if self.one_in(3) { 10_000 } else { self.rng.random_range(1..10_000) };
        let mut story = vec![Action::Vanish { vault, asset, part }];
        for _ in 0..self.rng.random_range(4..20) {
            let (by, of) = (self.rng.random_range(0..10), Pick::Own(vault, 0));
            let amount = Amount::Part(self.rng.random_range(1..10_001));
            story.push(match self.rng.random_range(0..8) {
                0 => plain(9, Deed::TripBreaker { vault, asset, signal: DEFICIT }),
                1 => plain(9, Deed::AttestSolvency { vault, first: 0, count: 32 }),
                2 => plain(9, Deed::RefreshReserves { vault, first: 0, count: 32 }),
                3..=4 => plain(by, Deed::Deposit { of, asset, amount, show: self.one_in(2) }),
                5 => plain(by, Deed::Borrow { of, asset, amount }),
                6 => plain(by, Deed::Repay { of, asset, amount }),
                _ => plain(by, Deed::Withdraw { of, asset, amount }),
            });
        }
        story
    }

    /// Guards hold a reserve or its vault, or one winds down; whoever lent takes what it may, again and again.
    fn leaving(&mut self) -> Vec<Action> {
        let (vault, asset) = (self.rng.random_range(0..3), self.rng.random_range(0..4));
        let mut story = vec![];
        let winds_down = self.one_in(2);
        for _ in 0..if winds_down { 9 } else { 0 } {
            story.push(Action::Vanish { vault, asset, part: 1 });
            story.push(plain(9, Deed::TripBreaker { vault, asset, signal: DEFICIT }));
            story.push(Action::Tick { seconds: 4 * 3_600 + 60, moves: vec![] });
        }
        for _ in 0..self.rng.random_range(10..40) {
            let (by, of) = (self.rng.random_range(0..4), Pick::Own(vault, 0));
            let amount = Amount::Part(self.rng.random_range(1..4_000));
            story.push(match self.rng.random_range(0..12) {
                0 => {
                    let on = if self.one_in(2) { None } else { Some(asset) };
                    let (halted, seconds) = (self.one_in(2), self.rng.random_range(600..8 * 3_600));
                    plain(crate::world::GUARDIAN as u8, Deed::Tighten { vault, asset: on, halted, seconds })
                }
                1 => plain(by, Deed::Deposit { of, asset, amount, show: false }),
                2..=3 => Action::Tick { seconds: self.rng.random_range(0..20_000), moves: vec![] },
                4 => plain(9, Deed::StepBreaker { vault, asset: Some(asset) }),
                _ => plain(by, Deed::Withdraw { of, asset: self.rng.random_range(0..4), amount }),
            });
        }
        story
    }

    /// A feed whose spot and average are apart, twice within a minute.
    fn doubtful_price(&mut self, vault: u8, asset: u8) -> Vec<Action> {
        let lie = |average| Lie { spot: 10_000, average, confidence: 1, age: 0, slots: 0, flaw: Flaw::None };
        let mut story = vec![];
        for _ in 0..2 {
            story.push(Action::Pass { seconds: 40, slots: 100 });
            for market in 0..7 {
                story.push(Action::Post { market, lie: lie(self.rng.random_range(4_000..9_000)) });
            }
            story.push(plain(9, Deed::RefreshReserves { vault, first: 0, count: 32 }));
            story.push(plain(9, Deed::TripBreaker { vault, asset, signal: 0 }));
        }
        story
    }

    /// A model or an asset that asks for more, on its way.
    fn ramp(&mut self) -> Vec<Action> {
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
        story
    }

    /// Everything but stables gaps far down; keepers close what is insolvent.
    pub(super) fn gap(&mut self, but: Option<u8>) -> Vec<Action> {
        let falls = |market: &u8| *market != 4 && Some(*market) != but;
        let moves: Vec<(u8, i32)> =
            (0..7).filter(falls).map(|market| (market, -self.rng.random_range(4_000..8_500))).collect();
        let mut story = vec![Action::Tick { seconds: 20, moves }];
        story.extend((0..3).map(|vault| plain(9, Deed::RefreshReserves { vault, first: 0, count: 32 })));
        for _ in 0..self.rng.random_range(4..16) {
            story.push(self.last_tranche());
        }
        story
    }

    /// A tranche of somebody's book, as large as it may be.
    fn last_tranche(&mut self) -> Action {
        let (of, most) = (Pick::Unhealthy(self.rng.random()), Amount::All);
        plain(8, Deed::SoftLiquidate { of, debt: 0, deposit: 0, best: true, most, least: 0, shares: true })
    }
}
