//! Every small action on every small reserve: what is left to nobody never shrinks, and nobody gains.
//!
//! Indices have three fractional bits here (eighths), so that every way to round occurs.

use crate::up_to;
use ballast_risk::{
    reserve::{InterestSplit, Ledger, MAX_TOTAL},
    DebtShares, DepositShares, RiskError, TokenAmount,
};

const EIGHTH: u128 = 1 << 61;

/// Claims and assets with 64 fractional bits, exactly; what is left to nobody is their difference.
fn exact_surplus(ledger: &Ledger) -> i128 {
    let assets = (u128::from(ledger.free_tokens.0) + u128::from(ledger.total_debt_up().0)) << 64;
    let claims = u128::from(ledger.deposit_shares.0) * ledger.deposit_index;
    (assets as i128) - (claims + ledger.fees_q64 + ledger.insurance_q64) as i128
}

/// Every reserve of up to so many shares, at every index of eighths, with enough tokens to hold its books.
fn every_reserve(mut visit: impl FnMut(Ledger)) {
    let shares = up_to(12, 6);
    for eighths in 1..=up_to(40, 20) {
        for (deposits, debts) in (0..=shares).flat_map(|a| (0..=shares).map(move |b| (a, b))) {
            let mut ledger = Ledger {
                deposit_index: u128::from(eighths) * EIGHTH,
                // debt has an index of its own, in another rhythm
                debt_index: u128::from(eighths * 3 % 29 + 1) * EIGHTH,
                deposit_shares: DepositShares(deposits),
                debt_shares: DebtShares(debts),
                ..Ledger::new(0)
            };
            ledger.free_tokens = TokenAmount(40 + ledger.total_deposits_down().0);
            visit(ledger);
        }
    }
}

#[test]
fn every_small_deposit_and_withdrawal_leaves_no_less_to_nobody() {
    every_reserve(|before| {
        for amount in (0..=up_to(40, 20)).map(TokenAmount) {
            let mut ledger = before;
            if let Ok(shares) = ledger.deposit_down(amount) {
                assert!(exact_surplus(&ledger) >= exact_surplus(&before));
                assert!(ledger.surplus().is_ok());
                assert!(before.deposit_amount_down(shares) <= amount, "worth at most what was paid");
                // and out again, all or in part
                let mut out = ledger;
                let (back, burnt) = out.withdraw_up(TokenAmount(u64::MAX), shares).unwrap();
                assert!(back <= amount && burnt == shares);
                assert!(exact_surplus(&out) >= exact_surplus(&ledger));
            }
            for held in (0..=before.deposit_shares.0).map(DepositShares) {
                let mut ledger = before;
                let Ok((paid, burnt)) = ledger.withdraw_up(amount, held) else { continue };
                assert!(paid == amount && burnt <= held);
                assert!(exact_surplus(&ledger) >= exact_surplus(&before));
                // what is left of the position and what was paid is no more than the position was
                let left = ledger.deposit_amount_down(held.minus(burnt).unwrap());
                assert!(left.0 + paid.0 <= before.deposit_amount_down(held).0);
            }
        }
    });
}

#[test]
fn every_small_loan_and_repayment_leaves_no_less_to_nobody() {
    every_reserve(|before| {
        for amount in (0..=up_to(40, 20)).map(TokenAmount) {
            let mut ledger = before;
            if let Ok(shares) = ledger.borrow_up(amount) {
                assert!(exact_surplus(&ledger) >= exact_surplus(&before));
                assert!(before.debt_amount_up(shares) >= amount, "owes at least what was lent");
                let mut back = ledger;
                let (paid, burnt) = back.repay_down(TokenAmount(u64::MAX), shares).unwrap();
                assert!(paid >= amount && burnt == shares);
                assert!(exact_surplus(&back) >= exact_surplus(&ledger));
            }
            for held in (0..=before.debt_shares.0).map(DebtShares) {
                let mut ledger = before;
                let Ok((paid, burnt)) = ledger.repay_any_down(amount, held) else { continue };
                assert!(paid <= amount && burnt <= held);
                assert!(exact_surplus(&ledger) >= exact_surplus(&before));
                // what is still owed falls by at most what was paid
                let left = ledger.debt_amount_up(held.minus(burnt).unwrap());
                assert!(left.0 + paid.0 >= before.debt_amount_up(held).0);
            }
        }
    });
}

