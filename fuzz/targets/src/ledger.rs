//! Any sequence of actions on a reserve: its tokens and debts cover all claims, shares add up, and losses and recoveries keep it so.

use arbitrary::Arbitrary;
use ballast_risk::{
    absorb::Losses,
    interest::RateCurve,
    reserve::{InterestSplit, Ledger},
    vesting::FeeVesting,
    Bps, DebtShares, DepositShares, TokenAmount,
};

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Deposit(u8, u64, u8),
    Withdraw(u8, u64, u8),
    WithdrawAll(u8),
    Borrow(u8, u64, u8),
    Repay(u8, u64, u8),
    RepayAll(u8),
    Seize { by: u8, from: u8, amount: u64, insurance: u8, in_shares: bool, all: bool },
    Wait(u32),
    CollectFees,
    Absorb(u8),
    Recover(u64, u8),
    Retire(u8, bool),
}

/// A reserve's parameters and what happens to it.
#[derive(Arbitrary, Debug)]
pub struct Case {
    fee: u16,
    insurance: u16,
    target: u16,
    top_rate: u32,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Default)]
struct Actor {
    deposit: DepositShares,
    debt: DebtShares,
}

const ACTORS: usize = 3;

/// Tries one input.
pub fn run(case: &Case) {
    let fee = case.fee % 5_001;
    let split = InterestSplit {
        fee: Bps(fee),
        insurance: Bps(case.insurance % (5_001 - fee)),
        insurance_target: Bps(case.target % 501),
        reserved: 0,
    };
    split.validate().expect("a valid split");
    let top = case.top_rate % 100_001;
    let curve = RateCurve::new(&[(0, 0), (8_000, top / 4), (10_000, top)]).expect("a valid curve");
    let (mut ledger, mut losses, mut vesting) = (Ledger::new(0), Losses::default(), FeeVesting::default());
    let (mut actors, mut now) = ([Actor::default(); ACTORS], 0u64);
    for step in case.steps.iter().take(200) {
        let before = ledger;
        match *step {
            Step::Deposit(who, amount, shift) => {
                // a reserve whose lenders were wiped out takes none
                if losses.check_takes_deposits(&ledger, true, now).is_ok() {
                    if let Ok(shares) = ledger.deposit_down(TokenAmount(amount >> (shift & 63))) {
                        own(&mut actors, who).deposit.0 += shares.0;
                    }
                }
            }
            Step::Withdraw(who, amount, shift) => {
                withdraw(&mut ledger, own(&mut actors, who), amount >> (shift & 63))
            }
            Step::WithdrawAll(who) => withdraw(&mut ledger, own(&mut actors, who), u64::MAX),
            Step::Borrow(who, amount, shift) => {
                if let Ok(shares) = ledger.borrow_up(TokenAmount(amount >> (shift & 63))) {
                    own(&mut actors, who).debt.0 += shares.0;
                }
            }
            Step::Repay(who, amount, shift) => {
                repay(&mut ledger, own(&mut actors, who), amount >> (shift & 63))
            }
            Step::RepayAll(who) => repay(&mut ledger, own(&mut actors, who), u64::MAX),
            Step::Seize { by, from, amount, insurance, in_shares, all } => {
                let held = own(&mut actors, from).deposit;
                let worth = ledger.deposit_amount_down(held);
                let taken = TokenAmount(if all { worth.0 } else { amount.min(worth.0) });
                let insurance = TokenAmount(u64::from(insurance).min(taken.0));
                let paid = taken.minus(insurance).expect("a part");
                let mut next = ledger;
                let Ok(burnt) = next.seize_up(taken, insurance, held, all) else { continue };
                if in_shares {
                    let Ok(shares) = next.pay_shares_down(paid) else { continue };
                    own(&mut actors, from).deposit.0 -= burnt.0;
                    own(&mut actors, by).deposit.0 += shares.0;
                } else {
                    if next.pay_tokens(paid).is_err() {
                        continue;
                    }
                    own(&mut actors, from).deposit.0 -= burnt.0;
                }
                ledger = next;
            }
            Step::Wait(seconds) => now += u64::from(seconds),
            Step::CollectFees => drop(vesting.collect_down(&mut ledger, now)),
            Step::Absorb(who) => {
                let lost = own(&mut actors, who).debt;
                let absorbed = losses.absorb(&mut ledger, lost, now).expect("shares that there are");
                own(&mut actors, who).debt = DebtShares(0);
                assert!(ledger.deposit_index <= before.deposit_index);
                assert_eq!(before.total_debt_up().0 - absorbed.debt.0, ledger.total_debt_up().0);
            }
            Step::Recover(amount, shift) => {
                let _ = losses.recover(&mut ledger, TokenAmount(amount >> (shift & 63)), now);
            }
            Step::Retire(who, by_owner) => {
                let own = own(&mut actors, who);
                if losses.retire(&mut ledger, own.deposit, by_owner, now).is_ok() {
                    own.deposit = DepositShares(0);
                }
            }
        }
        if !matches!(step, Step::Wait(_) | Step::Absorb(_) | Step::Recover(..) | Step::Retire(..)) {
            assert_eq!((ledger.deposit_index, ledger.debt_index), (before.deposit_index, before.debt_index));
        }
        // as every instruction does: interest, recoveries, then the rate for the time to come
        let standing = ledger;
        ledger.accrue(now, &split);
        assert!(ledger.debt_index >= standing.debt_index && ledger.deposit_index >= standing.deposit_index);
        losses.stream(&mut ledger, now);
        losses.after_leaving(&mut ledger);
        vesting = vesting.at(&ledger, now);
        ledger.update_rate(&curve).expect("a rate");

        ledger.surplus().expect("claims are covered");
        assert_eq!(losses.shortfall(&ledger, ledger.free_tokens), 0, "with what is still coming back");
        let deposits: u128 = actors.iter().map(|actor| u128::from(actor.deposit.0)).sum();
        let debts: u128 = actors.iter().map(|actor| u128::from(actor.debt.0)).sum();
        assert_eq!((deposits, debts), (ledger.deposit_shares.0.into(), ledger.debt_shares.0.into()));
    }
}

fn own(actors: &mut [Actor; ACTORS], who: u8) -> &mut Actor {
    &mut actors[usize::from(who) % ACTORS]
}

fn withdraw(ledger: &mut Ledger, own: &mut Actor, amount: u64) {
    if let Ok((paid, burnt)) = ledger.withdraw_up(TokenAmount(amount), own.deposit) {
        assert!(amount == u64::MAX || paid.0 == amount);
        own.deposit.0 -= burnt.0;
    }
}

fn repay(ledger: &mut Ledger, own: &mut Actor, amount: u64) {
    if let Ok((paid, burnt)) = ledger.repay_down(TokenAmount(amount), own.debt) {
        assert!(paid.0 <= amount);
        own.debt.0 -= burnt.0;
    }
}
