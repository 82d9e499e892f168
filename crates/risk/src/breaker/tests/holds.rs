//! For how long a state holds and for whose sake, where signals follow one another; and two breakers that wind down.

use super::*;

const HOUR: Seconds = 3_600;

fn deficit(breaker: &Breaker, now: Seconds) -> Transition {
    breaker.trip_reserve(&T, &DEFICIT, now).unwrap()
}

fn stale(breaker: &Breaker, thresholds: &ReserveThresholds, age: Seconds, now: Seconds) -> Transition {
    let evidence = ReserveEvidence::Stale { published_at: now - age, exposed: 1 };
    breaker.trip_reserve(thresholds, &evidence, now).unwrap()
}

/// A breaker that a deficit wound down: when it left Normal, and when that was.
fn winding_down(from: Seconds) -> (Breaker, Seconds) {
    let mut now = from;
    let mut breaker = deficit(&Breaker::default(), now).breaker;
    while breaker.state_at(now) != State::WindDown {
        now += HOUR;
        breaker = deficit(&breaker, now).breaker;
    }
    (breaker, now)
}

#[test]
fn the_signal_that_holds_guarded_for_the_longest_is_its_reason() {
    let first = stale(&Breaker::default(), &T, 400, START).breaker;
    let full = ReserveEvidence::Inflow { room: TokenAmount(0), capacity: TokenAmount(9) };
    let then = |thresholds: &ReserveThresholds| first.trip_reserve(thresholds, &full, START + 60).unwrap();
    let end = START + Seconds::from(T.guarded_seconds);
    assert_eq!((first.last_reading().cause, first.expires_at), (Cause::Stale, end));
    // it lasts from the later signal on, for whose sake it does
    let second = then(&T);
    assert_eq!((second.change, second.breaker.expires_at), (Change::Extended, end + 60));
    assert_eq!(second.breaker.last_reading().cause, Cause::Inflow);
    assert_eq!(second.breaker.last_reading().observed_at, START + 60);
    // one that asks for as long, or for less, changes nothing, its reason neither
    for less in [60, 61] {
        let brief = ReserveThresholds { guarded_seconds: T.guarded_seconds - less, ..T };
        assert_eq!((then(&brief).change, then(&brief).breaker), (Change::Nothing, first), "{less}");
    }
}

#[test]
fn a_signal_that_only_guards_lengthens_what_follows_a_halt_and_never_shortens_it() {
    let halted = deficit(&Breaker::default(), START).breaker;
    let end = START + 4 * HOUR + HOUR;
    let then = |seconds: Seconds| {
        let thresholds = ReserveThresholds { guarded_seconds: seconds as u32, ..T };
        let trip = stale(&halted, &thresholds, 400, START);
        assert_eq!(trip.breaker.last_reading().cause, Cause::Deficit);
        (trip.change, trip.breaker.expires_at + trip.breaker.guarded_seconds)
    };
    assert_eq!(then(5 * HOUR - 1), (Change::Nothing, end));
    assert_eq!(then(5 * HOUR), (Change::Nothing, end));
    assert_eq!(then(5 * HOUR + 1), (Change::Extended, end + 1));
}

#[test]
fn a_halt_that_another_cause_holds_on_to_is_counted_against_each_for_its_time() {
    let first = deficit(&Breaker::default(), START).breaker;
    // the feed has been dead for six hours: halted for another four from now on
    let later = START + HOUR;
    let second = stale(&first, &T, 6 * HOUR, later);
    assert_eq!((second.change, second.breaker.expires_at), (Change::Extended, later + 4 * HOUR));
    assert_eq!((second.breaker.last_reading().cause, second.breaker.held_from), (Cause::Stale, later));
    let left = |breaker: &Breaker, cause: Cause| breaker.halts.remaining_down(cause.halt_index().unwrap());
    assert_eq!(left(&second.breaker, Cause::Deficit), MAX_HALTED_SECONDS - HOUR);
    assert_eq!(left(&second.breaker, Cause::Stale), MAX_HALTED_SECONDS);
    // the same cause again goes on: what it held is written down once it ends
    let same = deficit(&first, later);
    assert_eq!((same.change, same.breaker.expires_at), (Change::Extended, later + 4 * HOUR));
    assert_eq!((same.breaker.held_from, left(&same.breaker, Cause::Deficit)), (START, MAX_HALTED_SECONDS));
    let over = same.breaker.settled(later + 4 * HOUR);
    assert_eq!(left(&over, Cause::Deficit), MAX_HALTED_SECONDS - 5 * HOUR);
    // one that asks for as long changes nothing, its reason neither
    let brief = ReserveThresholds { halted_seconds: 3 * HOUR as u32, ..T };
    let nothing = stale(&first, &brief, 6 * HOUR, later);
    assert_eq!((nothing.change, nothing.breaker), (Change::Nothing, first));
}

#[test]
fn two_observations_confirm_one_another_up_to_their_last_second() {
    let see = |breaker: &Breaker, at: Seconds, now| breaker.trip_reserve(&T, &average(1_200, at), now);
    let first = see(&Breaker::default(), START, START).unwrap().breaker;
    let last = START + OBSERVATION_EXPIRES;
    assert_eq!(see(&first, last, last).unwrap().change, Change::Raised);
    assert_eq!(see(&first, last + 1, last + 1).unwrap().change, Change::Observed);
    // the second is the first of the next pair
    let second = see(&first, START + 30, START + 30).unwrap().breaker;
    assert_eq!(see(&second, START + 59, START + 59), Err(Refusal::ObservationTooSoon));
    assert_eq!(see(&second, START + 60, START + 60).unwrap().change, Change::Extended);
    // and so is one that was published before it, since nothing confirms backwards
    let earlier = see(&first, START - 40, START).unwrap();
    assert_eq!((earlier.change, earlier.breaker.first_observed[0][0]), (Change::Observed, START - 40));
    assert_eq!(see(&earlier.breaker, START - 10, START).unwrap().change, Change::Raised);
}

#[test]
fn who_leaves_what_winds_down_gets_a_share_since_it_began_to_and_not_since_normal() {
    let (early, began) = winding_down(START);
    let (late, after) = winding_down(began + 50 * HOUR);
    let now = after + HOUR;
    assert!(began > early.left_normal_at);
    let since = |vault: &Breaker, reserve: &Breaker| {
        let restriction = restriction(vault, reserve, now);
        assert_eq!(restriction.state, State::WindDown);
        restriction.since
    };
    assert_eq!([since(&early, &late), since(&late, &early)], [began; 2]);
    // what the other one was guarded for does not count
    let guarded = Breaker::default().tighten(State::Guarded, 8 * HOUR, after - HOUR).unwrap().breaker;
    assert_eq!(guarded.state_at(now), State::Guarded);
    assert_eq!([since(&late, &guarded), since(&guarded, &late)], [after; 2]);
}
