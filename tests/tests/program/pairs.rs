//! `soft_liquidate`: which tranches are refused.

use anchor_lang::{error::ErrorCode, prelude::Pubkey};
use anchor_spl::token_2022::spl_token_2022::{error::TokenError, state::AccountState};
use ballast::BallastError;
use ballast_client::{
    instruction::{showing_frozen, Tranche},
    Event,
};
use ballast_risk::presets::steady;
use ballast_tests::{attack, refused, usd, Failure, Market, User, World};
use std::slice::from_ref;

/// Ann owes 14,000 USDC on 100 SOL at $165; a keeper has 100,000 USDC.
async fn fallen() -> (World, User, User) {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(100_000)).await;
    world.move_price(|w| &mut w.sol, usd(165)).await;
    (world, ann, keeper)
}

/// A book whose SOL debt hedges its liquid-staked SOL: LST $240,000 and USDC 20,000 against SOL $60,000 and BTC $90,000,
/// which rises to $154,800.
async fn hedged() -> (World, User, User) {
    let mut world = World::start().await;
    let (btc, sol, lst, usdc) = (world.btc, world.sol, world.lst, world.usdc);
    world.lender(&sol, sol.units(10_000)).await;
    world.lender(&btc, btc.units(100)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &lst, lst.units(1_000)).await.unwrap();
    world.deposit(&ann, &usdc, usdc.units(20_000)).await.unwrap();
    world.borrow(&ann, &sol, sol.units(300)).await.unwrap();
    world.borrow(&ann, &btc, btc.units(1) / 10 * 9).await.unwrap();
    for market in [btc, sol] {
        world.give(&keeper, &market, market.units(10_000)).await;
    }
    world.move_price(|w| &mut w.btc, usd(172_000)).await;
    assert!(!world.score(&ann).await.is_healthy());
    (world, ann, keeper)
}

#[tokio::test]
async fn a_healthy_obligation_is_left_alone() {
    let (mut world, ann, keeper) = fallen().await;
    let (sol, usdc) = (world.sol, world.usdc);
    // E = R: C − D = 0.17·C + 0.005·D, D = 14,000 and a little interest
    let debt = world.score(&ann).await.debt.0 as f64 / 1e6;
    let edge = debt * 1.005 / 0.83 / 100.0;
    world.move_price(|w| &mut w.sol, ((edge + 0.001) * 1e8) as i64).await;
    refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::Healthy);
    world.move_price(|w| &mut w.sol, ((edge - 0.001) * 1e8) as i64).await;
    world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
}

#[tokio::test]
async fn no_tranche_in_the_slot_of_the_last_borrow_or_withdrawal() {
    for withdraws in [false, true] {
        let mut world = World::start().await;
        let (sol, usdc) = (world.sol, world.usdc);
        world.lender(&usdc, usdc.units(1_000_000)).await;
        let (ann, keeper) = (world.user().await, world.user().await);
        world.give(&keeper, &usdc, usdc.units(10_000)).await;
        world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
        world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
        if withdraws {
            world.chain.pass(1);
            world.withdraw(&ann, &sol, 1).await.unwrap();
        }
        // the price falls within the slot
        let (slot, now) = (world.chain.slot(), world.chain.now());
        world.chain.go_to(slot, now + 1);
        world.sol.price = usd(165);
        world.refresh().await.unwrap();
        refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::SameSlot);
        // depositing and repaying do not renew it
        world.chain.go_to(slot + 1, now + 1);
        world.deposit(&ann, &sol, 1).await.unwrap();
        world.repay(&ann, &usdc, 1_000).await.unwrap();
        world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
    }
}

#[tokio::test]
async fn a_pair_is_a_debt_and_a_deposit_of_the_obligation() {
    let (mut world, ann, keeper) = fallen().await;
    let (sol, usdc, eth) = (world.sol, world.usdc, world.eth);
    for market in [sol, eth] {
        world.give(&keeper, &market, market.units(10)).await;
    }
    for (debt, deposit) in [(usdc, eth), (eth, sol), (sol, usdc), (eth, eth)] {
        if debt.mint == deposit.mint {
            continue;
        }
        let result = world.liquidate(&keeper, &ann, &debt, &deposit, u64::MAX).await;
        refused(result, BallastError::NoSuchPosition);
    }
    // the same reserve twice: its token accounts come twice, and no position has two sides
    for market in [usdc, sol] {
        let result = world.liquidate(&keeper, &ann, &market, &market, u64::MAX).await;
        refused(result, ErrorCode::ConstraintDuplicateMutableAccount);
    }
    let (debt, deposit) = (world.asset(&usdc).reserve(), world.asset(&sol).reserve());
    let tranche = world.tranche(&keeper, &ann, &usdc, &sol, u64::MAX).await;
    for (from, to) in [(debt, deposit), (deposit, debt)] {
        let slot = tranche.accounts.iter().position(|meta| meta.pubkey == from).unwrap();
        let twice = attack::with_account(&tranche, slot, to);
        assert!(world.send(&[twice], &[&keeper.keypair]).await.is_err());
    }
}

