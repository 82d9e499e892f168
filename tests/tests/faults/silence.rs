//! Oracles that say nothing: for seconds, minutes, hours, days; one of them, some, or all. What needs a price waits for it, and nothing
//! else does.

use anchor_lang::prelude::Pubkey;
use ballast::{instructions::Signal, BallastError};
use ballast_client::{account::reserves_of, instruction, safety};
use ballast_risk::breaker::State;
use ballast_tests::{
    refused,
    stage::{worth, Stage},
    usd, Failure, Market, Receipt, User, World,
};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Seconds up to which a price opens risk, and is traded at.
const OPENS: i64 = 10;
const TRADES: i64 = 15;
/// Seconds after which silence is a signal of a borrowed asset, and one that halts it.
const GUARDS: i64 = 5 * MINUTE;
const HALTS: i64 = 6 * HOUR;

/// Lets time pass as a cluster does: two and a half slots a second.
fn pass(world: &mut World, seconds: i64) {
    let (slot, now) = (world.chain.slot(), world.chain.now());
    world.chain.go_to(slot + (seconds as u64 * 5).div_ceil(2), now + seconds);
}

/// Posts and takes fresh prices of some markets.
async fn speak(world: &mut World, markets: &[Market]) {
    for market in markets {
        let quote = market.quote(&world.chain);
        market.post_raw(&mut world.chain, &quote);
        world.refresh_one(market).await.unwrap();
    }
}

/// Ann is healthy with 90 SOL and an ETH against 8,000 USDC; Bob, with 100 SOL and a bit of ETH against 14,000, is not: SOL fell from
/// $200 to $150. Carl lends.
struct Town {
    world: World,
    ann: User,
    bob: User,
    carl: User,
    keeper: User,
}

impl Town {
    async fn settle() -> Self {
        let mut world = World::start().await;
        let (sol, eth, usdc) = (world.sol, world.eth, world.usdc);
        let carl = world.lender(&usdc, usdc.units(1_000_000)).await;
        let [ann, bob, keeper] = [world.user().await, world.user().await, world.user().await];
        for (user, held, other, debt) in
            [(&ann, 90, eth.units(1), 8_000), (&bob, 100, eth.units(1) / 10, 14_000)]
        {
            world.deposit(user, &sol, sol.units(held)).await.unwrap();
            world.deposit(user, &eth, other).await.unwrap();
            world.borrow(user, &usdc, usdc.units(debt)).await.unwrap();
            for market in [sol, eth] {
                world.give(user, &market, market.units(1)).await;
            }
        }
        world.give(&keeper, &usdc, usdc.units(100_000)).await;
        world.move_price(|w| &mut w.sol, usd(150)).await;
        // until the fall is no signal any more
        for _ in 0..2 {
            pass(&mut world, 10 * MINUTE);
            world.refresh().await.unwrap();
        }
        assert_eq!(world.state(&sol).await, State::Normal);
        Self { world, ann, bob, carl, keeper }
    }

    fn markets(&self) -> [Market; 3] {
        [self.world.sol, self.world.eth, self.world.usdc]
    }

    /// What everybody tries, by name. Nothing of it lands.
    async fn attempts(&mut self) -> Vec<(&'static str, Result<Receipt, Failure>)> {
        let Self { world, ann, bob, carl, keeper } = self;
        let (vault, [sol, eth, usdc]) = (world.vault, [world.sol, world.eth, world.usdc]);
        let reserves = reserves_of(&world.obligation(ann).await);
        let stranger = world.curator.insecure_clone();
        let assets: Vec<_> = world.markets().iter().map(|market| market.asset(vault)).collect();
        let all = [
            ("borrow", world.borrowing(ann, &usdc, usdc.units(100)).await, &ann.keypair),
            ("withdraw with debt", world.withdrawal(ann, &sol, sol.units(1)).await, &ann.keypair),
            ("leave without debt", world.withdrawal(carl, &usdc, usdc.units(1_000)).await, &carl.keypair),
            ("deposit", instruction::deposit(&ann.account, &world.asset(&sol), sol.units(1)), &ann.keypair),
            ("top up", world.topping_up(bob, &eth, eth.units(1)).await, &bob.keypair),
            (
                "repay",
                instruction::repay(bob.key(), bob.obligation(), &world.asset(&usdc), usdc.units(1_000)),
                &bob.keypair,
            ),
            ("liquidate", world.tranche(keeper, bob, &usdc, &sol, u64::MAX).await, &keeper.keypair),
            (
                "liquidate the healthy",
                world.tranche(keeper, ann, &usdc, &sol, u64::MAX).await,
                &keeper.keypair,
            ),
            ("score", instruction::refresh_obligation(vault, ann.obligation(), &reserves), &stranger),
            ("attest", instruction::attest_solvency(vault, &assets), &stranger),
            ("audit", instruction::begin_audit(vault), &stranger),
            ("silence of USDC", safety::trip_reserve(&world.asset(&usdc), Signal::Stale), &stranger),
            ("silence of SOL", safety::trip_reserve(&world.asset(&sol), Signal::Stale), &stranger),
        ];
        let mut outcomes = vec![];
        for (name, instruction, signer) in all {
            outcomes.push((name, world.chain.would_land(&[instruction], &[signer]).await));
        }
        outcomes
    }
}

