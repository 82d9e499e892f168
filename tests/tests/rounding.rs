//! Rounding: ten thousand random deposits, withdrawals, borrows and repayments gain nobody a unit.

use ballast::state::Side;
use ballast_client::instruction;
use ballast_risk::{DebtShares, DepositShares};
use ballast_tests::{Market, User, World};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const STEPS: usize = 10_000;
const DAY: i64 = 86_400;

/// What someone has of a token: wallet, and the position's worth rounded down or its debt rounded up, with interest up to now.
async fn wealth(world: &mut World, user: &User, market: &Market) -> i128 {
    let wallet = i128::from(world.wallet(user, market).await);
    let reserve = world.reserve(market).await;
    let ledger = reserve.accrued_ledger(world.chain.now() as u64);
    let obligation = world.obligation(user).await;
    let Some(position) = obligation.find(&world.asset(market).reserve()).map(|i| obligation.positions[i])
    else {
        return wallet;
    };
    match position.side() {
        Some(Side::Debt) => wallet - i128::from(ledger.debt_amount_up(DebtShares(position.shares)).0),
        _ => wallet + i128::from(ledger.deposit_amount_down(DepositShares(position.shares)).0),
    }
}

/// Amounts of a few units, of any size, or all.
fn amount(rng: &mut ChaCha8Rng, market: &Market) -> u64 {
    match rng.random_range(0..10) {
        0..=4 => rng.random_range(1..10),
        5..=8 => rng.random_range(1..market.units(1) / 10),
        _ => u64::MAX,
    }
}

#[tokio::test]
async fn ten_thousand_random_steps_gain_nobody_a_unit() {
    let mut world = World::start().await;
    let markets = [world.usdc, world.btc];
    let sol = world.sol;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut users = Vec::new();
    for _ in 0..4 {
        let user = world.user().await;
        world.deposit(&user, &sol, sol.units(10_000)).await.unwrap();
        users.push(user);
    }
    // two lend, two borrow both; then half a year passes, so that no index is a round number
    for market in &markets {
        for lender in &users[..2] {
            world.deposit(lender, market, market.units(100)).await.unwrap();
        }
    }
    let (usdc, btc) = (markets[0], markets[1]);
    for user in &users {
        world.give(user, &usdc, usdc.units(1_000)).await;
        world.give(user, &btc, btc.units(10)).await;
    }
    world.lender(&usdc, usdc.units(50_000)).await;
    for borrower in &users[2..] {
        world.borrow(borrower, &usdc, usdc.units(20_000)).await.unwrap();
        world.borrow(borrower, &btc, btc.units(1)).await.unwrap();
    }
    world.tick(180 * DAY).await;
    assert!(world.reserve(&usdc).await.books.ledger().debt_index > (1 << 64) + (1 << 58));

    let (mut landed, mut refused) = (0, 0);
    for step in 0..STEPS {
        if step % 50 == 0 {
            world.tick(rng.random_range(1..10_000)).await;
            world.check_law().await;
        }
        let actor = rng.random_range(0..users.len());
        let other = (actor + rng.random_range(1..users.len())) % users.len();
        let market = markets[rng.random_range(0..markets.len())];
        let before = wealth(&mut world, &users[actor], &market).await;
        let before_other = wealth(&mut world, &users[other], &market).await;
        let amount = amount(&mut rng, &market);
        let user = &users[actor];
        let asset = world.asset(&market);
        let action = match rng.random_range(0..4) {
            0 => instruction::deposit(&user.account, &asset, amount.min(market.units(10))),
            1 => world.withdrawal(user, &market, amount).await,
            2 => world.borrowing(user, &market, amount.min(market.units(1) / 10)).await,
            _ => instruction::repay(user.key(), user.obligation(), &asset, amount),
        };
        match world.chain.send(&[action], &[&users[actor].keypair]).await {
            Ok(_) => landed += 1,
            Err(_) => refused += 1,
        }
        let after = wealth(&mut world, &users[actor], &market).await;
        assert!(after <= before, "step {step}: {after} > {before}");
        // an action costs its actor no more than the worth of a share on each side
        assert!(before - after <= 4, "step {step}: {before} - {after}");
        let after_other = wealth(&mut world, &users[other], &market).await;
        assert_eq!(after_other, before_other, "step {step}: nobody else gains or loses");
    }
    assert!(landed > STEPS / 4 && refused > 0, "{landed} landed, {refused} were refused");
}
