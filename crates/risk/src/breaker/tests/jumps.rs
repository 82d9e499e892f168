//! The trail of earlier prices, and distances between prices that are far apart.

use super::*;
use crate::breaker::trail::distance_bps_down;

/// `2^n` dollars: powers of two have the same mantissa, so their shifts differ by as much as they do.
fn power_of_two(n: i32) -> UnitPrice {
    match u32::try_from(n) {
        Ok(n) => UnitPrice::from_oracle(1 << n, 0, 6),
        // 2^-n is 5^n over 10^n
        Err(_) => UnitPrice::from_oracle(5u64.pow(n.unsigned_abs()), n, 6),
    }
    .unwrap()
}

#[test]
fn a_trail_moves_on_once_a_window_and_begins_with_the_first_price() {
    let (a, b) = (power_of_two(0), power_of_two(1));
    // ten seconds after the epoch is within a window of it
    let first = PriceTrail::default().note(a, 10, 300);
    assert_eq!(first, PriceTrail { newer: a, newer_at: 10, ..PriceTrail::default() });
    assert_eq!(first.note(b, 309, 300), first);
    assert_eq!(first.note(b, 310, 300), PriceTrail { older: a, older_at: 10, newer: b, newer_at: 310 });
}

#[test]
fn a_price_that_was_never_set_is_not_far_from_any() {
    let (none, one) = (UnitPrice::default(), power_of_two(0));
    assert_eq!([distance_bps_down(none, one), distance_bps_down(one, none)], [0, 0]);
    assert_eq!(distance_bps_down(none, none), 0);
}

#[test]
fn distances_are_exact_up_to_two_to_the_forty_and_as_far_as_can_be_beyond() {
    let (far, further) = (power_of_two(28), power_of_two(29));
    let low = power_of_two(-12);
    assert_eq!(distance_bps_down(far, low), ((1 << 40) - 1) * 10_000);
    assert_eq!(distance_bps_down(further, low), u64::MAX);
    // a fall is all of the price at most, and rounded down never all of it
    assert_eq!([distance_bps_down(low, far), distance_bps_down(low, further)], [9_999; 2]);
    assert_eq!(distance_bps_down(low, power_of_two(-11)), 5_000);
}
