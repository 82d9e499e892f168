//! Dead and late feeds: they shield nobody and liquidate nobody.

use ballast::{state::Obligation, BallastError, MAX_PRICE_AGE_SLOTS};
use ballast_client::{account::reserves_of, instruction, Event};
use ballast_risk::presets::AssetKind;
use ballast_tests::{refused, usd, Market, User, World};

/// Posts fresh prices of some markets only, after some seconds.
async fn pass_with(world: &mut World, seconds: i64, fresh: &[Market]) {
    world.chain.pass(seconds);
    for market in fresh {
        let quote = market.quote(&world.chain);
        market.post_raw(&mut world.chain, &quote);
        world.refresh_one(market).await.unwrap();
    }
}

/// Ann owes 14,000 USDC on 90 SOL and an ETH worth $4,000; SOL is at $140. A keeper has 100,000 USDC.
async fn fallen() -> (World, User, User) {
    let mut world = World::start().await;
    let (sol, eth, usdc) = (world.sol, world.eth, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &sol, sol.units(90)).await.unwrap();
    world.deposit(&ann, &eth, eth.units(1)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(100_000)).await;
    world.move_price(|w| &mut w.sol, usd(140)).await;
    (world, ann, keeper)
}

#[tokio::test]
async fn the_two_prices_of_a_pair_are_fifteen_seconds_young() {
    for stale in 0..2 {
        let (mut world, ann, keeper) = fallen().await;
        let pair = [world.usdc, world.sol];
        let fresh = [pair[1 - stale]];
        pass_with(&mut world, 16, &fresh).await;
        let result = world.liquidate(&keeper, &ann, &pair[0], &pair[1], u64::MAX).await;
        refused(result, BallastError::PriceTooOld);
        let (mut world, ann, keeper) = fallen().await;
        let [usdc, sol] = [world.usdc, world.sol];
        let fresh = [[usdc, sol][1 - stale]];
        pass_with(&mut world, 15, &fresh).await;
        world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
    }
    // or too many slots old, whatever the clock says
    let (mut world, ann, keeper) = fallen().await;
    let [usdc, sol] = [world.usdc, world.sol];
    let (slot, now) = (world.chain.slot(), world.chain.now());
    world.chain.go_to(slot + MAX_PRICE_AGE_SLOTS + 1, now);
    refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::PriceTooOld);
}

#[tokio::test]
async fn the_other_assets_count_at_their_last_price_for_a_minute_then_in_the_borrowers_favour() {
    for (age, widened) in
        [(0, 0.0), (60, 0.0), (61, 0.0), (120, 0.005), (600, 0.045), (86_400, 0.5), (604_800, 0.5)]
    {
        let (mut world, ann, _) = fallen().await;
        let (sol, usdc) = (world.sol, world.usdc);
        pass_with(&mut world, age, &[sol, usdc]).await;
        let key = ann.obligation();
        let reserves = reserves_of(&world.obligation(&ann).await);
        let payer = world.curator.insecure_clone();
        let refresh = instruction::refresh_obligation(world.vault, key, &reserves);
        let receipt = world.must(&[refresh], &[&payer]).await;
        // 90 SOL at $140 and an ETH at $4,000, widened by 0.5 % a minute
        let collateral = 90.0 * 140.0 + 4_000.0 * (1.0 + widened);
        let stored: Obligation = world.obligation(&ann).await;
        assert!((stored.collateral as f64 / 1e6 - collateral).abs() < 1e-3, "{age} {}", stored.collateral);
        let [Event::ObligationRefreshed(event)] = &receipt.events[..] else { panic!("one event") };
        assert_eq!(event.stale_positions, u8::from(age > 60));
    }
}

#[tokio::test]
async fn a_stale_debt_counts_less() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&sol, sol.units(1_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &usdc, usdc.units(20_000)).await.unwrap();
    world.borrow(&ann, &sol, sol.units(50)).await.unwrap(); // $10,000
    let before = world.score(&ann).await.debt.0 as f64;
    pass_with(&mut world, 660, &[usdc]).await;
    // ten minutes beyond the first: 5 %. Interest of eleven minutes at 0.43 % a year is below a millionth of a percent
    let after = world.score(&ann).await.debt.0 as f64;
    assert!((after / before - 0.95).abs() < 1e-6, "{before} {after}");
}

