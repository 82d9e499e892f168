//! What is known of each cause by its number: how often it must be seen, and where its halts are counted.

use super::*;

const ALL: [Cause; 13] = [
    Cause::None,
    Cause::Average,
    Cause::Confidence,
    Cause::Jump,
    Cause::Rate,
    Cause::Stale,
    Cause::Outflow,
    Cause::Inflow,
    Cause::Loss,
    Cause::Deficit,
    Cause::Attestation,
    Cause::GuardedShare,
    Cause::Guardian,
];
/// Those that a price shows, in the order of [`Breaker::first_observed`].
const OF_PRICES: [Cause; 4] = [Cause::Average, Cause::Confidence, Cause::Jump, Cause::Rate];
/// Those that halt, in the order of [`HaltHistory::used`].
const HALTING: [Cause; 8] = [
    Cause::Average,
    Cause::Confidence,
    Cause::Jump,
    Cause::Rate,
    Cause::Stale,
    Cause::Loss,
    Cause::Deficit,
    Cause::Attestation,
];

fn place(causes: &[Cause], cause: Cause) -> Option<usize> {
    causes.iter().position(|known| *known == cause)
}

#[test]
fn every_cause_is_read_back_from_its_number_and_other_numbers_are_none() {
    for stored in 0..=u8::MAX {
        let expected = ALL.get(usize::from(stored)).copied().unwrap_or(Cause::None);
        assert_eq!(Cause::from_stored(stored), expected, "{stored}");
    }
    for (number, cause) in ALL.into_iter().enumerate() {
        assert_eq!(usize::from(cause as u8), number, "{cause:?}");
    }
}

#[test]
fn what_a_price_shows_is_seen_twice_and_each_cause_by_itself() {
    for cause in ALL {
        assert_eq!(cause.observation_index(), place(&OF_PRICES, cause), "{cause:?}");
    }
}

#[test]
fn each_cause_that_halts_has_a_day_of_its_own_and_no_other_is_counted() {
    for cause in ALL {
        assert_eq!(cause.halt_index(), place(&HALTING, cause), "{cause:?}");
    }
}

#[test]
fn a_vault_whose_attestations_fail_for_a_day_winds_down() {
    let failed = VaultEvidence::Attestation { shortfall: Usd(1) };
    let raise =
        |breaker: Breaker, now| breaker.trip_vault(&VaultThresholds::BALANCED, &failed, now).unwrap().breaker;
    let hour = 3_600;
    let halted = (0..24).fold(Breaker::default(), |breaker, h| raise(breaker, START + h * hour));
    assert_eq!(halted.state_at(START + 24 * hour - 1), State::Halted);
    let down = raise(halted, START + 24 * hour);
    assert_eq!(down.state_at(START + 24 * hour), State::WindDown);
}

#[test]
fn a_price_is_a_signal_until_it_is_a_minute_old_and_no_longer() {
    let seen = |age| Breaker::default().trip_reserve(&T, &average(1_200, START - age), START);
    assert_eq!(seen(MAX_OBSERVATION_AGE).unwrap().change, Change::Observed);
    assert_eq!(seen(MAX_OBSERVATION_AGE + 1), Err(Refusal::ObservationTooOld));
}

#[test]
fn halts_are_counted_in_pairs_of_seconds_rounded_up() {
    let left = |seconds: Seconds| {
        let mut halts = HaltHistory::default();
        halts.advance(START);
        halts.charge_up(3, START, START + seconds);
        assert_eq!(halts.remaining_down(4), MAX_HALTED_SECONDS, "another cause");
        halts.remaining_down(3)
    };
    assert_eq!(left(0), MAX_HALTED_SECONDS);
    assert_eq!(left(1), MAX_HALTED_SECONDS - 2);
    assert_eq!(left(100), MAX_HALTED_SECONDS - 100);
    assert_eq!(left(101), MAX_HALTED_SECONDS - 102);
}

#[test]
fn a_halt_over_midnight_is_forgotten_day_by_day() {
    for first in 20_000..20_000 + 8 {
        let midnight = (first + 1) * DAY;
        let mut halts = HaltHistory::default();
        halts.advance(midnight);
        halts.charge_up(0, midnight - 100, midnight + 30);
        // seven days after the first it may still lie in a window of seven days, the day after it does not
        for (day, held) in [(1, 130), (2, 130), (7, 130), (8, 30), (9, 0), (20, 0)] {
            let mut later = halts;
            later.advance((first + day) * DAY);
            assert_eq!(later.remaining_down(0), MAX_HALTED_SECONDS - held, "day {day}");
        }
    }
}
