//! How long a state holds, who steps it down, and what a cause that used up its day leads to.

use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{instructions::Signal, state::Reserve, BallastError};
use ballast_client::Event;
use ballast_risk::{
    breaker::{Cause, Change, State},
    interest::{grow_index_up, growth_up},
};
use ballast_tests::{refused, Receipt, User, World};

const HOUR: i64 = 3_600;

/// A thousand USDC of a lender's, of which a unit is missing.
async fn short() -> (World, User) {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let lender = world.lender(&usdc, usdc.units(1_000)).await;
    world.set_till(&usdc, usdc.units(1_000) - 1, AccountState::Initialized).await;
    (world, lender)
}

/// The same transaction, whatever the law says of a till that is short.
async fn trip(world: &mut World, signal: Signal) -> Result<Receipt, ballast_tests::Failure> {
    let trip = ballast_client::safety::trip_reserve(&world.asset(&world.usdc), signal);
    let payer = world.curator.insecure_clone();
    world.chain.send(&[trip], &[&payer]).await
}

async fn repair(world: &mut World) {
    let usdc = world.usdc;
    let free = world.books(&usdc).await.free_tokens.0;
    world.set_till(&usdc, free, AccountState::Initialized).await;
}

#[tokio::test]
async fn halted_becomes_guarded_and_guarded_normal_to_the_second_and_anyone_writes_it_down() {
    let (mut world, lender) = short().await;
    let usdc = world.usdc;
    trip(&mut world, Signal::Deficit).await.unwrap();
    repair(&mut world).await;
    let tripped = world.reserve(&usdc).await.breaker;
    refused(world.step(Some(&usdc)).await, BallastError::NothingToStep);
    world.chain.pass(4 * HOUR - 1);
    assert_eq!(world.state(&usdc).await, State::Halted);
    refused(world.deposit(&lender, &usdc, 10).await, BallastError::NotInThisState);
    refused(world.step(Some(&usdc)).await, BallastError::NothingToStep);
    world.chain.pass(1);
    // nothing waits for the crank
    assert_eq!(world.state(&usdc).await, State::Guarded);
    world.deposit_own(&lender, &usdc, 10).await.unwrap();
    assert_eq!(world.reserve(&usdc).await.breaker, tripped);
    let receipt = world.step(Some(&usdc)).await.unwrap();
    let Some(Event::BreakerChanged(stepped)) = receipt.events.first() else { panic!("it changed") };
    assert_eq!((stepped.change, stepped.from, stepped.to), (Change::Lowered as u8, 2, 1));
    assert_eq!(stepped.expires_at, world.seconds() + 3_600);
    refused(world.step(Some(&usdc)).await, BallastError::NothingToStep);
    world.chain.pass(HOUR - 1);
    assert_eq!(world.state(&usdc).await, State::Guarded);
    world.chain.pass(1);
    assert_eq!(world.state(&usdc).await, State::Normal);
    world.step(Some(&usdc)).await.unwrap();
    // why it left Normal stays readable, and how long it was outside
    let breaker = *world.reserve(&usdc).await.breaker.as_risk();
    assert_eq!((breaker.state, breaker.cause), (State::Normal as u8, Cause::Deficit as u8));
    assert_eq!(breaker.outside_normal, 5 * HOUR as u64);
}

#[tokio::test]
async fn the_vaults_own_breaker_steps_down_alike() {
    let (mut world, _) = short().await;
    trip(&mut world, Signal::VaultDeficit).await.unwrap();
    repair(&mut world).await;
    assert_eq!(world.vault_state().await, State::Halted);
    refused(world.step(None).await, BallastError::NothingToStep);
    let mut reading = ballast_client::safety::step_breaker(world.vault, None);
    reading.accounts[0].is_writable = false;
    let payer = world.curator.insecure_clone();
    world.chain.pass(5 * HOUR);
    refused(world.chain.would_land(&[reading], &[&payer]).await, BallastError::VaultNotWritable);
    world.step(None).await.unwrap();
    assert_eq!(world.vault_state().await, State::Normal);
}

