//! What flows, feeds, losses and token accounts show, of a reserve and of the vault.

use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{instructions::Signal, state::Reserve, BallastError};
use ballast_client::{address, instruction, safety};
use ballast_risk::{
    breaker::{Cause, State},
    bucket::FlowRules,
};
use ballast_tests::{attack::swapped, refused, World};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::slice::from_ref;

const HOUR: i64 = 3_600;

#[tokio::test]
async fn a_feed_is_stale_after_five_minutes_where_debt_depends_on_it() {
    let mut world = World::start().await;
    let (sol, usdc, lst) = (world.sol, world.usdc, world.lst);
    world.lender(&usdc, usdc.units(10_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.tick(1).await;
    world.chain.pass(HOUR);
    // SOL and USDC are lent and borrowed by nobody
    refused(world.trip(&usdc, Signal::Stale).await, BallastError::NoSignal);
    world.tick(1).await;
    world.borrow(&ann, &usdc, usdc.units(1_000)).await.unwrap();
    world.chain.pass(299);
    refused(world.trip(&usdc, Signal::Stale).await, BallastError::NoSignal);
    world.chain.pass(1);
    refused(world.trip(&sol, Signal::Stale).await, BallastError::NoSignal); // it is not owed
    world.trip(&usdc, Signal::Stale).await.unwrap();
    assert_eq!(world.state(&usdc).await, State::Guarded);
    world.chain.pass(6 * HOUR - 301);
    world.trip(&usdc, Signal::Stale).await.unwrap();
    assert_eq!(world.state(&usdc).await, State::Guarded);
    world.chain.pass(1);
    world.trip(&usdc, Signal::Stale).await.unwrap();
    assert_eq!(world.state(&usdc).await, State::Halted);
    // what cannot be borrowed is there to be borrowed against
    refused(world.trip(&lst, Signal::Stale).await, BallastError::NoSignal);
    world.deposit(&ann, &lst, lst.units(1)).await.unwrap();
    world.trip(&lst, Signal::Stale).await.unwrap();
    assert_eq!(world.state(&lst).await, State::Halted);
}

#[tokio::test]
async fn a_bucket_guards_when_a_twentieth_is_left_and_never_halts() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    world.lender(&usdc, usdc.units(1_000_000)).await;
    world.set_flows(&usdc, FlowRules::balanced(1, 1)).await;
    let key = world.asset(&usdc).reserve();
    let bucket = usdc.units(200_000);
    let (limit, a_second) = (bucket / 20 * 19, bucket / 21_600);
    for (used, trips) in [(limit + a_second - 1, false), (limit + a_second, true)] {
        let now = world.seconds();
        world
            .chain
            .edit::<Reserve>(key, |reserve| {
                reserve.flows.inflow = Default::default();
                (reserve.flows.outflow.used, reserve.flows.outflow.updated_at) = (used, now);
            })
            .await;
        refused(world.trip(&usdc, Signal::Outflow).await, BallastError::NoSignal); // in the same second
        world.chain.pass(1);
        if trips {
            world.trip(&usdc, Signal::Outflow).await.unwrap();
        } else {
            refused(world.trip(&usdc, Signal::Outflow).await, BallastError::NoSignal);
        }
    }
    let breaker = *world.reserve(&usdc).await.breaker.as_risk();
    assert_eq!((breaker.measured, breaker.limit), (limit, limit));
    assert_eq!((breaker.cause, world.state(&usdc).await), (Cause::Outflow as u8, State::Guarded));
    // as often as one likes, it stays so
    let now = world.seconds();
    for hour in 0..30 {
        let at = now + hour * 3_600;
        world
            .chain
            .edit::<Reserve>(key, |r| (r.flows.outflow.used, r.flows.outflow.updated_at) = (bucket, at))
            .await;
        world.trip(&usdc, Signal::Outflow).await.ok();
        world.chain.pass(1);
        world.trip(&usdc, Signal::Outflow).await.unwrap();
        assert_eq!(world.state(&usdc).await, State::Guarded);
        world.chain.pass(HOUR - 1);
    }
}

#[tokio::test]
async fn lenders_losses_of_a_day_guard_at_a_thousandth_and_halt_at_a_fiftieth() {
    for (deposits, lost, expected) in [
        (999_000, 1_000, State::Guarded), // 1,000 of what was a million
        (980_000, 20_000, State::Halted),
    ] {
        let mut world = World::start().await;
        let usdc = world.usdc;
        world.lender(&usdc, usdc.units(deposits)).await;
        let (key, now) = (world.asset(&usdc).reserve(), world.seconds());
        let lost = usdc.units(lost);
        world.chain.edit::<Reserve>(key, |r| (r.losses.recent, r.losses.recent_at) = (lost - 1, now)).await;
        let below = world.trip(&usdc, Signal::Loss).await;
        match expected {
            State::Guarded => refused(below, BallastError::NoSignal),
            _ => assert_eq!(world.state(&usdc).await, State::Guarded),
        }
        world.chain.edit::<Reserve>(key, |r| r.losses.recent = lost).await;
        // the same of the vault, where nothing else is held; the reserve's own trip leaves it alone
        world.trip(&usdc, Signal::Loss).await.unwrap();
        assert_eq!((world.state(&usdc).await, world.vault_state().await), (expected, State::Normal));
        world.trip_vault(Signal::VaultLoss).await.unwrap();
        assert_eq!(world.vault_state().await, expected);
        // it fades: after half a day it is half of it
        world.chain.pass(12 * HOUR);
        let again = world.trip_vault(Signal::VaultLoss).await;
        match expected {
            State::Guarded => refused(again, BallastError::NoSignal),
            _ => assert_eq!(world.vault_state().await, State::Guarded),
        }
    }
}

#[tokio::test]
async fn one_missing_unit_halts_the_reserve_or_the_vault_and_none_is_no_signal() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000)).await;
    for signal in [Signal::Deficit, Signal::VaultDeficit] {
        world.set_till(&usdc, usdc.units(1_000), AccountState::Initialized).await;
        refused(world.trip(&usdc, signal).await, BallastError::NoSignal);
        world.set_till(&usdc, usdc.units(1_000) - 1, AccountState::Initialized).await;
        let trip = safety::trip_reserve(&world.asset(&usdc), signal);
        let payer = world.curator.insecure_clone();
        let (asset, other) = (world.asset(&usdc), world.asset(&sol));
        let elsewhere = swapped(&trip, asset.tokens(), other.tokens());
        refused(world.chain.would_land(&[elsewhere], &[&payer]).await, BallastError::WrongTokenAccount);
        world.chain.send(from_ref(&trip), &[&payer]).await.unwrap();
        // within the same second it says nothing new
        refused(world.chain.would_land(&[trip], &[&payer]).await, BallastError::NoSignal);
    }
    assert_eq!(world.state(&usdc).await, State::Halted);
    assert_eq!(world.vault_state().await, State::Halted);
    assert_eq!(world.state(&sol).await, State::Normal);
    let breaker = *world.reserve(&usdc).await.breaker.as_risk();
    assert_eq!((breaker.cause, breaker.measured, breaker.limit), (Cause::Deficit as u8, 1, 1));
}

