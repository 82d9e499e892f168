//! Drawing what an instruction does.

use super::{plain, weights, Generator};
use crate::action::{Action, Amount, Deed, Pick};
use rand::Rng as _;

impl Generator {
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

    /// A deed of the mood, and whose.
    pub(super) fn deed(&mut self) -> (u8, Deed) {
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

    /// An amount that is mostly possible: a part of what there is.
    fn likely(&mut self) -> Amount {
        match self.rng.random_range(0..20) {
            0..=14 => Amount::Part(self.rng.random_range(1..10_001)),
            15..=17 => Amount::Dollars(self.rng.random_range(50..5_000)),
            _ => self.amount(),
        }
    }

    fn user(&mut self) -> Deed {
        let (of, asset) = (self.own(), self.rng.random_range(0..7));
        match self.rng.random_range(0..100) {
            0..=29 => Deed::Deposit { of, asset, amount: self.likely(), show: self.one_in(2) },
            30..=47 => Deed::Withdraw { of, asset, amount: self.amount() },
            48..=76 => {
                // what most vaults lend
                let lent = [0, 1, 2, 4][self.rng.random_range(0..4)];
                let asset = if self.one_in(4) { asset } else { lent };
                Deed::Borrow { of, asset, amount: self.likely() }
            }
            77..=91 => {
                let of = if self.one_in(3) { Pick::Indebted(self.rng.random()) } else { of };
                Deed::Repay { of, asset, amount: self.amount() }
            }
            92..=94 => {
                Deed::OpenObligation { vault: self.rng.random_range(0..4), id: self.rng.random_range(0..4) }
            }
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
        let (first, count) =
            if self.one_in(2) { (0, 32) } else { (self.rng.random(), self.rng.random_range(0..4)) };
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
        self.queue.push(plain(by, deed));
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
            1 => {
                let by = person % 4;
                if self.one_in(2) {
                    self.queue.push(plain(by, Deed::CloseStake { vault }));
                    self.later(14 * 86_400 + 60, by, Deed::Unstake { vault });
                    return (by, Deed::RequestUnstake { vault, part: u16::MAX });
                }
                (by, Deed::CloseStake { vault })
            }
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
                    self.queue.push(plain(person, open));
                }
                (person, Deed::CallRoll { vault, first: 0, count: 32 })
            }
            27..=28 => (person, Deed::OpenClaim { vault, part: self.rng.random_range(1..11_000) }),
            29..=34 => {
                if self.one_in(2) {
                    for voter in 0..8 {
                        let (by, yes) = (crate::world::VALIDATORS as u8 + voter, !self.one_in(5));
                        let deed = Deed::VoteClaim { vault, back, yes };
                        self.queue.push(plain(by, deed));
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
