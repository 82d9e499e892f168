//! Liquid-staked assets: a base price times a rate. The rate's guard acts on new risk only.

use ballast::BallastError;
use ballast_client::{instruction::refresh_composed_reserves, price::PRICE_PROGRAM};
use ballast_tests::{
    refused,
    staked::{Staked, RATE},
    User, World,
};

async fn borrower_of(world: &mut World, staked: &Staked) -> User {
    let usdc = world.usdc;
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let ann = world.user().await;
    staked.market.fund(&mut world.chain, &ann.key(), 0);
    world.deposit(&ann, &staked.market, staked.market.units(100)).await.unwrap(); // 100 × 240 = $24,000
    ann
}

#[tokio::test]
async fn a_composed_price_is_the_base_times_the_rate() {
    let mut world = World::start().await;
    let staked = Staked::list(&mut world).await;
    let (spot, _) = staked.worth(&mut world).await;
    assert_eq!(spot + 1, 200 * 1_200_000, "rounded down");
    assert_eq!(world.reserve(&staked.market).await.source.price_accounts(), 2);
}

#[tokio::test]
async fn a_rate_that_doubles_in_a_second_doubles_spot_and_gives_no_borrowing_power() {
    let mut world = World::start().await;
    let mut staked = Staked::list(&mut world).await;
    let ann = borrower_of(&mut world, &staked).await;
    let (_, low_before) = staked.worth(&mut world).await;
    staked.set_rate(&mut world, 2 * RATE).await;
    let (spot, low) = staked.worth(&mut world).await;
    assert_eq!(spot + 1, 2 * 200 * 1_200_000, "rounded down");
    assert!(low <= low_before + 200 * 1_200_000 / 1_000, "at most a day's growth: {low} {low_before}");
    // R_init at $24,000: nowhere near $20,000 may be borrowed, as it could be at $48,000
    refused(
        world.borrow(&ann, &world.usdc.clone(), world.usdc.units(20_000)).await,
        BallastError::BelowOpeningRequirement,
    );
}

#[tokio::test]
async fn a_market_below_redemption_counts_at_the_market_for_health() {
    let mut world = World::start().await;
    let mut staked = Staked::list(&mut world).await;
    let ann = borrower_of(&mut world, &staked).await;
    let usdc = world.usdc;
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    assert!(world.score(&ann).await.is_healthy());
    // the market discounts the rate by 30 %: 100 × 200 × 0.84 = $16,800 against $14,000
    staked.set_rate(&mut world, RATE * 7 / 10).await;
    let score = world.score(&ann).await;
    assert_eq!(score.collateral.0 + 1, 100 * 200 * 840_000, "rounded down");
    assert!(!score.is_healthy());
}

#[tokio::test]
async fn each_factor_keeps_its_newest_quote_whatever_the_order() {
    let mut world = World::start().await;
    let mut staked = Staked::list(&mut world).await;
    // newer rate, base not posted again
    world.chain.pass(5);
    staked.rate.publish_time = world.chain.now();
    staked.rate.posted_slot = world.chain.slot();
    world.chain.set_account(staked.rate_account, PRICE_PROGRAM, staked.rate.account_data());
    let reserve_key = world.asset(&staked.market).reserve();
    let accounts = [(reserve_key, vec![staked.market.price_account, staked.rate_account])];
    let payer = world.curator.insecure_clone();
    world.must(&[refresh_composed_reserves(world.vault, &accounts)], &[&payer]).await;
    let reserve = world.reserve(&staked.market).await;
    let (base, rate) = (reserve.source.quotes[0], reserve.source.quotes[1]);
    assert_eq!(rate.publish_time, base.publish_time + 5);
    assert_eq!(reserve.price.publish_time, base.publish_time, "a price is as old as its older factor");

    // an older rate afterwards changes no byte
    let before = world.chain.account(reserve_key).await.unwrap().data;
    staked.rate.publish_time -= 3;
    staked.rate.price *= 2;
    world.chain.set_account(staked.rate_account, PRICE_PROGRAM, staked.rate.account_data());
    world.must(&[refresh_composed_reserves(world.vault, &accounts)], &[&payer]).await;
    assert_eq!(world.chain.account(reserve_key).await.unwrap().data, before);
}

#[tokio::test]
async fn the_rate_of_another_feed_or_a_missing_rate_account_is_refused() {
    let mut world = World::start().await;
    let staked = Staked::list(&mut world).await;
    let reserve = world.asset(&staked.market).reserve();
    let payer = world.curator.insecure_clone();
    let usdc = world.usdc.price_account;
    let wrong = refresh_composed_reserves(world.vault, &[(reserve, vec![staked.market.price_account, usdc])]);
    refused(world.chain.send(&[wrong], &[&payer]).await, BallastError::PriceFeedMismatch);
    let missing = refresh_composed_reserves(world.vault, &[(reserve, vec![staked.market.price_account])]);
    refused(world.chain.send(&[missing], &[&payer]).await, BallastError::WrongRefreshAccounts);
}
