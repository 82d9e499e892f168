//! A borrower's positions as shares of real ledgers at real prices, so that tranches can be applied and scored again.

use crate::models::{log_uniform, Setting};
use ballast_risk::{
    pace::{DepthBucket, PaceMeter},
    presets,
    price::UnitPrice,
    reserve::Ledger,
    score::{score, Exposure, Score},
    tranche::{Legs, TrancheCurve, TrancheOutcome, TrancheRequest, TrancheRules},
    Bps, DebtShares, DepositShares, TokenAmount, Usd,
};
use num_rational::Ratio;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// When tranches happen.
pub const NOW: u64 = 1_760_130_000;
/// Opening a debt needs this, so books below it are what earlier tranches left.
pub const SMALLEST_DEBT: i128 = 100_000_000;

/// Deposit or debt shares of one reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    Deposit(DepositShares),
    Debt(DebtShares),
}

/// One position with its reserve.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    pub asset: usize,
    pub holding: Holding,
    pub price: UnitPrice,
    /// What the price stands for: micro-USD a unit.
    pub exact_price: Ratio<i128>,
    pub ledger: Ledger,
    /// How its reserve is sold.
    pub curve: TrancheCurve,
}

/// One obligation and the reserves that it touches.
#[derive(Clone, Debug)]
pub struct World<'a> {
    pub setting: &'a Setting,
    pub rules: TrancheRules,
    pub positions: Vec<Position>,
}

/// Any supported price and decimals.
pub fn any_price(rng: &mut ChaCha8Rng) -> UnitPrice {
    let exponent = rng.random_range(-12..=0);
    let most = (9.0 - f64::from(exponent)).min(18.9);
    UnitPrice::from_oracle(log_uniform(rng, 0.0, most) as u64, exponent, rng.random_range(2..=12)).unwrap()
}

fn rules(rng: &mut ChaCha8Rng, setting: &Setting) -> TrancheRules {
    let invented = TrancheRules {
        minimum_tranche: 10_000_000,
        minimum_debt: SMALLEST_DEBT as u64,
        window_seconds: rng.random_range(1..=3_600),
        backstop_urgency: Bps(rng.random_range(1_000..=9_500)),
        bucket_off_urgency: Bps(rng.random_range(100..=5_000)),
        insurance_slice: Bps(rng.random_range(0..=5_000)),
        reserved: [0; 3],
    };
    let rules = setting.preset.map_or(invented, |preset| preset.rules);
    rules.validate().unwrap();
    rules
}

/// A valid curve whose depth does not bind.
fn curve(rng: &mut ChaCha8Rng, setting: &Setting, asset: usize) -> TrancheCurve {
    if let Some(preset) = setting.preset {
        let curve = preset.asset(presets::ASSETS[asset]).unwrap().curve;
        return TrancheCurve { depth: 1 << 60, bucket_share: Bps(10_000), ..curve };
    }
    let bonus_max = rng.random_range(1..=500);
    let curve = TrancheCurve {
        depth: 1 << 60,
        bucket_refill_seconds: 60,
        bucket_share: Bps(10_000),
        target: Bps(if rng.random_bool(0.8) { rng.random_range(10_000..=10_500) } else { 20_000 }),
        pace_floor: Bps(rng.random_range(1..=10_000)),
        pace_urgency: Bps(rng.random_range(1..=10_000)),
        bonus_min: Bps(rng.random_range(1..=bonus_max)),
        bonus_max: Bps(bonus_max),
        bonus_urgency: Bps(rng.random_range(1..=10_000)),
        pace_exponent_halves: rng.random_range(0..=12),
        bonus_exponent_halves: rng.random_range(0..=12),
        reserved: 0,
    };
    curve.validate().unwrap();
    curve
}

/// Books with deposits and debts of others beside the borrower's, at indices that have grown.
fn ledger(rng: &mut ChaCha8Rng, own: &mut Holding, amount: u64) -> Ledger {
    let one = 1u128 << 64;
    let index =
        |rng: &mut ChaCha8Rng| if rng.random_bool(0.3) { one } else { rng.random_range(one..2 * one) };
    let mut ledger = Ledger::new(0);
    ledger.deposit_index = index(rng);
    ledger.debt_index = index(rng);
    let others = rng.random_range(0..=amount).max(2);
    match own {
        Holding::Deposit(shares) => {
            ledger.deposit_down(TokenAmount(others)).unwrap();
            *shares = ledger.deposit_down(TokenAmount(amount.max(2))).unwrap();
            let lent = rng.random_range(0..=others.max(amount) / 2);
            if lent > 0 {
                ledger.borrow_up(TokenAmount(lent)).unwrap();
            }
        }
        Holding::Debt(shares) => {
            ledger.deposit_down(TokenAmount(others + amount)).unwrap();
            *shares = ledger.borrow_up(TokenAmount(amount.max(1))).unwrap();
        }
    }
    ledger
}

