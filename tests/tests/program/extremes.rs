//! The ends of every range: no account that can come into being stops the program from scoring or selling it.

use ballast::BallastError;
use ballast_client::{account::reserves_of, instruction, preset::reserve_config, price::Price, Event};
use ballast_risk::{breaker::State, presets::AssetKind, reserve::MAX_TOTAL};
use ballast_tests::{
    market::{TOKEN, TOKEN_2022},
    refused, usd, Market, Reason, User, World,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_signer::Signer;
use solana_transaction::InstructionError;

/// Posts a price of any mantissa and exponent, a second later, and refreshes.
async fn price_at(world: &mut World, market: &Market, price: i64, exponent: i32) {
    let quote = market.quote(&world.chain);
    let quote = Price { price, ema: price, confidence: 0, exponent, ..quote };
    market.post_raw(&mut world.chain, &quote);
    world.refresh_one(market).await.unwrap();
}

async fn score(world: &mut World, user: &User) -> (u64, u64) {
    let reserves = reserves_of(&world.obligation(user).await);
    let payer = world.curator.insecure_clone();
    let refresh = instruction::refresh_obligation(world.vault, user.obligation(), &reserves);
    let receipt = world.must(&[refresh], &[&payer]).await;
    let [Event::ObligationRefreshed(event)] = &receipt.events[..] else { panic!("one event") };
    (event.collateral, event.debt)
}

/// Adds a market of the preset's kind to the first vault, and people may hold it.
async fn add(
    world: &mut World,
    kind: AssetKind,
    decimals: u8,
    token_program: anchor_lang::prelude::Pubkey,
) -> Market {
    let market = Market::create(&mut world.chain, kind, decimals, token_program, usd(1));
    let mut config = reserve_config(&world.preset, kind, market.feed_id).unwrap();
    config.size_charge = 0; // or the largest amounts would have the largest margin
    config.curve.depth = u64::MAX; // or the debt cap would be reached long before
    let curator = world.curator.insecure_clone();
    let add = instruction::add_reserve(curator.pubkey(), &world.asset(&market), config);
    world.send_in_setup(world.vault, &[add], &[&curator]).await.unwrap();
    market
}

#[tokio::test]
async fn the_largest_amounts_at_the_highest_price_are_scored_lent_and_sold() {
    let mut world = World::start().await;
    let debt = add(&mut world, AssetKind::Usd, 2, TOKEN).await;
    let (ann, keeper, lender) = (world.user().await, world.user().await, world.user().await);
    for user in [&ann, &keeper] {
        world.give(user, &debt, 0).await;
    }
    world.deposit(&lender, &debt, MAX_TOTAL).await.unwrap();
    let mut deposits = vec![];
    for _ in 0..15 {
        let market = add(&mut world, AssetKind::Lst, 2, TOKEN_2022).await;
        world.deposit(&ann, &market, MAX_TOTAL).await.unwrap();
        world.give(&keeper, &market, 0).await;
        deposits.push(market);
    }
    // $1,000,000,000 a token: the highest price there is
    world.chain.pass(1);
    for market in deposits.iter().chain([&debt]) {
        price_at(&mut world, market, 1_000_000_000, 0).await;
    }
    assert_eq!(score(&mut world, &ann).await, (u64::MAX, 0)); // clamped for readers
    let most = MAX_TOTAL / 100 * 95;
    world.borrow(&ann, &debt, most).await.unwrap();
    assert_eq!(score(&mut world, &ann).await, (u64::MAX, u64::MAX));
    refused(world.borrow(&ann, &debt, MAX_TOTAL / 10).await, BallastError::InsufficientLiquidity);
    world.withdraw(&ann, &deposits[0], u64::MAX).await.unwrap();

    // all deposits but the last fall to nothing, and the debt is more than the rest is worth
    world.chain.pass(1);
    for market in deposits.iter().take(14) {
        price_at(&mut world, market, 1, -12).await;
    }
    price_at(&mut world, &deposits[14], 900_000_000, 0).await;
    price_at(&mut world, &debt, 1_000_000_000, 0).await;
    world.give(&keeper, &debt, MAX_TOTAL).await;
    let receipt = world.liquidate(&keeper, &ann, &debt, &deposits[14], u64::MAX).await.unwrap();
    let Some(Event::TrancheExecuted(tranche)) = receipt.events.first() else { panic!("a tranche") };
    assert!(tranche.insolvent && tranche.seized > 0);
    assert_eq!(world.wallet(&keeper, &deposits[14]).await, tranche.to_liquidator);
}

/// Whether a price may stand in a test of every range: its mantissa, its exponent.
fn any_price(random: &mut ChaCha8Rng) -> (i64, i32) {
    let exponent: i32 = random.random_range(-12..=0);
    let largest = 10i128.pow(9 + exponent.unsigned_abs()).min(i128::from(i64::MAX)) as u64;
    // every order of magnitude as often as any other
    let bits = 64 - largest.leading_zeros();
    let bits = random.random_range(1..=bits);
    let mantissa = random.random_range(0..=u64::MAX >> (64 - bits));
    (mantissa.clamp(1, largest) as i64, exponent)
}

#[tokio::test]
async fn at_any_prices_a_book_is_scored_and_no_tranche_of_it_breaks_the_program() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut world = World::start().await;
    let (ann, keeper) = (world.user().await, world.user().await);
    let mut book = vec![];
    for (i, decimals) in (0..12).zip([2, 6, 9, 12].into_iter().cycle()) {
        let kind = [AssetKind::Sol, AssetKind::Btc, AssetKind::Usd][i % 3];
        let market = add(&mut world, kind, decimals, TOKEN).await;
        price_at(&mut world, &market, 1, 0).await;
        world.give(&keeper, &market, u64::MAX / 4).await;
        world.give(&ann, &market, 0).await;
        if i < 8 {
            world.deposit(&ann, &market, market.units(1_000_000)).await.unwrap();
        } else {
            world.lender(&market, market.units(5_000_000)).await;
            world.borrow(&ann, &market, market.units(1_000_000)).await.unwrap();
        }
        book.push(market);
    }
    let (mut sold, mut refused) = (0, 0);
    for _ in 0..60 {
        world.chain.pass(1);
        for market in &book {
            let (price, exponent) = any_price(&mut random);
            price_at(&mut world, market, price, exponent).await;
        }
        if world.obligation(&ann).await.position_count == 0 {
            break;
        }
        score(&mut world, &ann).await;
        for _ in 0..4 {
            let (debt, deposit) = (book[random.random_range(8..12)], book[random.random_range(0..8)]);
            let most = u64::MAX >> random.random_range(0..64);
            match world.liquidate_for_shares(&keeper, &ann, &debt, &deposit, most).await {
                Ok(_) => sold += 1,
                Err(failure) => {
                    refused += 1;
                    let panicked = Reason::from(InstructionError::ProgramFailedToComplete);
                    assert!(failure.reason().is_some_and(|reason| reason != panicked), "{failure:#?}");
                }
            }
        }
    }
    println!("{sold} sold, {refused} refused");
    assert!(sold > 10 && refused > 10);
}

