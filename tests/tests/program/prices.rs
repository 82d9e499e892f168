//! `refresh_reserves`: which prices are taken.

use anchor_lang::{
    error::ErrorCode,
    prelude::{AccountMeta, Pubkey},
};
use ballast::{
    state::{PriceState, Reserve, Vault},
    BallastError, MAX_PRICE_AHEAD,
};
use ballast_client::{
    instruction,
    price::{Price, PRICE_PROGRAM},
    Event,
};
use ballast_risk::price::UnitPrice;
use ballast_tests::{attack, market::EXPONENT, refused, usd, Market, Reason, World};
use std::slice::from_ref;

/// What a reserve must store of a price, with `k` = 1 confidence interval.
fn stored(price: &Price, decimals: u8) -> PriceState {
    let unit =
        |mantissa: i64| UnitPrice::from_oracle(mantissa as u64, price.exponent, decimals).unwrap().into();
    let interval = price.confidence as i64;
    PriceState {
        spot: unit(price.price),
        low: unit((price.price - interval).min(price.ema)),
        high: unit((price.price + interval).max(price.ema)),
        price: price.price,
        confidence: price.confidence,
        ema: price.ema,
        publish_time: price.publish_time as u64,
        posted_slot: price.posted_slot,
        exponent: price.exponent,
        confidence_bps: (price.confidence * 10_000).div_ceil(price.price as u64) as u32,
    }
}

/// Posts a price a second later and refreshes.
async fn post(
    world: &mut World,
    market: &Market,
    change: impl FnOnce(&mut Price),
) -> (Price, Result<ballast_tests::Receipt, ballast_tests::Failure>) {
    world.chain.pass(1);
    let mut quote = market.quote(&world.chain);
    change(&mut quote);
    market.post_raw(&mut world.chain, &quote);
    (quote, world.refresh_one(market).await)
}

#[tokio::test]
async fn a_newer_price_is_stored_with_its_bounds_and_reported() {
    let mut world = World::start().await;
    let sol = world.sol;
    for ema in [150, 199, 201, 250] {
        let before = world.reserve(&sol).await.price;
        let wide = usd(1) as u64 / 2;
        let change = |q: &mut Price| (q.price, q.confidence, q.ema) = (usd(200), wide, usd(ema));
        let (quote, result) = post(&mut world, &sol, change).await;
        let receipt = result.unwrap();
        let reserve = world.reserve(&sol).await;
        assert_eq!(reserve.price, stored(&quote, sol.decimals));
        assert_eq!(reserve.price.confidence_bps, 25);
        let Some(Event::ReserveRefreshed(event)) = receipt.events.last() else { panic!("a refresh") };
        assert_eq!(event.reserve, world.asset(&sol).reserve());
        assert_eq!((event.price_before, event.publish_time_before), (before.price, before.publish_time));
        assert_eq!((event.price, event.confidence, event.ema), (usd(200), wide, usd(ema)));
        assert_eq!((event.exponent, event.publish_time), (EXPONENT, quote.publish_time as u64));
        assert_eq!(event.books, (&reserve.books).into());
    }
}

#[tokio::test]
async fn an_older_or_equal_update_changes_no_byte_and_is_no_error() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(10_000)).await.unwrap();
    world.chain.pass(5); // interest is due: a no-op must not book it either

    let newest = usdc.quote(&world.chain).publish_time - 5;
    for publish_time in [newest, newest - 1, newest - 1_000_000, 0] {
        for price in [usd(1), usd(2), 1] {
            let quote = Price { publish_time, price, ema: price, ..usdc.quote(&world.chain) };
            usdc.post_raw(&mut world.chain, &quote);
            let key = world.asset(&usdc).reserve();
            let before = world.chain.account(key).await.unwrap();
            let receipt = world.refresh_one(&usdc).await.unwrap();
            assert!(receipt.events.is_empty());
            assert_eq!(world.chain.account(key).await.unwrap(), before);
        }
    }
}