#[tokio::test]
async fn a_deposit_worth_less_than_a_micro_dollar_is_no_pair_of_a_solvent_book() {
    let (mut world, ann, keeper) = fallen().await;
    let (eth, usdc) = (world.eth, world.usdc);
    world.give(&keeper, &eth, 0).await;
    world.deposit(&ann, &eth, 1).await.unwrap();
    // a unit of ETH, $0.00004 now
    world.move_price(|w| &mut w.eth, usd(99)).await;
    refused(world.liquidate(&keeper, &ann, &usdc, &eth, u64::MAX).await, BallastError::NotAPair);
    world.move_price(|w| &mut w.eth, usd(4_000)).await;
    world.liquidate(&keeper, &ann, &usdc, &eth, u64::MAX).await.unwrap();
    assert_eq!(world.wallet(&keeper, &eth).await + world.reserve(&eth).await.books.insurance[1], 1);
}

#[tokio::test]
async fn a_pair_that_raises_risk_is_refused() {
    let (mut world, ann, keeper) = hedged().await;
    let (sol, usdc) = (world.sol, world.usdc);
    // repaying the hedge with dollars leaves more SOL open: 12.5 % of it, for 0.5 % of the dollars
    refused(world.liquidate(&keeper, &ann, &sol, &usdc, u64::MAX).await, BallastError::WorseningPair);
    refused(world.liquidate(&keeper, &ann, &sol, &usdc, sol.units(1)).await, BallastError::WorseningPair);
}

/// "ALT down while the others rise by half" is this book's worst row, by little before "all up": `stories/kinks.rs` of the
/// risk crate.
#[tokio::test]
async fn a_pair_that_only_seems_to_lower_risk_is_refused_by_the_exact_score() {
    let mut world = World::start().await;
    let (btc, eth, sol, lst, usdc, alt) = (world.btc, world.eth, world.sol, world.lst, world.usdc, world.alt);
    let (ann, keeper) = (world.user().await, world.user().await);
    let units = |market: &Market, dollars: f64| {
        (dollars * 1e8 / market.price as f64 * market.units(1) as f64).round() as u64
    };
    for market in [btc, eth] {
        world.lender(&market, units(&market, 1_000_000.0)).await;
    }
    for (market, dollars) in [(alt, 179.658132), (usdc, 1_518.064785), (sol, 1.108449), (lst, 1.182114)] {
        world.deposit(&ann, &market, units(&market, dollars)).await.unwrap();
    }
    // borrowed at half the price
    world.move_price(|w| &mut w.eth, eth.price / 2).await;
    world.move_price(|w| &mut w.btc, btc.price / 2).await;
    for (market, dollars) in [(eth, 890.303639), (btc, 630.683432)] {
        world.borrow(&ann, &market, units(&market, dollars)).await.unwrap();
    }
    world.move_price(|w| &mut w.eth, eth.price).await;
    world.move_price(|w| &mut w.btc, btc.price).await;
    world.give(&keeper, &eth, eth.units(100)).await;
    world.give(&keeper, &alt, 0).await;
    world.give(&keeper, &usdc, 0).await;
    for most in [units(&eth, 20.0), u64::MAX] {
        refused(world.liquidate(&keeper, &ann, &eth, &alt, most).await, BallastError::WorseningPair);
    }
    world.liquidate(&keeper, &ann, &eth, &usdc, u64::MAX).await.unwrap();
}

#[tokio::test]
async fn a_pair_that_removes_less_than_half_of_the_best_ones_risk_is_refused() {
    let (mut world, ann, keeper) = hedged().await;
    let (btc, sol, lst) = (world.btc, world.sol, world.lst);
    // SOL for LST keeps the hedge: 18.5 % − 12.5 %. BTC for LST: 18.5 % + 6.25 % + 2 %
    refused(world.liquidate(&keeper, &ann, &sol, &lst, u64::MAX).await, BallastError::BetterPairAvailable);
    world.liquidate(&keeper, &ann, &btc, &lst, u64::MAX).await.unwrap();
}

