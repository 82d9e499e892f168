//! Tokens that strangers send to a vault's token account, first depositors and amounts of one unit.

use anchor_lang::prelude::Pubkey;
use anchor_spl::token_2022::spl_token_2022::{instruction::transfer_checked, state::AccountState};
use ballast::{state::Reserve, BallastError};
use ballast_client::instruction;
use ballast_tests::{refused, usd, Market, User, World};

/// Sends tokens of a user's wallet straight into the vault's token account.
async fn donate(world: &mut World, user: &User, market: &Market, amount: u64) {
    world.give(user, market, amount).await;
    let asset = world.asset(market);
    let transfer = transfer_checked(
        &market.token_program,
        &asset.wallet(&user.key()),
        &market.mint,
        &asset.tokens(),
        &user.key(),
        &[],
        amount,
        market.decimals,
    );
    world.must(&[transfer.unwrap()], &[&user.keypair]).await;
}

async fn bytes(world: &mut World, key: Pubkey) -> Vec<u8> {
    world.chain.account(key).await.unwrap().data
}

#[tokio::test]
async fn a_donated_token_changes_no_state_no_worth_no_health_and_stops_nothing() {
    let mut world = World::start().await;
    let (sol, usdc, eth) = (world.sol, world.usdc, world.eth);
    let lender = world.lender(&usdc, usdc.units(100_000)).await;
    let [ann, eve, keeper] = [world.user().await, world.user().await, world.user().await];
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(50_000)).await;
    world.move_price(|w| &mut w.sol, usd(165)).await;
    let watched: Vec<_> = [sol, usdc, eth]
        .iter()
        .map(|market| world.asset(market).reserve())
        .chain([world.vault, ann.obligation(), lender.obligation()])
        .collect();
    let (mut before, score) = (vec![], world.score(&ann).await);
    for key in &watched {
        before.push(bytes(&mut world, *key).await);
    }
    for market in [sol, usdc, eth] {
        donate(&mut world, &eve, &market, market.units(1_000_000)).await;
    }
    for (key, before) in watched.iter().zip(&before) {
        assert_eq!(bytes(&mut world, *key).await, *before);
    }
    assert_eq!(world.score(&ann).await, score);

    // everything works, and counts as if nothing had been sent
    let index = world.books(&usdc).await.deposit_index;
    let bob = world.lender(&usdc, 1_000_000).await;
    assert_eq!(world.shares(&bob, &usdc).await, ((1_000_000u128 << 64) / index) as u64);
    world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
    world.repay(&ann, &usdc, usdc.units(1)).await.unwrap();
    world.refresh().await.unwrap();
    let free = world.books(&usdc).await.free_tokens.0;
    assert!(world.till(&usdc).await >= free + usdc.units(1_000_000));
    // what was sent cannot be lent or taken out
    refused(world.withdraw(&lender, &usdc, u64::MAX).await, BallastError::InsufficientLiquidity);
    world.withdraw(&lender, &usdc, free).await.unwrap();
    assert_eq!(world.till(&usdc).await, usdc.units(1_000_000));
    refused(world.withdraw(&bob, &usdc, 1).await, BallastError::InsufficientLiquidity);
}

#[tokio::test]
async fn a_donation_raises_neither_what_may_be_borrowed_nor_the_rate() {
    let mut outcomes = vec![];
    for donated in [0, 1_000_000] {
        let mut world = World::start().await;
        let (btc, usdc) = (world.btc, world.usdc);
        world.lender(&usdc, usdc.units(10_000)).await;
        let [ann, eve] = [world.user().await, world.user().await];
        world.deposit(&ann, &btc, btc.units(10)).await.unwrap();
        donate(&mut world, &eve, &usdc, usdc.units(donated)).await;
        refused(world.borrow(&ann, &usdc, usdc.units(9_500) + 1).await, BallastError::UtilisationCap);
        world.borrow(&ann, &usdc, usdc.units(9_500)).await.unwrap();
        donate(&mut world, &eve, &usdc, usdc.units(donated)).await;
        world.tick(1_000).await;
        outcomes.push(world.books(&usdc).await);
    }
    assert_eq!(outcomes[0], outcomes[1]);
}