#[tokio::test]
async fn the_order_of_refreshes_never_matters() {
    let mut outcomes = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut world = World::start().await;
        let sol = world.sol;
        world.chain.pass(10);
        for step in order {
            let price = usd(200 + step);
            let publish_time = world.chain.now() - 5 + step;
            let quote = Price { price, publish_time, ..sol.quote(&world.chain) };
            sol.post_raw(&mut world.chain, &quote);
            world.refresh_one(&sol).await.unwrap();
        }
        let reserve = world.reserve(&sol).await;
        assert_eq!(reserve.price.price, usd(202));
        outcomes.push((reserve.price, reserve.books));
    }
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
}

#[tokio::test]
async fn one_instruction_with_an_older_and_a_newer_update_keeps_the_newer() {
    let mut world = World::start().await;
    let (sol, payer) = (world.sol, world.curator.insecure_clone());
    world.chain.pass(10);
    let (older, newer) = (Pubkey::new_unique(), Pubkey::new_unique());
    for (key, age, price) in [(older, 3, usd(300)), (newer, 1, usd(100))] {
        let quote = sol.quote(&world.chain);
        let quote = Price { price, publish_time: quote.publish_time - age, ..quote };
        world.chain.set_account(key, PRICE_PROGRAM, quote.account_data());
    }
    let reserve = world.asset(&sol).reserve();
    let refresh =
        instruction::refresh_reserves(world.vault, &[(reserve, older), (reserve, newer), (reserve, older)]);
    let receipt = world.must(&[refresh], &[&payer]).await;
    // both were newer than what was there; the third was not
    let refreshed = |event: &&Event| matches!(event, Event::ReserveRefreshed(_));
    assert_eq!(receipt.events.iter().filter(refreshed).count(), 2);
    assert_eq!(world.reserve(&sol).await.price.price, usd(100));
}

#[tokio::test]
async fn prices_that_make_no_sense_are_refused() {
    type Change = fn(&mut Price);
    let nonsense: &[(&str, Change)] = &[
        ("zero", |q| q.price = 0),
        ("negative", |q| q.price = -usd(200)),
        ("the most negative", |q| q.price = i64::MIN),
        ("an average of zero", |q| q.ema = 0),
        ("a negative average", |q| q.ema = -1),
        ("a confidence as wide as the price", |q| q.confidence = q.price as u64),
        ("the widest confidence", |q| q.confidence = u64::MAX),
        ("a positive exponent", |q| q.exponent = 1),
        ("an exponent below -12", |q| q.exponent = -13),
        ("the largest exponent", |q| q.exponent = i32::MAX),
        ("the smallest exponent", |q| q.exponent = i32::MIN),
        ("above a billion dollars", |q| (q.price, q.exponent) = (1_000_000_001, 0)),
        ("the largest price", |q| (q.price, q.exponent) = (i64::MAX, 0)),
        ("an average above a billion dollars", |q| q.ema = i64::MAX),
        ("published before 1970", |q| q.publish_time = -1),
        ("published at the beginning of time", |q| q.publish_time = i64::MIN),
    ];
    let mut world = World::start().await;
    let sol = world.sol;
    let before = world.reserve(&sol).await.price;
    for (what, change) in nonsense {
        println!("{what}");
        refused(post(&mut world, &sol, change).await.1, BallastError::PriceUnusable);
    }
    assert_eq!(world.reserve(&sol).await.price, before);
    // the ends of the range are taken
    for (price, exponent) in
        [(1_000_000_000, 0), (1, -12), (1, 0), (i64::MAX / 10, -10), (usd(200), EXPONENT)]
    {
        let change = |q: &mut Price| (q.price, q.ema, q.exponent, q.confidence) = (price, price, exponent, 0);
        let (quote, result) = post(&mut world, &sol, change).await;
        result.unwrap();
        assert_eq!(world.reserve(&sol).await.price, stored(&quote, sol.decimals));
    }
}

