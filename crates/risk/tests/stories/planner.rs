//! What bounds a tranche, and in which order the planner refuses.

use crate::fixture::{usd, Alt, Btc, Eth, Fixture, Lst, Sol, Usdc, ANY, NOW};
use ballast_risk::{
    pace::{DepthBucket, PaceMeter},
    presets,
    tranche::TrancheLimit,
    Bps, Fraction, RiskError, Usd,
};

fn balanced(positions: &[(presets::AssetKind, f64)]) -> Fixture {
    Fixture::new(presets::balanced().unwrap(), positions)
}

/// R = 17 % of SOL and 0.5 % of the debt: here 174.42 against an equity of 116, net risk about a third.
fn at_a_third() -> Fixture {
    balanced(&[(Sol, 1_000.0), (Usdc, -884.0)])
}

#[test]
fn the_target_bounds_a_tranche_where_pace_allows_it() {
    let plan = at_a_third().plan(1, 0).unwrap();
    assert_eq!((plan.limit, plan.backstop), (TrancheLimit::Target, false));
}

#[test]
fn the_pace_bounds_a_tranche_at_little_net_risk() {
    let plan = balanced(&[(Sol, 10_000.0), (Usdc, -8_300.0)]).plan(1, 0).unwrap();
    assert_eq!((plan.limit, plan.repay), (TrancheLimit::Pace, plan.allowance));
}

#[test]
fn the_depth_bucket_bounds_a_tranche_that_the_market_cannot_take() {
    let mut fixture = balanced(&[(Sol, 10_000.0), (Usdc, -8_300.0)]);
    let capacity = DepthBucket::capacity_down(&fixture.curves[0]);
    assert_eq!(capacity, 60_000_000 * 1_000_000 / 100, "1 % of 60 million dollars");
    // 25 dollars short of the half that is kept for urgent books
    fixture.buckets[0] = DepthBucket { used: capacity / 2 - 25_000_000, updated_at: NOW };
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!(plan.limit, TrancheLimit::Depth);
    assert_eq!(plan.repay.0, 25_000_000 * 1_000_000 / (1_000_000 + i128::from(plan.bonus.0)));
}

#[test]
fn the_liquidators_maximum_bounds_a_tranche() {
    let plan = at_a_third().plan_up_to(1, 0, usd(55.5)).unwrap();
    assert_eq!((plan.limit, plan.repay), (TrancheLimit::Maximum, usd(55.5)));
}

#[test]
fn the_positions_bound_a_tranche() {
    let plan = balanced(&[(Sol, 1_000.0), (Usdc, -871.0), (Btc, -13.0)]).plan(2, 0).unwrap();
    assert_eq!((plan.limit, plan.repay, plan.close_debt), (TrancheLimit::Debt, usd(13.0), true));
    let plan = balanced(&[(Sol, 987.0), (Lst, 13.0), (Usdc, -884.0)]).plan(2, 1).unwrap();
    assert_eq!((plan.limit, plan.take_deposit), (TrancheLimit::Deposit, true));
    assert_eq!(plan.repay.0, 13_000_000 * 1_000_000 / (1_000_000 + i128::from(plan.bonus.0)));
}

#[test]
fn at_the_backstop_neither_pace_nor_depth_applies() {
    // E = 100 − 96.9: C/D − 1 = 3.2 %, below the 5 % that the curve would pay
    let mut fixture = balanced(&[(Sol, 10_000.0), (Usdc, -9_690.0)]);
    fixture.meter = PaceMeter { used: u64::MAX, updated_at: NOW };
    fixture.buckets[0] = DepthBucket { used: u64::MAX, updated_at: NOW };
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!((plan.backstop, plan.insolvent, plan.limit), (true, false, TrancheLimit::Debt));
}

#[test]
fn from_the_urgency_of_the_rules_the_bucket_no_longer_applies_but_the_pace_does() {
    let mut fixture = at_a_third();
    assert!(fixture.rules.bucket_off_urgency < Bps(3_300));
    fixture.buckets[0] = DepthBucket { used: u64::MAX, updated_at: NOW };
    assert_eq!(fixture.plan(1, 0).unwrap().limit, TrancheLimit::Target);
    fixture.meter = PaceMeter { used: u64::MAX, updated_at: NOW };
    assert_eq!(fixture.plan(1, 0).unwrap_err(), RiskError::PaceMeterSpent);
}