#[tokio::test]
async fn no_donation_of_any_size_is_a_signal_or_changes_a_byte() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(500)).await.unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let keys = [world.vault, world.asset(&usdc).reserve(), world.asset(&sol).reserve()];
    let mut before = vec![];
    for key in keys {
        before.push(world.chain.account(key).await.unwrap().data);
    }
    for _ in 0..40 {
        for market in [sol, usdc] {
            let free = world.books(&market).await.free_tokens.0;
            let most = u64::MAX >> random.random_range(1..60);
            let donated = random.random_range(0..most);
            world.set_till(&market, free + donated, AccountState::Initialized).await;
            for signal in
                [Signal::Deficit, Signal::VaultDeficit, Signal::Frozen, Signal::Outflow, Signal::Inflow]
            {
                refused(world.trip(&market, signal).await, BallastError::NoSignal);
            }
        }
        for signal in [Signal::VaultLoss, Signal::VaultGuardedShare, Signal::VaultAttestation] {
            refused(world.trip_vault(signal).await, BallastError::NoSignal);
        }
        let assets: Vec<_> = world.markets().iter().map(|market| world.asset(market)).collect();
        let payer = world.curator.insecure_clone();
        world.must(&[instruction::attest_solvency(world.vault, &assets)], &[&payer]).await;
    }
    for (key, before) in keys.into_iter().zip(before) {
        assert!(world.chain.account(key).await.unwrap().data == before);
    }
}

#[tokio::test]
async fn a_failed_attestation_halts_the_vault_at_once_and_for_whoever_shows_it_within_the_hour() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    world.lender(&usdc, usdc.units(1_000)).await;
    refused(world.trip_vault(Signal::VaultAttestation).await, BallastError::NoSignal);
    world.set_till(&usdc, usdc.units(1_000) - 1, AccountState::Initialized).await;
    let assets: Vec<_> = world.markets().iter().map(|market| world.asset(market)).collect();
    let attest = instruction::attest_solvency(world.vault, &assets);
    let payer = world.curator.insecure_clone();
    refused(world.chain.would_land(from_ref(&attest), &[&payer]).await, BallastError::VaultNotWritable);
    world.chain.send(&[safety::writing_vault(attest)], &[&payer]).await.unwrap();
    assert_eq!(world.vault_state().await, State::Halted);
    assert_eq!(world.state(&usdc).await, State::Normal);
    world.set_till(&usdc, usdc.units(1_000), AccountState::Initialized).await;
    world.chain.pass(HOUR);
    world.trip_vault(Signal::VaultAttestation).await.unwrap(); // it holds for longer
    world.chain.pass(1);
    refused(world.trip_vault(Signal::VaultAttestation).await, BallastError::NoSignal);
    // another vault's report is none
    let other = world.open_vault(2).await;
    let trip = safety::trip_vault(world.vault, Signal::VaultAttestation, &[]);
    let spoof = swapped(&trip, address::attestation(&world.vault), address::attestation(&other));
    let seeds = anchor_lang::error::ErrorCode::ConstraintSeeds;
    refused(world.chain.would_land(&[spoof], &[&payer]).await, seeds);
}