#[tokio::test]
async fn a_frozen_debt_does_not_shield_the_others() {
    let (mut world, ann, keeper) = hedged().await;
    let (btc, sol, lst, vault) = (world.btc, world.sol, world.lst, world.vault);
    let (tokens, held) = (world.asset(&btc).tokens(), world.till(&btc).await);
    let other = Pubkey::new_unique();
    btc.write_tokens(&mut world.chain, other, &keeper.key(), held, AccountState::Frozen);
    let by_sol = world.tranche(&keeper, &ann, &sol, &lst, u64::MAX).await;
    // not frozen, not the reserve's, or no token account at all
    for shown in [tokens, other, world.asset(&sol).tokens(), world.asset(&btc).reserve(), btc.mint] {
        let shows = showing_frozen(by_sol.clone(), &[shown]);
        let result = world.send(&[shows], &[&keeper.keypair]).await;
        refused(result, BallastError::WrongRemainingAccounts);
    }
    btc.write_tokens(&mut world.chain, tokens, &vault, held, AccountState::Frozen);
    refused(world.liquidate(&keeper, &ann, &btc, &lst, u64::MAX).await, BallastError::TokenAccountFrozen);
    refused(world.send(from_ref(&by_sol), &[&keeper.keypair]).await, BallastError::BetterPairAvailable);
    world.must(&[showing_frozen(by_sol, &[tokens])], &[&keeper.keypair]).await;
}

#[tokio::test]
async fn a_depth_bucket_is_shared_refills_and_keeps_half_for_urgent_books() {
    let mut world = World::start().await;
    let (alt, usdc) = (world.alt, world.usdc);
    world.lender(&usdc, usdc.units(10_000_000)).await;
    let [ann, bob, keeper] = [world.user().await, world.user().await, world.user().await];
    for user in [&ann, &bob] {
        world.deposit(user, &alt, alt.units(500_000)).await.unwrap(); // $1M
        world.borrow(user, &usdc, usdc.units(560_000)).await.unwrap();
    }
    world.give(&keeper, &usdc, usdc.units(1_000_000)).await;
    let executed = async |world: &mut World, whose: &User| {
        let receipt = world.liquidate(&keeper, whose, &usdc, &alt, u64::MAX).await?;
        let [Event::TrancheExecuted(tranche)] = &receipt.events[..] else { panic!("one tranche") };
        Ok::<_, Failure>((tranche.limit, tranche.net_risk_ppm, tranche.seized_value as f64 / 1e6))
    };
    // the alt's market takes $10M, its bucket 1 % of it: $100,000, of which calm books may use half
    world.move_price(|w| &mut w.alt, usd(152) / 100).await;
    let (limit, net_risk, first) = executed(&mut world, &ann).await.unwrap();
    assert!(limit == 2 && net_risk < 250_000, "{limit} {net_risk}");
    assert!((first - 50_000.0).abs() < 1.0, "{first}");
    refused(executed(&mut world, &bob).await, BallastError::DepthBucketEmpty);
    // it refills in a minute: a twelfth of it in five seconds
    world.tick(5).await;
    let (limit, _, second) = executed(&mut world, &bob).await.unwrap();
    assert!(limit == 2 && (second - 100_000.0 * 5.0 / 60.0).abs() < 1.0, "{limit} {second}");
    refused(executed(&mut world, &bob).await, BallastError::DepthBucketEmpty);
    // from half of the net risk that allows all (25 %), the other half is there too
    world.move_price(|w| &mut w.alt, usd(1_434) / 1_000).await;
    let (limit, net_risk, urgent) = executed(&mut world, &bob).await.unwrap();
    assert!(limit == 2 && (250_000..300_000).contains(&net_risk), "{limit} {net_risk}");
    assert!((urgent - 50_000.0 - 100_000.0 / 60.0).abs() < 2.0, "{urgent}");
    refused(executed(&mut world, &bob).await, BallastError::DepthBucketEmpty);
    // and from 30 % there is no bucket
    world.move_price(|w| &mut w.alt, usd(125) / 100).await;
    let (limit, net_risk, free) = executed(&mut world, &ann).await.unwrap();
    assert!(limit != 2 && net_risk >= 300_000 && free > 100_000.0, "{limit} {net_risk} {free}");
}