/// Everything is wrong at first; each line repairs the reason of the line before.
#[test]
fn refusals_come_in_the_order_that_the_planner_states() {
    let spent = PaceMeter { used: u64::MAX, updated_at: NOW };
    let empty = DepthBucket { used: u64::MAX, updated_at: NOW };
    // worth 10,000 in SOL and 1,000 in BTC against 100 in LST, of SOL's group, and stables
    let book = |stables: f64| {
        let positions = [(Sol, 10_000.0), (Btc, 1_000.0), (Lst, -100.0), (Usdc, -stables)];
        let mut fixture = balanced(&positions);
        (fixture.meter, fixture.buckets, fixture.usable) = (spent, vec![empty; 4], 0);
        fixture
    };
    let refusal = |fixture: &Fixture, debt, deposit, maximum| {
        fixture.plan_up_to(debt, deposit, maximum).map(|plan| plan.limit).unwrap_err()
    };
    let few = usd(9.0);
    let mut fixture = book(8_000.0);
    assert_eq!(refusal(&fixture, 9, 0, few), RiskError::NoSuchPosition);
    assert_eq!(refusal(&fixture, 1, 0, few), RiskError::NotAPair);
    assert_eq!(refusal(&fixture, 0, 3, few), RiskError::NotAPair);
    assert_eq!(refusal(&fixture, 2, 1, few), RiskError::Healthy);
    fixture = book(9_100.0);
    assert_eq!(refusal(&fixture, 2, 1, few), RiskError::PairNotUsable);
    fixture.usable = 0b1111;
    // Repaying the LST short gives up a hedge worth 12.5 % for BTC's margin of 14.5 %: less than half of what SOL offers.
    assert_eq!(refusal(&fixture, 2, 1, few), RiskError::BetterPairAvailable);
    assert_eq!(refusal(&fixture, 3, 0, few), RiskError::PaceMeterSpent);
    fixture.meter = PaceMeter::default();
    assert_eq!(refusal(&fixture, 3, 0, few), RiskError::DepthBucketEmpty);
    fixture.buckets[0] = DepthBucket::default();
    assert_eq!(refusal(&fixture, 3, 0, few), RiskError::TrancheTooSmall);
    assert!(fixture.plan_up_to(3, 0, usd(10.0)).is_ok());
}

#[test]
fn a_pair_that_would_raise_the_risk_is_refused_whatever_else_is_usable() {
    // Selling the stable beside a SOL position to repay the LST short gives up the hedge.
    let mut fixture = balanced(&[(Sol, 2_000.0), (Usdc, 1_000.0), (Lst, -1_400.0), (Eth, -1_280.0)]);
    assert!(!fixture.score().is_healthy());
    assert_eq!(fixture.plan(2, 1).unwrap_err(), RiskError::WorseningPair);
    fixture.usable = 0b0110; // no better pair
    fixture.meter = PaceMeter { used: u64::MAX, updated_at: NOW };
    assert_eq!(fixture.plan_up_to(2, 1, usd(1.0)).unwrap_err(), RiskError::WorseningPair);
}

#[test]
fn a_better_pair_counts_only_while_it_can_be_used() {
    let mut fixture = balanced(&[(Alt, 1_000.0), (Usdc, 1_000.0), (Btc, -1_590.0)]);
    assert!(!fixture.score().is_healthy());
    assert_eq!(fixture.plan(2, 1).unwrap_err(), RiskError::BetterPairAvailable);
    fixture.usable = 0b110; // the alt's feed is dead
    assert!(fixture.plan(2, 1).is_ok());
}

