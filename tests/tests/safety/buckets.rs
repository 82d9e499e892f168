//! How fast tokens come and go: a fifth of a reserve's deposits every six hours, and what passes through leaves no trace.

use ballast::{instructions::Signal, BallastError};
use ballast_client::{account::reserves_with, instruction, safety};
use ballast_risk::{
    breaker::State,
    bucket::FlowRules,
    units::{Seconds, TokenAmount},
};
use ballast_tests::{refused, Market, User, World};

/// In which a bucket refills.
const REFILL: u64 = 6 * 3_600;

/// A million USDC of a lender's, lent long ago, in buckets of a fifth.
async fn pool() -> (World, User) {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let lender = world.lender(&usdc, usdc.units(1_000_000)).await;
    world.set_flows(&usdc, FlowRules::balanced(1, 1)).await;
    world.tick(5 * REFILL as i64).await; // until the whole of that million has refilled a fifth of it
    (world, lender)
}

/// What may still come in, and what may still leave.
async fn rooms(world: &mut World, market: &Market) -> [u64; 2] {
    let (reserve, now): (_, Seconds) = (world.reserve(market).await, world.seconds());
    let deposits: TokenAmount = reserve.accrued_ledger(now).total_deposits_down();
    let (flows, rules) = (reserve.flows.as_risk(), reserve.flow_rules.as_risk());
    [flows.room_in(rules, deposits, now).0, flows.room_out(rules, deposits, now).0]
}

#[tokio::test]
async fn the_way_in_is_a_fifth_of_deposits_to_the_unit_and_refills_with_time() {
    let (mut world, _) = pool().await;
    let usdc = world.usdc;
    let ann = world.user().await;
    let fifth = usdc.units(200_000);
    assert_eq!(rooms(&mut world, &usdc).await, [fifth, fifth]);
    refused(world.deposit(&ann, &usdc, fifth + 1).await, BallastError::InflowBucketEmpty);
    world.deposit(&ann, &usdc, fifth).await.unwrap();
    // what came in lately widens neither way
    assert_eq!(rooms(&mut world, &usdc).await, [0, fifth]);
    refused(world.deposit(&ann, &usdc, 1).await, BallastError::InflowBucketEmpty);
    // after half the time half of it counts as settled: a bucket of a fifth of 1,100,000, of which half has refilled
    world.tick(REFILL as i64 / 2).await;
    let bucket = usdc.units(220_000);
    let room = bucket - (fifth - bucket / 2);
    assert_eq!(rooms(&mut world, &usdc).await, [room, bucket]);
    refused(world.deposit(&ann, &usdc, room + 1).await, BallastError::InflowBucketEmpty);
    world.deposit(&ann, &usdc, room).await.unwrap();
}

#[tokio::test]
async fn the_way_out_is_a_fifth_to_the_unit_and_an_empty_bucket_leaves_the_daily_share() {
    let (mut world, lender) = pool().await;
    let (usdc, btc) = (world.usdc, world.btc);
    let (ann, fifth) = (world.user().await, usdc.units(200_000));
    world.deposit(&ann, &btc, btc.units(10)).await.unwrap();
    refused(world.borrow(&ann, &usdc, fifth + 1).await, BallastError::OutflowBucketEmpty);
    world.borrow(&ann, &usdc, fifth).await.unwrap();
    refused(world.borrow(&ann, &usdc, usdc.units(100)).await, BallastError::OutflowBucketEmpty);
    // a second later a 21,600th of the bucket is back
    world.tick(1).await;
    let [_, room] = rooms(&mut world, &usdc).await;
    let bucket = world.reserve(&usdc).await.accrued_ledger(world.seconds()).total_deposits_down().0 / 5; // with interest
    assert_eq!(room, bucket - (fifth - bucket / REFILL));
    // the lender leaves with a fifth of the own deposit however empty the bucket is, once a day, and not a unit more
    let daily = usdc.units(200_000);
    refused(world.withdraw(&lender, &usdc, daily + room + 1).await, BallastError::OutflowBucketEmpty);
    world.withdraw(&lender, &usdc, daily).await.unwrap();
    refused(world.withdraw(&lender, &usdc, usdc.units(100)).await, BallastError::OutflowBucketEmpty);
    world.tick(REFILL as i64).await;
    let [_, room] = rooms(&mut world, &usdc).await;
    world.withdraw(&lender, &usdc, room).await.unwrap();
}

