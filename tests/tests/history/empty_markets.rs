//! Empty markets, first depositors, amounts of a few units, and tokens that are sent past the program.

use crate::tools::Tale;
use anchor_lang::prelude::Pubkey;
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{instructions::Signal, BallastError};
use ballast_client::{instruction, safety::trip_reserve};
use ballast_risk::{breaker::State, interest::Q64_ONE};
use ballast_tests::{refused, usd, World};

#[tokio::test]
async fn radiant_zklend_hundred_onyx() {
    for donated in [0, 1, 1_000_000, 1_000_000_000_000] {
        let mut world = World::start().await;
        let (usdc, btc, fair) = (world.usdc, world.btc, world.fair());
        let [eve, victim] = [world.user().await, world.user().await];
        world.give(&eve, &usdc, donated + 1).await;
        world.give(&victim, &usdc, 1_999_999).await;
        let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&victim], &fair).await);
        // the first depositor of an empty market, with a unit, and a raw transfer to the vault
        world.deposit_own(&eve, &usdc, 1).await.unwrap();
        if donated > 0 {
            let donation = world.donation(&eve, &usdc, donated);
            world.must(&[donation], &[&eve.keypair]).await;
        }
        assert_eq!(world.books(&usdc).await.deposit_index, Q64_ONE, "a share is worth a unit");
        world.deposit_own(&victim, &usdc, 1_999_999).await.unwrap();
        assert_eq!(world.shares(&victim, &usdc).await, 1_999_999);
        // what the transfer brought is no collateral either
        refused(world.borrow(&eve, &btc, 1).await, BallastError::InsufficientLiquidity);
        world.lender(&btc, btc.units(1)).await;
        refused(world.borrow(&eve, &btc, btc.units(1) / 500).await, BallastError::BelowOpeningRequirement);
        // out again, unit by unit and then all
        world.withdraw(&eve, &usdc, 1).await.unwrap();
        for _ in 0..20 {
            world.deposit_own(&eve, &usdc, 1).await.unwrap();
            world.withdraw(&eve, &usdc, u64::MAX).await.unwrap();
        }
        world.withdraw(&victim, &usdc, u64::MAX).await.unwrap();
        let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
        assert!(profit <= 0 && profit == -i128::from(donated), "{profit}");
        assert_eq!(world.fortune(&[&victim], &fair).await, lent, "the victim lost nothing");
    }
}

#[tokio::test]
async fn balancer_november_2025() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    let lender = world.lender(&usdc, usdc.units(20_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(1_000)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(18_000)).await.unwrap();
    world.tick(86_400 * 300).await; // a share is worth 1.07 units
    let eve = world.user().await;
    world.give(&eve, &usdc, 1_000).await;
    let (asset, fair) = (world.asset(&usdc), world.fair());
    let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&lender], &fair).await);
    let surplus = world.books(&usdc).await.surplus().unwrap();
    let mut steps = 0;
    for unit in 1..=9u64 {
        let index = world.books(&usdc).await.deposit_index;
        // a deposit of so many units, taken out again as a whole or unit by unit, where it buys a share
        let shares = (u128::from(unit) << 64) / index;
        if shares == 0 {
            refused(world.deposit_own(&eve, &usdc, unit).await, BallastError::ZeroAmount);
            continue;
        }
        let back = ((shares * index) >> 64) as u64; // what those shares are worth
        let mut batch = vec![];
        while batch.len() < 100 {
            batch.push(instruction::deposit(&eve.account, &asset, unit));
            for part in if batch.len() % 4 == 1 { vec![back] } else { vec![1; back as usize] } {
                batch.push(instruction::withdraw(&eve.account, &asset, part, &[]));
            }
        }
        for chunk in batch.chunks(10) {
            // a share that rounding took away is one withdrawal less
            if world.send(chunk, &[&eve.keypair]).await.is_ok() {
                steps += chunk.len();
                continue;
            }
            for step in chunk {
                steps += usize::from(world.send(std::slice::from_ref(step), &[&eve.keypair]).await.is_ok());
            }
        }
        if world.shares(&eve, &usdc).await > 0 {
            world.withdraw(&eve, &usdc, u64::MAX).await.unwrap();
        }
        let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
        assert!(profit <= 0, "{unit} units: {profit}");
    }
    assert!(steps > 600, "{steps} steps landed");
    assert!(world.wallet(&eve, &usdc).await < 1_000, "rounding costs something, and not the vault");
    assert!(world.books(&usdc).await.surplus().unwrap() >= surplus);
    assert!(world.lost(&[&lender], &lent, &[&ann], &fair).await <= 0);
    // and whoever sees something else can stop it: a unit that is missing trips the breaker, and nothing comes in or is lent then
    let held = world.till(&usdc).await;
    world.set_till(&usdc, held - 1, AccountState::Initialized).await;
    let payer = world.curator.insecure_clone();
    let trip = trip_reserve(&world.asset(&usdc), Signal::Deficit);
    world.chain.send(&[trip], &[&payer]).await.unwrap(); // past the law of these tests, which the missing unit breaks
    assert_eq!(world.state(&usdc).await, State::Halted);
}

#[tokio::test]
async fn venus_the_march_2026() {
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
    // the cap is full, and what is sent past it is no collateral
    world.set_caps(&eth, |caps| caps.deposits = eth.units(5)).await;
    world.deposit(&eve, &eth, eth.units(5)).await.unwrap();
    world.give(&eve, &eth, 1).await;
    refused(world.deposit_own(&eve, &eth, 1).await, BallastError::DepositCap);
    let opening = world.opening_score(&eve).await;
    for market in [sol, usdc, eth] {
        world.give(&eve, &market, market.units(1_000_000)).await;
    }
    let fair = world.fair();
    let had = world.fortune(&[&eve], &fair).await;
    let lent = world.fortune(&[&lender, &ann], &fair).await;
    before.clear();
    for key in &watched {
        before.push(bytes(&mut world, *key).await);
    }
    for market in [sol, usdc, eth] {
        let donation = world.donation(&eve, &market, market.units(1_000_000));
        world.must(&[donation], &[&eve.keypair]).await;
    }
    for (key, before) in watched.iter().zip(&before) {
        assert_eq!(bytes(&mut world, *key).await, *before);
    }
    assert_eq!(world.score(&ann).await, score);
    assert_eq!(world.opening_score(&eve).await, opening);
    refused(world.deposit_own(&eve, &eth, 1).await, BallastError::DepositCap);
    refused(world.borrow(&eve, &usdc, usdc.units(20_000)).await, BallastError::BelowOpeningRequirement);
    let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
    assert!(profit <= 0, "{profit}");
    assert_eq!(world.fortune(&[&lender, &ann], &fair).await, lent);

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
/// An account's data.
async fn bytes(world: &mut World, key: Pubkey) -> Vec<u8> {
    world.chain.account(key).await.unwrap().data
}
