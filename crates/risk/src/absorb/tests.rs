extern crate std;

mod wiped_out;

use super::*;
use crate::{interest::SECONDS_PER_YEAR, reserve::InterestSplit, units::Bps};
use proptest::prelude::*;
use std::{vec, vec::Vec};

const START: Seconds = 20_000 * DAY;

const SPLIT: InterestSplit =
    InterestSplit { fee: Bps(500), insurance: Bps(1_000), insurance_target: Bps(25), reserved: 0 };

/// Books with deposits, debt, insurance and fees in whole units.
fn books(deposits: u64, debt: u64, insurance: u64, fees: u64) -> Ledger {
    let mut ledger = Ledger::new(START);
    if deposits > 0 {
        ledger.deposit_down(TokenAmount(deposits)).unwrap();
    }
    ledger.free_tokens = ledger.free_tokens.plus(TokenAmount(insurance + fees)).unwrap();
    ledger.insurance_q64 = u128::from(insurance) << 64;
    ledger.fees_q64 = u128::from(fees) << 64;
    if debt > 0 {
        ledger.borrow_up(TokenAmount(debt)).unwrap();
    }
    ledger.surplus().unwrap();
    ledger
}

fn absorb(ledger: &mut Ledger, debt: u64) -> Absorbed {
    Losses::default().absorb(ledger, DebtShares(debt), START).unwrap()
}

#[test]
fn insurance_bears_first_then_fees_then_lenders() {
    let mut ledger = books(10_000, 5_000, 100, 40);
    let first = absorb(&mut ledger, 60);
    let whole = |debt, insurance, fees, lenders| Absorbed {
        debt: TokenAmount(debt),
        insurance: TokenAmount(insurance),
        fees: TokenAmount(fees),
        lenders: TokenAmount(lenders),
        wiped_out: false,
    };
    assert_eq!(first, whole(60, 60, 0, 0));
    assert_eq!(absorb(&mut ledger, 70), whole(70, 40, 30, 0));
    assert_eq!(ledger.total_deposits_down(), TokenAmount(10_000));
    assert_eq!(absorb(&mut ledger, 1_010), whole(1_010, 0, 10, 1_000));
    assert_eq!((ledger.fees_q64, ledger.insurance_q64), (0, 0));
    // the index is rounded down: a part of a unit is nobody's
    assert_eq!((ledger.total_deposits_down(), ledger.surplus()), (TokenAmount(9_000 - 1), Ok(1)));
    let mut losses = Losses::default();
    assert_eq!(losses.absorb(&mut ledger, DebtShares(u64::MAX), START), Err(RiskError::InsufficientAmount));
    assert_eq!(losses, Losses::default());
}

#[test]
fn lenders_who_lost_everything_keep_deposits_out_until_their_shares_are_retired() {
    let mut ledger = books(1_000, 950, 0, 0);
    let mut losses = Losses::default();
    // somebody else takes the free tokens first
    ledger.withdraw_up(TokenAmount(50), DepositShares(1_000)).unwrap();
    let absorbed = losses.absorb(&mut ledger, DebtShares(950), START).unwrap();
    assert!(absorbed.wiped_out && absorbed.lenders == TokenAmount(950));
    assert_eq!(check_takes_deposits(&ledger), Err(Refusal::WipedOut));
    assert!(ledger.deposit_down(TokenAmount(5)).is_err());

    let (all, now) = (DepositShares(950), START + RETIRE_AFTER);
    assert_eq!(losses.retire(&mut ledger, all, false, now - 1), Err(Refusal::SharesNotWorthless));
    losses.retire(&mut ledger, DepositShares(900), false, now).unwrap();
    assert_eq!(check_takes_deposits(&ledger), Err(Refusal::WipedOut));
    assert!(losses.retire(&mut ledger, all, false, now).is_err());
    losses.retire(&mut ledger, DepositShares(50), true, START).unwrap();
    assert_eq!(check_takes_deposits(&ledger), Ok(()));
    assert_eq!(ledger.deposit_down(TokenAmount(5)), Ok(DepositShares(5)));
    assert_eq!(losses.wiped_out_at, 0);
    assert_eq!(losses.retire(&mut ledger, DepositShares(5), true, now), Err(Refusal::SharesNotWorthless));
}

