extern crate std;

use super::*;
use crate::units::{Bps, DepositShares};
use proptest::prelude::*;
use std::{vec, vec::Vec};

const DAY: Seconds = 86_400;
const START: Seconds = 20_000 * DAY;

/// A tenth of deposits in and out a day, a seventh of the own deposit a day; a share is a unit.
fn rules() -> FlowRules {
    let rules = FlowRules {
        inflow_floor: 10,
        outflow_floor: 10,
        inflow_seconds: DAY as u32,
        outflow_seconds: DAY as u32,
        inflow_share: Bps(1_000),
        outflow_share: Bps(1_000),
        daily_share: MIN_DAILY_SHARE,
        reserved: 0,
    };
    rules.validate().unwrap();
    rules
}

fn exit(rule: ExitRule, amount: u64, held: u64, total: u64, free: u64) -> Exit {
    Exit {
        rule,
        amount: TokenAmount(amount),
        shares: DepositShares(amount),
        held: DepositShares(held),
        total: DepositShares(total),
        deposits: TokenAmount(total),
        free: TokenAmount(free),
    }
}

/// Tokens that come in at one unit a share.
fn came(amount: u64) -> Arrival {
    Arrival { amount: TokenAmount(amount), back: DepositShares(amount) }
}

#[test]
fn who_takes_its_share_and_brings_it_back_in_a_circle_takes_no_more_in_the_next_restriction() {
    let rules = FlowRules { daily_share: Bps(2_000), ..FlowRules::balanced(u64::MAX, u64::MAX) };
    let (mut flows, mut position, all) = (Flows::default(), PositionFlow::default(), 10_000_000);
    // four days into one restriction, sixty times around
    let (since, now) = (START, START + 4 * DAY);
    for _ in 0..60 {
        let rule = ExitRule::DailyShare { since };
        let asked = exit(rule, 0, 1_000_000, all, all);
        let allowed = position.allowance_down(&flows, &rules, &asked, now).0;
        assert_eq!(allowed, 1_000_000, "the fifth share of five");
        let out = exit(rule, allowed - 1, 1_000_000, all, all);
        let moved = flows.withdraw(&rules, &position, &out, now).unwrap();
        let back = moved.flows.deposit(&rules, &moved.position, TokenAmount(all), came(allowed - 1), now);
        let back = back.unwrap();
        (flows, position) = (back.flows, back.position);
        assert_eq!(position.taken, 0);
    }
    // in the next one everybody has the first share, and so has this one
    let next = START + 9 * DAY;
    let asked = exit(ExitRule::DailyShare { since: next }, 0, 1_000_000, all, all);
    assert_eq!(position.allowance_down(&flows, &rules, &asked, next).0, 200_000);
    // nor is there more past an empty bucket in Normal
    let asked = exit(ExitRule::Bucket, 0, 1_000_000, all, all);
    assert_eq!(position.allowance_down(&flows, &rules, &asked, next).0, 200_000);
}

#[test]
fn an_empty_inflow_bucket_delays_deposits_and_never_what_heals() {
    let (flows, position, all) = (Flows::default(), PositionFlow::default(), TokenAmount(1_000));
    let full = flows.deposit(&rules(), &position, all, came(100), START).unwrap();
    let all = TokenAmount(1_100);
    let again = full.flows.deposit(&rules(), &position, all, came(1), START);
    assert_eq!(again, Err(Refusal::InflowBucketEmpty));
    let healed = full.flows.top_up(&rules(), &position, all, came(500), START);
    assert_eq!(healed.flows.room_in(&rules(), all, START), TokenAmount(0));
    // nor does the position get back later what the bucket did not count
    assert_eq!(healed.position.arrived, 0);
    let later = START + DAY / 2;
    // half of what came in counts as settled: a tenth of 1,050, of which half has refilled
    assert_eq!(healed.flows.room_in(&rules(), all, later), TokenAmount(105 - (100 - 52)));
    assert!(healed.flows.deposit(&rules(), &position, all, came(57), later).is_ok());
    // an empty reserve can begin
    assert_eq!(flows.room_in(&rules(), TokenAmount(0), START), TokenAmount(10));
}

