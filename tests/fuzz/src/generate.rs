//! Drawing sequences from a seed. Each sequence has a mood, so that some become deep in one thing instead of all shallow in
//! everything.

mod deeds;
mod electorate;
mod stories;

pub use stories::Story;

use crate::action::*;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Steps of a sequence at least, and how many more at most.
const STEPS: (usize, usize) = (150, 250);
/// A probe comes once in so many steps.
const PROBE_EVERY: u32 = 45;

/// Draws actions.
pub struct Generator {
    rng: ChaCha8Rng,
    mood: Mood,
    left: usize,
    /// What has to come next.
    queue: Vec<Action>,
    /// How many laws are probed.
    probes: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Calm,
    Crash,
    Hostile,
    Governance,
    Insurance,
    Wild,
}

/// Weights of user, liquidation, safety, proof, governance and insurance deeds.
fn weights(mood: Mood) -> [u32; 6] {
    match mood {
        Mood::Calm => [70, 8, 6, 6, 4, 6],
        Mood::Crash => [30, 50, 6, 4, 2, 8],
        Mood::Hostile => [40, 20, 10, 10, 10, 10],
        Mood::Governance => [25, 6, 10, 4, 50, 5],
        Mood::Insurance => [15, 20, 5, 3, 2, 55],
        Mood::Wild => [30, 25, 12, 8, 12, 13],
    }
}

/// A transaction of one instruction with nothing wrong in it.
fn plain(by: u8, deed: Deed) -> Action {
    Action::Send(vec![Call { by, deed, twists: vec![] }])
}