#[tokio::test]
async fn a_repayment_gives_back_what_borrowing_took() {
    let (mut world, _) = pool().await;
    let (usdc, btc) = (world.usdc, world.btc);
    let (ann, fifth) = (world.user().await, usdc.units(200_000));
    world.deposit(&ann, &btc, btc.units(10)).await.unwrap();
    world.borrow(&ann, &usdc, fifth).await.unwrap();
    assert_eq!(rooms(&mut world, &usdc).await[1], 0);
    world.repay(&ann, &usdc, usdc.units(50_000)).await.unwrap();
    assert_eq!(rooms(&mut world, &usdc).await[1], usdc.units(50_000));
    world.repay(&ann, &usdc, u64::MAX).await.unwrap();
    assert_eq!(rooms(&mut world, &usdc).await[1], fifth);
    // a debt of long ago gives back no more than a full bucket
    world.borrow(&ann, &usdc, fifth).await.unwrap();
    world.tick(REFILL as i64).await;
    world.repay(&ann, &usdc, fifth).await.unwrap();
    let [_, room] = rooms(&mut world, &usdc).await;
    refused(world.borrow(&ann, &usdc, room + 1).await, BallastError::OutflowBucketEmpty);
    world.borrow(&ann, &usdc, room).await.unwrap();
}

#[tokio::test]
async fn money_that_passes_through_leaves_no_trace() {
    let (mut world, _) = pool().await;
    let usdc = world.usdc;
    let (eve, fifth) = (world.user().await, usdc.units(200_000));
    world.give(&eve, &usdc, fifth).await;
    let (asset, flows) = (world.asset(&usdc), rooms(&mut world, &usdc).await);
    let through = [
        instruction::deposit(&eve.account, &asset, fifth),
        instruction::withdraw(&eve.account, &asset, fifth, &[]),
    ];
    for _ in 0..5 {
        world.must(&through, &[&eve.keypair]).await;
        assert_eq!(rooms(&mut world, &usdc).await, flows);
    }
    // nor does it in steps, or when the position stays open
    world.give(&eve, &usdc, 10).await;
    world.deposit_own(&eve, &usdc, 10).await.unwrap();
    let flows = rooms(&mut world, &usdc).await;
    let half = instruction::withdraw(&eve.account, &asset, fifth / 2 - 5, &[]);
    let through = [instruction::deposit(&eve.account, &asset, fifth - 10), half.clone(), half];
    world.must(&through, &[&eve.keypair]).await;
    assert_eq!(rooms(&mut world, &usdc).await, flows);
}

#[tokio::test]
async fn a_flash_deposit_does_not_widen_the_way_out() {
    let (mut world, _) = pool().await;
    let (usdc, btc) = (world.usdc, world.btc);
    let (eve, helper, fifth) = (world.user().await, world.user().await, usdc.units(200_000));
    world.deposit(&eve, &btc, btc.units(100)).await.unwrap();
    world.borrow(&eve, &usdc, fifth).await.unwrap();
    world.give(&helper, &usdc, fifth).await;
    let asset = world.asset(&usdc);
    let reserves = reserves_with(&world.obligation(&eve).await, asset.reserve());
    // with the helper's deposit a fifth of all would be 40,000 more, and a touch after it left would forget them
    let round = [
        instruction::deposit(&helper.account, &asset, fifth),
        instruction::borrow(&eve.account, &asset, usdc.units(40_000), &reserves),
        instruction::withdraw(&helper.account, &asset, fifth, &[]),
        instruction::repay(helper.key(), eve.obligation(), &asset, 1),
    ];
    let signers = [&eve.keypair, &helper.keypair];
    refused(world.send(&round, &signers).await, BallastError::OutflowBucketEmpty);
}