#[test]
fn what_is_left_of_absent_owners_insures_the_reserve_after_sixty_days() {
    // nearly everything is lost: two units of ten million are left, to one who never comes for them
    let mut ledger = books(10_000_000, 9_999_998, 0, 0);
    let mut losses = Losses::default();
    let absorbed = losses.absorb(&mut ledger, DebtShares(9_999_998), START).unwrap();
    let all = DepositShares(10_000_000);
    assert!(absorbed.wiped_out && ledger.deposit_amount_down(all) > TokenAmount::ZERO);
    let (left, late) = (ledger.deposit_amount_down(all).0, START + RETIRE_AFTER);
    // its owner takes them out rather than retire them; anyone else waits
    assert_eq!(losses.retire(&mut ledger, all, true, START), Err(Refusal::SharesNotWorthless));
    assert_eq!(losses.retire(&mut ledger, all, false, late - 1), Err(Refusal::SharesNotWorthless));
    losses.retire(&mut ledger, all, false, late).unwrap();
    assert_eq!(ledger.insurance_down(), TokenAmount(left));
    assert_eq!(check_takes_deposits(&ledger), Ok(()));
    assert_eq!(losses.shortfall(&ledger, ledger.free_tokens), 0);
}

#[test]
fn shares_with_a_recovery_before_them_are_only_their_owners_to_retire() {
    let mut ledger = books(1_000, 950, 0, 0);
    ledger.withdraw_up(TokenAmount(50), DepositShares(1_000)).unwrap();
    let mut losses = Losses::default();
    losses.absorb(&mut ledger, DebtShares(950), START).unwrap();
    let late = START + RETIRE_AFTER;
    losses.recover(&mut ledger, TokenAmount(100), late).unwrap();
    assert_eq!(losses.retire(&mut ledger, DepositShares(950), false, late), Err(Refusal::SharesNotWorthless));
    losses.stream(&mut ledger, late + RECOVERY_SECONDS);
    assert_eq!(ledger.total_deposits_down(), TokenAmount(100 - 1));
    assert_eq!(losses.wiped_out_at, 0);
    assert!(takes_deposits(&ledger));
}

#[test]
fn a_recovery_streams_over_thirty_days_and_never_more_than_was_lost() {
    let mut ledger = books(1_000_000, 900_000, 0, 0);
    let mut losses = Losses::default();
    losses.absorb(&mut ledger, DebtShares(300_000), START).unwrap();
    assert_eq!(losses.unrecovered, 300_000);
    let taken = losses.recover(&mut ledger, TokenAmount(400_000), START).unwrap();
    assert_eq!(taken, TokenAmount(300_000));
    assert_eq!(losses.recover(&mut ledger, TokenAmount(1), START), Err(RiskError::ZeroAmount));
    // tokens at once, worth to lenders only with time
    assert_eq!(ledger.free_tokens, TokenAmount(400_000));
    assert_eq!(ledger.total_deposits_down(), TokenAmount(700_000 - 1));
    assert_eq!(losses.shortfall(&ledger, ledger.free_tokens), 0);
    assert_eq!(losses.shortfall(&ledger, TokenAmount(400_000 - 7)), 7);
    losses.stream(&mut ledger, START + RECOVERY_SECONDS / 3);
    assert!(ledger.total_deposits_down().0.abs_diff(800_000) <= 1);
    losses.stream(&mut ledger, START + RECOVERY_SECONDS);
    assert!(ledger.total_deposits_down().0.abs_diff(1_000_000) <= 1);
    assert_eq!((losses.recovery.pending, losses.shortfall(&ledger, ledger.free_tokens)), (0, 0));
}

#[test]
fn a_small_recovery_holds_up_no_large_one() {
    let mut ledger = books(1_000_000, 900_000, 0, 0);
    let mut losses = Losses::default();
    losses.absorb(&mut ledger, DebtShares(500_000), START).unwrap();
    losses.recover(&mut ledger, TokenAmount(400_000), START).unwrap();
    for day in 1..30 {
        losses.recover(&mut ledger, TokenAmount(1), START + day * DAY).unwrap();
    }
    // 29 single units among 400,000 move the end by minutes
    assert!(losses.recovery.ends_at <= START + RECOVERY_SECONDS + 3_600);
}

