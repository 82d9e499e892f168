//! What others lost, tried here. Each test is named after the event.

use anchor_lang::prelude::Pubkey;
use ballast::BallastError;
use ballast_client::{instruction, price::Price};
use ballast_tests::{refused, usd, Market, User, World};

/// Posts a price whose average lags behind, a second later.
async fn spike(world: &mut World, market: &Market, price: i64, ema: i64, confidence: i64) {
    world.chain.pass(1);
    let quote = Price { price, ema, confidence: confidence as u64, ..market.quote(&world.chain) };
    market.post_raw(&mut world.chain, &quote);
    world.refresh_one(market).await.unwrap();
}

async fn vault_with(market: &Market, whole: u64, mut world: World) -> (World, User) {
    let usdc = world.usdc;
    world.lender(&usdc, usdc.units(10_000_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, market, market.units(whole)).await.unwrap();
    (world, ann)
}

#[tokio::test]
async fn mango_a_price_pumped_tenfold_within_a_slot_gives_no_more_to_borrow() {
    let world = World::start().await;
    let alt = world.alt;
    let (mut world, eve) = vault_with(&alt, 10_000, world).await; // $20,000
    let usdc = world.usdc;
    // 30 % margin, times 1.25: 62.5 % of $20,000 less a little
    refused(world.borrow(&eve, &usdc, usdc.units(12_500)).await, BallastError::BelowOpeningRequirement);
    spike(&mut world, &alt, usd(20), usd(2), usd(2) / 10_000).await;
    world.refresh_one(&usdc).await.unwrap();
    refused(world.borrow(&eve, &usdc, usdc.units(12_500)).await, BallastError::BelowOpeningRequirement);
    world.borrow(&eve, &usdc, usdc.units(12_000)).await.unwrap();
    // nor does a pump let collateral out
    refused(world.withdraw(&eve, &alt, alt.units(1_000)).await, BallastError::BelowOpeningRequirement);
}

#[tokio::test]
async fn mango_short_a_price_that_falls_within_a_slot_gives_no_more_to_borrow() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&sol, sol.units(100_000)).await;
    let eve = world.user().await;
    world.deposit(&eve, &usdc, usdc.units(20_000)).await.unwrap();
    spike(&mut world, &sol, usd(20), usd(200), usd(1) / 100).await;
    // at $20 a thousand SOL would be covered; the average says $200
    refused(world.borrow(&eve, &sol, sol.units(500)).await, BallastError::BelowOpeningRequirement);
}

#[tokio::test]
async fn solend_usdh_a_single_source_with_a_wide_confidence_is_haircut_and_then_refused() {
    let world = World::start().await;
    let alt = world.alt;
    let (mut world, eve) = vault_with(&alt, 10_000, world).await;
    let usdc = world.usdc;
    world.borrow(&eve, &usdc, usdc.units(12_000)).await.unwrap();
    world.repay(&eve, &usdc, u64::MAX).await.unwrap();
    // 2 % of confidence: collateral counts for 2 % less
    spike(&mut world, &alt, usd(2), usd(2), usd(2) / 50).await;
    refused(world.borrow(&eve, &usdc, usdc.units(12_200)).await, BallastError::BelowOpeningRequirement);
    spike(&mut world, &alt, usd(2), usd(2), usd(2) / 49).await;
    refused(world.borrow(&eve, &usdc, usdc.units(1_000)).await, BallastError::PriceTooUncertain);
}

#[tokio::test]
async fn euler_giving_ones_own_deposit_away_is_never_unchecked() {
    // every way to lose collateral or gain debt ends healthy or is refused
    let world = World::start().await;
    let sol = world.sol;
    let (mut world, eve) = vault_with(&sol, 100, world).await;
    let usdc = world.usdc;
    world.borrow(&eve, &usdc, usdc.units(15_000)).await.unwrap();
    for amount in [sol.units(99), sol.units(50), sol.units(10), u64::MAX] {
        refused(world.withdraw(&eve, &sol, amount).await, BallastError::BelowOpeningRequirement);
    }
    for amount in [usdc.units(1_000), usdc.units(1_000_000)] {
        refused(world.borrow(&eve, &usdc, amount).await, BallastError::BelowOpeningRequirement);
    }
    assert!(world.score(&eve).await.is_healthy());
}

#[tokio::test]
async fn euler_liquidating_oneself_in_one_transaction_earns_nothing() {
    let world = World::start().await;
    let sol = world.sol;
    let (mut world, eve) = vault_with(&sol, 100, world).await;
    let usdc = world.usdc;
    // borrowing to the edge and unwinding in the same transaction: not in the slot of the borrow
    let borrow = world.borrowing(&eve, &usdc, usdc.units(15_500)).await;
    let mut tranche = world.tranche(&eve, &eve, &usdc, &sol, u64::MAX).await;
    let usdc_reserve = world.asset(&usdc).reserve();
    tranche.accounts.push(anchor_lang::prelude::AccountMeta::new_readonly(usdc_reserve, false));
    let result = world.send(&[borrow, tranche], &[&eve.keypair]).await;
    refused(result, BallastError::SameSlot);
}

