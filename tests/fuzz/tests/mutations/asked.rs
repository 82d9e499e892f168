//! Everything that lands is asked, and what was never asked shows.

use super::*;
use ballast_fuzz::{
    run::{run, Plan},
    sent::APART,
};
use std::sync::atomic::{AtomicU64, Ordering};

#[test]
fn what_is_bent_and_lands_is_asked_like_everything_else() {
    let place = WORLD.obligations.keys().position(|key| *key == obligation(&WORLD, 3)).unwrap();
    let refresh = Deed::RefreshObligation { of: Pick::Any(place as u16) };
    let other = |world: &mut World| edit::<Obligation>(world, obligation(world, 3), |o| o.requirement += 1);
    breaks(&send(9, refresh, vec![Twist::Tail(7)]), other, "the program scores as the client");
}

/// A deposit, and the score of an obligation, in one transaction.
fn deposit_and_score() -> Action {
    let place = WORLD.obligations.keys().position(|key| *key == obligation(&WORLD, 3)).unwrap();
    let Action::Send(mut calls) = deposit() else { unreachable!() };
    let deed = Deed::RefreshObligation { of: Pick::Any(place as u16) };
    calls.push(Call { by: 9, deed, twists: vec![] });
    Action::Send(calls)
}

#[test]
fn each_call_of_a_transaction_is_asked() {
    let other = |world: &mut World| edit::<Obligation>(world, obligation(world, 3), |o| o.requirement += 1);
    breaks(&deposit_and_score(), other, "the program scores as the client");
}

#[test]
fn calls_that_do_something_else_together_are_noticed() {
    static TIMES: AtomicU64 = AtomicU64::new(1);
    let differs = |world: &mut World| {
        let times = TIMES.fetch_add(1, Ordering::Relaxed);
        edit::<Reserve>(world, reserve(world, 0, BTC), |reserve| reserve.caps.deposits = times);
    };
    breaks(&deposit_and_score(), differs, APART);
}

#[test]
fn a_law_that_a_long_run_never_asked_is_noticed() {
    let (out, time) = (std::env::temp_dir(), std::time::Duration::ZERO);
    let plan = Plan { seed: 0, time, threads: 1, keep_going: false, out };
    let mut report = run(&WORLD, &plan);
    assert!(report.is_sound(), "a short run need not ask everything");
    report.tally.steps = 1_000_001;
    assert!(!report.is_sound());
    assert!(report.silent().contains(&"a tranche lowers risk"));
    report.tally.laws.values_mut().for_each(|asked| *asked = 1);
    assert!(report.is_sound());
}
