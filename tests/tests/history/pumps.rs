//! Prices that somebody pumped: thin markets, shallow pools, empty books.

use crate::tools::*;
use ballast::{state::Reserve, BallastError};
use ballast_client::Event;
use ballast_risk::{
    breaker::{Cause, State},
    bucket::FlowRules,
};
use ballast_tests::{refused, usd, World};

/// What an hour's average makes of a price that is ten times higher for a second: 2 + 18/3,600, rounded up.
const AVERAGE_A_SECOND_LATER: i64 = 2 * 100_000_000 + 18 * 100_000_000 / 3_600;

#[tokio::test]
async fn mango_october_2022() {
    let mut world = World::start().await;
    let (alt, usdc) = (world.alt, world.usdc);
    let (lender, eve) = lender_and_attacker(&mut world, &alt, 10_000).await; // $20,000
    world.tick(1).await;
    let fair = world.fair();
    let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&lender], &fair).await);
    let power = world.most(&eve, &usdc).await;

    // ten times the price within a slot: the average hardly moves, and it bounds what may be borrowed
    let receipt = spike(&mut world, &alt, usd(20), AVERAGE_A_SECOND_LATER, usd(20) / 10_000).await;
    assert!(shows(&receipt, Cause::Average) && shows(&receipt, Cause::Jump), "{:?}", signals(&receipt));
    let pumped = world.most(&eve, &usdc).await;
    let bound = u128::from(power) * AVERAGE_A_SECOND_LATER as u128 / usd(2) as u128;
    assert!(u128::from(pumped) <= bound + bound / 1_000, "{power} {pumped} {bound}");
    world.borrow(&eve, &usdc, pumped).await.unwrap();
    refused(world.withdraw(&eve, &alt, alt.units(100)).await, BallastError::BelowOpeningRequirement);
    // held for another half minute it is a signal of its own: nothing more is lent against it, however far the average came
    let receipt = spike_after(&mut world, 31, &alt, usd(20), usd(19), usd(20) / 10_000).await;
    assert!(signals(&receipt).iter().any(|signal| signal.to == State::Halted as u8));
    assert_eq!(world.state(&alt).await, State::Halted);
    assert_eq!(world.most(&eve, &usdc).await, 0);
    refused(world.withdraw(&eve, &alt, 1).await, BallastError::NotInThisState);

    // the pump ends. What was borrowed is less than what is pledged, so walking away gains nothing
    spike(&mut world, &alt, usd(2), usd(2), 0).await;
    let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
    assert!(profit <= 0, "{profit}");
    assert!(world.lost(&[&lender], &lent, &[&eve], &fair).await <= 0);

    // without an average that lags, the same attack pays
    let mut world = World::start().await;
    let (alt, usdc, fair) = (world.alt, world.usdc, world.fair());
    let (lender, eve) = lender_and_attacker(&mut world, &alt, 10_000).await;
    let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&lender], &fair).await);
    spike(&mut world, &alt, usd(20), usd(20), 0).await;
    let pumped = world.most(&eve, &usdc).await;
    world.borrow(&eve, &usdc, pumped).await.unwrap();
    spike(&mut world, &alt, usd(2), usd(2), 0).await;
    let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
    assert!(profit > 100_000 * 1_000_000, "{profit}");
    assert!(world.lost(&[&lender], &lent, &[&eve], &fair).await >= profit, "and lenders pay it");
}

#[tokio::test]
async fn mango_october_2022_the_other_way_round() {
    // what is owed is pushed down instead: at $20 a thousand SOL would be covered, but the average says $200
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    let lender = world.lender(&sol, sol.units(100_000)).await;
    let eve = world.user().await;
    world.deposit(&eve, &usdc, usdc.units(20_000)).await.unwrap();
    world.tick(1).await;
    let fair = world.fair();
    let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&lender], &fair).await);
    let power = world.most(&eve, &sol).await;
    let receipt = spike(&mut world, &sol, usd(20), usd(200), usd(1) / 100).await;
    assert!(shows(&receipt, Cause::Average));
    let pushed = world.most(&eve, &sol).await;
    assert!(pushed <= power + power / 1_000, "{power} {pushed}");
    world.borrow(&eve, &sol, pushed).await.unwrap();
    let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
    assert!(profit <= 0, "{profit}");
    assert!(world.lost(&[&lender], &lent, &[&eve], &fair).await <= 0);
    // without a lagging average it pays
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    let lender = world.lender(&sol, sol.units(100_000)).await;
    let eve = world.user().await;
    world.deposit(&eve, &usdc, usdc.units(20_000)).await.unwrap();
    let fair = world.fair();
    let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&lender], &fair).await);
    spike(&mut world, &sol, usd(20), usd(20), 0).await;
    world.borrow(&eve, &sol, sol.units(700)).await.unwrap();
    let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
    assert!(profit > 100_000 * 1_000_000, "{profit}");
    assert!(world.lost(&[&lender], &lent, &[&eve], &fair).await >= profit, "and lenders pay it");
}

