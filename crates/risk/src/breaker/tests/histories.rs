//! Random histories of signals, waits and tightenings.

use super::*;
use std::vec::Vec;

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Price(u8, u64),
    Stale(u64),
    Loss(u64),
    Deficit,
    Flow,
    Tighten(bool, u64),
    WriteDown,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1u64..8 * 3_600).prop_map(Step::Wait),
        1 => (1u64..3 * DAY).prop_map(Step::Wait),
        4 => (0u8..4, 0u64..6_000).prop_map(|(cause, bps)| Step::Price(cause, bps)),
        1 => (0u64..2 * DAY).prop_map(Step::Stale),
        1 => (0u64..1_000).prop_map(Step::Loss),
        2 => Just(Step::Deficit),
        1 => Just(Step::Flow),
        1 => (any::<bool>(), 0u64..10 * 3_600).prop_map(|(halt, seconds)| Step::Tighten(halt, seconds)),
        1 => Just(Step::WriteDown),
        2 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..150)
}

fn evidence(cause: u8, bps: u64, published_at: Seconds) -> ReserveEvidence {
    let price = |p: u64| UnitPrice::from_oracle(p, -2, 6).unwrap();
    let off = 10_000 - bps;
    match cause {
        0 => average(bps, published_at),
        1 => ReserveEvidence::Confidence { confidence: bps / 2, spot: 10_000, published_at },
        2 => {
            let trail =
                PriceTrail { newer: price(10_000), newer_at: published_at - 10, ..Default::default() };
            ReserveEvidence::Jump { spot: price(off), trail, published_at }
        }
        _ => ReserveEvidence::Rate { market: off, rate: 10_000, published_at },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// Whatever happens, no cause holds Halted for more than a day in any seven days; nothing but time and the timelock
    /// lowers a state; and what is written down agrees with what time says.
    #[test]
    fn no_history_halts_for_longer_than_a_day_from_one_cause(
        steps in steps(), guarded in 600u32..=DAY as u32, halted in 600u32..=DAY as u32,
    ) {
        let thresholds = ReserveThresholds { guarded_seconds: guarded, halted_seconds: halted, ..T };
        thresholds.validate().unwrap();
        let (mut breaker, mut now) = (Breaker::default(), START);
        let mut held: Vec<(Cause, Seconds, Seconds)> = Vec::new();
        let mut outside = 0;
        for step in steps {
            let before = (breaker, now);
            match step {
                Step::Wait(seconds) => now += seconds,
                Step::Price(cause, bps) => {
                    for _ in 0..2 {
                        if let Ok(trip) = breaker.trip_reserve(&thresholds, &evidence(cause, bps, now), now) {
                            prop_assert!(trip.to >= trip.from);
                            breaker = trip.breaker;
                        }
                        if breaker == before.0 { break; }
                        // between the two observations time passes, which the record below must see
                        let until = now + 31;
                        record(&mut held, &mut outside, &breaker, now, until);
                        now = until;
                    }
                    continue;
                }
                Step::Stale(age) => {
                    let stale = ReserveEvidence::Stale { published_at: now - age, exposed: 1 };
                    breaker = breaker.trip_reserve(&thresholds, &stale, now).map_or(breaker, |t| t.breaker);
                }
                Step::Loss(bps) => {
                    let loss =
                        ReserveEvidence::Loss { lost: TokenAmount(bps), deposits: TokenAmount(10_000) };
                    breaker = breaker.trip_reserve(&thresholds, &loss, now).map_or(breaker, |t| t.breaker);
                }
                Step::Deficit => {
                    breaker = breaker.trip_reserve(&thresholds, &DEFICIT, now).unwrap().breaker;
                }
                Step::Flow => {
                    let flow = ReserveEvidence::Inflow { room: TokenAmount(0), capacity: TokenAmount(9) };
                    let trip = breaker.trip_reserve(&thresholds, &flow, now).unwrap();
                    prop_assert!(trip.to <= State::Guarded.max(trip.from));
                    breaker = trip.breaker;
                }
                Step::Tighten(halt, seconds) => {
                    let to = if halt { State::Halted } else { State::Guarded };
                    if let Ok(trip) = breaker.tighten(to, seconds, now) {
                        prop_assert!(trip.to > trip.from);
                        breaker = trip.breaker;
                    }
                }
                Step::Reopen => {
                    if let Ok(trip) = breaker.reopen(Seconds::from(guarded), now) {
                        // the timelock forgets what was held against causes
                        held.clear();
                        breaker = trip.breaker;
                    }
                    continue;
                }
                Step::WriteDown => breaker = breaker.step(now).map_or(breaker, |t| t.breaker),
            }
            record(&mut held, &mut outside, &before.0, before.1, now);
            prop_assert!(breaker.state_at(now) >= before.0.state_at(now));
            prop_assert_eq!(breaker.settled(now).state, breaker.state_at(now) as u8);
            prop_assert_eq!(breaker.outside_normal_at(now), outside);
        }
        for &(cause, _, end) in &held {
            let window = end.saturating_sub(HALT_WINDOW_SECONDS);
            let total: u64 = held
                .iter()
                .filter(|(other, _, _)| *other == cause)
                .map(|(_, from, to)| (*to).min(end).saturating_sub((*from).max(window)))
                .sum();
            prop_assert!(total <= MAX_HALTED_SECONDS, "{:?} halted {} s", cause, total);
        }
    }
}

/// What holds from `from` to `to` while nobody calls.
fn record(
    held: &mut Vec<(Cause, Seconds, Seconds)>,
    outside: &mut Seconds,
    breaker: &Breaker,
    from: Seconds,
    to: Seconds,
) {
    if breaker.state_at(from) == State::Halted {
        held.push((Cause::from_stored(breaker.cause), from, breaker.expires_at.min(to)));
    }
    *outside += match breaker.state_at(from) {
        State::Normal => 0,
        State::Guarded => breaker.settled(from).expires_at.min(to) - from,
        State::Halted => (breaker.expires_at + breaker.guarded_seconds).min(to) - from,
        State::WindDown => to - from,
    };
}
