//! The rules of the breakers, one by one and over random histories.

extern crate std;

mod bounds;
mod causes;
mod histories;
mod holds;
mod jumps;

use super::*;
use crate::{
    price::UnitPrice,
    refusal::Refusal,
    units::{Bps, TokenAmount, Usd},
};
use proptest::prelude::*;
use std::string::String;
use Permission::{DailyShare, Free, Heals, ProRata, Refused};

const T: ReserveThresholds = ReserveThresholds::MAJOR;
/// Some time after the epoch, not at a day's start.
const START: Seconds = 20_000 * DAY + 12_345;

fn average(off_bps: u64, published_at: Seconds) -> ReserveEvidence {
    ReserveEvidence::Average { spot: 10_000 - off_bps, average: 10_000, published_at }
}

const DEFICIT: ReserveEvidence = ReserveEvidence::Deficit { held: TokenAmount(99), booked: TokenAmount(100) };

#[test]
fn a_price_signal_needs_two_observations_half_a_minute_apart() {
    let fresh = Breaker::default();
    let first = fresh.trip_reserve(&T, &average(1_200, START), START).unwrap();
    assert_eq!((first.change, first.to), (Change::Observed, State::Normal));
    let soon = first.breaker.trip_reserve(&T, &average(1_200, START + 29), START + 29);
    assert_eq!(soon, Err(Refusal::ObservationTooSoon));
    // one price seen twice is one observation, however late the second call
    let again = first.breaker.trip_reserve(&T, &average(1_200, START), START + 40);
    assert_eq!(again, Err(Refusal::ObservationTooSoon));
    let second = first.breaker.trip_reserve(&T, &average(1_200, START + 30), START + 31).unwrap();
    assert_eq!((second.change, second.from, second.to), (Change::Raised, State::Normal, State::Guarded));
    assert_eq!((second.reading.measured, second.reading.limit), (1_200, 1_000));
    assert_eq!(second.breaker.expires_at, START + 31 + 3_600);
    // calm in between: the second must breach too
    let calm = first.breaker.trip_reserve(&T, &average(999, START + 30), START + 30);
    assert_eq!(calm, Err(Refusal::NoSignal));
}

#[test]
fn an_unconfirmed_observation_expires() {
    let first = Breaker::default().trip_reserve(&T, &average(1_200, START), START).unwrap().breaker;
    let at = START + OBSERVATION_EXPIRES + 1;
    let late = first.trip_reserve(&T, &average(1_200, at), at).unwrap();
    assert_eq!((late.change, late.to), (Change::Observed, State::Normal));
    let old = first.trip_reserve(&T, &average(1_200, START + 30), START + 30 + MAX_OBSERVATION_AGE + 1);
    assert_eq!(old, Err(Refusal::ObservationTooOld));
}

#[test]
fn two_observations_confirm_the_lower_of_their_levels() {
    let first = Breaker::default().trip_reserve(&T, &average(1_200, START), START).unwrap().breaker;
    let second = first.trip_reserve(&T, &average(3_000, START + 30), START + 30).unwrap();
    assert_eq!(second.to, State::Guarded);
    // the second began a pair of its own
    let third = second.breaker.trip_reserve(&T, &average(3_000, START + 60), START + 60).unwrap();
    assert_eq!((third.to, third.reading.limit), (State::Halted, 2_500));
    // another cause has observations of its own
    let other = ReserveEvidence::Confidence { confidence: 500, spot: 10_000, published_at: START + 30 };
    let other = first.trip_reserve(&T, &other, START + 30).unwrap();
    assert_eq!(other.change, Change::Observed);
}

#[test]
fn time_alone_steps_down_and_anyone_may_write_it_down() {
    let halted = Breaker::default().trip_reserve(&T, &DEFICIT, START).unwrap().breaker;
    let end = START + 4 * 3_600;
    assert_eq!(halted.state_at(end - 1), State::Halted);
    assert_eq!(halted.step(end - 1), Err(Refusal::NothingToStep));
    assert_eq!(halted.state_at(end), State::Guarded);
    assert_eq!(halted.step(end).unwrap().to, State::Guarded);
    assert_eq!(halted.state_at(end + 3_600), State::Normal);
    let normal = halted.step(end + 9_999).unwrap();
    assert_eq!((normal.from, normal.to), (State::Halted, State::Normal));
    // written down late or not at all, it is the same
    let in_two = halted.step(end).unwrap().breaker.step(end + 9_999).unwrap().breaker;
    assert_eq!(in_two, normal.breaker);
    assert_eq!(halted.outside_normal_at(end + 9_999), 5 * 3_600);
    assert_eq!(normal.breaker.outside_normal_at(end + 9_999), 5 * 3_600);
    // the reason stays readable
    assert_eq!(normal.breaker.last_reading().cause, Cause::Deficit);
}

