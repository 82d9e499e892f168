//! The depth bucket of a reserve: 1 % of calm depth, refilled with time, half of it for urgent books.

use crate::fixture::{usd, Fixture, Sol, NOW};
use ballast_risk::{pace::DepthBucket, presets, tranche::TrancheCurve, Bps, Fraction, Usd};

/// 60 million dollars deep: a bucket of 600,000 that refills in 60 seconds.
fn curve() -> TrancheCurve {
    Fixture::new(presets::balanced().unwrap(), &[(Sol, 1.0)]).curves[0]
}

const CALM: Fraction = Fraction(0);

fn urgent() -> Fraction {
    Fraction::from_bps_down(Bps(3_500 / 2))
}

#[test]
fn half_of_the_bucket_is_kept_for_books_at_half_of_the_pace_urgency() {
    let bucket = DepthBucket::default();
    assert_eq!(bucket.available_down(NOW, &curve(), CALM), usd(600_000.0 / 2.0));
    assert_eq!(bucket.available_down(NOW, &curve(), urgent()), usd(600_000.0));
    let almost = Fraction(urgent().0 - 1);
    assert_eq!(bucket.available_down(NOW, &curve(), almost), usd(600_000.0 / 2.0));
}

#[test]
fn selling_empties_the_bucket_and_time_refills_it() {
    let bucket = DepthBucket::default().spend_up(NOW, &curve(), usd(500_000.0));
    assert_eq!(bucket.available_down(NOW, &curve(), CALM), Usd::ZERO);
    assert_eq!(bucket.available_down(NOW, &curve(), urgent()), usd(100_000.0));
    // 600,000 a minute
    assert_eq!(bucket.available_down(NOW + 15, &curve(), urgent()), usd(100_000.0 + 600_000.0 * 15.0 / 60.0));
    assert_eq!(bucket.available_down(NOW + 15, &curve(), CALM), usd(250_000.0 - 300_000.0).max(Usd::ZERO));
    assert_eq!(bucket.available_down(NOW + 60, &curve(), urgent()), usd(600_000.0));
}

#[test]
fn the_bucket_is_never_more_than_spent() {
    let bucket = DepthBucket::default().spend_up(NOW, &curve(), usd(50_000_000.0));
    assert_eq!(bucket.used, 600_000_000_000);
    assert_eq!(bucket.available_down(NOW + 60, &curve(), urgent()), usd(600_000.0));
    // and time that runs backwards refills nothing
    assert_eq!(bucket.available_down(NOW - 60, &curve(), urgent()), Usd::ZERO);
    assert_eq!(bucket.spend_up(NOW - 60, &curve(), Usd::ZERO).updated_at, NOW);
}

#[test]
fn buckets_below_one_percent_of_depth_are_refused() {
    assert!(curve().validate().is_ok());
    assert!(TrancheCurve { bucket_share: Bps(99), ..curve() }.validate().is_err());
}
