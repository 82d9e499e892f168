//! When lenders count as wiped out, from when on, and what becomes of their shares.

use super::*;

/// A reserve whose lenders lost a hundred million units at the start but for these few, which are still owed.
fn wiped_out_but_for(left: u64) -> (Ledger, Losses) {
    let lent = 100_000_000;
    let mut ledger = books(lent, lent, 0, 0);
    let mut losses = Losses::default();
    let absorbed = losses.absorb(&mut ledger, DebtShares(lent - left), START).unwrap();
    assert!(absorbed.wiped_out && losses.wiped_out_at == START && !takes_deposits(&ledger));
    (ledger, losses)
}

#[test]
fn shares_retire_after_sixty_days_in_which_claims_are_long_paid() {
    assert_eq!((RETIRE_AFTER, RECOVERY_SECONDS), (60 * 86_400, 30 * 86_400));
}

#[test]
fn lenders_who_lost_a_part_are_not_wiped_out() {
    let mut ledger = books(1_000, 900, 0, 0);
    let mut losses = Losses::default();
    let absorbed = losses.absorb(&mut ledger, DebtShares(400), START).unwrap();
    assert_eq!((absorbed.lenders, absorbed.wiped_out, losses.wiped_out_at), (TokenAmount(400), false, 0));
}

#[test]
fn the_sixty_days_count_from_the_loss_that_wiped_lenders_out_and_not_from_later_ones() {
    let (mut ledger, mut losses) = wiped_out_but_for(50);
    // what little they have left bears the next loss
    let absorbed = losses.absorb(&mut ledger, DebtShares(10), START + DAY).unwrap();
    assert!(absorbed.lenders.0 > 0 && absorbed.wiped_out);
    assert_eq!(losses.wiped_out_at, START);
}

#[test]
fn a_loss_that_insurance_bears_wipes_out_nobody() {
    let (mut ledger, mut losses) = wiped_out_but_for(50);
    ledger.insurance_q64 = 30 << 64;
    let absorbed = losses.absorb(&mut ledger, DebtShares(30), START + DAY).unwrap();
    assert_eq!((absorbed.insurance, absorbed.lenders), (TokenAmount(30), TokenAmount::ZERO));
    assert!(!absorbed.wiped_out, "they were before");
}

#[test]
fn shares_that_interest_made_worth_something_again_are_not_retired() {
    let (mut ledger, mut losses) = wiped_out_but_for(50);
    let (all, late) = (ledger.deposit_shares, START + RETIRE_AFTER);
    ledger.rate_per_second = 5_000_000_000_000;
    ledger.accrue(late, &SPLIT);
    assert!(takes_deposits(&ledger) && losses.wiped_out_at == START);
    assert_eq!(losses.retire(&mut ledger, all, false, late), Err(Refusal::SharesNotWorthless));
}

#[test]
fn shares_without_worth_are_not_retired_where_no_loss_was_written_down() {
    let mut ledger = Ledger { deposit_index: 0, ..books(1_000, 0, 0, 0) };
    let refused = Losses::default().retire(&mut ledger, DepositShares(1_000), true, START);
    assert_eq!(refused, Err(Refusal::SharesNotWorthless));
}

#[test]
fn what_was_coming_back_to_the_last_lender_insures_the_reserve() {
    let (mut ledger, mut losses) = wiped_out_but_for(0);
    losses.recover(&mut ledger, TokenAmount(100), START).unwrap();
    assert_eq!((losses.recovery.pending, ledger.insurance_down()), (100, TokenAmount::ZERO));
    let all = ledger.deposit_shares;
    losses.retire(&mut ledger, all, true, START).unwrap();
    assert_eq!((losses.recovery.pending, ledger.insurance_down()), (0, TokenAmount(100)));
    assert_eq!((losses.unrecovered, losses.bearers, ledger.surplus()), (0, 0, Ok(0)));
}