/// A position of this value in a token that costs 0.0001 to 100,000 USD and has 6 to 9 decimals: no unit is worth more than
/// ten cents.
fn position(rng: &mut ChaCha8Rng, setting: &Setting, asset: usize, value: i128) -> Position {
    let (mantissa, decimals) = (log_uniform(rng, 4.0, 13.0), rng.random_range(6..=9));
    let price = UnitPrice::from_oracle(mantissa as u64, -8, decimals).unwrap();
    let amount = price.amount_down(Usd(value.abs())).unwrap().0.min(1 << 60);
    let mut holding =
        if value > 0 { Holding::Deposit(DepositShares(0)) } else { Holding::Debt(DebtShares(0)) };
    Position {
        asset,
        ledger: ledger(rng, &mut holding, amount),
        holding,
        price,
        exact_price: Ratio::new(mantissa, 10i128.pow(2 + u32::from(decimals))),
        curve: curve(rng, setting, asset),
    }
}

impl<'a> World<'a> {
    /// A random book of 2 to 16 positions below its requirement, worth 10 to 1e9 USD.
    pub fn unhealthy(rng: &mut ChaCha8Rng, setting: &'a Setting) -> Self {
        let choose = |rng: &mut ChaCha8Rng, least: i128, ruin: i128| {
            let span = ((ruin - least) as f64 * rng.random_range(0.0..1.1)) as i128;
            least
                + match rng.random_range(0..10) {
                    0 => 0,
                    1..=3 => span,
                    4..=6 => span / 8,
                    _ => span / 64,
                }
        };
        loop {
            let world = Self::with_debt(rng, setting, choose);
            if !world.score().is_healthy() {
                return world;
            }
        }
    }

    /// The same with a debt that may be opened.
    pub fn unhealthy_and_legal(rng: &mut ChaCha8Rng, setting: &'a Setting) -> Self {
        loop {
            let world = Self::unhealthy(rng, setting);
            if world.score().debt.0 >= SMALLEST_DEBT {
                return world;
            }
        }
    }

    /// A random book whose equity is used up, by up to its whole debt.
    pub fn ruined(rng: &mut ChaCha8Rng, setting: &'a Setting) -> Self {
        loop {
            let world = Self::with_debt(rng, setting, |rng, _, ruin| {
                ruin + ruin * rng.random_range(0..=2_000) / 2_000
            });
            if world.score().equity().0 <= 0 {
                return world;
            }
        }
    }

    /// Draws a book and multiplies its debts by what `choose` makes of the least factor (in 2^-24) that leaves it unhealthy
    /// and of the one that uses up its equity.
    fn with_debt(
        rng: &mut ChaCha8Rng,
        setting: &'a Setting,
        choose: impl Fn(&mut ChaCha8Rng, i128, i128) -> i128,
    ) -> Self {
        let count = match rng.random_range(0..3) {
            0 => 2,
            1 => rng.random_range(2..=4),
            _ => rng.random_range(2..=16),
        };
        let assets = setting.some_assets(rng, count);
        let deposits = rng.random_range(1..assets.len());
        let scale = log_uniform(rng, 7.0, 15.0);
        let alike = rng.random_bool(0.7);
        let value = |rng: &mut ChaCha8Rng| {
            if alike {
                scale * rng.random_range(1..=4_000) / 1_000
            } else {
                log_uniform(rng, 5.0, 15.0)
            }
        };
        let values: Vec<i128> = assets.iter().map(|_| value(rng)).collect();
        let value =
            |i: usize, factor: i128| if i < deposits { values[i] } else { -(values[i] * factor) >> 24 };
        let book = |factor: i128| -> Vec<Exposure> {
            assets.iter().enumerate().map(|(i, &asset)| setting.exposure(asset, value(i, factor))).collect()
        };
        let collateral: i128 = values[..deposits].iter().sum();
        let debt: i128 = values[deposits..].iter().sum();
        let ruin = (collateral << 24) / debt;
        let (mut healthy, mut unhealthy) = (0, ruin);
        for _ in 0..24 {
            let middle = (healthy + unhealthy) / 2;
            if score(&setting.model, &book(middle)).unwrap().is_healthy() {
                healthy = middle;
            } else {
                unhealthy = middle;
            }
        }
        let factor = choose(rng, unhealthy, ruin);
        let mut positions = Vec::new();
        for (i, &asset) in assets.iter().enumerate() {
            positions.push(position(rng, setting, asset, value(i, factor)));
        }
        Self { setting, rules: rules(rng, setting), positions }
    }