#[tokio::test]
async fn remaining_accounts_are_the_reserves_of_the_book_in_order() {
    let (mut world, ann, keeper) = fallen().await;
    let other = world.open_vault(2).await;
    let (sol, usdc) = (world.sol, world.usdc);
    let (a, b) = (world.asset(&sol).reserve(), world.asset(&usdc).reserve());
    let foreign = sol.asset(other).reserve();
    let wrong: [&[Pubkey]; 7] = [&[], &[a], &[b], &[b, a], &[a, a], &[a, b, b], &[foreign, b]];
    for reserves in wrong {
        let mut tranche = world.tranche(&keeper, &ann, &usdc, &sol, u64::MAX).await;
        tranche.accounts.truncate(tranche.accounts.len() - 2);
        tranche
            .accounts
            .extend(reserves.iter().map(|key| anchor_lang::prelude::AccountMeta::new_readonly(*key, false)));
        let result = world.send(&[tranche], &[&keeper.keypair]).await;
        refused(result, BallastError::WrongRemainingAccounts);
    }
}

#[tokio::test]
async fn a_liquidator_pays_with_its_own_tokens_and_signs() {
    let (mut world, ann, keeper) = fallen().await;
    let (sol, usdc) = (world.sol, world.usdc);
    let (eve, asset) = (world.user().await, world.asset(&usdc));
    let tranche = world.tranche(&keeper, &ann, &usdc, &sol, u64::MAX).await;
    let unsigned = attack::unsigned(&tranche);
    refused(world.send(&[unsigned], &[&eve.keypair]).await, ErrorCode::AccountNotSigner);
    let by_eve = attack::swapped(&tranche, keeper.key(), eve.key());
    refused(world.send(&[by_eve], &[&eve.keypair]).await, BallastError::WrongTokenAccount);
    let with_anns = attack::swapped(&tranche, asset.wallet(&keeper.key()), asset.wallet(&ann.key()));
    refused(world.send(&[with_anns], &[&keeper.keypair]).await, TokenError::OwnerMismatch);
    let with_the_vaults = attack::with_account(&tranche, 7, asset.tokens());
    refused(
        world.send(&[with_the_vaults], &[&keeper.keypair]).await,
        ErrorCode::ConstraintDuplicateMutableAccount,
    );
    refused(world.liquidate(&eve, &ann, &usdc, &sol, u64::MAX).await, TokenError::InsufficientFunds);
}

#[tokio::test]
async fn a_debt_whose_token_account_is_frozen_is_not_repaid() {
    let (mut world, ann, keeper) = fallen().await;
    let (sol, usdc, vault) = (world.sol, world.usdc, world.vault);
    let (tokens, held) = (world.asset(&usdc).tokens(), world.till(&usdc).await);
    usdc.write_tokens(&mut world.chain, tokens, &vault, held, AccountState::Frozen);
    refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::TokenAccountFrozen);
    usdc.write_tokens(&mut world.chain, tokens, &vault, held, AccountState::Initialized);
    world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
}

#[tokio::test]
async fn accounts_of_another_vault_are_refused_in_every_slot_by_name() {
    let (mut world, ann, keeper) = fallen().await;
    let other = world.open_vault(2).await;
    let (sol, usdc) = (world.sol, world.usdc);
    let in_other = world.user_in(other).await;
    let tranche = world
        .tranche_with(&keeper, &ann, &usdc, &sol, |t: &mut Tranche| t.shares_to = Some(keeper.obligation()))
        .await;
    for (ours, theirs, reason) in [
        (world.vault, other, BallastError::WrongVault),
        (ann.obligation(), in_other.obligation(), BallastError::WrongVault),
        (world.asset(&usdc).tokens(), usdc.asset(other).tokens(), BallastError::WrongTokenAccount),
        (world.asset(&sol).tokens(), sol.asset(other).tokens(), BallastError::WrongTokenAccount),
        (usdc.mint, sol.mint, BallastError::WrongMint),
        (sol.mint, usdc.mint, BallastError::WrongMint),
    ] {
        let wrong = attack::swapped(&tranche, ours, theirs);
        refused(world.send(&[wrong], &[&keeper.keypair]).await, reason);
    }
    for market in [usdc, sol] {
        let ours = world.asset(&market).reserve();
        let slot = tranche.accounts.iter().position(|meta| meta.pubkey == ours).unwrap();
        let wrong = attack::with_account(&tranche, slot, market.asset(other).reserve());
        refused(world.send(&[wrong], &[&keeper.keypair]).await, BallastError::WrongVault);
    }
    for slot in [8, 13] {
        assert_eq!(tranche.accounts[slot].pubkey, sol.token_program);
        let wrong = attack::with_account(&tranche, slot, world.eth.token_program);
        refused(world.send(&[wrong], &[&keeper.keypair]).await, BallastError::WrongTokenProgram);
    }
    world.must(&[tranche], &[&keeper.keypair]).await;
}

