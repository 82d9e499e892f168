//! `deposit` and `withdraw`.

use anchor_lang::error::ErrorCode;
use anchor_spl::token_2022::spl_token_2022::{error::TokenError, state::AccountState};
use ballast::{
    state::{Obligation, Reserve, Side},
    BallastError, MAX_POSITIONS,
};
use ballast_client::{account::reserves_of, instruction};
use ballast_risk::{breaker::State, presets::AssetKind, reserve::MAX_TOTAL};
use ballast_tests::{attack, law::worth_down, market::TOKEN, refused, usd, Market, User, World};

/// A world in which a share of USDC deposits is worth more than a unit, and its lender.
async fn aged() -> (World, User) {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    let lender = world.lender(&usdc, usdc.units(20_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(1_000)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(18_000)).await.unwrap();
    world.tick(86_400 * 365).await;
    (world, lender)
}

#[tokio::test]
async fn a_deposit_moves_its_tokens_and_counts_as_shares_rounded_down() {
    let (mut world, _) = aged().await;
    let usdc = world.usdc;
    let bob = world.user().await;
    world.give(&bob, &usdc, 1_000_000).await;
    let (till, before) = (world.till(&usdc).await, world.books(&usdc).await);
    assert!(before.deposit_index > 1 << 64);
    let mut held = 0;
    for (deposited, amount) in [(0, 999_983), (999_983, 1), (999_984, 7)] {
        let index = world.books(&usdc).await.deposit_index;
        let result = world.deposit_own(&bob, &usdc, amount).await;
        let shares = ((u128::from(amount) << 64) / index) as u64; // the clock stands still: no interest in between
        if shares == 0 {
            refused(result, BallastError::ZeroAmount);
            continue;
        }
        result.unwrap();
        held += shares;
        let spent = if deposited == 0 { amount } else { 999_983 + amount };
        assert_eq!(world.shares(&bob, &usdc).await, held);
        assert_eq!(world.wallet(&bob, &usdc).await, 1_000_000 - spent);
        assert_eq!(world.till(&usdc).await, till + spent);
        let after = world.books(&usdc).await;
        assert_eq!(after.free_tokens.0, before.free_tokens.0 + spent);
        assert_eq!(after.deposit_shares.0, before.deposit_shares.0 + held);
        assert_eq!((after.deposit_index, after.debt_shares), (before.deposit_index, before.debt_shares));
    }
    let obligation = world.obligation(&bob).await;
    assert_eq!(reserves_of(&obligation), [world.asset(&usdc).reserve()]);
    assert_eq!(obligation.positions[0].side(), Some(Side::Deposit));
}

#[tokio::test]
async fn a_withdrawal_pays_its_amount_for_shares_rounded_up_and_all_of_it_rounded_down() {
    let (mut world, _) = aged().await;
    let usdc = world.usdc;
    let bob = world.lender(&usdc, 5_000_000_000).await;
    let (till, shares) = (world.till(&usdc).await, world.shares(&bob, &usdc).await);
    let index = world.books(&usdc).await.deposit_index;
    let cost = (1_234_567u128 << 64).div_ceil(index) as u64;
    world.withdraw(&bob, &usdc, 1_234_567).await.unwrap();
    assert_eq!(world.wallet(&bob, &usdc).await, 1_234_567);
    assert_eq!(world.till(&usdc).await, till - 1_234_567);
    assert_eq!(world.shares(&bob, &usdc).await, shares - cost);

    let rest = worth_down(shares - cost, index);
    refused(world.withdraw(&bob, &usdc, rest + 1).await, BallastError::InsufficientAmount);
    world.withdraw(&bob, &usdc, u64::MAX).await.unwrap();
    assert_eq!(world.wallet(&bob, &usdc).await, 1_234_567 + rest);
    assert_eq!(world.obligation(&bob).await.position_count, 0);
    assert!(1_234_567 + rest <= 5_000_000_000 && 1_234_567 + rest >= 5_000_000_000 - 3);
}

#[tokio::test]
async fn amounts_of_nothing_or_too_much_are_refused() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let bob = world.user().await;
    usdc.fund(&mut world.chain, &bob.key(), u64::MAX);
    refused(world.deposit_own(&bob, &usdc, 0).await, BallastError::ZeroAmount);
    refused(world.deposit_own(&bob, &usdc, u64::MAX).await, BallastError::Overflow);
    refused(world.deposit_own(&bob, &usdc, MAX_TOTAL + 1).await, BallastError::Overflow);
    refused(world.withdraw(&bob, &usdc, 1).await, BallastError::NoSuchPosition);
    world.deposit_own(&bob, &usdc, MAX_TOTAL).await.unwrap();
    refused(world.deposit_own(&bob, &usdc, 1).await, BallastError::Overflow);
    refused(world.withdraw(&bob, &usdc, 0).await, BallastError::ZeroAmount);
    refused(world.withdraw(&bob, &usdc, MAX_TOTAL + 1).await, BallastError::InsufficientAmount);
    refused(world.withdraw(&bob, &usdc, u64::MAX - 1).await, BallastError::InsufficientAmount);
    world.withdraw(&bob, &usdc, u64::MAX).await.unwrap();
    assert_eq!(world.wallet(&bob, &usdc).await, u64::MAX);
    refused(world.withdraw(&bob, &usdc, u64::MAX).await, BallastError::NoSuchPosition);

    usdc.fund(&mut world.chain, &bob.key(), 9);
    refused(world.deposit_own(&bob, &usdc, 10).await, TokenError::InsufficientFunds);
}