#[test]
fn without_lenders_a_recovery_insures_the_reserve() {
    let mut ledger = books(100, 50, 0, 0);
    let mut losses = Losses::default();
    losses.absorb(&mut ledger, DebtShares(50), START).unwrap();
    ledger.withdraw_up(TokenAmount(u64::MAX), DepositShares(100)).unwrap();
    losses.recover(&mut ledger, TokenAmount(20), START).unwrap();
    assert_eq!((ledger.insurance_down(), losses.recovery.pending), (TokenAmount(20), 0));
    ledger.surplus().unwrap();
}

#[test]
fn the_last_share_of_a_deserted_reserve_does_not_become_a_fortune() {
    let mut ledger = books(1_000_000_000_000, 900_000_000_000, 0, 0);
    let mut losses = Losses::default();
    losses.absorb(&mut ledger, DebtShares(900_000_000_000), START).unwrap();
    let held = ledger.deposit_shares;
    let most = TokenAmount(ledger.total_deposits_down().0 - 1);
    ledger.withdraw_up(most, held).unwrap();
    losses.recover(&mut ledger, TokenAmount(900_000_000_000), START).unwrap();
    losses.stream(&mut ledger, START + RECOVERY_SECONDS);
    // a deposit of a few million units still buys shares
    assert!(ledger.deposit_down(TokenAmount(1 << 21)).is_ok());
    assert!(ledger.insurance_down().0 > 800_000_000_000);
    ledger.surplus().unwrap();
}

#[test]
fn a_lenders_evidence_fades_within_a_day() {
    let mut ledger = books(10_000, 5_000, 0, 0);
    let mut losses = Losses::default();
    losses.absorb(&mut ledger, DebtShares(1_000), START).unwrap();
    let lost = |losses: &Losses, now| match losses.evidence(&ledger, now) {
        ReserveEvidence::Loss { lost, deposits } => (lost.0, deposits.0),
        other => panic!("{other:?}"),
    };
    let left = 9_000 - 1;
    assert_eq!(lost(&losses, START), (1_000, left + 1_000));
    assert_eq!(lost(&losses, START + DAY / 2), (500, left + 500));
    assert_eq!(lost(&losses, START + DAY), (0, left));
}