#[test]
fn money_that_only_passes_through_leaves_no_trace() {
    let all = TokenAmount(1_000);
    let came = Flows::default().deposit(&rules(), &PositionFlow::default(), all, came(100), START).unwrap();
    let out = exit(ExitRule::Bucket, 100, 100, 1_100, 1_100);
    let left = came.flows.withdraw(&rules(), &came.position, &out, START).unwrap();
    assert_eq!(left.flows.room_in(&rules(), all, START), TokenAmount(100));
    assert_eq!(left.flows.room_out(&rules(), all, START), TokenAmount(100));
    // while it is here it makes no more room to leave
    assert_eq!(came.flows.room_out(&rules(), TokenAmount(1_100), START), TokenAmount(100));
    let lent = left.flows.borrow(&rules(), all, TokenAmount(100), START).unwrap();
    assert_eq!(lent.borrow(&rules(), all, TokenAmount(1), START), Err(Refusal::OutflowBucketEmpty));
    let back = lent.repay(&rules(), all, TokenAmount(100), START);
    assert_eq!(back.room_out(&rules(), all, START), TokenAmount(100));
}

#[test]
fn a_repayment_gives_back_what_it_repays_and_touches_nothing_else() {
    let all = TokenAmount(1_000);
    let came = Flows::default().deposit(&rules(), &PositionFlow::default(), all, came(40), START).unwrap();
    let lent = came.flows.borrow(&rules(), all, TokenAmount(90), START).unwrap();
    let back = lent.repay(&rules(), all, TokenAmount(30), START);
    let outflow = Leak { used: 90 - 30, updated_at: START };
    assert_eq!(back, Flows { outflow, ..came.flows });
}

#[test]
fn what_arrived_goes_back_once_and_fades_from_then_on() {
    let all = TokenAmount(1_000);
    let came = Flows::default().deposit(&rules(), &PositionFlow::default(), all, came(100), START).unwrap();
    // half a day later half of it counts as settled; of the other half a part goes back
    let later = START + DAY / 2;
    let out = exit(ExitRule::Bucket, 20, 100, 1_100, 1_100);
    let left = came.flows.withdraw(&rules(), &came.position, &out, later).unwrap();
    assert_eq!((left.position.arrived, left.position.arrived_at), (100 / 2 - 20, later));
    assert_eq!(left.flows.outflow.used, 0);
    // the rest can go back too; what is beyond it needs room to leave
    let more = exit(ExitRule::Bucket, 35, 80, 1_080, 1_080);
    let gone = left.flows.withdraw(&rules(), &left.position, &more, later).unwrap();
    assert_eq!((gone.position.arrived, gone.flows.outflow.used), (0, 5));
}

#[test]
fn a_bucket_is_no_signal_in_the_second_in_which_it_moved_nor_before_it() {
    let all = TokenAmount(1_000);
    let moved = Leak { used: 100, updated_at: START };
    let flows = Flows { inflow: moved, outflow: moved, ..Flows::default() };
    for now in [START - 1, START] {
        assert_eq!(flows.inflow_evidence(&rules(), all, now), Err(Refusal::NoSignal));
        assert_eq!(flows.outflow_evidence(&rules(), all, now), Err(Refusal::NoSignal));
    }
    let now = START + 1;
    let room = flows.room_in(&rules(), all, now);
    let evidence = ReserveEvidence::Inflow { room, capacity: TokenAmount(90) };
    assert_eq!(flows.inflow_evidence(&rules(), all, now), Ok(evidence), "a tenth of the settled 900");
    let room = flows.room_out(&rules(), all, now);
    let evidence = ReserveEvidence::Outflow { room, capacity: TokenAmount(90) };
    assert_eq!(flows.outflow_evidence(&rules(), all, now), Ok(evidence));
}

#[test]
fn an_empty_outflow_bucket_still_lets_everyone_take_the_own_daily_share() {
    let all = TokenAmount(10_000);
    let empty = Flows::default().borrow(&rules(), all, TokenAmount(1_000), START).unwrap();
    let ask = |amount| exit(ExitRule::Bucket, amount, 7_000, 10_000, 10_000);
    let position = PositionFlow::default();
    let share = empty.withdraw(&rules(), &position, &ask(1_000), START).unwrap();
    assert_eq!(empty.withdraw(&rules(), &position, &ask(1_001), START), Err(Refusal::OutflowBucketEmpty));
    let more = exit(ExitRule::Bucket, 10, 6_000, 9_000, 9_000);
    assert_eq!(
        share.flows.withdraw(&rules(), &share.position, &more, START),
        Err(Refusal::OutflowBucketEmpty)
    );
}