#[tokio::test]
async fn a_dead_feed_never_shields_a_book_and_never_enters_a_pair() {
    for age in [16, 61, 3_600] {
        let (mut world, ann, keeper) = fallen().await;
        let (sol, eth, usdc) = (world.sol, world.eth, world.usdc);
        pass_with(&mut world, age, &[sol, usdc]).await;
        world.give(&keeper, &eth, 0).await;
        if world.score(&ann).await.is_healthy() {
            // the book was near: what is owed to a dead feed's uncertainty is bounded
            assert_eq!(age, 3_600);
            let mut sol_down = sol;
            sol_down.post(&mut world.chain, usd(110));
            world.chain.pass(1);
            pass_with(&mut world, 0, &[sol_down, usdc]).await;
        }
        let with_dead = world.liquidate(&keeper, &ann, &usdc, &eth, u64::MAX).await;
        refused(with_dead, BallastError::PriceTooOld);
        world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
    }
}

#[tokio::test]
async fn a_feed_that_goes_stale_never_makes_a_healthy_book_liquidatable() {
    // long, short, hedged, looped and mixed books, just above their requirement
    type Side = &'static [(AssetKind, u64)];
    let books: &[(Side, Side)] = &[
        (&[(AssetKind::Sol, 20_000)], &[(AssetKind::Usd, 14_000)]),
        (&[(AssetKind::Usd, 20_000)], &[(AssetKind::Sol, 14_000)]),
        (&[(AssetKind::Lst, 240_000)], &[(AssetKind::Sol, 100_000), (AssetKind::Usd, 60_000)]),
        (&[(AssetKind::Lst, 100_000), (AssetKind::Btc, 50_000)], &[(AssetKind::Eth, 70_000)]),
        (
            &[(AssetKind::Alt, 30_000), (AssetKind::Usd, 10_000)],
            &[(AssetKind::Btc, 9_000), (AssetKind::Sol, 9_000)],
        ),
    ];
    for (deposits, debts) in books {
        let mut world = World::start().await;
        let market = |world: &World, kind| *world.markets().iter().find(|m| m.kind == kind).unwrap();
        for (kind, _) in *debts {
            let market = market(&world, *kind);
            world.lender(&market, market.units(10_000_000)).await;
        }
        let ann = world.user().await;
        let units = |market: &Market, dollars: u64| {
            (u128::from(dollars) * 100_000_000 * 10u128.pow(u32::from(market.decimals))
                / market.price as u128) as u64
        };
        for (kind, dollars) in *deposits {
            let market = market(&world, *kind);
            world.deposit(&ann, &market, units(&market, *dollars)).await.unwrap();
        }
        for (kind, dollars) in *debts {
            let market = market(&world, *kind);
            world.borrow(&ann, &market, units(&market, *dollars)).await.unwrap();
        }
        let held: Vec<_> = deposits.iter().chain(*debts).map(|(kind, _)| market(&world, *kind)).collect();
        // every feed by itself, and all together
        for dead in 0..=held.len() {
            let fresh: Vec<_> = held
                .iter()
                .enumerate()
                .filter(|(i, _)| dead < held.len() && *i != dead)
                .map(|(_, m)| *m)
                .collect();
            for age in [1, 15, 45, 10, 600, 3_600, 80_000] {
                pass_with(&mut world, age, &fresh).await;
                let stale = world.score(&ann).await;
                let time = world.chain.clock().await;
                world.refresh().await.unwrap();
                assert_eq!(time.unix_timestamp, world.chain.clock().await.unix_timestamp);
                let known = world.score(&ann).await;
                // at the same prices, and the same interest
                assert!(stale.excess() >= known.excess(), "{deposits:?} {dead} {age}: {stale:?} {known:?}");
            }
        }
    }
}