impl Generator {
    /// The sequence of a seed.
    pub fn new(seed: u64, probes: u8) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let moods = [
            Mood::Calm,
            Mood::Crash,
            Mood::Crash,
            Mood::Hostile,
            Mood::Governance,
            Mood::Insurance,
            Mood::Wild,
        ];
        let mood = moods[rng.random_range(0..moods.len())];
        let left = STEPS.0 + rng.random_range(0..STEPS.1);
        let mut generator = Self { rng, mood, left, queue: vec![], probes };
        let story = match mood {
            Mood::Insurance if generator.one_in(3) => Some(Story::MovingStake),
            Mood::Insurance if !generator.one_in(3) => Some(Story::Loss),
            Mood::Governance if !generator.one_in(3) => Some(Story::Ramp),
            Mood::Crash if generator.one_in(4) => Some(Story::Dust),
            Mood::Crash | Mood::Calm if generator.one_in(4) => Some(Story::WipeOut),
            Mood::Wild | Mood::Calm if generator.one_in(4) => Some(Story::OldVault),
            Mood::Wild if generator.one_in(2) => Some(Story::Halts),
            Mood::Hostile if generator.one_in(6) => Some(Story::MissingTokens),
            Mood::Calm | Mood::Hostile if generator.one_in(3) => Some(Story::Leaving),
            _ => None,
        };
        if let Some(story) = story {
            generator.begin(story);
        }
        generator
    }

    /// One story and nothing else.
    pub fn telling(seed: u64, story: Story) -> Self {
        let mut generator = Self::continuation(seed, 0);
        generator.begin(story);
        generator.left = generator.queue.len();
        generator
    }

    /// A generator for a probe: only ordinary steps, so many of them.
    pub fn continuation(seed: u64, steps: usize) -> Self {
        let mut generator = Self::new(seed, 0);
        (generator.left, generator.mood) = (steps, Mood::Wild);
        generator.queue.clear();
        generator
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.rng.random_range(0..n) == 0
    }

    fn step(&mut self) -> Action {
        if let Some(next) = self.queue.pop() {
            return next;
        }
        if self.probes > 0 && self.one_in(PROBE_EVERY) {
            return Action::Probe { law: self.rng.random_range(0..self.probes), seed: self.rng.random() };
        }
        match self.rng.random_range(0..100) {
            0..=17 => self.tick(),
            18..=20 => self.environment(),
            _ => self.transaction(),
        }
    }

    /// Time and prices, then a refresh of a vault or of all.
    fn tick(&mut self) -> Action {
        let seconds = match self.rng.random_range(0..100) {
            0..=39 => self.rng.random_range(0..5),
            40..=74 => self.rng.random_range(5..120),
            75..=91 => self.rng.random_range(120..7_200),
            92..=98 => self.rng.random_range(7_200..4 * 86_400),
            _ => self.rng.random_range(4 * 86_400..365 * 86_400),
        };
        let size = match self.mood {
            Mood::Calm | Mood::Governance => 50,
            Mood::Crash | Mood::Insurance => 900,
            Mood::Hostile | Mood::Wild => 400,
        };
        let count = self.rng.random_range(0..4);
        let mut moves: Vec<(u8, i32)> =
            (0..count).map(|_| (self.rng.random_range(0..7), self.rng.random_range(-size..=size))).collect();
        if self.mood == Mood::Crash && self.one_in(3) {
            // everything falls, stables a little
            moves = (0..7u8)
                .map(|market| {
                    let most: i32 = if market == 4 { 200 } else { 2_500 };
                    (market, -self.rng.random_range(0..most))
                })
                .collect();
        }
        if matches!(self.mood, Mood::Crash | Mood::Insurance) && self.one_in(8) {
            // one asset gaps beyond what margins cover
            moves.push((self.rng.random_range(0..7), -self.rng.random_range(3_000..7_000)));
        }
        if self.one_in(150) {
            moves.push((self.rng.random_range(0..7), if self.one_in(2) { 90_000 } else { -9_000 }));
        }
        for vault in 0..3 {
            if !self.one_in(6) {
                let deed = Deed::RefreshReserves { vault, first: 0, count: 32 };
                self.queue.push(plain(9, deed));
            }
        }
        Action::Tick { seconds, moves }
    }

    fn environment(&mut self) -> Action {
        let market = self.rng.random_range(0..7);
        match self.rng.random_range(0..24) {
            0..=2 => Action::Donate {
                vault: self.rng.random_range(0..3),
                asset: self.rng.random_range(0..8),
                units: self.magnitude(),
            },
            3..=4 => Action::Silence { market, silent: self.one_in(2) },
            5 => Action::Freeze { vault: self.rng.random_range(0..3), asset: market, frozen: self.one_in(2) },
            6..=7 if self.one_in(2) => Action::NextEpoch,
            6..=7 => self.electorate(),
            8..=10 => Action::Earn {
                actor: self.rng.random_range(0..10),
                market,
                dollars: self.rng.random_range(1..200_000),
            },
            11..=13 => {
                let seconds = if self.one_in(2) { 0 } else { self.rng.random_range(0..400) };
                let slots = if self.one_in(3) { 0 } else { self.rng.random_range(0..1_000) };
                Action::Pass { seconds, slots }
            }
            _ => Action::Post { market, lie: self.lie() },
        }
    }

    fn lie(&mut self) -> Lie {
        let near = |rng: &mut ChaCha8Rng| match rng.random_range(0..10) {
            0..=5 => rng.random_range(9_900..10_100),
            6..=8 => rng.random_range(8_000..12_500),
            _ => rng.random_range(1..100_000),
        };
        let flaw = match self.rng.random_range(0..16) {
            0 => Flaw::Owner,
            1 => Flaw::Feed,
            2 => Flaw::Verification,
            3 => Flaw::Exponent(self.rng.random_range(-20..12)),
            4 => Flaw::Price([0, -1, 1, i64::MAX, i64::MIN][self.rng.random_range(0..5)]),
            5 => Flaw::Garbage,
            _ => Flaw::None,
        };
        let age = match self.rng.random_range(0..6) {
            0..=2 => 0,
            3 => self.rng.random_range(0..90),
            4 => self.rng.random_range(-90..0),
            _ => self.rng.random_range(0..100_000),
        };
        Lie {
            spot: near(&mut self.rng),
            average: near(&mut self.rng),
            confidence: if self.one_in(3) { self.rng.random_range(0..3_000) } else { 1 },
            age,
            slots: if self.one_in(4) { self.rng.random_range(-5..500) } else { 0 },
            flaw,
        }
    }

    fn transaction(&mut self) -> Action {
        let count = if self.one_in(8) { self.rng.random_range(2..5) } else { 1 };
        let calls = (0..count)
            .map(|_| {
                let (by, deed) = self.deed();
                let bent = if self.mood == Mood::Hostile { 2 } else { 9 };
                let twists = if self.one_in(bent) { self.twists() } else { vec![] };
                Call { by, deed, twists }
            })
            .collect();
        Action::Send(calls)
    }

    fn twists(&mut self) -> Vec<Twist> {
        let count = if self.one_in(4) { 2 } else { 1 };
        (0..count).map(|_| self.twist()).collect()
    }

    fn twist(&mut self) -> Twist {
        let slot = self.rng.random_range(0..24);
        match self.rng.random_range(0..16) {
            0..=3 => Twist::Swap(slot, self.rng.random()),
            4..=5 => Twist::Impostor(self.rng.random()),
            6 => Twist::Double(slot, self.rng.random_range(0..24)),
            7 => Twist::Unsign(slot),
            8 => Twist::ReadOnly(slot),
            9 => Twist::Drop(self.rng.random_range(1..6)),
            10 => Twist::Extend(self.rng.random()),
            11 => Twist::Rotate(self.rng.random_range(1..6)),
            12 => Twist::Flip(self.rng.random()),
            13 => Twist::Cut(self.rng.random_range(0..40)),
            14 => Twist::Foreign(self.rng.random_range(0..3)),
            _ if self.one_in(2) => Twist::Tail(self.rng.random()),
            _ => Twist::Writable(slot),
        }
    }

    /// A number of any length.
    fn magnitude(&mut self) -> u64 {
        let bits = self.rng.random_range(0..64);
        self.rng.random::<u64>() >> bits
    }
}

impl Iterator for Generator {
    type Item = Action;

    fn next(&mut self) -> Option<Action> {
        self.left = self.left.checked_sub(1)?;
        Some(self.step())
    }
}