#[test]
fn a_seventh_a_day_is_a_full_exit_in_six_days_from_the_first() {
    let rule = ExitRule::DailyShare { since: START };
    let mut position = PositionFlow::default();
    let mut flows = Flows::default();
    let (mut held, mut days) = (1_000_003u64, 0);
    while held > 0 {
        let now = START + days * DAY;
        let allowed = position.allowance_down(&flows, &rules(), &exit(rule, 0, held, held, held), now).0;
        let out = exit(rule, allowed, held, held, held);
        let moved = flows.withdraw(&rules(), &position, &out, now).unwrap();
        (flows, position) = (moved.flows, moved.position);
        held -= allowed;
        let over = exit(rule, 1, held, held, held);
        assert_eq!(flows.withdraw(&rules(), &position, &over, now), Err(Refusal::ExitShareSpent));
        days += 1;
        if held > 0 {
            assert!(days <= 6);
        }
    }
    // who comes late has lost nothing, and two weeks later a new Guarded counts anew
    let late = exit(rule, 700, 700, 700, 700);
    assert!(flows.withdraw(&rules(), &PositionFlow::default(), &late, START + 6 * DAY).is_ok());
    let anew = ExitRule::DailyShare { since: START + 14 * DAY };
    let out = exit(anew, 1_429, 10_000, 10_000, 10_000);
    assert!(flows.withdraw(&rules(), &position, &out, START + 14 * DAY).is_ok());
    let more = exit(anew, 1_430, 10_000, 10_000, 10_000);
    assert_eq!(flows.withdraw(&rules(), &position, &more, START + 14 * DAY), Err(Refusal::ExitShareSpent));
}

#[test]
fn a_guard_that_follows_another_starts_no_share_anew_and_a_reserve_that_flaps_lets_everybody_out_as_soon() {
    let share = u64::from(MIN_DAILY_SHARE.0);
    // guarded, a first share leaves; another guard takes over five minutes later, when the first one ends
    let ask = |since, amount, held| exit(ExitRule::DailyShare { since }, amount, held, 10_000, 10_000);
    let first = Flows::default();
    let moved =
        first.withdraw(&rules(), &PositionFlow::default(), &ask(START, share, 10_000), START).unwrap();
    let takes_over = START + 300;
    let left =
        moved.position.allowance_down(&first, &rules(), &ask(takes_over, 0, 10_000 - share), START + 700);
    assert_eq!(left.0, 10_000 * share * (DAY + 700) / DAY / 10_000 - share);
    // guarded anew each day: still a seventh of what was held at first, and all of it in six days from the first
    let (mut flows, mut position, mut held) = (Flows::default(), PositionFlow::default(), 10_000);
    for day in 0..7 {
        let now = START + day * DAY;
        let allowed = position.allowance_down(&flows, &rules(), &ask(now, 0, held), now).0;
        assert!(allowed <= share, "day {day}: {allowed}");
        let moved = flows.withdraw(&rules(), &position, &ask(now, allowed, held), now).unwrap();
        (flows, position, held) = (moved.flows, moved.position, held - allowed);
    }
    assert_eq!(held, 0);
}

#[test]
fn shares_that_were_taken_count_under_the_rule_and_the_wind_down_in_which_they_were() {
    let allowed = |taken, since, rule, now| {
        let position = PositionFlow { taken, since, ..PositionFlow::default() };
        position.allowance_down(&Flows::default(), &rules(), &exit(rule, 0, 600, 1_000, 500), now).0
    };
    // pro rata: half of 600 shares, or of 600 and the 100 that were taken before, less those
    let rule = ExitRule::ProRata { since: START };
    assert_eq!(allowed(100, START, rule, START), 700 / 2 - 100);
    for another in [START - 1, START + 1] {
        assert_eq!(allowed(100, another, rule, START), 600 / 2);
    }
    // in Normal nothing adds up beyond a day's share of what was held, and after two weeks it is one of what is held
    let (bucket, end, share) = (ExitRule::Bucket, START + 14 * DAY, u64::from(MIN_DAILY_SHARE.0));
    assert_eq!(allowed(100, START, bucket, START + DAY), 700 * share / 10_000);
    assert_eq!(allowed(100, START, bucket, end - 1), 700 * share / 10_000);
    assert_eq!(allowed(100, START, bucket, end), 600 * share / 10_000);
    // a unit that was taken while guarded opens no way past an empty bucket later
    assert_eq!(allowed(1, START, bucket, START + 6 * DAY), 601 * share / 10_000);
}