#[tokio::test]
async fn a_lender_takes_out_what_is_free_and_waits_for_the_rest() {
    let (mut world, lender) = aged().await;
    let usdc = world.usdc;
    let free = world.books(&usdc).await.free_tokens.0;
    assert_eq!(free, usdc.units(2_000));
    refused(world.withdraw(&lender, &usdc, u64::MAX).await, BallastError::InsufficientLiquidity);
    refused(world.withdraw(&lender, &usdc, free + 1).await, BallastError::InsufficientLiquidity);
    world.withdraw(&lender, &usdc, free).await.unwrap();
    refused(world.withdraw(&lender, &usdc, 1).await, BallastError::InsufficientLiquidity);
    assert_eq!(world.till(&usdc).await, 0);
}

#[tokio::test]
async fn strangers_neither_deposit_into_nor_withdraw_from_an_obligation() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let ann = world.lender(&usdc, usdc.units(100)).await;
    let eve = world.user().await;
    world.give(&eve, &usdc, usdc.units(100)).await;
    let asset = world.asset(&usdc);
    let deposit = instruction::deposit(&eve.account, &asset, 1);
    let into_ann = attack::swapped(&deposit, eve.obligation(), ann.obligation());
    refused(world.send(&[into_ann], &[&eve.keypair]).await, BallastError::NotOwner);
    let withdraw = instruction::withdraw(&eve.account, &asset, 1, &[]);
    let from_ann = attack::swapped(&withdraw, eve.obligation(), ann.obligation());
    refused(world.send(&[from_ann], &[&eve.keypair]).await, BallastError::NotOwner);
    for act in
        [instruction::deposit(&ann.account, &asset, 1), instruction::withdraw(&ann.account, &asset, 1, &[])]
    {
        let unsigned = attack::unsigned(&act);
        refused(world.send(&[unsigned], &[&eve.keypair]).await, ErrorCode::AccountNotSigner);
    }
}

#[tokio::test]
async fn an_obligation_holds_sixteen_positions() {
    let mut world = World::start().await;
    let user = world.user().await;
    let mut markets = world.markets().to_vec();
    while markets.len() <= MAX_POSITIONS {
        let market = Market::create(&mut world.chain, AssetKind::Alt, 5, TOKEN, usd(1));
        world.add_reserve(&market).await.unwrap();
        markets.push(market);
    }
    for market in &markets[..MAX_POSITIONS] {
        world.deposit(&user, market, 1).await.unwrap();
    }
    let last = markets[MAX_POSITIONS];
    refused(world.deposit(&user, &last, 1).await, BallastError::TooManyPositions);
    // more of what is there fits, and a place that becomes free is used; the others keep their order
    world.deposit(&user, &markets[3], 5).await.unwrap();
    world.withdraw(&user, &markets[7], u64::MAX).await.unwrap();
    world.deposit(&user, &last, 1).await.unwrap();
    let order: Vec<_> =
        (0..=MAX_POSITIONS).filter(|i| *i != 7).map(|i| world.asset(&markets[i]).reserve()).collect();
    assert_eq!(reserves_of(&world.obligation(&user).await), order);
    for market in markets.iter().rev().filter(|market| market.mint != markets[7].mint) {
        world.withdraw(&user, market, u64::MAX).await.unwrap();
    }
    let obligation: Obligation = world.obligation(&user).await;
    assert_eq!((obligation.position_count, obligation.positions), (0, Default::default()));
}

#[tokio::test]
async fn an_obligation_reads_at_most_24_price_accounts() {
    let mut world = World::start().await;
    let user = world.user().await;
    for composed in 0..=12 {
        let market = Market::create(&mut world.chain, AssetKind::Alt, 5, TOKEN, usd(1));
        world.add_reserve(&market).await.unwrap();
        let key = world.asset(&market).reserve();
        world.chain.edit::<Reserve>(key, |reserve| reserve.source.rate_feed_id = [1; 32]).await;
        let result = world.deposit(&user, &market, 1).await;
        if composed == 12 {
            refused(result, BallastError::TooManyPriceAccounts); // two accounts each
        } else {
            result.unwrap();
        }
    }
    let sol = world.sol;
    refused(world.deposit(&user, &sol, 1).await, BallastError::TooManyPriceAccounts);
}

