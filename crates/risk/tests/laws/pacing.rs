//! Pace: repaying spends what it repays, and splitting a tranche repays no more than one in the same instant.

use crate::{
    models::log_uniform,
    runner::for_books,
    world::{World, NOW},
};
use ballast_risk::{
    pace::{DepthBucket, PaceMeter},
    tranche::{plan_tranche, TrancheCurve, TrancheLimit},
    Bps, Fraction, Seconds, Usd,
};
use rand::{seq::IndexedRandom, Rng};

#[test]
fn an_allowance_falls_by_no_more_than_what_was_repaid() {
    for_books("meter", |rng, _| {
        let window = rng.random_range(1..=3_600);
        let (mut meter, mut now) = (PaceMeter::default(), NOW);
        for _ in 0..rng.random_range(1..8) {
            // spent under one allowance, at any time, and seen by another
            let (own, other) = (log_uniform(rng, 6.0, 18.0), log_uniform(rng, 6.0, 18.0));
            now = now.saturating_add_signed(rng.random_range(-60..=120));
            let available =
                |meter: &PaceMeter, of: i128| meter.available_down(now, window, Usd(of)).unwrap().0;
            let room = available(&meter, own);
            // within the meter, or beside it: dust, and what the backstop sells
            let repaid = match rng.random_range(0..3) {
                0 => log_uniform(rng, 6.0, 7.0),
                1 => log_uniform(rng, 6.0, 18.0),
                _ => room / rng.random_range(1..9),
            };
            if repaid == 0 {
                continue; // no tranche
            }
            let next = meter.spend_up(now, window, Usd(own), Usd(repaid));
            let taken = |of: i128| available(&meter, of) - available(&next, of);
            assert!((0..=repaid).contains(&taken(own)));
            // a smaller allowance refills more slowly, but it cannot take more than itself from a larger one; and beside a
            // meter that is spent, a tranche takes what it repays, and gives nobody room
            let within = if own >= other { repaid } else { own.max(repaid) };
            let most = match room {
                0 => repaid,
                room if repaid <= room => within,
                _ => own + repaid,
            };
            assert!(taken(other) <= most, "{meter:?} {next:?}");
            assert!(room > 0 || taken(other) >= 0, "{meter:?} {next:?}");
            assert_eq!(next.available_down(next.updated_at + window, window, Usd(other)).unwrap().0, other);
            meter = next;
        }
    });
}

#[test]
fn however_often_a_small_allowance_is_spent_it_takes_itself_and_the_dust_from_a_larger_one() {
    for_books("dust", |rng, _| {
        let window = rng.random_range(1..=3_600);
        let own = log_uniform(rng, 7.0, 12.0);
        let other = own + log_uniform(rng, 6.0, 13.0);
        let used = rng.random_range(0..=other) as u64;
        let start = PaceMeter { used, updated_at: NOW };
        let (mut meter, mut repaid, mut now) = (start, 0, NOW);
        for _ in 0..rng.random_range(1..60) {
            now += rng.random_range(0..=window / 20 + 1);
            let room = meter.available_down(now, window, Usd(own)).unwrap().0;
            let dust = rng.random_range(1..10_000_000);
            let tranche = if room < 10_000_000 || rng.random_bool(0.5) { dust } else { room };
            meter = meter.spend_up(now, window, Usd(own), Usd(tranche));
            repaid += tranche;
            let left = |meter: &PaceMeter| meter.available_down(now, window, Usd(other)).unwrap().0;
            let taken = left(&start) - left(&meter);
            assert!(taken <= own + repaid, "{taken} of {other} by {own} in {repaid}");
        }
    });
}