#[tokio::test]
async fn solend_usdh_november_2022() {
    for believes_anything in [false, true] {
        let mut world = World::start().await;
        let other = world.open_vault(2).await;
        let (alt, usdc) = (world.alt, world.usdc);
        let (lender, eve) = lender_and_attacker(&mut world, &alt, 10_000).await; // $20,000
                                                                                 // the same in another vault, which nobody attacks
        let (stranger, debtor) = (world.user_in(other).await, world.user_in(other).await);
        world.deposit(&stranger, &usdc, usdc.units(1_000_000)).await.unwrap();
        world.deposit(&debtor, &alt, alt.units(10_000)).await.unwrap();
        world.tick(1).await;
        world.borrow(&debtor, &usdc, usdc.units(10_000)).await.unwrap();
        let fair = world.fair();
        let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&lender], &fair).await);

        // a doubt of 2 % counts collateral 2 % lower
        let power = world.most(&eve, &usdc).await;
        spike(&mut world, &alt, usd(2), usd(2), usd(2) / 50).await;
        let haircut = world.most(&eve, &usdc).await;
        let expected = power / 10_000 * 9_800;
        assert!(haircut.abs_diff(expected) <= power / 5_000, "{power} {haircut} {expected}");
        // one pool says seven times as much and has done so for long; its doubt of 5 % says that it is alone
        let key = world.asset(&alt).reserve();
        if believes_anything {
            let believe = |reserve: &mut Reserve| {
                (reserve.max_confidence, reserve.confidence_factor) = (10_000, 0);
            };
            world.chain.edit::<Reserve>(key, believe).await;
        }
        spike(&mut world, &alt, usd(14), usd(14), usd(14) / 20).await;
        let elsewhere = world.accounts_of(other).await;
        if believes_anything {
            world.blind(&alt).await;
            let all = world.most(&eve, &usdc).await;
            world.borrow(&eve, &usdc, all).await.unwrap();
        } else {
            refused(world.borrow(&eve, &usdc, usdc.units(1_000)).await, BallastError::PriceTooUncertain);
        }
        // the pool is drained: what the attacker owes is sold as far as it goes
        world.chain.pass(1);
        let keeper = world.user().await;
        world.give(&keeper, &usdc, usdc.units(1_000_000)).await;
        let quotes = [alt.quote(&world.chain), usdc.quote(&world.chain)];
        for (market, quote) in [alt, usdc].iter().zip(&quotes) {
            market.post_raw(&mut world.chain, quote);
            world.refresh_one(market).await.unwrap();
        }
        let profit = |now: &ballast_tests::fortune::Fortune| now.gain_up(&had);
        if believes_anything {
            world.give(&keeper, &alt, 0).await;
            let receipt = world.last_tranche(&keeper, &eve, &usdc, &alt).await.unwrap();
            assert!(receipt.events.iter().any(|event| matches!(event, Event::LossAbsorbed(_))));
            assert!(profit(&world.fortune(&[&eve], &fair).await) > 50_000 * 1_000_000);
            assert!(world.fortune(&[&lender], &fair).await.loss_up(&lent) > 50_000 * 1_000_000);
        } else {
            let profit = profit(&world.fortune(&[&eve], &fair).await);
            assert!(profit <= 0, "{profit}");
            assert!(world.lost(&[&lender], &lent, &[&eve], &fair).await <= 0);
        }
        // whatever was lost stays in its vault, to the byte
        assert_eq!(world.accounts_of(other).await, elsewhere);
    }
}

#[tokio::test]
async fn yieldblox_february_2026() {
    // a single trade in an empty book: a hundred times the price, without any doubt
    let mut world = World::start().await;
    let (alt, usdc) = (world.alt, world.usdc);
    let (lender, eve) = lender_and_attacker(&mut world, &alt, 10_000).await;
    world.tick(1).await;
    let fair = world.fair();
    let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&lender], &fair).await);
    let power = world.most(&eve, &usdc).await;
    let receipt = spike(&mut world, &alt, usd(200), usd(2), 0).await;
    assert!(shows(&receipt, Cause::Jump) && shows(&receipt, Cause::Average));
    let pumped = world.most(&eve, &usdc).await;
    assert!(pumped <= power + power / 1_000, "{power} {pumped}");
    // an honest publisher says how empty the book is
    spike(&mut world, &alt, usd(200), usd(200), usd(5)).await;
    refused(world.borrow(&eve, &usdc, usdc.units(1_000)).await, BallastError::PriceTooUncertain);
    // and one that is not, whose average follows at once, is stopped by the jump that it stays
    let receipt = spike_after(&mut world, 30, &alt, usd(200), usd(200), 0).await;
    assert!(signals(&receipt).iter().any(|s| s.to == State::Halted as u8 && s.cause == Cause::Jump as u8));
    assert_eq!(world.most(&eve, &usdc).await, 0);
    let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
    assert!(profit <= 0, "{profit}");
    assert!(world.lost(&[&lender], &lent, &[&eve], &fair).await <= 0);

    // What is left: a book that stayed empty for longer than the average reaches back, of a reserve that nobody refreshed meanwhile. After
    // a silence no price is a jump. What it takes at once is bounded by the outflow bucket.
    let mut world = World::start().await;
    let (alt, usdc) = (world.alt, world.usdc);
    let (lender, eve) = lender_and_attacker(&mut world, &alt, 100_000).await; // $200,000
    world.set_flows(&usdc, FlowRules::balanced(1, 1)).await;
    world.tick(6 * 3_600).await;
    let fair = world.fair();
    let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&lender], &fair).await);
    spike_after(&mut world, 3_600, &alt, usd(200), usd(200), 0).await;
    let all = world.most(&eve, &usdc).await;
    world.borrow(&eve, &usdc, all).await.unwrap();
    refused(world.borrow(&eve, &usdc, usdc.units(100)).await, BallastError::OutflowBucketEmpty);
    let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
    // a fifth of what was lent, less what is pledged and left behind
    let bound = i128::from(usdc.units(10_000_000)) / 5 - 200_000 * 1_000_000;
    assert!(profit <= bound + 1_000_000, "{profit} {bound}");
    let lost = world.lost(&[&lender], &lent, &[&eve], &fair).await;
    assert!(
        (profit..=bound + 1_000_000).contains(&lost),
        "lenders lose it as soon as it is closed: {lost} {profit}"
    );
}
