//! Drawing sequences from a seed. Each sequence has a mood, so that some become deep in one thing instead of all shallow in
//! everything.

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

impl Generator {
    /// The sequence of a seed.
    pub fn new(seed: u64, probes: u8) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let moods = [Mood::Calm, Mood::Crash, Mood::Crash, Mood::Hostile, Mood::Governance, Mood::Insurance, Mood::Wild];
        let mood = moods[rng.random_range(0..moods.len())];
        let left = STEPS.0 + rng.random_range(0..STEPS.1);
        Self { rng, mood, left, queue: vec![], probes }
    }

    /// A generator for a probe: only ordinary steps, so many of them.
    pub fn continuation(seed: u64, steps: usize) -> Self {
        let mut generator = Self::new(seed, 0);
        (generator.left, generator.mood) = (steps, Mood::Wild);
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
                self.queue.push(Action::Send(vec![Call { by: 9, deed, twists: vec![] }]));
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
            6..=7 => Action::NextEpoch,
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
            0..=5 => Twist::Swap(slot, self.rng.random()),
            6 => Twist::Double(slot, self.rng.random_range(0..24)),
            7 => Twist::Unsign(slot),
            8 => Twist::ReadOnly(slot),
            9 => Twist::Drop(self.rng.random_range(1..6)),
            10 => Twist::Extend(self.rng.random()),
            11 => Twist::Rotate(self.rng.random_range(1..6)),
            12 => Twist::Flip(self.rng.random()),
            13 => Twist::Cut(self.rng.random_range(0..40)),
            14 => Twist::Impostor(self.rng.random()),
            _ if self.one_in(2) => Twist::Tail(self.rng.random()),
            _ => Twist::Writable(slot),
        }
    }

    /// A number of any length.
    fn magnitude(&mut self) -> u64 {
        let bits = self.rng.random_range(0..64);
        self.rng.random::<u64>() >> bits
    }

    fn amount(&mut self) -> Amount {
        match self.rng.random_range(0..20) {
            0 => Amount::Units(0),
            1 => Amount::Units(self.rng.random_range(1..4)),
            2 => Amount::Units(self.magnitude()),
            3 => Amount::Units(u64::MAX - self.rng.random_range(1..3)),
            4..=6 => Amount::All,
            7..=12 => Amount::Dollars(self.rng.random_range(1..30_000)),
            _ => Amount::Part(self.rng.random_range(1..10_001)),
        }
    }

    fn own(&mut self) -> Pick {
        Pick::Own(self.rng.random_range(0..3), self.rng.random_range(0..10) / 8)
    }

    fn pick(&mut self) -> Pick {
        let number = self.rng.random();
        match self.rng.random_range(0..10) {
            0 => Pick::Any(number),
            1..=2 => Pick::Indebted(number),
            _ => Pick::Unhealthy(number),
        }
    }

    fn deed(&mut self) -> (u8, Deed) {
        let weights = weights(self.mood);
        let mut at = self.rng.random_range(0..weights.iter().sum());
        let mut kind = 0;
        for weight in weights {
            if at < weight {
                break;
            }
            at -= weight;
            kind += 1;
        }
        let person = self.rng.random_range(0..10);
        match kind {
            0 => (person, self.user()),
            1 => (person, self.liquidation()),
            2 => self.safety(person),
            3 => (person, self.proof()),
            4 => self.governance(person),
            _ => self.insurance(person),
        }
    }

    fn user(&mut self) -> Deed {
        let (of, asset, amount) = (self.own(), self.rng.random_range(0..7), self.amount());
        match self.rng.random_range(0..100) {
            0..=29 => Deed::Deposit { of, asset, amount, show: self.one_in(2) },
            30..=51 => Deed::Withdraw { of, asset, amount },
            52..=76 => Deed::Borrow { of, asset, amount },
            77..=91 => {
                let of = if self.one_in(3) { Pick::Indebted(self.rng.random()) } else { of };
                Deed::Repay { of, asset, amount }
            }
            92..=94 => Deed::OpenObligation { vault: self.rng.random_range(0..4), id: self.rng.random_range(0..4) },
            95..=97 => Deed::CloseObligation { of },
            98 => Deed::Garbage {
                instruction: self.rng.random(),
                seed: self.rng.random(),
                accounts: self.rng.random_range(0..20),
            },
            _ => Deed::MigrateAccount { vault: self.rng.random_range(0..3), account: self.rng.random() },
        }
    }

    fn liquidation(&mut self) -> Deed {
        let of = self.pick();
        if self.one_in(7) {
            return Deed::AbsorbLoss { of };
        }
        let (debt, deposit, best) = (self.rng.random(), self.rng.random(), !self.one_in(3));
        let most = if self.one_in(2) { Amount::All } else { self.amount() };
        let least = if self.one_in(20) { self.magnitude() } else { 0 };
        Deed::SoftLiquidate { of, debt, deposit, best, most, least, shares: self.one_in(2) }
    }

    fn safety(&mut self, person: u8) -> (u8, Deed) {
        let (vault, asset) = (self.rng.random_range(0..3), self.rng.random_range(0..7));
        let some_asset = if self.one_in(4) { None } else { Some(asset) };
        match self.rng.random_range(0..10) {
            0..=5 => (person, Deed::TripBreaker { vault, asset, signal: self.rng.random_range(0..14) }),
            6..=7 => (person, Deed::StepBreaker { vault, asset: some_asset }),
            _ => {
                let by = if self.one_in(5) { person } else { crate::world::GUARDIAN as u8 };
                let seconds = self.rng.random_range(0..100_000);
                (by, Deed::Tighten { vault, asset: some_asset, halted: self.one_in(2), seconds })
            }
        }
    }

    fn proof(&mut self) -> Deed {
        let vault = self.rng.random_range(0..3);
        let (first, count) = if self.one_in(2) { (0, 32) } else { (self.rng.random(), self.rng.random_range(0..4)) };
        match self.rng.random_range(0..10) {
            0..=1 => Deed::RefreshReserves { vault, first, count },
            2..=3 => Deed::RefreshObligation { of: Pick::Any(self.rng.random()) },
            4..=5 => Deed::AttestSolvency { vault, first, count },
            6 => Deed::CollectFees { vault, asset: self.rng.random() },
            _ => Deed::AuditBook {
                vault,
                step: self.rng.random_range(0..10),
                of: Pick::Any(self.rng.random()),
            },
        }
    }

    /// A deed after so many seconds.
    fn later(&mut self, seconds: u32, by: u8, deed: Deed) {
        self.queue.push(Action::Send(vec![Call { by, deed, twists: vec![] }]));
        self.queue.push(Action::Tick { seconds, moves: vec![] });
    }

    fn governance(&mut self, person: u8) -> (u8, Deed) {
        let by = if self.one_in(8) { person } else { crate::world::CURATOR as u8 };
        let vault = self.rng.random_range(0..4);
        let asset = if self.one_in(2) { None } else { Some(self.rng.random()) };
        let back = if self.one_in(2) { 0 } else { self.rng.random_range(0..6) };
        match self.rng.random_range(0..20) {
            0..=7 => {
                let (kind, size) = (self.rng.random(), self.rng.random_range(-2_000..2_000));
                (by, Deed::ProposeChange { vault, asset, kind, size })
            }
            8..=13 => {
                if self.one_in(2) {
                    // ripe, and not expired
                    let days = self.rng.random_range(2 * 86_400..5 * 86_400);
                    self.later(days, by, Deed::ExecuteChange { vault, back });
                }
                (by, Deed::ExecuteChange { vault, back })
            }
            14..=15 => (by, Deed::CancelChange { vault, back }),
            16 => (by, Deed::CreateVault { id: self.rng.random_range(2..5), steady: self.one_in(2) }),
            17..=18 => (by, Deed::AddReserve { vault, market: self.rng.random_range(0..7) }),
            _ => (by, Deed::CreateFund { vault, asset: self.rng.random() }),
        }
    }

    fn insurance(&mut self, person: u8) -> (u8, Deed) {
        let (vault, validator) = (self.rng.random_range(0..2), self.rng.random_range(0..8u8));
        let identity = crate::world::VALIDATORS as u8 + validator;
        let back = if self.one_in(4) { self.rng.random_range(0..4) } else { 0 };
        let with_tokens = !self.one_in(4);
        match self.rng.random_range(0..40) {
            0 => (person, Deed::OpenStake { vault }),
            1 => (person, Deed::CloseStake { vault }),
            2..=5 => (person % 4, Deed::StakeInsurance { vault, amount: self.amount() }),
            6..=8 => (person % 4, Deed::RequestUnstake { vault, part: self.rng.random_range(0..12_000) }),
            9..=11 => {
                if self.one_in(3) {
                    let seconds = self.rng.random_range(13 * 86_400..17 * 86_400);
                    self.later(seconds, person % 4, Deed::Unstake { vault });
                }
                (person % 4, Deed::RequestUnstake { vault, part: self.rng.random_range(1..12_000) })
            }
            12..=14 => (person, Deed::CollectInsurance { vault }),
            15..=20 => {
                let claim = if self.one_in(3) { Some(back) } else { None };
                (person, Deed::CoverLoss { vault, asset: self.rng.random(), amount: self.amount(), claim })
            }
            21..=22 => (identity, Deed::EnrollValidator { vault, validator }),
            23 => (identity, Deed::LeaveRoll { vault, validator }),
            24..=26 => {
                // a claim needs the roll called in its epoch
                if self.one_in(2) {
                    let open = Deed::OpenClaim { vault, part: self.rng.random_range(1..11_000) };
                    self.queue.push(Action::Send(vec![Call { by: person, deed: open, twists: vec![] }]));
                }
                (person, Deed::CallRoll { vault, first: 0, count: 32 })
            }
            27..=28 => (person, Deed::OpenClaim { vault, part: self.rng.random_range(1..11_000) }),
            29..=34 => {
                if self.one_in(2) {
                    for voter in 0..8 {
                        let (by, yes) = (crate::world::VALIDATORS as u8 + voter, !self.one_in(5));
                        let deed = Deed::VoteClaim { vault, back, yes };
                        self.queue.push(Action::Send(vec![Call { by, deed, twists: vec![] }]));
                    }
                }
                (identity, Deed::VoteClaim { vault, back, yes: !self.one_in(4) })
            }
            35..=37 => {
                if self.one_in(2) {
                    self.later(3 * 86_400 + 1, person, Deed::SettleClaim { vault, back, with_tokens });
                }
                (person, Deed::SettleClaim { vault, back, with_tokens })
            }
            _ => (person, Deed::CloseClaim { vault, back, with_tokens }),
        }
    }
}

impl Iterator for Generator {
    type Item = Action;

    fn next(&mut self) -> Option<Action> {
        self.left = self.left.checked_sub(1)?;
        Some(self.step())
    }
}