#[test]
fn a_cause_that_used_up_its_day_winds_down_and_only_the_timelock_reopens() {
    let mut breaker = Breaker::default();
    let mut now = START;
    let mut halted = 0;
    while breaker.state_at(now) != State::WindDown {
        let trip = breaker.trip_reserve(&T, &DEFICIT, now).unwrap();
        breaker = trip.breaker;
        halted += u64::from(trip.to == State::Halted) * 600;
        now += 600;
        assert!(now < START + 2 * DAY);
    }
    assert_eq!(halted, MAX_HALTED_SECONDS);
    assert_eq!(breaker.state_at(now + 365 * DAY), State::WindDown);
    assert_eq!(breaker.step(now + 365 * DAY), Err(Refusal::NothingToStep));
    assert_eq!(breaker.trip_reserve(&T, &DEFICIT, now).unwrap().change, Change::Nothing);
    assert_eq!(breaker.tighten(State::Halted, 60, now), Err(Refusal::NotTighter));
    let open = breaker.reopen(3_600, now + 9 * DAY).unwrap().breaker;
    assert_eq!(open.state_at(now + 9 * DAY), State::Guarded);
    assert_eq!(open.state_at(now + 9 * DAY + 3_600), State::Normal);
    assert_eq!(open.reopen(3_600, now + 9 * DAY), Err(Refusal::NotWindingDown));
    assert_eq!(
        open.left_normal_at,
        now + 9 * DAY,
        "daily shares begin anew: nobody leaves at once with nine days of them"
    );
    assert_eq!(
        open.outside_normal_at(now + 9 * DAY + 3_600),
        breaker.outside_normal_at(now + 9 * DAY) + 3_600,
        "and clocks stood still all the time"
    );
    assert_eq!(open.trip_reserve(&T, &DEFICIT, now + 9 * DAY).unwrap().to, State::Halted);
}

#[test]
fn flows_only_guard_and_never_halt() {
    let mut breaker = Breaker::default();
    for hour in 0..24 * 30 {
        let now = START + hour * 3_600;
        for evidence in [
            ReserveEvidence::Outflow { room: TokenAmount(0), capacity: TokenAmount(1) },
            ReserveEvidence::Inflow { room: TokenAmount(0), capacity: TokenAmount(1) },
        ] {
            breaker = breaker.trip_reserve(&T, &evidence, now).unwrap().breaker;
            assert_eq!(breaker.state_at(now), State::Guarded);
        }
    }
    let room = ReserveEvidence::Outflow { room: TokenAmount(1), capacity: TokenAmount(5) };
    assert_eq!(Breaker::default().trip_reserve(&T, &room, START), Err(Refusal::NoSignal));
}

#[test]
fn a_donation_is_no_signal_and_one_missing_unit_is() {
    for held in [100, 101, u64::MAX] {
        let evidence = ReserveEvidence::Deficit { held: TokenAmount(held), booked: TokenAmount(100) };
        assert_eq!(Breaker::default().trip_reserve(&T, &evidence, START), Err(Refusal::NoSignal));
    }
    assert_eq!(Breaker::default().trip_reserve(&T, &DEFICIT, START).unwrap().to, State::Halted);
}

#[test]
fn a_stale_feed_on_which_nothing_depends_is_no_signal() {
    let stale = |age: u64, exposed: u64| {
        let evidence = ReserveEvidence::Stale { published_at: START - age, exposed };
        Breaker::default().trip_reserve(&T, &evidence, START).map(|trip| trip.to)
    };
    assert_eq!(stale(10 * DAY, 0), Err(Refusal::NoSignal));
    assert_eq!(stale(299, 1), Err(Refusal::NoSignal));
    assert_eq!(stale(300, 1), Ok(State::Guarded));
    assert_eq!(stale(6 * 3_600, 1), Ok(State::Halted));
}

#[test]
fn what_raises_a_vault() {
    let raise = |evidence| {
        Breaker::default().trip_vault(&VaultThresholds::BALANCED, &evidence, START).map(|trip| trip.to)
    };
    let million = Usd::dollars(1_000_000);
    let loss = |lost| VaultEvidence::Loss { lost: Usd::dollars(lost), collateral: million };
    assert_eq!(raise(loss(999)), Err(Refusal::NoSignal));
    assert_eq!(raise(loss(1_000)), Ok(State::Guarded));
    assert_eq!(raise(loss(20_000)), Ok(State::Halted));
    let share = |guarded| VaultEvidence::GuardedShare { guarded: Usd::dollars(guarded), collateral: million };
    assert_eq!(raise(share(333_333)), Err(Refusal::NoSignal));
    assert_eq!(raise(share(333_400)), Ok(State::Guarded));
    assert_eq!(raise(share(1_000_000)), Ok(State::Guarded));
    assert_eq!(raise(VaultEvidence::Attestation { shortfall: Usd(0) }), Err(Refusal::NoSignal));
    assert_eq!(raise(VaultEvidence::Attestation { shortfall: Usd(1) }), Ok(State::Halted));
    let deficit = VaultEvidence::Deficit { held: TokenAmount(1), booked: TokenAmount(2) };
    assert_eq!(raise(deficit), Ok(State::Halted));
}