#[tokio::test]
async fn one_side_of_a_reserve_at_a_time() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(10_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(1_000)).await.unwrap();
    refused(world.deposit(&ann, &usdc, 1).await, BallastError::DebtInReserve);
    refused(world.withdraw(&ann, &usdc, 1).await, BallastError::NoSuchPosition);
    refused(world.borrow(&ann, &sol, sol.units(1)).await, BallastError::DepositInReserve);
    refused(world.repay(&ann, &sol, 1).await, BallastError::NoSuchPosition);
    // a second obligation may do what the first may not
    let second = world.open(&ann, 1).await;
    world.deposit_own(&second, &usdc, usdc.units(500)).await.unwrap();
}

#[tokio::test]
async fn nothing_but_a_debt_asks_for_prices() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let ann = world.lender(&usdc, usdc.units(100)).await;
    // no price was posted for a year, nor ever for a new reserve
    world.chain.pass(86_400 * 365);
    let unpriced = Market::create(&mut world.chain, AssetKind::Alt, 5, TOKEN, usd(1));
    world.add_reserve(&unpriced).await.unwrap();
    world.deposit(&ann, &usdc, usdc.units(1)).await.unwrap();
    world.deposit(&ann, &unpriced, 77).await.unwrap();
    // and no remaining account is read
    for (market, amount) in [(usdc, usdc.units(101)), (unpriced, 77)] {
        let withdraw = instruction::withdraw(&ann.account, &world.asset(&market), u64::MAX, &[]);
        world.must(&[withdraw], &[&ann.keypair]).await;
        assert_eq!(world.wallet(&ann, &market).await, amount);
    }
}

#[tokio::test]
async fn frozen_token_accounts_stop_transfers_and_change_nothing() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let ann = world.lender(&usdc, usdc.units(100)).await;
    let (own, tokens) = (world.asset(&usdc).wallet(&ann.key()), world.asset(&usdc).tokens());
    usdc.write_tokens(&mut world.chain, own, &ann.key(), 50, AccountState::Frozen);
    refused(world.deposit_own(&ann, &usdc, 1).await, TokenError::AccountFrozen);
    refused(world.withdraw(&ann, &usdc, 1).await, TokenError::AccountFrozen);
    usdc.write_tokens(&mut world.chain, own, &ann.key(), 50, AccountState::Initialized);

    let (vault, held) = (world.vault, usdc.units(100));
    usdc.write_tokens(&mut world.chain, tokens, &vault, held, AccountState::Frozen);
    refused(world.deposit_own(&ann, &usdc, 1).await, TokenError::AccountFrozen);
    refused(world.withdraw(&ann, &usdc, 1).await, TokenError::AccountFrozen);
    usdc.write_tokens(&mut world.chain, tokens, &vault, held, AccountState::Initialized);
    world.withdraw(&ann, &usdc, u64::MAX).await.unwrap();
    assert_eq!(world.wallet(&ann, &usdc).await, 50 + held);
}

#[tokio::test]
async fn a_reserve_short_of_the_tokens_in_its_books_pays_nobody_too_much() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let ann = world.lender(&usdc, usdc.units(100)).await;
    let (vault, tokens) = (world.vault, world.asset(&usdc).tokens());
    usdc.write_tokens(&mut world.chain, tokens, &vault, usdc.units(40), AccountState::Initialized);
    // whoever leaves finds the deficit, so that the reserve is halted before anything is paid: a fifth a day
    for amount in [u64::MAX, usdc.units(20) + 1] {
        let more = world.withdrawal(&ann, &usdc, amount).await;
        refused(world.chain.send(&[more], &[&ann.keypair]).await, BallastError::ExitShareSpent);
    }
    let part = world.withdrawal(&ann, &usdc, usdc.units(20)).await;
    world.chain.send(&[part], &[&ann.keypair]).await.unwrap();
    assert_eq!(world.state(&usdc).await, State::Halted);
    // and never more than there is
    world.set_state(&usdc, State::WindDown).await;
    let rest = world.withdrawal(&ann, &usdc, usdc.units(20) + 1).await;
    refused(world.chain.send(&[rest], &[&ann.keypair]).await, TokenError::InsufficientFunds);
    let rest = world.withdrawal(&ann, &usdc, usdc.units(20)).await;
    world.chain.send(&[rest], &[&ann.keypair]).await.unwrap();
    assert_eq!(world.wallet(&ann, &usdc).await, usdc.units(40));
}