#[tokio::test]
async fn a_cause_holds_halted_for_a_day_in_seven_and_then_winds_down() {
    let (mut world, _) = short().await;
    let usdc = world.usdc;
    let begin = world.chain.now();
    // every two hours somebody shows it again
    while world.chain.now() < begin + 24 * HOUR {
        trip(&mut world, Signal::Deficit).await.ok();
        assert_eq!(world.state(&usdc).await, State::Halted);
        world.chain.pass(2 * HOUR);
    }
    assert_eq!(world.state(&usdc).await, State::Guarded, "24 hours are over");
    // another cause has a day of its own
    let (key, now) = (world.asset(&usdc).reserve(), world.seconds());
    world.chain.edit::<Reserve>(key, |r| (r.losses.recent, r.losses.recent_at) = (u64::MAX >> 20, now)).await;
    trip(&mut world, Signal::Loss).await.unwrap();
    assert_eq!(world.state(&usdc).await, State::Halted);
    // the first one's next signal means WindDown, which neither time nor the crank ends
    trip(&mut world, Signal::Deficit).await.unwrap();
    assert_eq!(world.state(&usdc).await, State::WindDown);
    refused(trip(&mut world, Signal::Deficit).await, BallastError::NoSignal);
    repair(&mut world).await;
    world.chain.pass(400 * 24 * HOUR);
    refused(world.step(Some(&usdc)).await, BallastError::NothingToStep);
    assert_eq!(world.state(&usdc).await, State::WindDown);
}

#[tokio::test]
async fn what_was_used_of_the_day_comes_back_after_seven() {
    let (mut world, _) = short().await;
    let usdc = world.usdc;
    for _ in 0..6 {
        trip(&mut world, Signal::Deficit).await.unwrap();
        world.chain.pass(4 * HOUR);
    }
    // eight days later, for days are counted whole
    world.chain.pass(8 * 24 * HOUR);
    trip(&mut world, Signal::Deficit).await.unwrap();
    assert_eq!(world.state(&usdc).await, State::Halted);
}

/// Ann owes 40,000 of a lender's 100,000 USDC. The issuer freezes the vault's account for ten days.
#[tokio::test]
async fn a_frozen_accounts_debt_accrues_nothing_until_it_thaws() {
    let mut world = World::start().await;
    let (btc, usdc) = (world.btc, world.usdc);
    world.lender(&usdc, usdc.units(100_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &btc, btc.units(1)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(40_000)).await.unwrap();
    let borrowed = world.books(&usdc).await;
    refused(world.trip(&usdc, Signal::Frozen).await, BallastError::NoSignal);
    world.chain.pass(24 * HOUR);
    world.set_frozen(&usdc, true).await;
    let receipt = world.trip(&usdc, Signal::Frozen).await.unwrap();
    let frozen = |receipt: &Receipt| match &receipt.events[..] {
        [Event::TokensFrozen(event)] => event.frozen,
        _ => panic!("one event"),
    };
    assert!(frozen(&receipt));
    refused(world.trip(&usdc, Signal::Frozen).await, BallastError::NoSignal);
    assert_eq!(world.state(&usdc).await, State::Normal, "it is no breaker's signal");
    // the day before it is booked at the rate that held
    let grown = |index, rate, seconds| grow_index_up(index, growth_up(rate, seconds));
    let at_freeze = world.books(&usdc).await;
    assert_eq!(at_freeze.debt_index, grown(borrowed.debt_index, borrowed.rate_per_second, 24 * 3_600));
    assert!(at_freeze.debt_index > borrowed.debt_index);
    // ten days of nothing, however often somebody looks
    for _ in 0..10 {
        world.tick(24 * HOUR).await;
        let books = world.books(&usdc).await;
        assert_eq!(
            (books.debt_index, books.deposit_index, books.fees_q64),
            (at_freeze.debt_index, at_freeze.deposit_index, at_freeze.fees_q64)
        );
    }
    world.set_frozen(&usdc, false).await;
    assert!(!frozen(&world.trip(&usdc, Signal::Frozen).await.unwrap()));
    let thawed = world.books(&usdc).await;
    assert_eq!((thawed.debt_index, thawed.accrued_at), (at_freeze.debt_index, world.seconds()));
    world.tick(24 * HOUR).await;
    let books = world.books(&usdc).await;
    assert_eq!(books.debt_index, grown(thawed.debt_index, thawed.rate_per_second, 24 * 3_600));
}

/// A transfer sees a freeze by itself; without anybody's look, time up to the first one counts as unfrozen.
#[tokio::test]
async fn the_first_look_at_a_frozen_account_starts_its_clock() {
    let mut world = World::start().await;
    let (btc, usdc) = (world.btc, world.usdc);
    world.lender(&usdc, usdc.units(100_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &btc, btc.units(1)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(40_000)).await.unwrap();
    let borrowed = world.books(&usdc).await;
    world.set_frozen(&usdc, true).await;
    world.chain.pass(24 * HOUR);
    world.trip(&usdc, Signal::Frozen).await.unwrap();
    assert_eq!(world.reserve(&usdc).await.frozen_since, world.seconds());
    assert!(world.books(&usdc).await.debt_index > borrowed.debt_index);
}