#[tokio::test]
async fn decades_without_anybody_leave_a_vault_that_works() {
    // in a hundred years the debt would pass what 64 bits hold: interest stops there
    for years in [20, 100] {
        let mut world = World::start().await;
        let (sol, usdc) = (world.sol, world.usdc);
        let lender = world.lender(&usdc, usdc.units(1_000_000)).await;
        let (ann, keeper) = (world.user().await, world.user().await);
        world.deposit(&ann, &sol, sol.units(10_000)).await.unwrap();
        world.borrow(&ann, &usdc, usdc.units(950_000)).await.unwrap();
        world.tick(years * 365 * 86_400).await;
        let books = world.books(&usdc).await;
        // 34 % a year, compounded
        let owed = 950_000e6 * (0.34 * years as f64).exp();
        let expected = if owed < MAX_TOTAL as f64 { owed } else { 950_000e6 };
        assert!((books.total_debt_up().0 as f64 / expected - 1.0).abs() < 1e-6, "{books:?}");
        score(&mut world, &ann).await;
        if years == 20 {
            world.give(&keeper, &usdc, usdc.units(10_000_000)).await;
            world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
        }
        if years == 20 {
            // ann's deposits did not cover her debt: lenders bore the rest, and take no deposits for a while
            assert_eq!(world.state(&usdc).await, State::Halted);
            refused(world.deposit(&lender, &usdc, usdc.units(1_000)).await, BallastError::NotInThisState);
        } else {
            world.deposit(&lender, &usdc, usdc.units(1_000)).await.unwrap();
        }
        world.withdraw(&lender, &usdc, usdc.units(2_000)).await.unwrap();
    }
}