#[test]
fn a_rule_follows_from_the_breakers() {
    use crate::breaker::{Permission, Restriction, State};
    let restriction = Restriction { state: State::Guarded, since: 5 };
    let rule = |permission| ExitRule::new(permission, restriction);
    assert_eq!(rule(Permission::Free), Ok(ExitRule::Bucket));
    assert_eq!(rule(Permission::DailyShare), Ok(ExitRule::DailyShare { since: 5 }));
    assert_eq!(rule(Permission::ProRata), Ok(ExitRule::ProRata { since: 5 }));
    assert_eq!(rule(Permission::Refused), Err(Refusal::NotInThisState));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// From a guarded reserve nobody takes more than the own share, whatever others do, and whoever asks every day is out
    /// within seven days.
    #[test]
    fn daily_shares_are_bounded_and_complete(
        daily in MIN_DAILY_SHARE.0..=10_000, held in 1u64..u64::MAX / 2,
        asks in proptest::collection::vec((0u64..DAY, 0u64..=100), 1..60),
    ) {
        let rules = FlowRules { daily_share: Bps(daily), ..rules() };
        let rule = ExitRule::DailyShare { since: START };
        let (mut flows, mut position, mut now) = (Flows::default(), PositionFlow::default(), START);
        let (start, mut left) = (held, held);
        for (wait, percent) in asks {
            now += wait;
            let ask = exit(rule, 0, left, left, left);
            let allowed = position.allowance_down(&flows, &rules, &ask, now).0;
            let bound = u128::from(start) * u128::from(daily) * u128::from(DAY + now - START) / 864_000_000;
            prop_assert!(u128::from(start - left + allowed) <= bound);
            let out = exit(rule, (u128::from(allowed) * u128::from(percent) / 100) as u64, left, left, left);
            let moved = flows.withdraw(&rules, &position, &out, now).unwrap();
            (flows, position) = (moved.flows, moved.position);
            left -= out.amount.0;
        }
        let at_last = exit(rule, left, left, left, left);
        prop_assert!(flows.withdraw(&rules, &position, &at_last, now.max(START + 6 * DAY)).is_ok());
    }

    /// In Normal with an empty bucket, nobody is ever allowed more than a day's share at once, however long it waited, and whoever
    /// asks every day is out within seven days.
    #[test]
    fn in_normal_shares_do_not_add_up_and_suffice(
        daily in MIN_DAILY_SHARE.0..=10_000, held in 10_000u64..u64::MAX / 2,
        asks in proptest::collection::vec((0u64..3 * DAY, 0u64..=100), 0..20),
    ) {
        let rules = FlowRules { daily_share: Bps(daily), ..rules() };
        let (mut flows, mut position, mut now, mut left) = (Flows::default(), PositionFlow::default(), START, held);
        let everyday = [(14 * DAY, 100)].into_iter().chain([(DAY, 100); 6]);
        for (wait, percent) in asks.into_iter().chain(everyday) {
            now += wait;
            // others use up what the bucket has
            let all = TokenAmount(u64::MAX / 2);
            flows = flows.borrow(&rules, all, flows.room_out(&rules, all, now), now).unwrap();
            let ask = |amount, left| Exit { deposits: all, ..exit(ExitRule::Bucket, amount, left, left, left) };
            let allowed = position.allowance_down(&flows, &rules, &ask(0, left), now).0;
            let bound = u128::from(held) * u128::from(daily) / 10_000;
            prop_assert!(u128::from(allowed) <= bound, "{} of {}", allowed, bound);
            let amount = (u128::from(allowed) * u128::from(percent) / 100) as u64;
            let moved = flows.withdraw(&rules, &position, &ask(amount, left), now).unwrap();
            (flows, position) = (moved.flows, moved.position);
            left -= amount;
        }
        prop_assert_eq!(left, 0);
    }

    /// In WindDown, each gets its own share of what is free, whoever comes first and however often, and tokens that come in
    /// later are shared alike.
    #[test]
    fn exits_pro_rata_do_not_depend_on_the_order(
        held in proptest::collection::vec(1u64..1_000_000_000, 2..8),
        free_share in 0u64..=100,
        later in 0u64..=100,
        calls in proptest::collection::vec((any::<prop::sample::Index>(), 0u64..=100), 0..40),
    ) {
        let rule = ExitRule::ProRata { since: START };
        let mut left = held.clone();
        let total: u64 = held.iter().sum();
        let mut free = (u128::from(total) * u128::from(free_share) / 100) as u64;
        let mut offered = free;
        let mut flows = Flows::default();
        let mut positions = vec![PositionFlow::default(); held.len()];
        let order: Vec<_> = calls.iter().map(|(index, part)| (index.index(held.len()), *part)).collect();
        let everyone: Vec<_> = (0..held.len()).rev().map(|i| (i, 100)).collect();
        for (round, order) in [order, everyone.clone(), everyone].iter().enumerate() {
            if round == 2 {
                // debt is repaid, at most up to what lenders still hold
                let repaid = ((left.iter().sum::<u64>() - free) as u128 * u128::from(later) / 100) as u64;
                free += repaid;
                offered += repaid;
            }
            for &(i, percent) in order {
                let all: u64 = left.iter().sum();
                let ask = exit(rule, 0, left[i], all, free);
                let allowed = positions[i].allowance_down(&flows, &rules(), &ask, START + 5).0;
                let amount = (u128::from(allowed) * u128::from(percent) / 100) as u64;
                prop_assert!(allowed <= free, "what is allowed is there");
                let out = exit(rule, amount, left[i], all, free);
                let moved = flows.withdraw(&rules(), &positions[i], &out, START + 5).unwrap();
                (flows, positions[i]) = (moved.flows, moved.position);
                left[i] -= amount;
                free -= amount;
            }
            if round > 0 {
                for (i, &share) in held.iter().enumerate() {
                    let fair = (u128::from(offered) * u128::from(share) / u128::from(total)) as u64;
                    let got = share - left[i];
                    prop_assert!(got <= fair && got + 2 >= fair, "{} of {} in round {}", got, fair, round);
                }
            }
        }
    }

    /// Whatever an actor with any number of positions does, what is inside on balance came at the bucket's rate.
    #[test]
    fn what_came_in_on_balance_came_at_the_buckets_rate(
        steps in proptest::collection::vec((0u64..DAY / 4, 0usize..4, any::<bool>(), 0u64..150), 1..60),
    ) {
        let rules = FlowRules { outflow_share: Bps(10_000), ..rules() };
        let all = TokenAmount(1_000);
        let (mut flows, mut now) = (Flows::default(), START);
        let mut positions = [PositionFlow::default(); 4];
        let mut held = [0u64; 4];
        for (wait, who, deposit, amount) in steps {
            now += wait;
            if deposit {
                let moved = flows.deposit(&rules, &positions[who], all, came(amount), now);
                if let Ok(moved) = moved {
                    (flows, positions[who]) = (moved.flows, moved.position);
                    held[who] += amount;
                }
            } else {
                let amount = amount.min(held[who]);
                let out = exit(ExitRule::Bucket, amount, held[who], 1_000, 1_000);
                if let Ok(moved) = flows.withdraw(&rules, &positions[who], &Exit { deposits: all, ..out }, now) {
                    (flows, positions[who]) = (moved.flows, moved.position);
                    held[who] -= amount;
                }
            }
            let inside: u64 = held.iter().sum();
            let bound = 100 + 100 * (now - START) / DAY;
            prop_assert!(inside <= bound + 1, "{} inside, {} allowed", inside, bound);
        }
    }
}