#[test]
fn a_guardian_tightens_upwards_for_a_bounded_time_and_number() {
    let fresh = Breaker::default();
    assert_eq!(fresh.tighten(State::WindDown, 60, START), Err(Refusal::NotTighter));
    assert_eq!(fresh.tighten(State::Normal, 60, START), Err(Refusal::NotTighter));
    assert_eq!(fresh.tighten(State::Halted, 8 * 3_600 + 1, START), Err(Refusal::TightenedTooLong));
    assert_eq!(fresh.tighten(State::Halted, 0, START), Err(Refusal::TightenedTooLong));
    let mut breaker = fresh;
    for day in 0..3 {
        let now = START + day * DAY;
        let trip = breaker.tighten(State::Halted, 8 * 3_600, now).unwrap();
        assert_eq!((trip.to, trip.reading.cause), (State::Halted, Cause::Guardian));
        breaker = trip.breaker;
        assert_eq!(breaker.tighten(State::Guarded, 60, now), Err(Refusal::NotTighter));
        assert_eq!(breaker.tighten(State::Halted, 60, now), Err(Refusal::NotTighter));
        assert_eq!(breaker.state_at(now + 16 * 3_600), State::Normal);
    }
    assert_eq!(breaker.tighten(State::Guarded, 60, START + 7 * DAY - 1), Err(Refusal::TightenedTooOften));
    assert!(breaker.tighten(State::Guarded, 60, START + 7 * DAY).is_ok());
}

#[test]
fn tightening_never_shortens_what_a_signal_asked_for() {
    let long = ReserveThresholds { guarded_seconds: DAY as u32, ..T };
    let stale = ReserveEvidence::Stale { published_at: START - 400, exposed: 1 };
    let guarded = Breaker::default().trip_reserve(&long, &stale, START).unwrap().breaker;
    let halted = guarded.tighten(State::Halted, 60, START).unwrap().breaker;
    assert_eq!(halted.state_at(START + 60), State::Guarded);
    assert_eq!(halted.state_at(START + DAY - 1), State::Guarded);
    assert_eq!(halted.state_at(START + DAY), State::Normal);
    // and a signal that only guards is not lost behind a short halt
    let halted = Breaker::default().tighten(State::Halted, 60, START).unwrap().breaker;
    let both = halted.trip_reserve(&long, &stale, START).unwrap().breaker;
    assert_eq!(both.last_reading().cause, Cause::Guardian);
    assert_eq!(both.state_at(START + DAY - 1), State::Guarded);
}

#[test]
fn jumps_are_measured_from_before_them_whenever_they_come() {
    let price = |cents: u64| UnitPrice::from_oracle(cents, -2, 6).unwrap();
    let (window, calm) = (Seconds::from(T.jump_window), price(10_000));
    for jump_after in [1, 150, 299, 300, 301, 450] {
        let mut trail = PriceTrail::default().note(calm, START, window).note(calm, START + window, window);
        let jump_at = START + window + jump_after;
        let down = price(8_000);
        assert_eq!(trail.jump_bps_down(down, jump_at, window), 2_000);
        trail = trail.note(down, jump_at, window);
        // it still shows when the second observation comes
        assert_eq!(trail.jump_bps_down(down, jump_at + MIN_OBSERVATION_GAP, window), 2_000);
    }
    let trail = PriceTrail::default().note(calm, START, window);
    assert_eq!(trail.jump_bps_down(price(1), START + 2 * window + 1, window), 0, "after a silence");
    assert_eq!(PriceTrail::default().jump_bps_down(calm, START, window), 0);
    assert_eq!(trail.jump_bps_down(price(100_000_000), START + 1, window), 99_990_000);
}

