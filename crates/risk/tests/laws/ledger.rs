//! Law 5: rounding never favours the caller. Whatever actors do on a reserve's books, the books hold, and nobody's own action
//! raises what he has.

use crate::runner::for_books;
use ballast_risk::{
    interest::RateCurve,
    reserve::{InterestSplit, Ledger},
    Bps, DebtShares, DepositShares, TokenAmount,
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

const ACTORS: usize = 4;
const STEPS: usize = 40;

/// What one actor has: tokens that may be negative (what he brought), deposit shares and debt shares.
#[derive(Clone, Copy, Debug, Default)]
struct Actor {
    tokens: i128,
    deposit: DepositShares,
    debt: DebtShares,
}

impl Actor {
    /// Exact worth at the ledger's indices: token units with 64 fractional bits, as (high, low) around i128's limits.
    fn worth(&self, ledger: &Ledger) -> Worth {
        let shares = |shares: u64, index: u128| Worth::product(shares, index);
        let deposit = shares(self.deposit.0, ledger.deposit_index);
        let debt = shares(self.debt.0, ledger.debt_index);
        Worth { units: self.tokens + deposit.units - debt.units, part: deposit.part - debt.part }.normal()
    }
}

/// `units + part/2^64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    units: i128,
    part: i128,
}

impl Worth {
    fn product(shares: u64, index: u128) -> Self {
        let (high, low) = (index >> 64, index & u128::from(u64::MAX));
        let low = u128::from(shares) * low;
        let units = u128::from(shares) * high + (low >> 64);
        Self { units: units as i128, part: (low & u128::from(u64::MAX)) as i128 }
    }

    fn normal(self) -> Self {
        Self { units: self.units + self.part.div_euclid(1 << 64), part: self.part.rem_euclid(1 << 64) }
    }
}

fn amount(rng: &mut ChaCha8Rng) -> TokenAmount {
    TokenAmount(match rng.random_range(0..10) {
        0..=4 => rng.random_range(1..=9),
        5..=6 => rng.random_range(1..=10_000),
        7 => u64::MAX,
        8 => 0,
        _ => rng.random::<u64>() >> rng.random_range(2..60),
    })
}

/// One action of one actor; refusals change nothing.
fn act(rng: &mut ChaCha8Rng, ledger: &mut Ledger, actors: &mut [Actor]) {
    let own = rng.random_range(0..actors.len());
    let amount = amount(rng);
    let signed = i128::from(amount.0);
    match rng.random_range(0..8) {
        0 | 1 => {
            if let Ok(shares) = ledger.deposit_down(amount) {
                actors[own].tokens -= signed;
                actors[own].deposit = actors[own].deposit.plus(shares).unwrap();
            }
        }
        2 | 3 => {
            if let Ok((taken, shares)) = ledger.withdraw_up(amount, actors[own].deposit) {
                actors[own].tokens += i128::from(taken.0);
                actors[own].deposit = actors[own].deposit.minus(shares).unwrap();
            }
        }
        4 | 5 => {
            if let Ok(shares) = ledger.borrow_up(amount) {
                actors[own].tokens += signed;
                actors[own].debt = actors[own].debt.plus(shares).unwrap();
            }
        }
        6 => {
            if let Ok((taken, shares)) = ledger.repay_down(amount, actors[own].debt) {
                actors[own].tokens -= i128::from(taken.0);
                actors[own].debt = actors[own].debt.minus(shares).unwrap();
            }
        }
        // a liquidator takes part of another's deposit: what he gets, the other loses, and more
        _ => seize(rng, ledger, actors, own),
    }
}

fn seize(rng: &mut ChaCha8Rng, ledger: &mut Ledger, actors: &mut [Actor], keeper: usize) {
    let victim = (keeper + 1) % actors.len();
    let held = actors[victim].deposit;
    let worth = ledger.deposit_amount_down(held);
    let all = rng.random_bool(0.3);
    let taken = TokenAmount(if all { worth.0 } else { amount(rng).0.min(worth.0) });
    let insurance = TokenAmount(rng.random_range(0..=taken.0.min(9)));
    let paid = taken.minus(insurance).unwrap();
    let before = *ledger;
    let Ok(shares) = ledger.seize_up(taken, insurance, held, all) else { return };
    if rng.random_bool(0.5) && ledger.pay_tokens(paid).is_ok() {
        actors[keeper].tokens += i128::from(paid.0);
    } else if let Ok(own) = ledger.pay_shares_down(paid) {
        actors[keeper].deposit = actors[keeper].deposit.plus(own).unwrap();
    } else {
        *ledger = before;
        return;
    }
    actors[victim].deposit = held.minus(shares).unwrap();
}