#[tokio::test]
async fn stream_a_dead_asset_in_one_vault_leaves_every_other_vault_byte_identical() {
    let mut world = World::start().await;
    let other = world.open_vault(2).await;
    let (sol, usdc, alt) = (world.sol, world.usdc, world.alt);
    // the same people and loans in both
    let mut watched: Vec<Pubkey> = vec![other];
    for vault in [world.vault, other] {
        let lender = world.user_in(vault).await;
        world.deposit(&lender, &usdc, usdc.units(1_000_000)).await.unwrap();
        let ann = world.user_in(vault).await;
        world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
        world.deposit(&ann, &alt, alt.units(1_000)).await.unwrap();
        world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
        if vault == other {
            watched.extend([lender.obligation(), ann.obligation()]);
            for market in world.markets() {
                watched.extend([market.asset(vault).reserve(), market.asset(vault).tokens()]);
            }
        }
    }
    let mut before = vec![];
    for key in &watched {
        before.push(world.chain.account(*key).await.unwrap());
    }
    // in the first vault the alt dies, a borrower falls and is sold, lenders leave
    let keeper = world.user().await;
    world.give(&keeper, &usdc, usdc.units(50_000)).await;
    let fallen: Vec<_> = world.obligations.clone();
    let (mut sol_now, mut alt_now) = (sol, alt);
    world.chain.pass(1);
    sol_now.post(&mut world.chain, usd(100));
    alt_now.post(&mut world.chain, 1);
    let fresh_usdc = usdc.quote(&world.chain);
    usdc.post_raw(&mut world.chain, &fresh_usdc);
    for market in [sol, alt, usdc] {
        world.refresh_one(&market).await.unwrap();
    }
    let ann = fallen[1];
    let reserves = [sol, alt, usdc].map(|market| world.asset(&market).reserve());
    let tranche = instruction::soft_liquidate(&instruction::Tranche {
        liquidator: keeper.key(),
        obligation: ann,
        debt: &world.asset(&usdc),
        deposit: &world.asset(&sol),
        reserves: &reserves,
        max_repay: u64::MAX,
        min_received: 0,
        shares_to: None,
    });
    world.must(&[tranche], &[&keeper.keypair]).await;
    for (key, before) in watched.iter().zip(before) {
        assert_eq!(world.chain.account(*key).await.unwrap(), before, "{key}");
    }
}

#[tokio::test]
async fn usde_a_wick_of_one_source_with_its_doubt_opens_nothing_and_a_true_fall_is_sold() {
    let world = World::start().await;
    let sol = world.sol;
    let (mut world, ann) = vault_with(&sol, 100, world).await;
    let (usdc, keeper) = (world.usdc, world.user().await);
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(50_000)).await;
    // SOL stays above what the book needs: 16.87 % below its price nobody can touch it
    spike(&mut world, &sol, usd(170), usd(200), usd(5)).await;
    world.refresh_one(&usdc).await.unwrap();
    refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::Healthy);
    spike(&mut world, &sol, usd(165), usd(190), usd(1)).await;
    let quote = usdc.quote(&world.chain);
    usdc.post_raw(&mut world.chain, &quote);
    world.refresh_one(&usdc).await.unwrap();
    world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
}

#[tokio::test]
async fn llamalend_forcing_a_tranche_and_moving_tokens_in_one_transaction_takes_no_more() {
    // the same tranche with and without a donation to both reserves in front of it
    let mut outcomes = vec![];
    for donates in [false, true] {
        let world = World::start().await;
        let sol = world.sol;
        let (mut world, ann) = vault_with(&sol, 100, world).await;
        let (usdc, keeper) = (world.usdc, world.user().await);
        world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
        world.give(&keeper, &usdc, usdc.units(50_000)).await;
        world.give(&keeper, &sol, sol.units(1_000)).await;
        world.move_price(|w| &mut w.sol, usd(165)).await;
        let mut batch = vec![];
        for market in [sol, usdc].iter().filter(|_| donates) {
            let asset = world.asset(market);
            let transfer = anchor_spl::token_2022::spl_token_2022::instruction::transfer_checked(
                &market.token_program,
                &asset.wallet(&keeper.key()),
                &market.mint,
                &asset.tokens(),
                &keeper.key(),
                &[],
                market.units(500),
                market.decimals,
            );
            batch.push(transfer.unwrap());
        }
        batch.push(world.tranche(&keeper, &ann, &usdc, &sol, u64::MAX).await);
        world.must(&batch, &[&keeper.keypair]).await;
        outcomes.push((world.shares(&ann, &sol).await, world.shares(&ann, &usdc).await));
    }
    assert_eq!(outcomes[0], outcomes[1]);
}