#[test]
fn distances_agree_with_the_quotient_for_all_prices() {
    let mut runner = proptest::test_runner::TestRunner::default();
    let sides = (1u64..1_000_000_000_000, 1u64..1_000_000_000_000, -12i32..=0, 2u8..=12);
    runner
        .run(&sides, |(a, b, exponent, decimals)| {
            let prices = (
                UnitPrice::from_oracle(a, exponent, decimals),
                UnitPrice::from_oracle(b, exponent, decimals),
            );
            if let (Ok(a_price), Ok(b_price)) = prices {
                let exact = u128::from(a.abs_diff(b)) * 10_000 / u128::from(b);
                let got = u128::from(trail::distance_bps_down(a_price, b_price));
                // a unit of the last place of either price, and saturation at 2^40 times the reference
                let apart = got.abs_diff(exact);
                prop_assert!(apart <= 1 + (exact >> 40) || exact >> 40 != 0, "{} {}", got, exact);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_table_keeps_the_promises_of_the_design() {
    for vault in STATES {
        for reserve in STATES {
            let of = |action| allows(action, vault, reserve);
            // never blocks repaying or adding collateral, never stops a liquidation
            for action in [Action::Repay, Action::SoftLiquidate, Action::AbsorbLoss, Action::OpenObligation] {
                assert_eq!(of(action), Free, "{action:?} {vault:?} {reserve:?}");
            }
            assert!(matches!(of(Action::TopUp), Free | Heals));
            assert!(matches!(of(Action::WithdrawDebtFree), Free | DailyShare | ProRata));
            // proofs, prices and the breakers themselves always work
            for action in [
                Action::RefreshReserves,
                Action::RefreshObligation,
                Action::TripBreaker,
                Action::StepBreaker,
                Action::AttestSolvency,
                Action::AuditBook,
                Action::CloseObligation,
                Action::CancelChange,
                Action::ProposeChange,
            ] {
                assert_eq!(of(action), Free, "{action:?} {vault:?} {reserve:?}");
            }
            let stricter = vault.max(reserve);
            let normal = stricter == State::Normal;
            for action in [Action::Borrow, Action::LendAgainst, Action::CollectFees, Action::ExecuteLoosening]
            {
                assert_eq!(of(action) == Free, normal, "{action:?} {vault:?} {reserve:?}");
            }
            assert_eq!(of(Action::Deposit).is_allowed(), stricter < State::Halted);
            assert_eq!(of(Action::WithdrawWithDebt).is_allowed(), stricter < State::Halted);
            assert_eq!(of(Action::ExecuteReopening) == Free, stricter == State::WindDown);
            assert_eq!(of(Action::WithdrawDebtFree) == ProRata, stricter == State::WindDown);
        }
    }
    // a higher state never allows more, but for leaving it
    let rank = |permission| match permission {
        Free => 3,
        DailyShare | ProRata => 2,
        Heals => 1,
        Refused => 0,
    };
    for action in ACTIONS.into_iter().filter(|action| *action != Action::ExecuteReopening) {
        for pair in STATES.windows(2) {
            let (low, high) = (allows(action, pair[0], pair[0]), allows(action, pair[1], pair[1]));
            assert!(rank(low) >= rank(high), "{action:?}");
        }
    }
    let mut table = String::new();
    write_table(&mut table).unwrap();
    assert_eq!(table.lines().count(), ACTIONS.len() + 2);
    assert!(table.contains("| `Repay` | yes | yes | yes | yes |"));
}

#[test]
fn two_breakers_ask_together() {
    let normal = Breaker::default();
    let guarded = normal.tighten(State::Guarded, 8 * 3_600, START).unwrap().breaker;
    let halted = normal.tighten(State::Halted, 3_600, START + 500).unwrap().breaker;
    let at = |vault, reserve, now| restriction(vault, reserve, now);
    let now = START + 1_000;
    assert_eq!(at(&normal, &normal, now), Restriction { state: State::Normal, since: now });
    assert_eq!(at(&guarded, &halted, now), Restriction { state: State::Halted, since: START });
    assert_eq!(at(&halted, &guarded, now), Restriction { state: State::Halted, since: START });
    assert_eq!(at(&normal, &halted, now), Restriction { state: State::Halted, since: START + 500 });
}

#[test]
fn presets_of_thresholds_keep_their_bounds_and_wild_ones_are_refused() {
    for thresholds in [ReserveThresholds::MAJOR, ReserveThresholds::STABLE, ReserveThresholds::ALT] {
        thresholds.validate().unwrap();
    }
    VaultThresholds::BALANCED.validate().unwrap();
    assert!(VaultThresholds { reserved: 1, ..VaultThresholds::BALANCED }.validate().is_err());
    for wild in [
        ReserveThresholds { average_halts: Bps(5_001), ..T },
        ReserveThresholds { average_guards: T.average_halts, ..T },
        ReserveThresholds { jump_guards: Bps(49), ..T },
        ReserveThresholds { confidence_halts: Bps(2_501), ..T },
        ReserveThresholds { rate_guards: Bps(0), ..T },
        ReserveThresholds { loss_guards: Bps(0), ..T },
        ReserveThresholds { stale_guards: 59, ..T },
        ReserveThresholds { stale_halts: DAY as u32 + 1, ..T },
        ReserveThresholds { guarded_seconds: 599, ..T },
        ReserveThresholds { halted_seconds: DAY as u32 + 1, ..T },
        ReserveThresholds { jump_window: 59, ..T },
    ] {
        assert!(wild.validate().is_err(), "{wild:?}");
    }
}