#[test]
fn a_window_repays_at_most_two_allowances() {
    for_books("window", |rng, _| {
        let window = rng.random_range(1..=3_600);
        let allowance = Usd(log_uniform(rng, 7.0, 16.0));
        let (mut meter, mut total) = (PaceMeter::default(), 0);
        let mut times: Vec<Seconds> = (0..12).map(|_| NOW + rng.random_range(0..=window)).collect();
        times.sort_unstable();
        for now in times {
            let available = meter.available_down(now, window, allowance).unwrap().0;
            let repaid = if rng.random_bool(0.5) { available } else { available / rng.random_range(1..9) };
            meter = meter.spend_up(now, window, allowance, Usd(repaid));
            total += repaid;
        }
        assert!(total <= 2 * allowance.0, "{total} {allowance:?}");
    });
}

#[test]
fn a_bucket_sells_at_most_two_of_its_capacity_while_it_refills_once() {
    for_books("bucket", |rng, _| {
        let curve = TrancheCurve {
            depth: log_uniform(rng, 9.0, 18.0) as u64,
            bucket_refill_seconds: rng.random_range(1..=86_400),
            bucket_share: Bps(rng.random_range(100..=10_000)),
            pace_urgency: Bps(rng.random_range(1..=10_000)),
            ..TrancheCurve::default()
        };
        let capacity = i128::from(DepthBucket::capacity_down(&curve));
        let (mut bucket, mut total) = (DepthBucket::default(), 0);
        let refill = u64::from(curve.bucket_refill_seconds);
        let mut times: Vec<Seconds> = (0..12).map(|_| NOW + rng.random_range(0..=refill)).collect();
        times.sort_unstable();
        for now in times {
            let net_risk = Fraction(rng.random_range(0..=1 << 32));
            let available = bucket.available_down(now, &curve, net_risk).0;
            assert!((0..=capacity).contains(&available));
            let sold = available / rng.random_range(1..4);
            bucket = bucket.spend_up(now, &curve, Usd(sold));
            total += sold;
        }
        assert!(total <= 2 * capacity);
    });
}

#[test]
fn splitting_a_tranche_repays_no_more_than_one_in_the_same_instant() {
    for_books("splitting", |rng, setting| {
        let mut world = World::unhealthy(rng, setting);
        let pair = *world.pairs().choose(rng).unwrap();
        let book = world.book();
        let Ok(one) = plan_tranche(&world.request(&book, pair)) else { return };
        if one.backstop {
            return;
        }
        let window = Seconds::from(world.rules.window_seconds);
        let minimum = world.rules.minimum().0;
        let maximum = (one.repay.0 / rng.random_range(2..=12)).max(minimum);
        let (mut meter, mut total, mut largest) = (PaceMeter::default(), 0, one.allowance.0);
        for _ in 0..32 {
            let book = world.book();
            let mut request = world.request(&book, pair);
            (request.meter, request.maximum) = (meter, Usd(maximum));
            let Ok(plan) = plan_tranche(&request) else { break };
            if plan.backstop {
                return;
            }
            let Ok(outcome) = plan.settle(&world.legs(pair)) else { break };
            let Some(next) = world.after(pair, &outcome) else { break };
            let after = next.score();
            if plan.check_after(&after).is_err() {
                break;
            }
            largest = largest.max(plan.allowance.0);
            total += outcome.repaid_value.0;
            meter = meter.spend_up(NOW, window, plan.allowance, outcome.repaid_value);
            world = next;
        }
        // Closing dust may add less than a smallest tranche.
        assert!(total <= largest + minimum, "{total} of {largest}: {one:?}");
        // Where the net risk does not rise on the way (it falls unless the pair is a poor one), that is one tranche's bound.
        if one.limit == TrancheLimit::Pace && largest == one.allowance.0 {
            assert!(total <= one.repay.0 + minimum);
        }
        // And many small ones do not pass the target either.
        let after = world.score();
        let target = i128::from(world.positions[pair.1].curve.target.0);
        let passed = after.equity().0 * 10_000 - target * after.requirement.0;
        assert!(passed <= 10_000 * (2 * 5 * minimum + 5_000_000), "{passed} {after:?}");
    });
}