#[tokio::test]
async fn prices_from_the_future_are_refused() {
    let mut world = World::start().await;
    let sol = world.sol;
    let ahead = MAX_PRICE_AHEAD as i64;
    refused(
        post(&mut world, &sol, |q| q.publish_time += ahead + 1).await.1,
        BallastError::PriceFromTheFuture,
    );
    refused(post(&mut world, &sol, |q| q.publish_time = i64::MAX).await.1, BallastError::PriceFromTheFuture);
    refused(post(&mut world, &sol, |q| q.posted_slot += 1).await.1, BallastError::PriceFromTheFuture);
    refused(post(&mut world, &sol, |q| q.posted_slot = u64::MAX).await.1, BallastError::PriceFromTheFuture);
    // the cluster's clock may run behind by a minute
    post(&mut world, &sol, |q| q.publish_time += ahead).await.1.unwrap();
}

#[tokio::test]
async fn a_refresh_takes_pairs_of_this_vaults_reserves_and_their_prices() {
    let mut world = World::start().await;
    let other = world.open_vault(2).await;
    let ann = world.user().await;
    let (sol, payer) = (world.sol, world.curator.insecure_clone());
    world.tick(1).await;
    world.chain.pass(1);
    let quote = sol.quote(&world.chain);
    sol.post_raw(&mut world.chain, &quote);
    let (reserve, price) = (world.asset(&sol).reserve(), sol.price_account);
    let good = instruction::refresh_reserves(world.vault, &[(reserve, price)]);
    let remaining = |metas: Vec<AccountMeta>| {
        let mut changed = good.clone();
        changed.accounts.truncate(1);
        changed.accounts.extend(metas);
        changed
    };
    let (writable, read_only) =
        (|key| AccountMeta::new(key, false), |key| AccountMeta::new_readonly(key, false));
    let wrong: [(_, Reason); 12] = [
        (remaining(vec![]), BallastError::WrongRefreshAccounts.into()),
        (remaining(vec![writable(reserve)]), BallastError::WrongRefreshAccounts.into()),
        (
            remaining(vec![writable(reserve), read_only(price), writable(reserve)]),
            BallastError::WrongRefreshAccounts.into(),
        ),
        (remaining(vec![read_only(price), writable(reserve)]), ErrorCode::AccountOwnedByWrongProgram.into()),
        (remaining(vec![read_only(reserve), read_only(price)]), ErrorCode::AccountNotMutable.into()),
        (attack::swapped(&good, reserve, sol.asset(other).reserve()), BallastError::WrongVault.into()),
        (attack::swapped(&good, world.vault, other), BallastError::WrongVault.into()),
        (attack::swapped(&good, reserve, ann.obligation()), ErrorCode::AccountDiscriminatorMismatch.into()),
        (attack::swapped(&good, reserve, world.vault), ErrorCode::AccountDiscriminatorMismatch.into()),
        (attack::swapped(&good, world.vault, reserve), ErrorCode::AccountDiscriminatorMismatch.into()),
        (attack::swapped(&good, price, reserve), BallastError::PriceAccountOwner.into()),
        (attack::swapped(&good, price, world.eth.price_account), BallastError::PriceFeedMismatch.into()),
    ];
    for (refresh, reason) in wrong {
        println!("{reason:?}");
        refused(world.send(&[refresh], &[&payer]).await, reason);
    }
    for change in [1, -1i8] {
        world.chain.edit::<Reserve>(reserve, |r| r.version = r.version.wrapping_add_signed(change)).await;
        let result = world.chain.send(from_ref(&good), &[&payer]).await;
        if change == 1 {
            refused(result, BallastError::WrongStateVersion);
            world.chain.edit::<Vault>(world.vault, |v| v.version += 1).await;
            refused(world.chain.send(from_ref(&good), &[&payer]).await, BallastError::WrongStateVersion);
            world.chain.edit::<Vault>(world.vault, |v| v.version -= 1).await;
        } else {
            result.unwrap();
        }
    }
}