#[test]
fn rules_on_their_bounds_are_accepted() {
    let balanced = FlowRules::balanced(5, 7);
    assert_eq!((balanced.inflow_floor, balanced.outflow_floor), (5, 7));
    assert_eq!([balanced.inflow_seconds, balanced.outflow_seconds], [6 * 60 * 60; 2]);
    assert_eq!([balanced.inflow_share, balanced.outflow_share, balanced.daily_share], [Bps(2_000); 3]);
    for (floor, seconds, share, daily_share) in
        [(1, 600, Bps(100), MIN_DAILY_SHARE), (u64::MAX, 7 * 86_400, Bps(10_000), Bps(10_000))]
    {
        let rules = FlowRules {
            inflow_floor: floor,
            outflow_floor: floor,
            inflow_seconds: seconds,
            outflow_seconds: seconds,
            inflow_share: share,
            outflow_share: share,
            daily_share,
            reserved: 0,
        };
        assert_eq!(rules.validate(), Ok(()), "{rules:?}");
    }
}

#[test]
fn rules_outside_their_bounds_are_refused() {
    FlowRules::balanced(1, 1).validate().unwrap();
    let rules = rules();
    for wild in [
        FlowRules { daily_share: Bps(1_428), ..rules },
        FlowRules { daily_share: Bps(10_001), ..rules },
        FlowRules { inflow_share: Bps(99), ..rules },
        FlowRules { outflow_share: Bps(10_001), ..rules },
        FlowRules { inflow_share: Bps(10_001), ..rules },
        FlowRules { outflow_share: Bps(99), ..rules },
        FlowRules { inflow_seconds: 599, ..rules },
        FlowRules { outflow_seconds: 599, ..rules },
        FlowRules { inflow_seconds: 7 * 86_400 + 1, ..rules },
        FlowRules { outflow_seconds: 7 * 86_400 + 1, ..rules },
        FlowRules { inflow_floor: 0, ..rules },
        FlowRules { outflow_floor: 0, ..rules },
        FlowRules { reserved: 1, ..rules },
    ] {
        assert!(wild.validate().is_err(), "{wild:?}");
    }
}