#[tokio::test]
async fn the_first_depositor_cannot_make_others_shares_round_to_its_gain() {
    for donated in [0, 1, 1_000_000, 1_000_000_000_000] {
        let mut world = World::start().await;
        let usdc = world.usdc;
        let [eve, victim] = [world.user().await, world.user().await];
        world.deposit(&eve, &usdc, 1).await.unwrap();
        if donated > 0 {
            donate(&mut world, &eve, &usdc, donated).await;
        }
        world.deposit(&victim, &usdc, 1_999_999).await.unwrap();
        assert_eq!(world.shares(&victim, &usdc).await, 1_999_999);
        world.withdraw(&eve, &usdc, u64::MAX).await.unwrap();
        world.withdraw(&victim, &usdc, u64::MAX).await.unwrap();
        assert_eq!(world.wallet(&eve, &usdc).await, 1);
        assert_eq!(world.wallet(&victim, &usdc).await, 1_999_999);
    }
}

#[tokio::test]
async fn a_share_that_is_worth_much_can_be_neither_bought_below_its_worth_nor_sold_above_it() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let [eve, victim] = [world.lender(&usdc, 1).await, world.user().await];
    // as if interest had made a single share worth 1,000 units: no sequence of deposits can
    let key = world.asset(&usdc).reserve();
    world
        .chain
        .edit::<Reserve>(key, |r| {
            r.books.deposit_index = [0, 1_000];
            r.books.free_tokens = 1_000;
        })
        .await;
    let (vault, tokens) = (world.vault, world.asset(&usdc).tokens());
    usdc.write_tokens(&mut world.chain, tokens, &vault, 1_000, AccountState::Initialized);
    refused(world.deposit(&victim, &usdc, 999).await, BallastError::ZeroAmount);
    world.deposit(&victim, &usdc, 1_999).await.unwrap();
    assert_eq!(world.shares(&victim, &usdc).await, 1);
    // what the victim's rounding left is nobody's
    world.withdraw(&eve, &usdc, u64::MAX).await.unwrap();
    assert_eq!(world.wallet(&eve, &usdc).await, 1_000);
    // one unit costs a whole share
    world.withdraw(&victim, &usdc, 1).await.unwrap();
    assert_eq!(world.shares(&victim, &usdc).await, 0);
}

#[tokio::test]
async fn one_to_nine_units_in_batches_of_a_hundred_steps_take_nothing_out() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(20_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(1_000)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(18_000)).await.unwrap();
    world.tick(86_400 * 300).await; // a share is worth 1.07 units
    let eve = world.user().await;
    world.give(&eve, &usdc, 1_000).await;
    let asset = world.asset(&usdc);
    for unit in 1..=9u64 {
        let index = world.books(&usdc).await.deposit_index;
        // a deposit of so many units, taken out again unit by unit where that can be
        let shares = (u128::from(unit) << 64) / index;
        if shares == 0 {
            continue;
        }
        let mut batch = vec![];
        for _ in 0..50 {
            batch.push(instruction::deposit(&eve.account, &asset, unit));
            let back = (shares * index) >> 64; // what those shares are worth
            batch.push(instruction::withdraw(&eve.account, &asset, back as u64, &[]));
        }
        for chunk in batch.chunks(10) {
            world.must(chunk, &[&eve.keypair]).await;
        }
        assert!(world.wallet(&eve, &usdc).await <= 1_000);
        if world.shares(&eve, &usdc).await > 0 {
            world.withdraw(&eve, &usdc, u64::MAX).await.unwrap();
        }
        assert!(world.wallet(&eve, &usdc).await <= 1_000);
    }
    assert!(world.wallet(&eve, &usdc).await < 1_000, "rounding costs something");
}
