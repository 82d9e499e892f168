//! Lenders who lost everything: their reserve takes no deposits until their shares are retired, and starts again then.

use crate::{
    recoveries::{lost, recover},
    tools::*,
};
use ballast::{
    state::{Reserve, Vault},
    BallastError,
};
use ballast_client::{instruction, safety::absorb_loss};
use ballast_risk::{absorb::RETIRE_AFTER, interest::Q64_ONE};
use ballast_tests::{refused, usd, User, World};

/// Two lenders of $10,000 each lose all of the $14,000 that they left there. Breakers are Normal again.
async fn wiped_out() -> (World, [User; 2], User) {
    let (mut world, one, ann, keeper) = loan(10_000 + 10_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    let two = world.lender(&usdc, usdc.units(4_000)).await;
    world.withdraw(&one, &usdc, usdc.units(10_000)).await.unwrap();
    world.move_price(|w| &mut w.sol, 1).await; // 100 SOL are worth a micro-dollar
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    let loss = &losses(&receipt)[0];
    assert!(loss.wiped_out && loss.lenders >= usdc.units(13_999), "{loss:?}");
    let reserve = world.reserve(&usdc).await;
    assert_eq!(reserve.losses.wiped_out_at, world.chain.now() as u64);
    assert_eq!(reserve.losses.unrecovered, loss.lenders);
    world.tick(5 * 3_600).await;
    (world, [one, two], keeper)
}

async fn starts_again(world: &mut World, newcomer: &User) {
    let usdc = world.usdc;
    let reserve = world.reserve(&usdc).await;
    assert_eq!((reserve.books.deposit_shares, reserve.books.ledger().deposit_index), (0, Q64_ONE));
    assert_eq!((reserve.losses.unrecovered, reserve.losses.wiped_out_at), (0, 0), "old losses are forgotten");
    let had = world.shares(newcomer, &usdc).await;
    world.deposit(newcomer, &usdc, usdc.units(1_000)).await.unwrap();
    assert_eq!(world.shares(newcomer, &usdc).await - had, usdc.units(1_000), "one unit a share");
    attest(world).await;
    proof(world).await;
}

#[tokio::test]
async fn a_reserve_without_worth_takes_no_deposits_until_the_last_owner_retires() {
    let (mut world, [one, two], keeper) = wiped_out().await;
    let usdc = world.usdc;
    refused(world.deposit(&keeper, &usdc, usdc.units(1_000)).await, BallastError::WipedOut);
    refused(world.deposit(&one, &usdc, usdc.units(1_000)).await, BallastError::WipedOut);
    // owners at once; strangers not
    refused(absorb(&mut world, &keeper, &one).await, BallastError::NothingToAbsorb);
    refused(absorb(&mut world, &two, &one).await, BallastError::NothingToAbsorb);
    let shares = world.shares(&one, &usdc).await;
    let events = retired(&absorb(&mut world, &one, &one).await.unwrap());
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].shares, events[0].starts_again), (shares, false));
    assert_eq!((events[0].reserve, events[0].obligation), (world.asset(&usdc).reserve(), one.obligation()));
    // the other's are still there
    refused(world.deposit(&keeper, &usdc, usdc.units(1_000)).await, BallastError::WipedOut);
    let events = retired(&absorb(&mut world, &two, &two).await.unwrap());
    assert!(events[0].starts_again);
    starts_again(&mut world, &keeper).await;
    // nobody retires what is worth something
    refused(absorb(&mut world, &keeper, &keeper).await, BallastError::NothingToAbsorb);
}

#[tokio::test]
async fn a_worthless_share_of_a_debtor_who_can_pay_keeps_no_reserve_shut() {
    let (mut world, [one, two], keeper) = wiped_out().await;
    let (btc, sol) = (world.btc, world.sol);
    world.lender(&btc, btc.units(10)).await;
    world.move_price(|w| &mut w.sol, usd(200)).await;
    for debtor in [&one, &two] {
        world.deposit(debtor, &sol, sol.units(100)).await.unwrap();
        world.borrow(debtor, &btc, btc.units(1) / 100).await.unwrap();
    }
    let debts = world.shares(&one, &btc).await;
    // the owner at once, and nobody else
    refused(absorb(&mut world, &keeper, &one).await, BallastError::DepositsLeft);
    assert_eq!(retired(&absorb(&mut world, &one, &one).await.unwrap()).len(), 1);
    refused(absorb(&mut world, &one, &one).await, BallastError::DepositsLeft);
    // after sixty days anyone
    world.tick(60 * DAY).await;
    let receipt = absorb(&mut world, &keeper, &two).await.unwrap();
    assert!(retired(&receipt)[0].starts_again && losses(&receipt).is_empty());
    // of what is worth something, and of what is owed, nothing moved
    for debtor in [&one, &two] {
        assert_eq!(world.shares(debtor, &btc).await, debts);
        assert_eq!(world.shares(debtor, &sol).await, sol.units(100));
    }
    starts_again(&mut world, &keeper).await;
}