#[test]
fn a_better_pair_of_dust_does_not_count() {
    // 2 % of the collateral, or 200 dollars: the alt's nine dollars must not stand before the stables.
    let with_alt =
        |dollars: f64| balanced(&[(Alt, dollars), (Usdc, 1_000.0), (Btc, -890.0 - dollars * 0.66)]);
    assert!(!with_alt(9.0).score().is_healthy() && !with_alt(300.0).score().is_healthy());
    assert!(with_alt(9.0).plan(2, 1).is_ok());
    assert_eq!(with_alt(300.0).plan(2, 1).unwrap_err(), RiskError::BetterPairAvailable);
}

#[test]
fn no_maximum_is_no_bound() {
    assert_eq!(at_a_third().plan(1, 0), at_a_third().plan_up_to(1, 0, ANY));
    assert_eq!(at_a_third().plan_up_to(1, 0, Usd::ZERO).unwrap_err(), RiskError::TrancheTooSmall);
}

#[test]
fn a_pair_is_refused_where_either_of_its_legs_has_no_fresh_price() {
    let mut fixture = at_a_third();
    for usable in [0b00, 0b01, 0b10] {
        fixture.usable = usable;
        assert_eq!(fixture.plan(1, 0).unwrap_err(), RiskError::PairNotUsable, "{usable:b}");
    }
    fixture.usable = 0b11;
    assert!(fixture.plan(1, 0).is_ok());
}

#[test]
fn a_deposit_of_nothing_is_sold_with_an_insolvent_book_and_not_otherwise() {
    // a unit that is worth less than a micro-USD must not keep a book from its end
    let plan = balanced(&[(Sol, 900.0), (Usdc, -1_000.0), (Btc, 0.0)]).plan(1, 2).unwrap();
    assert_eq!((plan.insolvent, plan.take_deposit, plan.repay), (true, true, Usd::ZERO));
    let solvent = balanced(&[(Sol, 1_190.0), (Usdc, -1_000.0), (Btc, 0.0)]);
    assert!(solvent.plan(1, 0).is_ok());
    assert_eq!(solvent.plan(1, 2), Err(RiskError::NotAPair));
}

#[test]
fn only_a_debt_with_a_deposit_is_a_pair() {
    let fixture = balanced(&[(Sol, 1_000.0), (Usdc, -870.0), (Btc, -14.0), (Lst, 1.0)]);
    for (debt, deposit) in (0..4).flat_map(|a| (0..4).map(move |b| (a, b))) {
        let refused = fixture.plan(debt, deposit).err() == Some(RiskError::NotAPair);
        assert_eq!(refused, !([1, 2].contains(&debt) && [0, 3].contains(&deposit)), "{debt} {deposit}");
    }
    assert!(fixture.plan(1, 0).is_ok());
}

/// R = 17 % of 10,025 and 0.5 % of 9,150, which is 1,750; equity is 875, exactly half.
#[test]
fn from_its_urgency_on_and_not_beyond_it_the_bucket_does_not_apply() {
    let mut fixture = balanced(&[(Sol, 10_025.0), (Usdc, -9_150.0)]);
    let capacity = DepthBucket::capacity_down(&fixture.curves[0]);
    fixture.buckets[0] = DepthBucket { used: capacity, updated_at: NOW };
    fixture.rules.bucket_off_urgency = Bps(5_000);
    let plan = fixture.plan(1, 0).unwrap();
    assert_eq!(plan.net_risk, Fraction::from_bps_down(Bps(5_000)));
    fixture.book[1].value.0 += 1_000_000;
    assert_eq!(fixture.plan(1, 0).unwrap_err(), RiskError::DepthBucketEmpty, "a dollar less of debt");
}

#[test]
fn from_the_backstops_urgency_on_pace_and_depth_do_not_apply_though_equity_would_pay_the_bonus() {
    let mut fixture = balanced(&[(Sol, 10_025.0), (Usdc, -9_150.0)]);
    fixture.meter = PaceMeter { used: u64::MAX, updated_at: NOW };
    assert_eq!(fixture.plan(1, 0).unwrap_err(), RiskError::PaceMeterSpent);
    fixture.rules.backstop_urgency = Bps(5_000);
    let plan = fixture.plan(1, 0).unwrap();
    assert!(plan.backstop && !plan.insolvent && plan.bonus.0 < 875 * 1_000_000 / 9_150);
}
