//! `repay`.

use anchor_lang::error::ErrorCode;
use anchor_spl::token_2022::spl_token_2022::{error::TokenError, state::AccountState};
use ballast::BallastError;
use ballast_client::instruction;
use ballast_tests::{attack, law::owed_up, refused, User, World};

/// A world in which a share of USDC debt owes more than a unit, and who owes it.
async fn indebted() -> (World, User) {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(20_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(1_000)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(10_000)).await.unwrap();
    world.tick(86_400 * 100).await;
    (world, ann)
}

#[tokio::test]
async fn a_repayment_pays_for_shares_rounded_down_and_all_of_it_costs_what_is_owed_rounded_up() {
    let (mut world, ann) = indebted().await;
    let usdc = world.usdc;
    let (before, till) = (world.books(&usdc).await, world.till(&usdc).await);
    let shares = world.shares(&ann, &usdc).await;
    world.repay(&ann, &usdc, 1_234_567_890).await.unwrap();
    let paid_for = ((1_234_567_890u128 << 64) / before.debt_index) as u64;
    assert_eq!(world.shares(&ann, &usdc).await, shares - paid_for);
    assert_eq!(world.wallet(&ann, &usdc).await, usdc.units(10_000) - 1_234_567_890);
    assert_eq!(world.till(&usdc).await, till + 1_234_567_890);
    let after = world.books(&usdc).await;
    assert_eq!(after.free_tokens.0, before.free_tokens.0 + 1_234_567_890);
    assert_eq!(after.debt_shares.0, before.debt_shares.0 - paid_for);
    assert_eq!((after.debt_index, after.deposit_shares), (before.debt_index, before.deposit_shares));

    world.give(&ann, &usdc, usdc.units(1_000)).await;
    let held = world.wallet(&ann, &usdc).await;
    let owed = owed_up(shares - paid_for, before.debt_index);
    world.repay(&ann, &usdc, u64::MAX).await.unwrap();
    assert_eq!(world.wallet(&ann, &usdc).await, held - owed);
    assert_eq!(world.till(&usdc).await, till + 1_234_567_890 + owed);
    assert_eq!(world.books(&usdc).await.debt_shares.0, 0);
    assert_eq!(world.obligation(&ann).await.position_count, 1);
}

#[tokio::test]
async fn more_than_is_owed_means_all_and_takes_no_more() {
    for more in [0, 1, 1_000_000, u64::MAX >> 1] {
        let (mut world, ann) = indebted().await;
        let usdc = world.usdc;
        let owed = owed_up(world.shares(&ann, &usdc).await, world.books(&usdc).await.debt_index);
        world.give(&ann, &usdc, usdc.units(1_000)).await;
        world.repay(&ann, &usdc, owed + more).await.unwrap();
        assert_eq!(world.wallet(&ann, &usdc).await, usdc.units(11_000) - owed);
        assert_eq!(world.shares(&ann, &usdc).await, 0);
    }
}

#[tokio::test]
async fn one_unit_less_than_is_owed_leaves_a_debt() {
    let (mut world, ann) = indebted().await;
    let usdc = world.usdc;
    let owed = owed_up(world.shares(&ann, &usdc).await, world.books(&usdc).await.debt_index);
    world.give(&ann, &usdc, usdc.units(1_000)).await;
    world.repay(&ann, &usdc, owed - 1).await.unwrap();
    assert_eq!(world.shares(&ann, &usdc).await, 1);
    // a share owes more than a unit now, so a unit buys none of it, but all of it can be paid
    refused(world.repay(&ann, &usdc, 1).await, BallastError::ZeroAmount);
    world.repay(&ann, &usdc, u64::MAX).await.unwrap();
    assert_eq!(world.wallet(&ann, &usdc).await, usdc.units(11_000) - (owed - 1) - 2);
}

#[tokio::test]
async fn anyone_may_repay_for_anyone_but_only_from_its_own_tokens() {
    let (mut world, ann) = indebted().await;
    let (usdc, eve) = (world.usdc, world.user().await);
    world.give(&eve, &usdc, usdc.units(20_000)).await;
    let owed = owed_up(world.shares(&ann, &usdc).await, world.books(&usdc).await.debt_index);
    // not with the debtor's tokens
    let asset = world.asset(&usdc);
    let repay = instruction::repay(eve.key(), ann.obligation(), &asset, 5);
    let with_anns = attack::swapped(&repay, asset.wallet(&eve.key()), asset.wallet(&ann.key()));
    refused(world.send(&[with_anns], &[&eve.keypair]).await, TokenError::OwnerMismatch);
    let unsigned = attack::unsigned(&instruction::repay(ann.key(), ann.obligation(), &asset, 5));
    refused(world.send(&[unsigned], &[&eve.keypair]).await, ErrorCode::AccountNotSigner);

    world.repay_for(&eve, &ann, &usdc, u64::MAX).await.unwrap();
    assert_eq!(world.wallet(&eve, &usdc).await, usdc.units(20_000) - owed);
    assert_eq!(world.wallet(&ann, &usdc).await, usdc.units(10_000));
    assert_eq!(world.shares(&ann, &usdc).await, 0);
    let sol = world.sol;
    world.withdraw(&ann, &sol, u64::MAX).await.unwrap();
}

#[tokio::test]
async fn amounts_of_nothing_or_too_much_are_refused() {
    let (mut world, ann) = indebted().await;
    let (usdc, sol, eth) = (world.usdc, world.sol, world.eth);
    refused(world.repay(&ann, &usdc, 0).await, BallastError::ZeroAmount);
    refused(world.repay(&ann, &sol, 1).await, BallastError::NoSuchPosition);
    refused(world.repay(&ann, &eth, 1).await, BallastError::NoSuchPosition);
    // interest is due: what was borrowed does not pay it
    refused(world.repay(&ann, &usdc, u64::MAX).await, TokenError::InsufficientFunds);
}

#[tokio::test]
async fn no_price_is_needed_to_repay() {
    let (mut world, ann) = indebted().await;
    let usdc = world.usdc;
    world.chain.pass(86_400 * 365);
    world.give(&ann, &usdc, usdc.units(10_000)).await;
    world.repay(&ann, &usdc, usdc.units(1)).await.unwrap();
    world.repay(&ann, &usdc, u64::MAX).await.unwrap();
    assert_eq!(world.shares(&ann, &usdc).await, 0);
}

#[tokio::test]
async fn a_frozen_reserve_takes_nothing() {
    let (mut world, ann) = indebted().await;
    let (usdc, vault) = (world.usdc, world.vault);
    let (tokens, held) = (world.asset(&usdc).tokens(), world.till(&usdc).await);
    usdc.write_tokens(&mut world.chain, tokens, &vault, held, AccountState::Frozen);
    refused(world.repay(&ann, &usdc, 1_000).await, TokenError::AccountFrozen);
    usdc.write_tokens(&mut world.chain, tokens, &vault, held, AccountState::Initialized);
    world.repay(&ann, &usdc, 1_000).await.unwrap();
}