#[tokio::test]
async fn withdrawing_all_that_is_worth_nothing_retires_it_too() {
    let (mut world, lenders, keeper) = wiped_out().await;
    let usdc = world.usdc;
    for lender in &lenders {
        let had = world.wallet(lender, &usdc).await;
        world.withdraw(lender, &usdc, u64::MAX).await.unwrap();
        assert_eq!(world.wallet(lender, &usdc).await, had);
    }
    starts_again(&mut world, &keeper).await;
}

#[tokio::test]
async fn nothing_is_paid_for_worthless_shares_and_the_refusal_says_so() {
    let (mut world, [one, _], _) = wiped_out().await;
    let usdc = world.usdc;
    world.chain.edit(world.asset(&usdc).reserve(), |r: &mut Reserve| r.books.deposit_index = [0; 2]).await;
    refused(world.withdraw(&one, &usdc, 0).await, BallastError::ZeroAmount);
    refused(world.withdraw(&one, &usdc, 1).await, BallastError::InsufficientAmount);
}

#[tokio::test]
async fn anyone_retires_for_absent_owners_after_sixty_days() {
    let (mut world, lenders, keeper) = wiped_out().await;
    let usdc = world.usdc;
    let since = world.reserve(&usdc).await.losses.wiped_out_at;
    let almost = since + RETIRE_AFTER - 1 - world.chain.now() as u64;
    world.tick(almost as i64).await;
    refused(absorb(&mut world, &keeper, &lenders[0]).await, BallastError::NothingToAbsorb);
    world.tick(1).await;
    for lender in &lenders {
        absorb(&mut world, &keeper, lender).await.unwrap();
    }
    starts_again(&mut world, &keeper).await;
}

#[tokio::test]
async fn nobody_retires_for_others_while_a_recovery_streams() {
    let (mut world, lenders, keeper) = wiped_out().await;
    let usdc = world.usdc;
    world.tick(59 * DAY).await;
    recover(&mut world, &usdc, 1).await; // a unit for all of them
    world.tick(2 * DAY).await;
    refused(absorb(&mut world, &keeper, &lenders[0]).await, BallastError::NothingToAbsorb);
    refused(world.deposit(&keeper, &usdc, usdc.units(1_000)).await, BallastError::WipedOut);
    // when the unit has streamed, a share is still worth less than a millionth
    world.tick(28 * DAY).await;
    for lender in &lenders {
        absorb(&mut world, &keeper, lender).await.unwrap();
    }
    starts_again(&mut world, &keeper).await;
}

#[tokio::test]
async fn a_recovery_gives_lenders_their_worth_back_and_nobody_comes_in_for_it() {
    let (mut world, [one, two], keeper) = wiped_out().await;
    let usdc = world.usdc;
    let (shares, recovery) = (world.books(&usdc).await.deposit_shares.0, usdc.units(1_400));
    recover(&mut world, &usdc, recovery).await;
    // a millionth of $14,000 is a cent and a half: minutes of the stream. A deposit of $140 would hold 99.9 % of all shares then, and get
    // as much of all that is still to come
    world.tick(3_600).await;
    refused(world.deposit(&keeper, &usdc, usdc.units(140)).await, BallastError::LossComingBack);
    world.tick(1).await;
    let index = world.books(&usdc).await.deposit_index;
    let streamed = u128::from(recovery) * 3_601 / (30 * 86_400);
    assert!(((index * u128::from(shares)) >> 64).abs_diff(streamed) <= 2);
    assert_eq!(world.reserve(&usdc).await.losses.wiped_out_at, 0);
    // nor do newcomers take what may still be covered, where there is a fund that may
    world.tick(30 * DAY).await;
    world.lender(&usdc, usdc.units(140)).await;
    let (key, with_fund) = (world.vault, |is: u64| move |vault: &mut Vault| vault.has_fund = is);
    world.give(&keeper, &usdc, usdc.units(140)).await;
    let deposit = instruction::deposit(&keeper.account, &world.asset(&usdc), usdc.units(140));
    world.chain.edit(key, with_fund(1)).await;
    refused(world.chain.would_land(&[deposit], &[&keeper.keypair]).await, BallastError::LossComingBack);
    world.chain.edit(key, with_fund(0)).await;
    world.tick(5 * DAY).await;
    world.deposit(&keeper, &usdc, usdc.units(140)).await.unwrap();
    let back = worth(&mut world, &one, &usdc).await + worth(&mut world, &two, &usdc).await;
    assert!(back <= recovery + 1 && back + 4 >= recovery, "{back}");
}

