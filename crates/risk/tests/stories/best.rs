//! Which pairs stand in the way of another one, and how a keeper finds the pair and the size to offer.

use crate::fixture::{usd, Alt, Btc, Eth, Fixture, Lst, Sol, Usdc, ANY, NOW};
use ballast_risk::{
    model::MAX_BONUS,
    pace::{DepthBucket, PaceMeter},
    presets::{balanced, steady},
    score::Binding,
    tranche::{
        best_pair, plan_beside_waiting_pairs, plan_that_passes, score_after, TrancheLimit, TranchePlan,
    },
    Bps, Fraction, Result, RiskError, Seconds, Usd,
};

const ALT: usize = 0;
const STABLE: usize = 1;
const DEBT: usize = 2;

/// An alt and stables against BTC: selling the alt is more than twice as good as selling the stables.
fn alt_before_stables() -> Fixture {
    let positions = [(Alt, 1_000.0), (Usdc, 1_000.0), (Btc, -1_590.0)];
    Fixture::new(balanced().unwrap(), &positions)
}

/// The bucket of a position with so many micro-USD of room for books that are not urgent: half of it is kept.
fn with_room(fixture: &Fixture, position: usize, room: u64) -> DepthBucket {
    let capacity = DepthBucket::capacity_down(&fixture.curves[position]);
    DepthBucket { used: capacity / 2 - room, updated_at: NOW }
}

/// The stables' tranche, where every reserve's curve and bucket are known.
fn plan_stables(fixture: &Fixture) -> Result<TranchePlan> {
    let selling = |i: usize| Some((fixture.curves[i], fixture.buckets[i]));
    plan_beside_waiting_pairs(&fixture.request(DEBT, STABLE, ANY), fixture.score(), selling)
}

#[test]
fn a_better_pair_whose_bucket_is_empty_does_not_stand_in_the_way() {
    let mut fixture = alt_before_stables();
    assert_eq!(plan_stables(&fixture), Err(RiskError::BetterPairAvailable));
    fixture.buckets[ALT] = with_room(&fixture, ALT, 0);
    // it is planned as if the alt could not be used, and as nothing else
    let plan = plan_stables(&fixture).unwrap();
    fixture.usable = 0b110;
    assert_eq!(Ok(plan), fixture.plan(DEBT, STABLE));
    // where nobody knows the alt's bucket, it counts as full
    fixture.usable = u32::MAX;
    let request = fixture.request(DEBT, STABLE, ANY);
    let unknown = plan_beside_waiting_pairs(&request, fixture.score(), |_| None);
    assert_eq!(unknown, Err(RiskError::BetterPairAvailable));
}

#[test]
fn the_bucket_of_the_pairs_own_deposit_is_never_overlooked() {
    let mut fixture = alt_before_stables();
    for position in [ALT, STABLE] {
        fixture.buckets[position] = with_room(&fixture, position, 0);
    }
    assert_eq!(plan_stables(&fixture), Err(RiskError::DepthBucketEmpty));
}

#[test]
fn a_debt_is_repaid_however_empty_its_reserves_bucket_is() {
    let mut fixture = alt_before_stables();
    for position in [ALT, DEBT] {
        fixture.buckets[position] = with_room(&fixture, position, 0);
    }
    assert!(plan_stables(&fixture).is_ok());
}

#[test]
fn a_bucket_with_room_for_the_smallest_tranche_and_its_bonus_is_not_empty() {
    let mut fixture = alt_before_stables();
    // ten dollars and the highest bonus, whatever the alt's own is
    let least = fixture.rules.minimum_tranche * (10_000 + u64::from(MAX_BONUS.0)) / 10_000;
    assert_eq!(least, 10_500_000);
    fixture.buckets[ALT] = with_room(&fixture, ALT, least);
    assert_eq!(plan_stables(&fixture), Err(RiskError::BetterPairAvailable));
    fixture.buckets[ALT] = with_room(&fixture, ALT, least - 1);
    assert!(plan_stables(&fixture).is_ok());
}