#[tokio::test]
async fn what_needs_a_price_waits_for_it_and_nothing_else_does() {
    // bit i: market i of the town is silent
    for silent in 1..8 {
        let mut town = Town::settle().await;
        let is_silent = |index: usize| silent & (1 << index) != 0;
        let markets = town.markets();
        let heard: Vec<_> = (0..3).filter(|i| !is_silent(*i)).map(|i| markets[i]).collect();
        let mut age = 0;
        for until in [OPENS, OPENS + 1, TRADES, TRADES + 1, MINUTE, GUARDS - 1, GUARDS, HOUR, HALTS, 3 * DAY]
        {
            pass(&mut town.world, until - age);
            age = until;
            speak(&mut town.world, &heard).await;
            let opens = if age <= OPENS { None } else { Some(BallastError::PriceTooOld) };
            let pair_is_heard = age <= TRADES || !(is_silent(0) || is_silent(2));
            // silence counts in the borrower's favour, the more the longer
            let shielded = town.world.score(&town.bob).await.is_healthy();
            assert!(!shielded || (is_silent(0) || is_silent(2)) && age > MINUTE, "{silent:03b} {age}");
            for (name, outcome) in town.attempts().await {
                let expected = match name {
                    "borrow" | "withdraw with debt" => opens,
                    "liquidate" if shielded => Some(BallastError::Healthy),
                    "liquidate" if !pair_is_heard => Some(BallastError::PriceTooOld),
                    "liquidate the healthy" => Some(BallastError::Healthy),
                    "silence of USDC" if !is_silent(2) || age < GUARDS => Some(BallastError::NoSignal),
                    // nobody owes SOL
                    "silence of SOL" => Some(BallastError::NoSignal),
                    _ => None,
                };
                println!("silent {silent:03b} for {age} s: {name}");
                match expected {
                    Some(reason) => refused(outcome, reason),
                    None => drop(outcome.unwrap_or_else(|f| panic!("{:?} {:#?}", f.error, f.logs))),
                }
            }
        }
        // they speak again: in the same second everything is as it was
        speak(&mut town.world, &markets).await;
        for (name, outcome) in town.attempts().await {
            let expected = match name {
                "liquidate the healthy" => Some(BallastError::Healthy),
                "silence of USDC" | "silence of SOL" => Some(BallastError::NoSignal),
                _ => None,
            };
            match expected {
                Some(reason) => refused(outcome, reason),
                None => drop(outcome.unwrap_or_else(|f| panic!("{name}: {:?} {:#?}", f.error, f.logs))),
            }
        }
    }
}

#[tokio::test]
async fn shown_silence_guards_then_halts_and_ends_by_itself_after_the_feed_is_back() {
    let mut town = Town::settle().await;
    let markets = town.markets();
    let usdc = town.world.usdc;
    let Town { world, ann, bob, carl, keeper } = &mut town;
    pass(world, GUARDS);
    world.trip(&usdc, Signal::Stale).await.unwrap();
    assert_eq!(world.state(&usdc).await, State::Guarded);
    pass(world, HALTS - GUARDS);
    world.trip(&usdc, Signal::Stale).await.unwrap();
    assert_eq!(world.state(&usdc).await, State::Halted);
    // whoever owes nothing leaves, as far as a fifth of the own deposit a day
    let share = usdc.units(200_000);
    world.withdraw(carl, &usdc, share / 2).await.unwrap();
    refused(world.withdraw(carl, &usdc, share).await, BallastError::ExitShareSpent);
    world.repay(bob, &usdc, usdc.units(1)).await.unwrap();
    // the price is back: liquidation at once, borrowing when the state has ended
    speak(world, &markets).await;
    world.liquidate(keeper, bob, &usdc, &markets[0], usdc.units(100)).await.unwrap();
    refused(world.borrow(ann, &usdc, usdc.units(100)).await, BallastError::NotInThisState);
    for (hours, state) in [(4, State::Guarded), (1, State::Normal)] {
        pass(world, hours * HOUR);
        assert_eq!(world.state(&usdc).await, state);
    }
    speak(world, &markets).await;
    world.borrow(ann, &usdc, usdc.units(100)).await.unwrap();
}