    /// Deposits rounded down, debts up.
    pub fn book(&self) -> Vec<Exposure> {
        self.positions.iter().map(|p| self.setting.exposure(p.asset, p.value())).collect()
    }

    pub fn score(&self) -> Score {
        score(&self.setting.model, &self.book()).unwrap()
    }

    pub fn curves(&self) -> Vec<TrancheCurve> {
        self.positions.iter().map(|p| p.curve).collect()
    }

    pub fn full_buckets(&self) -> Vec<DepthBucket> {
        vec![DepthBucket::default(); self.positions.len()]
    }

    /// Every debt with every deposit.
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        let is_debt = |i: usize| matches!(self.positions[i].holding, Holding::Debt(_));
        let all = 0..self.positions.len();
        let with =
            |debt: usize| all.clone().filter(move |&i| !is_debt(i)).map(move |deposit| (debt, deposit));
        all.clone().filter(|&i| is_debt(i)).flat_map(with).collect()
    }

    /// A request that only the book bounds: full meter and bucket, no maximum.
    pub fn request<'b>(&'b self, book: &'b [Exposure], pair: (usize, usize)) -> TrancheRequest<'b> {
        TrancheRequest {
            model: &self.setting.model,
            rules: &self.rules,
            curve: &self.positions[pair.1].curve,
            book,
            usable: u32::MAX,
            debt: pair.0,
            deposit: pair.1,
            meter: PaceMeter::default(),
            bucket: DepthBucket::default(),
            now: NOW,
            maximum: Usd(i128::MAX),
        }
    }

    /// The two positions of a pair in tokens.
    pub fn legs(&self, (debt, deposit): (usize, usize)) -> Legs {
        let (debt, deposit) = (&self.positions[debt], &self.positions[deposit]);
        Legs {
            debt_price: debt.price,
            debt_owed: TokenAmount(debt.amount()),
            deposit_price: deposit.price,
            deposit_held: TokenAmount(deposit.amount()),
        }
    }

    /// The world after a tranche, applied as the program does: repayment, seizure, payment in tokens or in shares. `None` when
    /// the repayment is too small for a debt share.
    pub fn after(&self, (debt, deposit): (usize, usize), outcome: &TrancheOutcome) -> Option<Self> {
        let mut next = self.clone();
        let position = &mut next.positions[debt];
        let Holding::Debt(shares) = &mut position.holding else { panic!("not a debt") };
        let (taken, burnt) = position.ledger.repay_down(outcome.repay, *shares).ok()?;
        assert_eq!(taken, outcome.repay);
        *shares = shares.minus(burnt).unwrap();

        let position = &mut next.positions[deposit];
        let Holding::Deposit(shares) = &mut position.holding else { panic!("not a deposit") };
        let burnt = position
            .ledger
            .seize_up(outcome.seize, outcome.insurance, *shares, outcome.take_deposit)
            .expect("a seizure");
        *shares = shares.minus(burnt).unwrap();
        if position.ledger.pay_tokens(outcome.to_liquidator).is_err() {
            position.ledger.pay_shares_down(outcome.to_liquidator).expect("payment in shares");
        }
        for position in [debt, deposit] {
            next.positions[position].ledger.surplus().expect("books that hold");
        }
        Some(next)
    }
}

impl Position {
    /// Token units held (down) or owed (up).
    pub fn amount(&self) -> u64 {
        match self.holding {
            Holding::Deposit(shares) => self.ledger.deposit_amount_down(shares).0,
            Holding::Debt(shares) => self.ledger.debt_amount_up(shares).0,
        }
    }

    /// Signed value at spot.
    pub fn value(&self) -> i128 {
        let amount = TokenAmount(self.amount());
        match self.holding {
            Holding::Deposit(_) => self.price.value_down(amount).0,
            Holding::Debt(_) => -self.price.value_up(amount).0,
        }
    }

    /// What the shares are worth, exactly: token units with 64 fractional bits.
    pub fn exact_amount(&self) -> u128 {
        match self.holding {
            Holding::Deposit(shares) => u128::from(shares.0) * self.ledger.deposit_index,
            Holding::Debt(shares) => u128::from(shares.0) * self.ledger.debt_index,
        }
    }
}
