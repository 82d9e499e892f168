//! What refills, fades and ramps, on every small input.

use crate::up_to;
use ballast_risk::{
    absorb::Losses,
    leak::Leak,
    pace::PaceMeter,
    ramp::{blend, blend_shock},
    Bps, Fraction, Usd,
};

const DAY: u64 = 86_400;

#[test]
fn every_small_bucket_refills_down_and_holds_no_more_than_its_capacity() {
    let most = up_to(40, 16);
    for (capacity, refill) in (0..=most).flat_map(|c| (0..=most).map(move |r| (c, r))) {
        for (used, elapsed) in (0..=most).flat_map(|u| (0..=most).map(move |e| (u, e))) {
            let leak = Leak { used, updated_at: 100 };
            let after = leak.at(capacity, refill, 100 + elapsed);
            let refilled = capacity * elapsed / refill.max(1);
            assert_eq!(after.used, used.saturating_sub(refilled).min(capacity));
            assert!(after.room(capacity) <= capacity);
            // time is lost only where something whole was gained for it, or nothing is used
            assert!(after.updated_at == 100 + elapsed || (refilled == 0 && after.updated_at == 100));
            let taken = after.plus(after.room(capacity), capacity);
            assert_eq!(taken.room(capacity), 0);
        }
    }
}

#[test]
fn in_one_instant_no_order_of_small_tranches_repays_more_than_the_largest_allowance() {
    let most = up_to(9, 6) as i128;
    let window = 8;
    for (used, elapsed) in (0..=9).flat_map(|u| (0..=window).map(move |e| (u, e))) {
        let start = PaceMeter { used, updated_at: 0 };
        for (a, b, c) in
            (0..=most).flat_map(|a| (0..=most).flat_map(move |b| (0..=most).map(move |c| (a, b, c))))
        {
            // three tranches under three allowances, each as large as it may be
            let (mut meter, mut repaid) = (start, 0);
            for allowance in [a, b, c].map(Usd) {
                let room = meter.available_down(elapsed, window, allowance).unwrap();
                assert!(room <= allowance);
                meter = meter.spend_up(elapsed, window, allowance, room);
                repaid += room.0;
            }
            assert!(repaid <= a.max(b).max(c), "{start:?} {elapsed} {a} {b} {c}");
        }
    }
}

#[test]
fn beside_a_spent_meter_small_dust_takes_at_most_itself_from_every_allowance_at_every_time() {
    let most = up_to(9, 6);
    let window = 8;
    for (used, elapsed) in (1..=9).flat_map(|u| (0..window).map(move |e| (u, e))) {
        let start = PaceMeter { used, updated_at: 0 };
        for (own, dust) in (1..=most).flat_map(|a| (0..=most).map(move |d| (a, d))) {
            let room = |meter: &PaceMeter, at: u64, of: u64| {
                meter.available_down(at, window, Usd(of.into())).unwrap().0
            };
            if room(&start, elapsed, own) > 0 {
                continue;
            }
            let next = start.spend_up(elapsed, window, Usd(own.into()), Usd(dust.into()));
            for (other, later) in (0..=most).flat_map(|o| (elapsed..=window).map(move |l| (o, l))) {
                let taken = room(&start, later, other) - room(&next, later, other);
                assert!((0..=i128::from(dust)).contains(&taken), "{start:?} {elapsed} {own} {dust} {other}");
            }
        }
    }
}

#[test]
fn every_small_way_from_old_to_new_stays_between_and_behind() {
    let most = up_to(255, 40) as u16;
    for (old, new) in (0..=most).flat_map(|a| (0..=most).map(move |b| (a, b))) {
        let mut last = old;
        for sixteenth in 0..=16u64 {
            let progress = Fraction(sixteenth << 28);
            let now = blend(Bps(old), Bps(new), progress).0;
            assert!(now >= old.min(new) && now <= old.max(new));
            let moved = u64::from(now.abs_diff(old));
            assert!(moved * 16 <= u64::from(old.abs_diff(new)) * sixteenth, "never ahead of its schedule");
            assert!(now.abs_diff(old) >= last.abs_diff(old), "and never back");
            let shock = blend_shock(old as i16 - 100, new as i16 - 100, progress);
            assert_eq!(shock, now as i16 - 100, "shocks move alike");
            last = now;
        }
        assert_eq!(last, new);
    }
}

#[test]
fn every_small_loss_fades_evenly_and_down() {
    for lost in 0..=up_to(255, 60) {
        let losses = Losses { recent: lost, recent_at: 1_000, ..Losses::default() };
        let mut last = lost;
        for seconds in (0..=DAY).step_by(600) {
            let recent = losses.recent_down(1_000 + seconds);
            assert!(recent * DAY <= lost * (DAY - seconds) && (recent + 1) * DAY > lost * (DAY - seconds));
            assert!(recent <= last);
            last = recent;
        }
        assert_eq!((losses.recent_down(0), losses.recent_down(1_000 + DAY)), (lost, 0));
    }
}
