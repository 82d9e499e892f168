//! A borrower's positions as shares of real ledgers at real prices, so that tranches can be applied and scored again.

use crate::models::{log_uniform, Setting};
use ballast_risk::{
    price::UnitPrice,
    reserve::Ledger,
    score::{score, Exposure, Score},
    tranche::{Legs, TrancheOutcome},
    DebtShares, DepositShares, TokenAmount,
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

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
    pub ledger: Ledger,
}

/// One obligation and the reserves that it touches.
#[derive(Clone, Debug)]
pub struct World<'a> {
    pub setting: &'a Setting,
    pub positions: Vec<Position>,
}

/// A token that costs 0.0001 to 100,000 USD and has 6 to 9 decimals: no unit is worth more than ten cents.
fn plain_price(rng: &mut ChaCha8Rng) -> UnitPrice {
    let price = log_uniform(rng, 4.0, 13.0) as u64;
    UnitPrice::from_oracle(price, -8, rng.random_range(6..=9)).unwrap()
}

/// Any supported price and decimals.
pub fn any_price(rng: &mut ChaCha8Rng) -> UnitPrice {
    let exponent = rng.random_range(-12..=0);
    let most = (9.0 - f64::from(exponent)).min(18.9);
    UnitPrice::from_oracle(log_uniform(rng, 0.0, most) as u64, exponent, rng.random_range(2..=12)).unwrap()
}

/// Books with deposits and debts of others beside the borrower's, at indices that have grown.
fn ledger(rng: &mut ChaCha8Rng, own: &mut Holding, amount: u64) -> Ledger {
    let one = 1u128 << 64;
    let index =
        |rng: &mut ChaCha8Rng| if rng.random_bool(0.3) { one } else { rng.random_range(one..2 * one) };
    let mut ledger = Ledger::new(0);
    ledger.deposit_index = index(rng);
    ledger.debt_index = index(rng);
    let others = rng.random_range(0..=amount);
    match own {
        Holding::Deposit(shares) => {
            ledger.deposit_down(TokenAmount(others.max(2))).unwrap();
            *shares = ledger.deposit_down(TokenAmount(amount.max(2))).unwrap();
            let lent = rng.random_range(0..=others.max(2) / 2);
            if lent > 0 {
                ledger.borrow_up(TokenAmount(lent)).unwrap();
            }
        }
        Holding::Debt(shares) => {
            ledger.deposit_down(TokenAmount((others + amount).max(2))).unwrap();
            *shares = ledger.borrow_up(TokenAmount(amount.max(1))).unwrap();
        }
    }
    ledger
}

impl<'a> World<'a> {
    /// A random book of 2 to 16 positions below its requirement, worth 10 to 1e9 USD. `None` when the draw has none.
    pub fn unhealthy(rng: &mut ChaCha8Rng, setting: &'a Setting) -> Option<Self> {
        let count = match rng.random_range(0..3) {
            0 => 2,
            1 => rng.random_range(2..=4),
            _ => rng.random_range(2..=16),
        };
        let assets = setting.some_assets(rng, count);
        let deposits = rng.random_range(1..assets.len());
        let scale = log_uniform(rng, 7.0, 15.0);
        let alike = rng.random_bool(0.7);
        let values: Vec<i128> = assets
            .iter()
            .map(|_| {
                if alike {
                    scale * rng.random_range(1..=4_000) / 1_000
                } else {
                    log_uniform(rng, 5.0, 15.0)
                }
            })
            .collect();
        let book = |debt_share: i128| -> Vec<Exposure> {
            let value = |i: usize| if i < deposits { values[i] } else { -(values[i] * debt_share) >> 24 };
            assets.iter().enumerate().map(|(i, &asset)| setting.exposure(asset, value(i))).collect()
        };
        let collateral: i128 = values[..deposits].iter().sum();
        let debt: i128 = values[deposits..].iter().sum();
        // Debts at which the equity is used up, and by bisection those at which the requirement is just met.
        let ruin = (collateral << 24) / debt.max(1);
        let (mut healthy, mut unhealthy) = (0, ruin);
        for _ in 0..24 {
            let middle = (healthy + unhealthy) / 2;
            if score(&setting.model, &book(middle)).unwrap().is_healthy() {
                healthy = middle;
            } else {
                unhealthy = middle;
            }
        }
        let span = ((ruin - unhealthy) as f64 * rng.random_range(0.0..1.1)) as i128;
        let debt_share = match rng.random_range(0..10) {
            0 => unhealthy,
            1..=3 => unhealthy + span,
            4..=6 => unhealthy + span / 8,
            _ => unhealthy + span / 64,
        };
        let positions = assets
            .iter()
            .zip(book(debt_share))
            .map(|(&asset, exposure)| {
                let price = plain_price(rng);
                let amount =
                    price.amount_down(ballast_risk::Usd(exposure.value.0.abs())).unwrap().0.min(1 << 60);
                let mut holding = if exposure.value.0 > 0 {
                    Holding::Deposit(DepositShares(0))
                } else {
                    Holding::Debt(DebtShares(0))
                };
                let ledger = ledger(rng, &mut holding, amount);
                Position { asset, holding, price, ledger }
            })
            .collect();
        let world = Self { setting, positions };
        (!world.score().is_healthy()).then_some(world)
    }

    /// Deposits rounded down, debts up.
    pub fn book(&self) -> Vec<Exposure> {
        self.positions.iter().map(|p| self.setting.exposure(p.asset, p.value())).collect()
    }

    pub fn score(&self) -> Score {
        score(&self.setting.model, &self.book()).unwrap()
    }

    /// The two positions of a pair in tokens.
    pub fn legs(&self, debt: usize, deposit: usize) -> Legs {
        let (debt, deposit) = (&self.positions[debt], &self.positions[deposit]);
        Legs {
            debt_price: debt.price,
            debt_owed: TokenAmount(debt.amount()),
            deposit_price: deposit.price,
            deposit_held: TokenAmount(deposit.amount()),
        }
    }

    /// Applies a tranche as the program does: repayment, seizure, payment in tokens or shares.
    pub fn apply(&mut self, debt: usize, deposit: usize, outcome: &TrancheOutcome) -> bool {
        let position = &mut self.positions[debt];
        let Holding::Debt(shares) = &mut position.holding else { panic!("not a debt") };
        let amount = if outcome.close_debt { TokenAmount(u64::MAX) } else { outcome.repay };
        let Ok((taken, burnt)) = position.ledger.repay_down(amount, *shares) else { return false };
        assert_eq!(taken, outcome.repay);
        *shares = shares.minus(burnt).unwrap();

        let position = &mut self.positions[deposit];
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
            self.positions[position].ledger.surplus().expect("books that hold");
        }
        true
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
}
