//! `borrow`, and `withdraw` against debt.

use anchor_lang::{error::ErrorCode, prelude::Pubkey};
use anchor_spl::token_2022::spl_token_2022::{error::TokenError, state::AccountState};
use ballast::{BallastError, MAX_PRICE_AGE_SLOTS};
use ballast_client::{instruction, price::Price};
use ballast_risk::presets::AssetKind;
use ballast_tests::{attack, market::TOKEN, refused, usd, Market, User, World};

const DOLLAR: f64 = 1_000_000.0;

/// A vault with a million USDC to borrow, and someone with 100 SOL in it, worth $20,000.
async fn ready() -> (World, User) {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    (world, ann)
}

#[tokio::test]
async fn a_borrow_pays_its_tokens_and_owes_them_as_shares_rounded_up() {
    let (mut world, ann) = ready().await;
    let usdc = world.usdc;
    world.borrow(&ann, &usdc, usdc.units(5_000)).await.unwrap();
    assert_eq!(world.wallet(&ann, &usdc).await, usdc.units(5_000));
    assert_eq!(world.shares(&ann, &usdc).await, usdc.units(5_000)); // at an index of 1
    world.tick(86_400 * 30).await;

    let (before, till) = (world.books(&usdc).await, world.till(&usdc).await);
    assert!(before.debt_index > 1 << 64);
    world.borrow(&ann, &usdc, 1_234_567).await.unwrap();
    let shares = (1_234_567u128 << 64).div_ceil(before.debt_index) as u64;
    assert_eq!(world.shares(&ann, &usdc).await, usdc.units(5_000) + shares);
    assert_eq!(world.wallet(&ann, &usdc).await, usdc.units(5_000) + 1_234_567);
    assert_eq!(world.till(&usdc).await, till - 1_234_567);
    let after = world.books(&usdc).await;
    assert_eq!(after.free_tokens.0, before.free_tokens.0 - 1_234_567);
    assert_eq!(after.debt_shares.0, before.debt_shares.0 + shares);
    assert_eq!((after.debt_index, after.deposit_shares), (before.debt_index, before.deposit_shares));
    assert_eq!(world.obligation(&ann).await.last_risk_slot, world.chain.slot());
}

#[tokio::test]
async fn equity_must_meet_the_opening_requirement() {
    let (mut world, ann) = ready().await;
    let usdc = world.usdc;
    // 100 SOL at the low price, 1 bp below $200. SOL falls by 12.5 %, basis 4.5 %, 1 bp for the size of the market: 17.01 %.
    // USDC: basis 0.5 % and 1 bp. R_init = 1.25·R, so D ≤ C·(1 − 1.25·17.01 %) / (1 + 1.25·0.51 %), at the high price.
    let collateral = 100.0 * 200.0 * (1.0 - 0.0001);
    let debt = collateral * (1.0 - 1.25 * 0.1701) / (1.0 + 1.25 * 0.0051) / 1.0001;
    let most = (debt * DOLLAR) as u64;
    refused(world.borrow(&ann, &usdc, most + 100).await, BallastError::BelowOpeningRequirement);
    world.borrow(&ann, &usdc, most - 100).await.unwrap();
    refused(world.borrow(&ann, &usdc, 200).await, BallastError::BelowOpeningRequirement);
    // nothing can be taken out now, but adding lets the same share out again
    let sol = world.sol;
    refused(world.withdraw(&ann, &sol, 1_000_000).await, BallastError::BelowOpeningRequirement);
    refused(world.withdraw(&ann, &sol, u64::MAX).await, BallastError::BelowOpeningRequirement);
    world.deposit(&ann, &sol, sol.units(1)).await.unwrap();
    world.withdraw(&ann, &sol, sol.units(1) - 10_000).await.unwrap();
}

#[tokio::test]
async fn a_withdrawal_against_debt_stops_at_the_opening_requirement() {
    let (mut world, ann) = ready().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.borrow(&ann, &usdc, usdc.units(10_000)).await.unwrap();
    world.tick(1).await;
    // the same formula, solved for collateral
    let owed = world.score(&ann).await.debt.0 as f64 / DOLLAR;
    let needed = owed * 1.0001 * (1.0 + 1.25 * 0.0051) / (1.0 - 1.25 * 0.1701) / (200.0 * 0.9999);
    let most = (100.0 - needed) * 1e9;
    refused(world.withdraw(&ann, &sol, (most + 1_000.0) as u64).await, BallastError::BelowOpeningRequirement);
    world.withdraw(&ann, &sol, (most - 1_000.0) as u64).await.unwrap();
    assert_eq!(world.obligation(&ann).await.last_risk_slot, world.chain.slot());
}

#[tokio::test]
async fn only_what_may_be_borrowed_is_lent() {
    let (mut world, ann) = ready().await;
    for market in [world.lst, world.alt] {
        world.lender(&market, market.units(1_000)).await;
        refused(world.borrow(&ann, &market, market.units(100)).await, BallastError::NotBorrowable);
    }
    for market in [world.btc, world.eth] {
        world.lender(&market, market.units(10)).await;
        world.borrow(&ann, &market, market.units(1) / 100 * 5).await.unwrap();
    }
}