#[tokio::test]
async fn a_flash_loan_trips_no_bucket_signal() {
    let (mut world, _) = pool().await;
    let (usdc, btc) = (world.usdc, world.btc);
    let (eve, fifth) = (world.user().await, usdc.units(200_000));
    let (asset, pledge) = (world.asset(&usdc), world.asset(&btc));
    world.give(&eve, &btc, btc.units(10)).await;
    let reserves = [pledge.reserve(), asset.reserve()];
    let flash = [
        instruction::deposit(&eve.account, &pledge, btc.units(10)),
        instruction::borrow(&eve.account, &asset, fifth, &reserves),
        safety::trip_reserve(&asset, Signal::Outflow),
        instruction::repay(eve.key(), eve.obligation(), &asset, u64::MAX),
        instruction::withdraw(&eve.account, &pledge, u64::MAX, &[]),
    ];
    refused(world.send(&flash, &[&eve.keypair]).await, BallastError::NoSignal);
    world.give(&eve, &usdc, fifth).await;
    let flash = [
        instruction::deposit(&eve.account, &asset, fifth),
        safety::trip_reserve(&asset, Signal::Inflow),
        instruction::withdraw(&eve.account, &asset, fifth / 5, &[]),
    ];
    refused(world.send(&flash, &[&eve.keypair]).await, BallastError::NoSignal);
    // what stays for a second is one
    world.deposit_own(&eve, &usdc, fifth).await.unwrap();
    world.tick(1).await;
    world.trip(&usdc, Signal::Inflow).await.unwrap();
    assert_eq!(world.state(&usdc).await, State::Guarded);
}

#[tokio::test]
async fn an_empty_bucket_is_no_way_to_leave_twice_the_daily_share() {
    let (mut world, lender) = pool().await;
    let (usdc, btc) = (world.usdc, world.btc);
    let (ann, fifth) = (world.user().await, usdc.units(200_000));
    world.deposit(&ann, &btc, btc.units(10)).await.unwrap();
    world.borrow(&ann, &usdc, fifth).await.unwrap();
    // A fifth of 1,100,000 leaves, 100,000 of it what came in just now. What came in is gone with it, so it is not there to
    // leave once more.
    let passing = usdc.units(100_000);
    world.deposit(&lender, &usdc, passing).await.unwrap();
    world.withdraw(&lender, &usdc, usdc.units(220_000)).await.unwrap();
    refused(world.withdraw(&lender, &usdc, passing).await, BallastError::OutflowBucketEmpty);
}

#[tokio::test]
async fn who_takes_its_share_in_a_circle_has_no_more_of_it_in_the_next_restriction() {
    let (mut world, lender) = pool().await;
    let usdc = world.usdc;
    let (fifth, around) = (usdc.units(200_000), usdc.units(150_000));
    world.set_state(&usdc, State::Guarded).await;
    for _ in 0..8 {
        refused(world.withdraw(&lender, &usdc, fifth + 1).await, BallastError::ExitShareSpent);
        world.withdraw(&lender, &usdc, around).await.unwrap();
        let rest = fifth - around;
        refused(world.withdraw(&lender, &usdc, rest + 1).await, BallastError::ExitShareSpent);
        world.deposit(&lender, &usdc, around).await.unwrap();
    }
    world.tick(5 * 86_400).await;
    world.set_state(&usdc, State::Guarded).await;
    refused(world.withdraw(&lender, &usdc, fifth + 1).await, BallastError::ExitShareSpent);
    world.withdraw(&lender, &usdc, fifth).await.unwrap();
    refused(world.withdraw(&lender, &usdc, 1).await, BallastError::ExitShareSpent);
}
