//! What the laws that are tried on copies notice.

use super::*;
use ballast_fuzz::probes::{donations, leaving, liquidations, scores};

#[test]
fn a_book_that_admits_no_tranche_is_noticed() {
    let mut world = crashed(2_500).world;
    assert_eq!(liquidations::admitted(&world, 1), Ok(true));
    for key in world.obligations.clone().keys() {
        edit::<Obligation>(&mut world, *key, |obligation| obligation.last_risk_slot = u64::MAX);
    }
    liquidations::admitted(&world, 1).unwrap_err();
}

#[test]
fn an_insolvent_book_that_stays_open_is_noticed() {
    let mut world = crashed(6_000).world;
    assert_eq!(liquidations::closed(&world, 1), Ok(true));
    for key in world.obligations.clone().keys() {
        edit::<Obligation>(&mut world, *key, |obligation| obligation.last_risk_slot = u64::MAX);
    }
    liquidations::closed(&world, 1).unwrap_err();
}

#[test]
fn a_lender_who_cannot_leave_is_noticed() {
    let mut world = WORLD.clone();
    for seed in 0..5 {
        assert_eq!(leaving::leave(&world, seed), Ok(true));
    }
    // a ten-thousandth a day instead of a fifth, and no bucket
    for house in world.houses.clone() {
        for market in &house.listed {
            let key = world.markets[*market].asset(house.key).reserve();
            edit::<Reserve>(&mut world, key, |reserve| {
                let rules = &mut reserve.flow_rules;
                (rules.daily_share, rules.outflow_share, rules.outflow_floor) = (1, 0, 0);
                rules.inflow_seconds = 1;
            });
        }
    }
    leaving::leave(&world, 0).unwrap_err();
}

#[test]
fn an_account_that_does_not_score_is_noticed() {
    let mut world = WORLD.clone();
    assert_eq!(scores::any_price(&world, 1), Ok(true));
    let key = obligation(&world, 3);
    edit::<Obligation>(&mut world, key, |obligation| obligation.positions[0].side = 3);
    scores::any_price(&world, 1).unwrap_err();
}

#[test]
fn interest_that_steps_apart_is_noticed() {
    let key = reserve(&WORLD, 0, USDC);
    let reserve: Reserve = WORLD.svm.state(&key).unwrap();
    let start = reserve.books.ledger();
    let mut once = start;
    once.accrue(start.accrued_at + 1_000, reserve.split.as_risk());
    let split = reserve.split.as_risk();
    let check = |often| scores::check_accrual(&start, &once, &often, (1_000, 2), split);
    check(once).unwrap();
    let more = |change: fn(&mut Ledger)| {
        let mut often = once;
        change(&mut often);
        check(often).unwrap_err();
    };
    more(|often| often.debt_index += 1 << 20);
    // some units of all the interest, each where it should not be
    let deposited = start.deposit_shares.0;
    assert!(deposited > 0 && split.fee.0 > 0);
    more(|often| often.fees_q64 += 4 << 64);
    more(|often| often.insurance_q64 += 4 << 64);
    more(|often| often.deposit_index += (4 << 64) / u128::from(often.deposit_shares.0) + 100_000);
    more(|often| often.deposit_index -= (4 << 64) / u128::from(often.deposit_shares.0) + 100_000);
}

#[test]
fn a_world_that_a_donation_changed_is_noticed() {
    let mut world = WORLD.clone();
    donations::compare(&WORLD, &world).unwrap();
    let key = reserve(&world, 0, BTC);
    edit::<Reserve>(&mut world, key, |reserve| reserve.caps.debt -= 1);
    donations::compare(&WORLD, &world).unwrap_err();
}