#[test]
fn every_small_seizure_leaves_no_less_to_nobody_however_it_is_paid() {
    every_reserve(|before| {
        for held in (1..=before.deposit_shares.0).map(DepositShares) {
            for amount in 0..=before.deposit_amount_down(held).0 {
                for insurance in 0..=amount.min(3) {
                    let paid = TokenAmount(amount - insurance);
                    for in_shares in [false, true] {
                        for all in [false, amount == before.deposit_amount_down(held).0] {
                            let mut ledger = before;
                            let insurance = TokenAmount(insurance);
                            let seized = ledger.seize_up(TokenAmount(amount), insurance, held, all);
                            let burnt = seized.unwrap();
                            assert!(burnt <= held);
                            assert_eq!(ledger.deposit_shares.0 + burnt.0, before.deposit_shares.0);
                            let added = u128::from(insurance.0) << 64;
                            assert_eq!(ledger.insurance_q64, before.insurance_q64 + added);
                            if in_shares {
                                let own = ledger.pay_shares_down(paid).unwrap();
                                assert!(ledger.deposit_amount_down(own) <= paid);
                            } else {
                                ledger.pay_tokens(paid).unwrap();
                                assert_eq!(ledger.free_tokens.plus(paid), Ok(before.free_tokens));
                            }
                            assert!(exact_surplus(&ledger) >= exact_surplus(&before));
                            assert!(ledger.surplus().is_ok());
                        }
                    }
                }
            }
        }
    });
}

#[test]
fn splitting_gains_nothing() {
    for eighths in 1..=up_to(64, 24) {
        let index = u128::from(eighths) * EIGHTH;
        let ledger = Ledger { deposit_index: index, debt_index: index, ..Ledger::new(0) };
        let bought = |amount: u64| ledger.clone().pay_shares_down(TokenAmount(amount)).unwrap().0;
        let borrowed = |amount: u64| {
            let mut ledger = Ledger { free_tokens: TokenAmount(amount), ..ledger };
            ledger.borrow_up(TokenAmount(amount)).map_or(0, |shares| shares.0)
        };
        let worth = |shares: u64| ledger.deposit_amount_down(DepositShares(shares)).0;
        let owed = |shares: u64| ledger.debt_amount_up(DebtShares(shares)).0;
        let most = up_to(80, 30);
        for (a, b) in (0..=most).flat_map(|a| (0..=most).map(move |b| (a, b))) {
            assert!(bought(a) + bought(b) <= bought(a + b));
            assert!(borrowed(a) + borrowed(b) >= borrowed(a + b));
            assert!(worth(a) + worth(b) <= worth(a + b));
            assert!(owed(a) + owed(b) >= owed(a + b));
        }
    }
}

#[test]
fn a_reserve_takes_lends_and_charges_up_to_its_largest_total_and_not_a_unit_more() {
    let mut ledger = Ledger::new(0);
    ledger.deposit_down(TokenAmount(MAX_TOTAL)).unwrap();
    assert_eq!(ledger.deposit_down(TokenAmount(1)), Err(RiskError::Overflow));
    assert_eq!(ledger.borrow_up(TokenAmount(MAX_TOTAL)), Ok(DebtShares(MAX_TOTAL)));
    // what was lent is gone, and still nobody deposits beyond the total
    assert_eq!(ledger.deposit_down(TokenAmount(1)), Err(RiskError::Overflow));
    // free tokens of repayments count as well as deposits
    let rich = Ledger { free_tokens: TokenAmount(MAX_TOTAL), ..Ledger::new(0) };
    assert_eq!(rich.clone().deposit_down(TokenAmount(1)), Err(RiskError::Overflow));

    let lent = |debt: u64| Ledger {
        free_tokens: TokenAmount(MAX_TOTAL),
        debt_shares: DebtShares(debt),
        rate_per_second: u64::MAX,
        ..Ledger::new(0)
    };
    assert!(lent(MAX_TOTAL / 2).borrow_up(TokenAmount(MAX_TOTAL / 2)).is_ok());
    assert_eq!(lent(MAX_TOTAL / 2).borrow_up(TokenAmount(MAX_TOTAL / 2 + 1)), Err(RiskError::Overflow));
    // a debt that doubles in a second: to the largest total, and not beyond
    let split = InterestSplit::default();
    assert_eq!(lent(MAX_TOTAL / 2).accrue(1, &split), TokenAmount(MAX_TOTAL / 2));
    assert_eq!(lent(MAX_TOTAL / 2 + 1).accrue(1, &split), TokenAmount(0));
}