#[tokio::test]
async fn what_happened_in_the_silence_counts_when_it_ends() {
    // SOL falls by another two thirds behind everybody's back
    let mut town = Town::settle().await;
    let Town { world, ann, keeper, .. } = &mut town;
    pass(world, DAY);
    assert!(world.score(ann).await.is_healthy());
    world.sol.price = usd(55);
    let markets = [world.sol, world.eth, world.usdc];
    speak(world, &markets).await;
    assert!(!world.score(ann).await.is_healthy());
    world.liquidate(keeper, ann, &markets[2], &markets[0], u64::MAX).await.unwrap();
    // one look is no signal yet
    assert_eq!(world.state(&markets[0]).await, State::Normal);
}

#[tokio::test]
async fn a_refresh_of_sixteen_reserves_in_parts_holds_as_long_as_its_oldest_part() {
    let mut stage = Stage::set(16).await;
    stage.borrow().await;
    let debt = stage.debts[0];
    let payer = stage.world.curator.insecure_clone();
    let (first, second) = {
        let pairs = stage.post();
        (pairs[..8].to_vec(), pairs[8..].to_vec())
    };
    let take =
        |pairs: &[(Pubkey, Pubkey)], stage: &Stage| instruction::refresh_reserves(stage.world.vault, pairs);
    // all prices were posted at once; between the two transactions the sender was cut off
    for (gap, lands) in [(OPENS, true), (OPENS + 1, false)] {
        pass(&mut stage.world, 20);
        stage.post();
        let part = take(&first, &stage);
        stage.world.must(&[part], &[&payer]).await;
        pass(&mut stage.world, gap);
        for market in &stage.markets()[8..] {
            let quote = market.quote(&stage.world.chain);
            market.post_raw(&mut stage.world.chain, &quote);
        }
        let part = take(&second, &stage);
        stage.world.must(&[part], &[&payer]).await;
        assert_eq!(reserves_of(&stage.world.obligation(&stage.borrower).await).len(), 16);
        let outcome = stage.world.borrow(&stage.borrower, &debt, worth(&debt, 10)).await;
        if lands {
            outcome.unwrap();
        } else {
            refused(outcome, BallastError::PriceTooOld);
            // the first part once more is enough
            stage.post();
            let part = take(&first, &stage);
            stage.world.must(&[part], &[&payer]).await;
            stage.world.borrow(&stage.borrower, &debt, worth(&debt, 10)).await.unwrap();
        }
    }
    // a part that has one wrong account changes none of its reserves
    pass(&mut stage.world, 20);
    stage.post();
    let before: Vec<_> = {
        let mut all = vec![];
        for market in stage.markets() {
            all.push(stage.world.reserve(&market).await.price);
        }
        all
    };
    let mut wrong = first.clone();
    wrong[7].1 = second[0].1;
    let part = take(&wrong, &stage);
    refused(stage.world.send(&[part], &[&payer]).await, BallastError::PriceFeedMismatch);
    for (market, before) in stage.markets().iter().zip(before) {
        assert_eq!(stage.world.reserve(market).await.price, before);
    }
}

#[tokio::test]
async fn no_silence_of_any_length_makes_a_healthy_book_liquidatable() {
    // a book at the edge, of a debt that is a small part of what is lent: its interest alone does not push it over
    let mut world = World::start().await;
    let (sol, eth, usdc) = (world.sol, world.eth, world.usdc);
    world.lender(&usdc, usdc.units(100_000_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.give(&keeper, &usdc, usdc.units(100_000)).await;
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.deposit(&ann, &eth, eth.units(1)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(15_000)).await.unwrap();
    let mut fall = usd(200);
    while world.score(&ann).await.is_healthy() {
        fall -= usd(1) / 4;
        world.move_price(|w| &mut w.sol, fall).await;
    }
    world.move_price(|w| &mut w.sol, fall + usd(1)).await;
    assert!(world.score(&ann).await.is_healthy());
    for silence in [1, OPENS, TRADES, MINUTE, MINUTE, HOUR, DAY, 30 * DAY] {
        pass(&mut world, silence);
        assert!(world.score(&ann).await.is_healthy(), "after another {silence} s");
        let outcome = world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await;
        refused(outcome, BallastError::Healthy);
    }
}