#[tokio::test]
async fn a_pair_that_waits_for_its_depth_bucket_does_not_shield_the_others() {
    let mut world = World::start().await;
    let (btc, alt, usdc) = (world.btc, world.alt, world.usdc);
    world.lender(&usdc, usdc.units(10_000_000)).await;
    let [ann, bob, keeper] = [world.user().await, world.user().await, world.user().await];
    // Ann: BTC $100,000 and the alt for $20,000; Bob: the alt for $1M
    world.deposit(&ann, &btc, btc.units(1)).await.unwrap();
    world.deposit(&ann, &alt, alt.units(10_000)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(85_000)).await.unwrap();
    world.deposit(&bob, &alt, alt.units(500_000)).await.unwrap();
    world.borrow(&bob, &usdc, usdc.units(560_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(1_000_000)).await;
    world.alt.price = usd(152) / 100;
    world.move_price(|w| &mut w.btc, usd(86_000)).await;
    // the alt frees 30 % and the dollars' 0.5 %, BTC 14.5 % and 0.5 %: less than half
    refused(world.liquidate(&keeper, &ann, &usdc, &btc, u64::MAX).await, BallastError::BetterPairAvailable);
    // Bob's book is sold until the alt's bucket is empty for calm books: now BTC is what can be sold of Ann's
    world.liquidate(&keeper, &bob, &usdc, &alt, u64::MAX).await.unwrap();
    refused(world.liquidate(&keeper, &ann, &usdc, &alt, u64::MAX).await, BallastError::DepthBucketEmpty);
    let best = world.best_tranche(&ann).await.unwrap();
    assert_eq!((best.0, best.1), (2, 0));
    world.liquidate(&keeper, &ann, &usdc, &btc, u64::MAX).await.unwrap();
    // and when it has refilled, the alt comes first again
    world.tick(75).await;
    refused(world.liquidate(&keeper, &ann, &usdc, &btc, u64::MAX).await, BallastError::BetterPairAvailable);
    world.liquidate(&keeper, &ann, &usdc, &alt, u64::MAX).await.unwrap();
}

#[tokio::test]
async fn a_pair_whose_pace_is_spent_does_not_hold_the_others_at_its_pace() {
    let mut world = World::with_preset(steady().unwrap()).await;
    let (btc, alt, usdc) = (world.btc, world.alt, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let [ann, keeper] = [world.user().await, world.user().await];
    // BTC $100,000 and the alt for $20,000, of which steady sells a thousandth of the debt a window while little is missing
    world.deposit(&ann, &btc, btc.units(1)).await.unwrap();
    world.deposit(&ann, &alt, alt.units(10_000)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(90_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(100_000)).await;
    world.alt.price = usd(174) / 100;
    world.move_price(|w| &mut w.btc, usd(87_000)).await;
    refused(world.liquidate(&keeper, &ann, &usdc, &btc, u64::MAX).await, BallastError::BetterPairAvailable);
    let slow = world.liquidate(&keeper, &ann, &usdc, &alt, u64::MAX).await.unwrap();
    refused(world.liquidate(&keeper, &ann, &usdc, &alt, u64::MAX).await, BallastError::PaceMeterSpent);
    let best = world.best_tranche(&ann).await.unwrap();
    assert_eq!((best.0, best.1), (2, 0));
    let fast = world.liquidate(&keeper, &ann, &usdc, &btc, u64::MAX).await.unwrap();
    let [Event::TrancheExecuted(slow)] = &slow.events[..] else { panic!("one tranche") };
    let [Event::TrancheExecuted(fast)] = &fast.events[..] else { panic!("one tranche") };
    assert!(slow.repaid_value < 200_000_000 && fast.repaid_value > 20 * slow.repaid_value);
    // both are of one meter
    refused(world.liquidate(&keeper, &ann, &usdc, &btc, u64::MAX).await, BallastError::PaceMeterSpent);
    // a window later the alt comes first again
    world.tick(75).await;
    refused(world.liquidate(&keeper, &ann, &usdc, &btc, u64::MAX).await, BallastError::BetterPairAvailable);
    world.liquidate(&keeper, &ann, &usdc, &alt, u64::MAX).await.unwrap();
}