/// What may happen to a reserve.
#[derive(Clone, Debug)]
enum Step {
    Deposit(u64),
    Withdraw(u64),
    Borrow(u64),
    Repay(u64),
    Absorb(u64),
    Recover(u64),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let amount = || (0u32..40, 1u64..1_000_000).prop_map(|(shift, n)| (n << 20 >> shift).max(1));
    let step = prop_oneof![
        3 => amount().prop_map(Step::Deposit),
        2 => amount().prop_map(Step::Withdraw),
        3 => amount().prop_map(Step::Borrow),
        1 => amount().prop_map(Step::Repay),
        2 => amount().prop_map(Step::Absorb),
        2 => amount().prop_map(Step::Recover),
        3 => (1u64..40 * DAY).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Absorbing always works and the books always hold, with recoveries that are still to be streamed among the claims; a loss
    /// is shared out exactly; lenders never pay while insurance or fees are left; a recovery is never worth more than was
    /// paid.
    #[test]
    fn the_books_hold_through_losses_and_recoveries(steps in steps(), rate in 0u64..5_000_000_000_000) {
        let (mut ledger, mut losses, mut now) = (books(1_000_000, 500_000, 10, 10), Losses::default(), START);
        ledger.rate_per_second = rate;
        let mut paid_back = 0u128;
        let mut lost = 0u128;
        for step in steps {
            let before = ledger;
            match step {
                Step::Deposit(amount) if takes_deposits(&ledger) => {
                    let _ = ledger.deposit_down(TokenAmount(amount));
                }
                Step::Deposit(_) => losses.start_again_if_empty(&mut ledger),
                Step::Withdraw(amount) => {
                    let held = ledger.deposit_shares;
                    let _ = ledger.withdraw_up(TokenAmount(amount), held);
                }
                Step::Borrow(amount) => {
                    let _ = ledger.borrow_up(TokenAmount(amount));
                }
                Step::Repay(amount) => {
                    let held = ledger.debt_shares;
                    let _ = ledger.repay_down(TokenAmount(amount), held);
                }
                Step::Absorb(amount) => {
                    let shares = DebtShares(amount.min(ledger.debt_shares.0));
                    let free = |ledger: &Ledger, losses: &Losses| ledger.surplus().unwrap() - losses.recovery.pending;
                    let dust = free(&ledger, &losses);
                    let absorbed = losses.absorb(&mut ledger, shares, now).unwrap();
                    let borne = absorbed.insurance.0 + absorbed.fees.0 + absorbed.lenders.0;
                    // debts beyond all claims are nobody's loss
                    let nothing_left = ledger.deposit_index == 0 && ledger.claims_up() == 0 && losses.recovery.pending == 0;
                    prop_assert!(borne >= absorbed.debt.0 || nothing_left, "{absorbed:?}");
                    prop_assert!(borne <= absorbed.debt.0 + 3, "{absorbed:?}");
                    if absorbed.lenders.0 > 0 {
                        prop_assert_eq!((ledger.insurance_q64, ledger.fees_q64), (0, 0));
                    }
                    prop_assert!(free(&ledger, &losses) >= dust || nothing_left);
                    prop_assert!(ledger.deposit_index <= before.deposit_index);
                    lost += u128::from(absorbed.lenders.0);
                }
                Step::Recover(amount) => {
                    if let Ok(taken) = losses.recover(&mut ledger, TokenAmount(amount), now) {
                        paid_back += u128::from(taken.0);
                    }
                }
                Step::Wait(seconds) => {
                    now += seconds;
                    ledger.accrue(now, &SPLIT);
                    let deposits = ledger.total_deposits_down().0;
                    let insurance = ledger.insurance_down().0;
                    let pending = losses.recovery.pending;
                    let released = losses.stream(&mut ledger, now).0;
                    let gained = ledger.total_deposits_down().0 - deposits + ledger.insurance_down().0 - insurance;
                    prop_assert!(gained <= released + 1 && gained + 1 >= released);
                    prop_assert!(released <= pending);
                }
            }
            prop_assert!(paid_back <= lost);
            let surplus = ledger.surplus().unwrap();
            prop_assert!(surplus >= losses.recovery.pending, "{surplus} left, {} to stream", losses.recovery.pending);
            prop_assert_eq!(losses.shortfall(&ledger, ledger.free_tokens), 0);
        }
    }

    /// Of a recovery, nobody gets more than the share of deposits for the part of the thirty days: arriving just before one, or
    /// leaving just after, gains next to nothing.
    #[test]
    fn who_arrives_for_a_recovery_gains_by_the_second(
        deposit in 1u64..10_000_000, stays in 0u64..RECOVERY_SECONDS, recovery in 1u64..300_000,
        looks in proptest::collection::vec(0u64..RECOVERY_SECONDS, 0..5),
    ) {
        let mut ledger = books(1_000_000, 900_000, 0, 0);
        let mut losses = Losses::default();
        losses.absorb(&mut ledger, DebtShares(300_000), START).unwrap();
        let others = ledger.total_deposits_down().0;
        let shares = ledger.deposit_down(TokenAmount(deposit)).unwrap();
        losses.recover(&mut ledger, TokenAmount(recovery), START).unwrap();
        let mut looks: Vec<_> = looks.into_iter().filter(|at| *at < stays).chain(vec![stays]).collect();
        looks.sort_unstable();
        for at in looks {
            losses.stream(&mut ledger, START + at);
        }
        let (worth, _) = ledger.withdraw_up(TokenAmount(u64::MAX), shares).unwrap();
        let streamed = u128::from(recovery) * u128::from(stays) / u128::from(RECOVERY_SECONDS);
        let fair = streamed * u128::from(deposit) / u128::from(deposit + others);
        prop_assert!(u128::from(worth.0) <= u128::from(deposit) + fair + 1);
    }
}

#[test]
fn interest_and_losses_of_a_year_at_a_hundred_percent_hold() {
    let mut ledger = books(1_000_000_000, 900_000_000, 0, 0);
    ledger.rate_per_second = (Q64_ONE / u128::from(SECONDS_PER_YEAR)) as u64;
    let mut losses = Losses::default();
    for day in 1..=365 {
        let now = START + day * DAY;
        ledger.accrue(now, &SPLIT);
        losses.stream(&mut ledger, now);
        losses.absorb(&mut ledger, DebtShares(2_000_000), now).unwrap();
        let half = TokenAmount(losses.unrecovered / 2);
        let _ = losses.recover(&mut ledger, half, now);
        assert!(ledger.surplus().unwrap() >= losses.recovery.pending);
    }
}