#[tokio::test]
async fn amounts_of_nothing_or_too_much_are_refused() {
    let (mut world, ann) = ready().await;
    let (usdc, btc) = (world.usdc, world.btc);
    refused(world.borrow(&ann, &usdc, 0).await, BallastError::ZeroAmount);
    refused(world.borrow(&ann, &usdc, usdc.units(1_000_000) + 1).await, BallastError::InsufficientLiquidity);
    refused(world.borrow(&ann, &usdc, u64::MAX).await, BallastError::InsufficientLiquidity);
    refused(world.borrow(&ann, &btc, 1).await, BallastError::InsufficientLiquidity);
}

#[tokio::test]
async fn a_debt_opens_with_a_hundred_dollars_and_may_grow_by_less() {
    let (mut world, ann) = ready().await;
    let usdc = world.usdc;
    refused(world.borrow(&ann, &usdc, usdc.units(100) - 1).await, BallastError::DebtTooSmall);
    world.borrow(&ann, &usdc, usdc.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, 1).await.unwrap();
    // a debt that was paid down below the minimum must come back to it
    world.repay(&ann, &usdc, usdc.units(60)).await.unwrap();
    refused(world.borrow(&ann, &usdc, usdc.units(59)).await, BallastError::DebtTooSmall);
    world.borrow(&ann, &usdc, usdc.units(60)).await.unwrap();
}