fn split(rng: &mut ChaCha8Rng) -> InterestSplit {
    let fee = rng.random_range(0..=5_000);
    let insurance = rng.random_range(0..=10_000 - fee);
    InterestSplit {
        fee: Bps(fee),
        insurance: Bps(insurance),
        insurance_target: Bps(rng.random_range(0..=10_000)),
        reserved: 0,
    }
}

fn total(actors: &[Actor], ledger: &Ledger) -> Worth {
    let sum = actors.iter().map(|a| a.worth(ledger)).fold((0, 0), |(u, p), w| (u + w.units, p + w.part));
    Worth { units: sum.0, part: sum.1 }.normal()
}

#[test]
fn no_action_raises_the_worth_of_its_actors_and_the_books_always_hold() {
    for_books("ledger", |rng, _| {
        let mut ledger = Ledger::new(0);
        let mut actors = [Actor::default(); ACTORS];
        let (curve, split) =
            (RateCurve::new(&[(0, 100), (8_000, 2_000), (10_000, 100_000)]).unwrap(), split(rng));
        let (mut now, calm) = (0, rng.random_bool(0.3));
        for _ in 0..STEPS {
            let before = (actors, ledger);
            match rng.random_range(0..12) {
                0 | 1 if !calm => {
                    now += [0, 1, 60, 86_400, 31_536_000][rng.random_range(0..5)];
                    let debt = ledger.total_debt_up().0;
                    let interest = ledger.accrue(now, &split);
                    assert_eq!(ledger.total_debt_up().0, debt + interest.0);
                    ledger.update_rate(&curve).unwrap();
                }
                2 => drop(ledger.collect_fees_down(TokenAmount(u64::MAX))),
                _ => {
                    act(rng, &mut ledger, &mut actors);
                    // Indices stand still, so nobody outside the action is touched; those inside together do not gain.
                    assert_eq!(ledger.deposit_index, before.1.deposit_index);
                    assert!(total(&actors, &ledger) <= total(&before.0, &before.1), "{before:?}\n{actors:?}");
                }
            }
            ledger.surplus().expect("books that hold");
            let shares = actors.iter().map(|a| (u128::from(a.deposit.0), u128::from(a.debt.0)));
            let (deposits, debts) = shares.fold((0, 0), |(x, y), (a, b)| (x + a, y + b));
            assert_eq!(deposits, u128::from(ledger.deposit_shares.0));
            assert_eq!(debts, u128::from(ledger.debt_shares.0));
            let owed: u128 = actors.iter().map(|a| u128::from(ledger.debt_amount_up(a.debt).0)).sum();
            assert!(owed >= u128::from(ledger.total_debt_up().0), "positions owe at least the books' debt");
        }
    });
}

/// The claims of all depositors, fees and insurance never pass the assets, even when everybody leaves.
#[test]
fn when_everybody_repays_and_leaves_nobody_is_short() {
    for_books("exit", |rng, _| {
        let mut ledger = Ledger::new(0);
        let mut actors = [Actor::default(); ACTORS];
        let (curve, split) = (RateCurve::new(&[(0, 0), (10_000, 50_000)]).unwrap(), split(rng));
        for step in 0..12 {
            act(rng, &mut ledger, &mut actors);
            ledger.accrue(step * 1_000_000, &split);
            ledger.update_rate(&curve).unwrap();
        }
        for actor in &mut actors {
            if !actor.debt.is_zero() {
                let (_, shares) =
                    ledger.repay_down(TokenAmount(u64::MAX), actor.debt).expect("repaying is never refused");
                actor.debt = actor.debt.minus(shares).unwrap();
            }
        }
        assert!(ledger.debt_shares.is_zero());
        for actor in &mut actors {
            if !actor.deposit.is_zero() {
                ledger.withdraw_up(TokenAmount(u64::MAX), actor.deposit).expect("tokens for every depositor");
            }
        }
        let reserved = ledger.fees_down().0 + ledger.insurance_down().0;
        assert!(ledger.free_tokens.0 >= reserved);
    });
}
