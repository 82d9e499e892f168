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
    assert_eq!(losses.check_takes_deposits(&ledger, true, START), Err(Refusal::WipedOut));
    assert!(ledger.deposit_down(TokenAmount(5)).is_err());

    let (all, now) = (DepositShares(950), START + RETIRE_AFTER);
    assert_eq!(losses.retire(&mut ledger, all, false, now - 1), Err(Refusal::SharesNotWorthless));
    losses.retire(&mut ledger, DepositShares(900), false, now).unwrap();
    assert_eq!(losses.check_takes_deposits(&ledger, true, now), Err(Refusal::WipedOut));
    assert!(losses.retire(&mut ledger, all, false, now).is_err());
    losses.retire(&mut ledger, DepositShares(50), true, START).unwrap();
    assert_eq!(losses.check_takes_deposits(&ledger, true, START), Ok(()));
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
    assert_eq!(losses.check_takes_deposits(&ledger, true, late), Ok(()));
    assert_eq!(losses.shortfall(&ledger, ledger.free_tokens), 0);
}

#[test]
fn shares_with_a_recovery_before_them_are_only_their_owners_to_retire() {
    let mut ledger = books(1_000, 950, 0, 0);
    ledger.withdraw_up(TokenAmount(50), DepositShares(1_000)).unwrap();
    let mut losses = Losses::default();
    losses.absorb(&mut ledger, DebtShares(950), START).unwrap();
    let (last, late) = (START + COVER_SECONDS, START + RETIRE_AFTER);
    losses.recover(&mut ledger, TokenAmount(100), last).unwrap();
    losses.stream(&mut ledger, last);
    assert_eq!(losses.retire(&mut ledger, DepositShares(950), false, late), Err(Refusal::SharesNotWorthless));
    losses.stream(&mut ledger, last + RECOVERY_SECONDS);
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
fn who_leaves_takes_its_part_of_what_may_come_back_along_and_nobody_is_left_for_all_of_it() {
    let mut ledger = books(1_000, 500, 0, 0);
    let mut losses = Losses::default();
    losses.absorb(&mut ledger, DebtShares(40), START).unwrap();
    assert_eq!((losses.unrecovered, losses.bearers), (40, 1_000));
    // what passes through changes nothing
    let passing = ledger.deposit_down(TokenAmount(5_000)).unwrap();
    losses.after_leaving(&mut ledger);
    ledger.withdraw_up(TokenAmount(u64::MAX), passing).unwrap();
    losses.after_leaving(&mut ledger);
    assert_eq!((losses.unrecovered, losses.bearers), (40, 1_000));
    // a quarter leaves
    ledger.withdraw_up(TokenAmount(u64::MAX), DepositShares(250)).unwrap();
    losses.after_leaving(&mut ledger);
    assert_eq!((losses.unrecovered, losses.bearers), (40 - 40 / 4, 750));
    losses.recover(&mut ledger, TokenAmount(20), START).unwrap();
    // and everybody: what is coming back already insures the reserve, the rest nobody repays
    ledger.repay_down(TokenAmount(u64::MAX), DebtShares(460)).unwrap();
    ledger.withdraw_up(TokenAmount(u64::MAX), DepositShares(750)).unwrap();
    losses.after_leaving(&mut ledger);
    assert_eq!((losses.unrecovered, losses.recovery.pending, ledger.insurance_down().0), (0, 0, 20));
    assert_eq!(losses.recover(&mut ledger, TokenAmount(1), START), Err(RiskError::ZeroAmount));
    assert_eq!(losses.check_takes_new_deposits(&ledger, true, START), Ok(()));
    ledger.surplus().unwrap();
}

#[test]
fn who_comes_before_a_small_loss_and_leaves_after_it_takes_nothing_of_an_earlier_one_along() {
    let mut ledger = books(10_000_000, 5_000_000, 0, 0);
    let mut losses = Losses::default();
    losses.absorb(&mut ledger, DebtShares(150_000), START).unwrap();
    let (lost, now) = (losses.unrecovered, START + DAY / 12);
    for _ in 0..20 {
        // nineteen times as much as there is comes in, a debt of 100 is written off, and it leaves again
        let passing = ledger.deposit_down(TokenAmount(190_000_000)).unwrap();
        losses.absorb(&mut ledger, DebtShares(100), now).unwrap();
        ledger.withdraw_up(TokenAmount(u64::MAX), passing).unwrap();
        losses.after_leaving(&mut ledger);
        assert!(losses.coverable(now) >= lost, "{losses:?}");
    }
    // and of the small ones, those who stayed bore a twentieth each
    let small = losses.coverable(now) - lost;
    assert!((20 * 4..=20 * 100).contains(&small), "{small}");
    // half of those who bore the first one leave with half of it
    ledger.withdraw_up(TokenAmount(u64::MAX), DepositShares(5_000_000)).unwrap();
    losses.after_leaving(&mut ledger);
    let left = losses.coverable(now);
    assert!(left.abs_diff((lost + 20 * 5) / 2) <= 20 * 100, "{left}");
}

#[test]
fn a_loss_may_be_covered_for_thirty_five_days_and_dust_lengthens_them_for_nobody() {
    assert_eq!(COVER_SECONDS, 35 * DAY);
    let mut ledger = books(10_000_000, 5_000_000, 0, 0);
    let mut losses = Losses::default();
    losses.absorb(&mut ledger, DebtShares(1_000_000), START).unwrap();
    let end = START + COVER_SECONDS;
    assert_eq!((losses.coverable(end), losses.coverable(end + 1)), (1_000_000, 0));
    // a loss of a unit every day
    for day in 1..=35 {
        losses.absorb(&mut ledger, DebtShares(1), START + day * DAY).unwrap();
    }
    assert!(losses.cover_until <= end + 60, "{}", losses.cover_until - end);
    // as large a loss two weeks later: both for as long as they last on average
    let mut two = Losses { unrecovered: 1_000, cover_until: START + COVER_SECONDS, ..Losses::default() };
    let later = START + 14 * DAY;
    let borne = two.absorb(&mut ledger, DebtShares(1_000), later).unwrap().lenders;
    assert_eq!(borne, TokenAmount(1_000));
    assert_eq!(two.cover_until, START + COVER_SECONDS + 7 * DAY);
    // and what has lapsed does not come back with the next loss
    let long_after = START + 365 * DAY;
    losses.absorb(&mut ledger, DebtShares(7), long_after).unwrap();
    assert_eq!((losses.unrecovered, losses.cover_until), (7, long_after + COVER_SECONDS));
}

#[test]
fn newcomers_wait_while_a_twentieth_of_deposits_may_come_back_and_those_who_heal_while_all_of_it_may() {
    let reserve = |lost: u64| {
        let mut ledger = books(1_000_000, 990_000, 0, 0);
        let mut losses = Losses::default();
        losses.absorb(&mut ledger, DebtShares(lost), START).unwrap();
        (ledger, losses)
    };
    let newcomers = |lost| {
        let (ledger, losses) = reserve(lost);
        losses.check_takes_new_deposits(&ledger, true, START)
    };
    // a part of a unit is nobody's: 1,000,000 - 47,619 leaves 952,380, whose twentieth is 47,619
    assert_eq!(newcomers(47_619), Ok(()));
    assert_eq!(newcomers(48_000), Err(Refusal::LossComingBack));
    let (mut ledger, mut losses) = reserve(499_998);
    assert_eq!(losses.check_takes_deposits(&ledger, true, START), Ok(()));
    let (deeper, lost) = reserve(500_100);
    assert_eq!(lost.check_takes_deposits(&deeper, true, START), Err(Refusal::LossComingBack));
    // what streams counts as what may still be covered, until it has come or nobody covers it any more
    losses.recover(&mut ledger, TokenAmount(400_000), START).unwrap();
    assert_eq!(losses.check_takes_new_deposits(&ledger, true, START), Err(Refusal::LossComingBack));
    losses.stream(&mut ledger, START + RECOVERY_SECONDS);
    assert_eq!(
        losses.check_takes_new_deposits(&ledger, true, START + RECOVERY_SECONDS),
        Err(Refusal::LossComingBack)
    );
    assert_eq!(losses.check_takes_new_deposits(&ledger, true, START + COVER_SECONDS + 1), Ok(()));
    // where there is no fund, nobody covers anything
    let (ledger, losses) = reserve(900_000);
    assert_eq!(losses.check_takes_deposits(&ledger, true, START), Err(Refusal::LossComingBack));
    assert_eq!(losses.check_takes_new_deposits(&ledger, false, START), Ok(()));
}

#[test]
fn interest_on_what_is_coming_back_is_the_lenders() {
    let lent_again = || {
        let mut ledger = books(1_000_000, 900_000, 0, 0);
        let mut losses = Losses::default();
        losses.absorb(&mut ledger, DebtShares(400_000), START).unwrap();
        losses.recover(&mut ledger, TokenAmount(400_000), START).unwrap();
        ledger.borrow_up(TokenAmount(500_000)).unwrap();
        ledger.rate_per_second = (Q64_ONE / 10) as u64; // a tenth a second
        (ledger, losses)
    };
    let (mut ledger, mut losses) = lent_again();
    let (before, owed, pending) =
        (ledger.total_deposits_down().0, ledger.total_debt_up().0, losses.recovery.pending);
    losses.accrue(&mut ledger, &InterestSplit::default(), START + 1);
    let (interest, came) = (ledger.total_debt_up().0 - owed, pending - losses.recovery.pending);
    assert_eq!(interest, 100_000);
    assert_eq!(ledger.insurance_down(), TokenAmount::ZERO);
    assert!(ledger.total_deposits_down().0.abs_diff(before + interest + came) <= 1);
    // that of insurance is not: without the 400,000 of theirs, deposits of 600,000 get six tenths
    let (mut ledger, _) = lent_again();
    ledger.accrue(START + 1, &InterestSplit::default());
    assert!(ledger.insurance_down().0.abs_diff(40_000) <= 1);
    assert!(ledger.total_deposits_down().0.abs_diff(before + 60_000) <= 1);
}

#[test]
fn the_last_share_of_a_deserted_reserve_does_not_become_a_fortune() {
    let mut ledger = books(1_000_000_000_000, 900_000_000_000, 0, 0);
    let mut losses = Losses::default();
    losses.absorb(&mut ledger, DebtShares(900_000_000_000), START).unwrap();
    // it is coming back already when all but one leave
    losses.recover(&mut ledger, TokenAmount(900_000_000_000), START).unwrap();
    let held = ledger.deposit_shares;
    let most = TokenAmount(ledger.total_deposits_down().0 - 1);
    ledger.withdraw_up(most, held).unwrap();
    losses.after_leaving(&mut ledger);
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
                Step::Deposit(_) => losses.after_leaving(&mut ledger),
                Step::Withdraw(amount) => {
                    let held = ledger.deposit_shares;
                    let _ = ledger.withdraw_up(TokenAmount(amount), held);
                    losses.after_leaving(&mut ledger);
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
    /// leaving just after, gains next to nothing. And whatever was lost, who comes in gains at most a twentieth of its deposit, and who
    /// heals at most as much as its deposit.
    #[test]
    fn who_arrives_for_a_recovery_gains_by_the_second_and_a_twentieth_at_most(
        deposit in 1u64..10_000_000, stays in 0u64..RECOVERY_SECONDS, lost in prop_oneof![1u64..60_000, 1u64..=1_000_000],
        part in 1u64..=100, heals: bool, before: bool, waits in 0u64..RECOVERY_SECONDS,
        looks in proptest::collection::vec(0u64..RECOVERY_SECONDS, 0..5),
    ) {
        let mut ledger = books(1_000_000, 1_000_000, 0, 0);
        let mut losses = Losses::default();
        losses.absorb(&mut ledger, DebtShares(lost), START).unwrap();
        ledger.repay_down(TokenAmount(u64::MAX), DebtShares(1_000_000 - lost)).unwrap();
        let recovery = (lost * part / 100).max(1);
        let mut began = START;
        if before {
            losses.recover(&mut ledger, TokenAmount(recovery), START).unwrap();
            began = START + waits;
            losses.stream(&mut ledger, began);
        }
        let mut allowed = losses.check_takes_deposits(&ledger, true, began);
        if !heals {
            allowed = allowed.and(losses.check_takes_new_deposits(&ledger, true, began));
        }
        if allowed.is_err() {
            let least = if heals { 499_000 } else { 47_000 };
            prop_assert!(lost > least, "{lost}");
            return Ok(());
        }
        let coming = if before { losses.recovery.pending } else { recovery };
        let left = if before { losses.recovery.ends_at - began } else { RECOVERY_SECONDS };
        let others = ledger.total_deposits_down().0;
        let shares = ledger.deposit_down(TokenAmount(deposit)).unwrap();
        if !before {
            losses.recover(&mut ledger, TokenAmount(recovery), START).unwrap();
        }
        let mut looks: Vec<_> = looks.into_iter().filter(|at| *at < stays).chain(vec![stays]).collect();
        looks.sort_unstable();
        for at in looks {
            losses.stream(&mut ledger, began + at);
        }
        let (worth, _) = ledger.withdraw_up(TokenAmount(u64::MAX), shares).unwrap();
        let streamed = u128::from(coming) * u128::from(stays.min(left)) / u128::from(left.max(1));
        let fair = streamed * u128::from(deposit) / u128::from(deposit + others);
        prop_assert!(u128::from(worth.0) <= u128::from(deposit) + fair + 1);
        let most = if heals { deposit } else { deposit / 20 };
        prop_assert!(worth.0 <= deposit + most + 1, "{} of {}", worth.0, deposit);
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