#[tokio::test]
async fn guarded_reserves_above_a_third_of_collateral_guard_the_vault() {
    let mut world = World::start().await;
    let (eth, sol, usdc) = (world.eth, world.sol, world.usdc);
    world.lender(&usdc, usdc.units(66_660)).await;
    let saver = world.lender(&sol, sol.units(33_330) / 200).await; // $33,330 of $99,990: 3,333 bps
    world.chain.pass(6 * HOUR); // only what has been there for longer than deposits take to settle counts
    refused(world.trip_vault(Signal::VaultGuardedShare).await, BallastError::NoSignal);
    world.set_state(&sol, State::Guarded).await;
    refused(world.trip_vault(Signal::VaultGuardedShare).await, BallastError::NoSignal);
    world.set_state(&eth, State::Halted).await; // nobody holds any
    refused(world.trip_vault(Signal::VaultGuardedShare).await, BallastError::NoSignal);
    world.deposit(&saver, &sol, sol.units(15) / 200).await.unwrap(); // $33,345 of $100,005: 3,334
    refused(world.trip_vault(Signal::VaultGuardedShare).await, BallastError::NoSignal);
    world.chain.pass(6 * HOUR);
    // nor does what a guardian holds, which has days of its own for the vault
    let key = world.asset(&sol).reserve();
    let held_by = |cause: Cause| move |reserve: &mut Reserve| reserve.breaker.cause = cause as u8;
    world.chain.edit::<Reserve>(key, held_by(Cause::Guardian)).await;
    refused(world.trip_vault(Signal::VaultGuardedShare).await, BallastError::NoSignal);
    world.chain.edit::<Reserve>(key, held_by(Cause::Jump)).await;
    // all reserves, each once, in the vault's order, and the vault writable
    let all = world.all_reserves().await;
    let payer = world.curator.insecure_clone();
    let mut reversed = all.clone();
    reversed.reverse();
    let twice = [&all[..5], &all[..1]].concat();
    for list in [&all[1..], &all[..5], &reversed[..], &twice[..], &[]] {
        for signal in [Signal::VaultGuardedShare, Signal::VaultLoss] {
            let trip = safety::trip_vault(world.vault, signal, list);
            let outcome = world.chain.would_land(&[trip], &[&payer]).await;
            refused(outcome, BallastError::WrongRemainingAccounts);
        }
    }
    let mut reading = safety::trip_vault(world.vault, Signal::VaultGuardedShare, &all);
    reading.accounts[0].is_writable = false;
    refused(world.chain.would_land(&[reading], &[&payer]).await, BallastError::VaultNotWritable);
    world.trip_vault(Signal::VaultGuardedShare).await.unwrap();
    assert_eq!(world.vault_state().await, State::Guarded);
    assert_eq!(world.state(&usdc).await, State::Normal);
    // however large the share, it never halts
    world.set_state(&usdc, State::WindDown).await;
    world.chain.pass(1);
    world.trip_vault(Signal::VaultGuardedShare).await.unwrap();
    assert_eq!(world.vault_state().await, State::Guarded);
}

#[tokio::test]
async fn a_signal_needs_its_own_accounts() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let payer = world.curator.insecure_clone();
    let (ours, other) = (world.asset(&usdc), world.open_vault(2).await);
    let theirs = usdc.asset(other);
    for signal in
        [Signal::Average, Signal::Stale, Signal::Outflow, Signal::Loss, Signal::Deficit, Signal::Frozen]
    {
        let trip = safety::trip_reserve(&ours, signal);
        let foreign = swapped(&trip, ours.reserve(), theirs.reserve());
        refused(world.chain.would_land(&[foreign], &[&payer]).await, BallastError::WrongVault);
        let none = safety::trip_vault(world.vault, signal, &[]);
        refused(world.chain.would_land(&[none], &[&payer]).await, BallastError::SignalAccountsMissing);
    }
    let none = safety::trip_vault(world.vault, Signal::VaultDeficit, &[]);
    refused(world.chain.would_land(&[none], &[&payer]).await, BallastError::SignalAccountsMissing);
    let mut step = safety::step_breaker(world.vault, Some(ours.reserve()));
    step = swapped(&step, ours.reserve(), theirs.reserve());
    refused(world.chain.would_land(&[step], &[&payer]).await, BallastError::WrongVault);
}