#[tokio::test]
async fn what_was_still_to_come_insures_the_reserve_when_all_owners_are_gone() {
    let (mut world, lenders, keeper) = wiped_out().await;
    let usdc = world.usdc;
    recover(&mut world, &usdc, usdc.units(1)).await;
    // they do not wait: a second later a share is still worth nothing
    world.chain.pass(1);
    for lender in &lenders {
        absorb(&mut world, lender, lender).await.unwrap();
    }
    let reserve: Reserve = world.reserve(&usdc).await;
    assert_eq!(reserve.losses.pending, 0);
    let insured = reserve.books.ledger().insurance_down().0;
    assert!(insured.abs_diff(usdc.units(1)) <= 2, "{insured}");
    starts_again(&mut world, &keeper).await;
}

#[tokio::test]
async fn what_comes_back_to_the_lenders_of_another_reserve_is_theirs_whoever_retires() {
    let (mut world, [one, _], _) = wiped_out().await;
    let sol = world.sol;
    world.deposit(&one, &sol, sol.units(10)).await.unwrap();
    let key = world.asset(&sol).reserve();
    world.chain.edit(key, |reserve| lost(reserve, sol.units(5))).await;
    recover(&mut world, &sol, sol.units(5)).await;
    // half of it has streamed, and nobody has touched the reserve since
    world.chain.pass(15 * DAY);
    let before = books_now(&mut world, &sol).await;
    assert!(before.1.recovery.pending.abs_diff(sol.units(5) / 2) <= 1, "{before:?}");
    absorb(&mut world, &one, &one).await.unwrap();
    assert_eq!(books_now(&mut world, &sol).await, before);
}

#[tokio::test]
async fn nobody_writes_a_debt_off_by_showing_a_worthless_reserve_for_the_deposits() {
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let [btc, sol, usdc] = [world.btc, world.sol, world.usdc];
    world.lender(&btc, btc.units(1)).await;
    ruin(&mut world, &btc).await;
    world.move_price(|w| &mut w.sol, usd(100)).await;
    let keys = [&btc, &sol, &usdc].map(|market| world.asset(market).reserve());
    let [worthless, deposit, debt] = keys;
    let absorb = |reserves: [_; 2]| absorb_loss(keeper.key(), ann.account.vault, ann.obligation(), &reserves);
    for (reserves, error) in [
        ([worthless, debt], BallastError::WrongRemainingAccounts),
        ([debt, deposit], BallastError::WrongRemainingAccounts),
        ([deposit, debt], BallastError::DepositsLeft),
    ] {
        refused(world.chain.would_land(&[absorb(reserves)], &[&keeper.keypair]).await, error);
    }
}

#[tokio::test]
async fn nobody_writes_a_debt_off_by_showing_fewer_reserves_than_there_are_positions() {
    let mut world = World::start().await;
    let [btc, sol, usdc] = [world.btc, world.sol, world.usdc];
    world.lender(&usdc, usdc.units(100_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    // a deposit, a debt, and a deposit behind them
    world.deposit(&ann, &btc, btc.units(1)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    ruin(&mut world, &btc).await;
    world.tick(1).await;
    let keys = [&btc, &usdc, &sol].map(|market| world.asset(market).reserve());
    for (shown, error) in [
        (&keys[..1], BallastError::WrongRemainingAccounts),
        (&keys[..2], BallastError::WrongRemainingAccounts),
        (&keys[..], BallastError::DepositsLeft),
    ] {
        let absorb = absorb_loss(keeper.key(), ann.account.vault, ann.obligation(), shown);
        refused(world.chain.would_land(&[absorb], &[&keeper.keypair]).await, error);
    }
}