#[test]
fn where_buckets_do_not_apply_an_empty_one_is_no_excuse() {
    let mut fixture = alt_before_stables();
    fixture.buckets[ALT] = with_room(&fixture, ALT, 0);
    assert!(plan_stables(&fixture).is_ok());
    // from this net risk on the alt is sold without its bucket
    fixture.rules.bucket_off_urgency = Bps(100);
    assert!(fixture.plan(DEBT, ALT).is_ok());
    assert_eq!(plan_stables(&fixture), Err(RiskError::BetterPairAvailable));
}

/// BTC and a slow alt against USDC: selling the alt is more than twice as good as selling BTC.
fn a_slow_alt_before_btc() -> Fixture {
    let positions = [(Alt, 20_000.0), (Btc, 100_000.0), (Usdc, -103_600.0)];
    Fixture::new(steady().unwrap(), &positions)
}

/// The tranche of BTC, where every reserve's curve and bucket are known.
fn plan_btc(fixture: &Fixture) -> Result<TranchePlan> {
    let selling = |i: usize| Some((fixture.curves[i], fixture.buckets[i]));
    plan_beside_waiting_pairs(&fixture.request(2, 1, ANY), fixture.score(), selling)
}

#[test]
fn a_better_pair_whose_pace_is_spent_does_not_hold_the_book_at_its_pace() {
    let mut fixture = a_slow_alt_before_btc();
    assert_eq!(plan_btc(&fixture), Err(RiskError::BetterPairAvailable));
    // a keeper sells what the alt's pace allows: it stays a better pair, and it waits
    let alt = fixture.plan(2, 0).unwrap();
    assert_eq!((alt.limit, alt.repay), (TrancheLimit::Pace, alt.allowance));
    let window = Seconds::from(fixture.rules.window_seconds);
    fixture.meter = fixture.meter.spend_up(NOW, window, alt.allowance, alt.repay);
    assert_eq!(fixture.plan(2, 0), Err(RiskError::PaceMeterSpent));
    // BTC is sold at BTC's pace then, less what the alt took of the same meter
    let btc = plan_btc(&fixture).unwrap();
    assert!(btc.allowance > Usd(2 * alt.allowance.0));
    assert_eq!((btc.limit, btc.repay), (TrancheLimit::Pace, Usd(btc.allowance.0 - alt.repay.0)));
    // until the alt has refilled
    fixture.now += window;
    assert_eq!(plan_btc(&fixture), Err(RiskError::BetterPairAvailable));
}

#[test]
fn a_pace_that_admits_the_smallest_tranche_is_not_spent() {
    let mut fixture = a_slow_alt_before_btc();
    let allowance = fixture.plan(2, 0).unwrap().allowance.0 as u64;
    let with_left = |left: u64| PaceMeter { used: allowance - left, updated_at: NOW };
    fixture.meter = with_left(fixture.rules.minimum_tranche);
    assert_eq!(plan_btc(&fixture), Err(RiskError::BetterPairAvailable));
    fixture.meter = with_left(fixture.rules.minimum_tranche - 1);
    assert!(plan_btc(&fixture).is_ok());
}

#[test]
fn where_buckets_do_not_apply_a_spent_pace_still_waits() {
    let mut fixture = a_slow_alt_before_btc();
    fixture.rules.bucket_off_urgency = Bps(100);
    assert!(fixture.score().net_risk_down() >= Fraction::from_bps_down(Bps(100)));
    let alt = fixture.plan(2, 0).unwrap();
    fixture.meter = PaceMeter { used: alt.allowance.0 as u64, updated_at: NOW };
    assert!(plan_btc(&fixture).is_ok());
}

#[test]
fn what_the_backstop_sells_stands_in_the_way_however_spent_it_is() {
    let mut fixture = a_slow_alt_before_btc();
    // the alt's bonus is more than the equity could pay: it is sold at once, and no pace makes it wait
    (fixture.curves[0].bonus_min, fixture.curves[0].bonus_max) = (MAX_BONUS, MAX_BONUS);
    (fixture.curves[1].bonus_min, fixture.curves[1].bonus_max) = (Bps(20), Bps(20));
    fixture.book[2].value = usd(-120_000.0 / 1.048);
    fixture.meter = PaceMeter { used: u64::MAX, updated_at: NOW };
    assert!(fixture.plan(2, 0).unwrap().backstop && !fixture.score().is_healthy());
    assert_eq!(plan_btc(&fixture), Err(RiskError::BetterPairAvailable));
    // with a little more equity it is paced, and waits: then only BTC's own pace is in the way
    fixture.book[2].value = usd(-120_000.0 / 1.052);
    assert_eq!(plan_btc(&fixture), Err(RiskError::PaceMeterSpent));
}