#[tokio::test]
async fn five_percent_of_a_reserve_stay_for_those_who_leave() {
    let mut world = World::start().await;
    let (btc, usdc) = (world.btc, world.usdc);
    world.lender(&usdc, usdc.units(10_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &btc, btc.units(1)).await.unwrap();
    refused(world.borrow(&ann, &usdc, usdc.units(9_500) + 1).await, BallastError::UtilisationCap);
    world.borrow(&ann, &usdc, usdc.units(9_500)).await.unwrap();
    refused(world.borrow(&ann, &usdc, 1).await, BallastError::UtilisationCap);
    // lenders may take the rest, after which nothing more is lent, and repaying makes room again
    let lender = world.lender(&usdc, usdc.units(500)).await;
    world.withdraw(&lender, &usdc, u64::MAX).await.unwrap();
    refused(world.borrow(&ann, &usdc, 1).await, BallastError::UtilisationCap);
    world.repay(&ann, &usdc, usdc.units(1_000)).await.unwrap();
    refused(world.borrow(&ann, &usdc, usdc.units(1_000) + 1).await, BallastError::UtilisationCap);
    world.borrow(&ann, &usdc, usdc.units(1_000)).await.unwrap();
}

#[tokio::test]
async fn every_price_of_the_book_must_be_ten_seconds_young() {
    for stale in 0..3 {
        let (mut world, ann) = ready().await;
        let markets = [world.sol, world.eth, world.usdc];
        let [sol, eth, usdc] = markets;
        world.deposit(&ann, &eth, eth.units(1)).await.unwrap();
        world.borrow(&ann, &usdc, usdc.units(1_000)).await.unwrap();
        world.tick(100).await;
        let refresh_others = async |world: &mut World, seconds| {
            world.chain.pass(seconds);
            for (i, market) in markets.iter().enumerate().filter(|(i, _)| *i != stale) {
                let quote = market.quote(&world.chain);
                market.post_raw(&mut world.chain, &quote);
                world.refresh_one(market).await.unwrap_or_else(|f| panic!("{i} {f:?}"));
            }
        };
        refresh_others(&mut world, 10).await;
        world.borrow(&ann, &usdc, 1).await.unwrap();
        world.withdraw(&ann, &sol, 1).await.unwrap();
        refresh_others(&mut world, 1).await;
        refused(world.borrow(&ann, &usdc, 1).await, BallastError::PriceTooOld);
        refused(world.withdraw(&ann, &sol, 1).await, BallastError::PriceTooOld);
        // adding collateral and repaying need no price
        world.deposit(&ann, &sol, 1).await.unwrap();
        world.repay(&ann, &usdc, usdc.units(1)).await.unwrap();
        // whose feed died may be taken out whole, if the others carry the debt
        if stale == 1 {
            world.withdraw(&ann, &eth, u64::MAX).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_price_that_was_posted_too_many_slots_ago_is_too_old_whatever_the_clock_says() {
    let (mut world, ann) = ready().await;
    let usdc = world.usdc;
    let (slot, now) = (world.chain.slot(), world.chain.now());
    world.chain.go_to(slot + MAX_PRICE_AGE_SLOTS, now);
    world.borrow(&ann, &usdc, usdc.units(100)).await.unwrap();
    world.chain.go_to(slot + MAX_PRICE_AGE_SLOTS + 1, now);
    refused(world.borrow(&ann, &usdc, usdc.units(100)).await, BallastError::PriceTooOld);
}

#[tokio::test]
async fn a_price_that_was_never_posted_opens_nothing() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    world.lender(&usdc, usdc.units(1_000)).await;
    let unpriced = Market::create(&mut world.chain, AssetKind::Sol, 9, TOKEN, usd(1_000_000));
    world.add_reserve(&unpriced).await.unwrap();
    let ann = world.user().await;
    world.deposit(&ann, &unpriced, u64::MAX >> 1).await.unwrap();
    refused(world.borrow(&ann, &usdc, usdc.units(100)).await, BallastError::PriceTooOld);
    // nor is it lent
    let (bob, sol) = (world.user().await, world.sol);
    world.deposit(&bob, &sol, sol.units(1_000)).await.unwrap();
    world.give(&bob, &unpriced, 0).await;
    refused(world.borrow(&bob, &unpriced, 1_000_000_000).await, BallastError::DebtTooSmall);
}

#[tokio::test]
async fn an_uncertain_price_opens_nothing() {
    let (mut world, ann) = ready().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.borrow(&ann, &usdc, usdc.units(1_000)).await.unwrap();
    for (confidence, refuses) in [(usd(4), false), (usd(4) + 1, true)] {
        world.tick(1).await;
        let quote = Price { confidence: confidence as u64, ..sol.quote(&world.chain) };
        world.chain.pass(1);
        let quote = Price { publish_time: quote.publish_time + 1, ..quote };
        sol.post_raw(&mut world.chain, &quote);
        world.refresh_one(&sol).await.unwrap();
        let borrowed = world.borrow(&ann, &usdc, 1).await;
        let withdrawn = world.withdraw(&ann, &sol, 1).await;
        if refuses {
            refused(borrowed, BallastError::PriceTooUncertain);
            refused(withdrawn, BallastError::PriceTooUncertain);
            world.deposit(&ann, &sol, 1).await.unwrap();
            world.repay(&ann, &usdc, usdc.units(1)).await.unwrap();
        } else {
            borrowed.unwrap();
            withdrawn.unwrap();
        }
    }
}

#[tokio::test]
async fn strangers_do_not_borrow_and_nobody_borrows_on_nothing() {
    let (mut world, ann) = ready().await;
    let usdc = world.usdc;
    let eve = world.user().await;
    let borrow = world.borrowing(&ann, &usdc, usdc.units(100)).await;
    let by_eve = attack::swapped(&borrow, ann.key(), eve.key());
    refused(world.send(&[by_eve], &[&eve.keypair]).await, BallastError::NotOwner);
    let unsigned = attack::unsigned(&borrow);
    refused(world.send(&[unsigned], &[&eve.keypair]).await, ErrorCode::AccountNotSigner);
    refused(world.borrow(&eve, &usdc, usdc.units(100)).await, BallastError::BelowOpeningRequirement);
}

#[tokio::test]
async fn frozen_wallets_and_reserves_lend_nothing() {
    let (mut world, ann) = ready().await;
    let (usdc, vault) = (world.usdc, world.vault);
    let (own, tokens) = (world.asset(&usdc).wallet(&ann.key()), world.asset(&usdc).tokens());
    usdc.write_tokens(&mut world.chain, own, &ann.key(), 0, AccountState::Frozen);
    refused(world.borrow(&ann, &usdc, usdc.units(100)).await, TokenError::AccountFrozen);
    usdc.write_tokens(&mut world.chain, own, &ann.key(), 0, AccountState::Initialized);
    usdc.write_tokens(&mut world.chain, tokens, &vault, usdc.units(1_000_000), AccountState::Frozen);
    refused(world.borrow(&ann, &usdc, usdc.units(100)).await, TokenError::AccountFrozen);
}

#[tokio::test]
async fn the_reserves_of_the_book_are_passed_whole_and_in_order() {
    let (mut world, ann) = ready().await;
    let other = world.open_vault(2).await;
    let (sol, eth, usdc, btc) = (world.sol, world.eth, world.usdc, world.btc);
    world.deposit(&ann, &eth, eth.units(1)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(100)).await.unwrap();
    let [a, b, c, d] = [sol, eth, usdc, btc].map(|market| world.asset(&market).reserve());
    let foreign = sol.asset(other).reserve();
    let wrong: [&[Pubkey]; 12] = [
        &[],
        &[a],
        &[a, b],
        &[b, c],
        &[a, c, b],
        &[a, a, c],
        &[a, b, b],
        &[a, b, c, c],
        &[a, b, c, d],
        &[a, b, d],
        &[foreign, b, c],
        &[a, b, world.vault],
    ];
    let asset = world.asset(&usdc);
    for reserves in wrong {
        for act in [
            instruction::borrow(&ann.account, &asset, 1, reserves),
            instruction::withdraw(&ann.account, &world.asset(&sol), 1, reserves),
        ] {
            refused(world.send(&[act], &[&ann.keypair]).await, BallastError::WrongRemainingAccounts);
        }
    }
    let all = [a, b, c];
    world.must(&[instruction::borrow(&ann.account, &asset, 1, &all)], &[&ann.keypair]).await;
    // taking a position out whole: the others only
    let leave = instruction::withdraw(&ann.account, &world.asset(&eth), u64::MAX, &all);
    refused(world.send(&[leave], &[&ann.keypair]).await, BallastError::WrongRemainingAccounts);
    world.withdraw(&ann, &eth, u64::MAX).await.unwrap();
}
