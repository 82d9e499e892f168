//! Rounding in the caller's favour: random deposits, withdrawals, borrows and repayments gain nobody a unit.

use ballast::state::Side;
use ballast_client::instruction;
use ballast_tests::{Market, User, World};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_keypair::Keypair;

/// So many random steps that land.
const STEPS: usize = 100_000;
/// People who act, one step each a transaction.
const PEOPLE: usize = 6;

#[tokio::test]
async fn spl_lending_rounding_2021() {
    let mut random = ChaCha8Rng::seed_from_u64(20_251_121);
    let mut world = World::start().await;
    let markets = [world.usdc, world.sol];
    let [usdc, sol] = markets;
    // indices like 1.0718…: a year with much borrowed
    let eth = world.eth;
    world.lender(&usdc, usdc.units(1_000_000)).await;
    world.lender(&sol, sol.units(10_000)).await;
    let whale = world.user().await;
    world.deposit(&whale, &eth, eth.units(10_000)).await.unwrap();
    world.borrow(&whale, &usdc, usdc.units(900_000)).await.unwrap();
    world.borrow(&whale, &sol, sol.units(8_000)).await.unwrap();
    world.tick(86_400 * 365).await;
    // and nothing but the steps moves them: the clock stands still
    let indices =
        [world.books(&usdc).await, world.books(&sol).await].map(|b| (b.deposit_index, b.debt_index));
    assert!(indices.iter().all(|(deposit, debt)| *deposit > 1 << 64 && *debt > 1 << 64));

    let mut people = vec![];
    for _ in 0..PEOPLE {
        let user = world.user().await;
        for market in markets {
            world.give(&user, &market, 100_000 * 10u64.pow(u32::from(market.decimals))).await;
        }
        world.deposit(&user, &eth, eth.units(1_000)).await.unwrap();
        people.push(user);
    }
    let mut before = vec![];
    for user in &people {
        for market in &markets {
            before.push(world.holding(user, market).await);
        }
    }
    let surplus = [world.books(&usdc).await.surplus().unwrap(), world.books(&sol).await.surplus().unwrap()];

    let (mut landed, mut refused) = (0, 0);
    while landed < STEPS {
        let mut batch = vec![];
        for user in &people {
            batch.push(step(&mut world, user, &markets[random.random_range(0..2)], &mut random).await);
        }
        let signers: Vec<&Keypair> = people.iter().map(|user| &user.keypair).collect();
        if world.chain.send(&batch, &signers).await.is_ok() {
            landed += batch.len();
        } else {
            // one by one, so that one refusal does not hold the others
            for (step, user) in batch.iter().zip(&people) {
                match world.chain.send(std::slice::from_ref(step), &[&user.keypair]).await {
                    Ok(_) => landed += 1,
                    Err(_) => refused += 1,
                }
            }
        }
        if random.random_range(0..20) == 0 {
            world.check_law().await;
        }
    }
    println!("{landed} steps landed, {refused} were refused");
    assert!(refused < landed, "most steps must be real ones");

    world.check_law().await;
    for (i, market) in markets.iter().enumerate() {
        let books = world.books(market).await;
        assert_eq!((books.deposit_index, books.debt_index), indices[i]);
        assert!(books.surplus().unwrap() >= surplus[i], "rounding went to somebody");
    }
    let mut lost = 0;
    for (i, user) in people.iter().enumerate() {
        for (j, market) in markets.iter().enumerate() {
            let now = world.holding(user, market).await;
            assert!(now <= before[i * 2 + j], "{i} gained {} of {j}", now - before[i * 2 + j]);
            lost += before[i * 2 + j] - now;
        }
    }
    // and a step costs a few units at most
    assert!(lost > 0 && lost < landed as i128 * 3, "{lost}");

    // out of everything: no more than there was
    for (i, user) in people.iter().enumerate() {
        for (j, market) in markets.iter().enumerate() {
            let obligation = world.obligation(user).await;
            let position = obligation.find(&world.asset(market).reserve()).map(|i| obligation.positions[i]);
            match position.and_then(|p| p.side()) {
                Some(Side::Debt) => drop(world.repay(user, market, u64::MAX).await.unwrap()),
                Some(Side::Deposit) => drop(world.withdraw(user, market, u64::MAX).await.unwrap()),
                None => {}
            }
            assert!(i128::from(world.wallet(user, market).await) <= before[i * 2 + j]);
        }
    }
}

/// A step that is likely to land: small and odd amounts, and all of it at times.
async fn step(
    world: &mut World,
    user: &User,
    market: &Market,
    random: &mut ChaCha8Rng,
) -> anchor_lang::solana_program::instruction::Instruction {
    let asset = world.asset(market);
    let obligation = world.obligation(user).await;
    let side = obligation.find(&asset.reserve()).and_then(|i| obligation.positions[i].side());
    let amount = match random.random_range(0..10) {
        0..4 => random.random_range(2..20),
        4..8 => random.random_range(20..1_000_000),
        _ => 200 * 10u64.pow(u32::from(market.decimals)) + random.random_range(0..1_000),
    };
    let all = random.random_range(0..12) == 0;
    match (side, random.random_range(0..2)) {
        (None, 0) | (Some(Side::Deposit), 0) => instruction::deposit(&user.account, &asset, amount),
        (None, _) => {
            let amount = 200 * 10u64.pow(u32::from(market.decimals)) + amount;
            world.borrowing(user, market, amount).await
        }
        (Some(Side::Deposit), _) => world.withdrawal(user, market, if all { u64::MAX } else { amount }).await,
        (Some(Side::Debt), 0) => world.borrowing(user, market, amount).await,
        (Some(Side::Debt), _) => {
            let amount = if all { u64::MAX } else { amount };
            instruction::repay(user.key(), user.obligation(), &asset, amount)
        }
    }
}