#[test]
fn each_pair_is_planned_by_the_curve_and_the_bucket_of_what_it_sells() {
    let positions = [(Usdc, 1_000.0), (Alt, 1_000.0), (Btc, -1_590.0)];
    let mut fixture = Fixture::new(balanced().unwrap(), &positions);
    // the request's own pair sells stables, from a bucket that is empty
    fixture.buckets[0] = with_room(&fixture, 0, 0);
    fixture.buckets[1] = with_room(&fixture, 1, 12_000_000);
    assert_ne!(fixture.curves[0].bonus_min, fixture.curves[1].bonus_min);
    let found = best_pair(&fixture.request(0, 0, ANY), &fixture.curves, &fixture.buckets).unwrap();
    assert_eq!(found, Some((2, 1, fixture.plan(2, 1).unwrap())));
}

#[test]
fn of_pairs_that_are_equally_good_the_first_is_shown() {
    let positions = [(Sol, 600.0), (Sol, 600.0), (Usdc, -500.0), (Usdc, -500.0)];
    let fixture = Fixture::new(balanced().unwrap(), &positions);
    let (debt, deposit, plan) =
        best_pair(&fixture.request(0, 0, ANY), &fixture.curves, &fixture.buckets).unwrap().unwrap();
    assert_eq!(fixture.plan(3, 1), Ok(plan), "the last is as good");
    assert_eq!((debt, deposit), (2, 0));
}

/// LST and ETH, both held and owed, under the gross floor. Repaying LST with ETH lowers the floor, and gives up both
/// hedges: beyond some size a row binds, and rises.
fn hedged_both_ways() -> Fixture {
    let positions = [(Lst, 1_900.0), (Eth, 800.0), (Lst, -1_100.0), (Eth, -1_500.0)];
    Fixture::new(balanced().unwrap(), &positions)
}

#[test]
fn a_tranche_that_is_too_large_for_its_pair_is_halved_until_it_passes() {
    let fixture = hedged_both_ways();
    let before = fixture.score();
    let check = |maximum: Usd| {
        let plan = fixture.plan_up_to(2, 1, maximum).unwrap();
        let after = score_after(&fixture.preset.model, &fixture.book, 2, 1, plan.repay, plan.bonus).unwrap();
        (plan, plan.check_after(&after).map(|()| Usd(after.excess().0 - before.excess().0)))
    };
    assert_eq!(before.binding, Binding::GrossFloor);
    let (whole, refused) = check(ANY);
    assert_eq!(refused, Err(RiskError::WorseningPair));
    let half = Usd(whole.repay.0 / 2);
    assert_eq!(check(half).1, Err(RiskError::WorseningPair));
    let (quarter, rise) = check(Usd(half.0 / 2));
    assert_eq!(quarter.repay, Usd(whole.repay.0 / 4));
    let found = plan_that_passes(fixture.request(2, 1, ANY), before, |_| None).unwrap();
    assert_eq!(found, Some((quarter, rise.unwrap())));
}

#[test]
fn halving_ends_at_the_smallest_tranche() {
    let mut fixture = hedged_both_ways();
    let whole = fixture.plan(2, 1).unwrap().repay.0;
    // a half of the whole does not pass, as above: where that is the smallest, no tranche does
    fixture.rules.minimum_tranche = whole as u64 / 2;
    assert_eq!(fixture.plan(2, 1).unwrap().repay.0, whole);
    assert_eq!(plan_that_passes(fixture.request(2, 1, ANY), fixture.score(), |_| None), Ok(None));
    // and a quarter, which is a half of a half, may be the smallest
    fixture.rules.minimum_tranche = whole as u64 / 4;
    let found = plan_that_passes(fixture.request(2, 1, ANY), fixture.score(), |_| None).unwrap();
    assert_eq!(found.map(|(plan, _)| plan.repay.0), Some(whole / 4));
}
