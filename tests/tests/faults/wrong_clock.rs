//! A cluster whose clock is wrong: it goes backwards, stands still, jumps by a year, or goes on without slots. Nothing panics, and nobody
//! gains: what both sides of the loan have is measured around everything they do, at prices that never change here.

use ballast::{BallastError, MAX_PRICE_AHEAD};
use ballast_client::{account::reserves_of, instruction};
use ballast_tests::{fortune::Fortune, refused, usd, Failure, Market, Reason, Receipt, User, World};
use solana_transaction::InstructionError;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Ann owes 60,000 USDC of Carl's million on a BTC. Both have all the tokens that they need in these stories: nobody is given any later.
async fn lent() -> (World, User, User) {
    let mut world = World::start().await;
    let (btc, usdc) = (world.btc, world.usdc);
    let carl = world.lender(&usdc, usdc.units(1_000_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &btc, btc.units(1)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(60_000)).await.unwrap();
    for user in [&ann, &carl] {
        world.give(user, &usdc, usdc.units(100_000)).await;
        world.give(user, &btc, btc.units(1)).await;
    }
    world.tick(DAY).await;
    (world, ann, carl)
}

/// What Ann and Carl have, each of them.
async fn wealth(world: &mut World, ann: &User, carl: &User) -> [Fortune; 2] {
    let fair = world.fair();
    [world.fortune(&[ann], &fair).await, world.fortune(&[carl], &fair).await]
}

/// Nobody has more than before: as long as no time counts, neither of them.
async fn nobody_gained(world: &mut World, ann: &User, carl: &User, had: &[Fortune; 2]) {
    for (now, had) in wealth(world, ann, carl).await.iter().zip(had) {
        assert!(now.gain_up(had) <= 0, "{}", now.gain_up(had));
    }
}

/// Where time counted, Ann paid for it, and Carl did not get more than that.
async fn ann_paid(world: &mut World, ann: &User, carl: &User, [hers, his]: &[Fortune; 2]) {
    let [ann, carl] = wealth(world, ann, carl).await;
    assert!(ann.gain_up(hers) <= 0, "{}", ann.gain_up(hers));
    assert!(ann.and(&carl).gain_up(&hers.and(his)) <= 0, "{}", ann.and(&carl).gain_up(&hers.and(his)));
}

/// Turns the clock, in the next slot.
fn turn(world: &mut World, seconds: i64) {
    world.chain.pass(seconds);
}

/// Indices of a market's books: they never fall.
async fn indices(world: &mut World, market: &Market) -> [u128; 2] {
    let books = world.books(market).await;
    [books.deposit_index, books.debt_index]
}

/// Everything that people do. Whatever is refused is refused by name: nothing panics or overflows.
async fn everybody_acts(world: &mut World, ann: &User, carl: &User) -> Vec<(&'static str, bool)> {
    let (vault, btc, usdc) = (world.vault, world.btc, world.usdc);
    let stranger = world.curator.insecure_clone();
    for market in world.markets() {
        let quote = market.quote(&world.chain);
        market.post_raw(&mut world.chain, &quote);
    }
    let refreshed = world.refresh_posted().await;
    let had = wealth(world, ann, carl).await;
    let reserves = reserves_of(&world.obligation(ann).await);
    let assets: Vec<_> = world.markets().iter().map(|market| market.asset(vault)).collect();
    let mut acts: Vec<(&'static str, Result<Receipt, Failure>)> = vec![("refresh", refreshed)];
    for (name, instruction, signer) in [
        ("borrow", world.borrowing(ann, &usdc, usdc.units(100)).await, &ann.keypair),
        (
            "repay",
            instruction::repay(ann.key(), ann.obligation(), &world.asset(&usdc), 100_000_000),
            &ann.keypair,
        ),
        ("deposit", instruction::deposit(&ann.account, &world.asset(&btc), btc.units(1) / 100), &ann.keypair),
        ("withdraw", world.withdrawal(ann, &btc, btc.units(1) / 100).await, &ann.keypair),
        ("leave", world.withdrawal(carl, &usdc, usdc.units(100)).await, &carl.keypair),
        ("come", instruction::deposit(&carl.account, &world.asset(&usdc), usdc.units(100)), &carl.keypair),
        ("liquidate", world.tranche(carl, ann, &usdc, &btc, u64::MAX).await, &carl.keypair),
        ("score", instruction::refresh_obligation(vault, ann.obligation(), &reserves), &stranger),
        ("attest", instruction::attest_solvency(vault, &assets), &stranger),
    ] {
        acts.push((name, world.send(&[instruction], &[signer]).await));
    }
    nobody_gained(world, ann, carl, &had).await;
    let named = |(name, outcome): (&'static str, Result<Receipt, Failure>)| {
        if let Err(failure) = &outcome {
            let reason = failure.reason();
            let nameless = [
                InstructionError::ProgramFailedToComplete,
                InstructionError::ArithmeticOverflow,
                InstructionError::InvalidAccountData,
            ];
            let is_named = reason.as_ref().is_some_and(|reason| !nameless.map(Reason::from).contains(reason));
            assert!(
                is_named && *reason.as_ref().unwrap() != BallastError::Overflow.into(),
                "{name}: {failure:#?}"
            );
        }
        (name, outcome.is_ok())
    };
    acts.into_iter().map(named).collect()
}

fn refusals(acts: &[(&'static str, bool)]) -> Vec<&'static str> {
    acts.iter().filter(|(_, landed)| !landed).map(|(name, _)| *name).collect()
}

#[tokio::test]
async fn a_clock_that_goes_back_charges_nothing_twice_and_pays_nothing_back() {
    for back in [1, MINUTE, HOUR, DAY, 10 * YEAR] {
        let (mut world, ann, carl) = lent().await;
        let usdc = world.usdc;
        let (start, before) = (world.chain.now(), indices(&mut world, &usdc).await);
        let had = wealth(&mut world, &ann, &carl).await;
        turn(&mut world, -back);
        let acts = everybody_acts(&mut world, &ann, &carl).await;
        // prices that were known before are from the future now, and new ones older than they: what waits for a price goes on
        println!("{back} s back: refused {:?}", refusals(&acts));
        assert_eq!(refusals(&acts), ["liquidate"], "{back} s back");
        assert_eq!(indices(&mut world, &usdc).await, before);
        nobody_gained(&mut world, &ann, &carl, &had).await;
        // on the way to where it was, nothing accrues a second time
        turn(&mut world, back);
        assert_eq!(world.chain.now(), start);
        everybody_acts(&mut world, &ann, &carl).await;
        assert_eq!(indices(&mut world, &usdc).await, before);
        nobody_gained(&mut world, &ann, &carl, &had).await;
        turn(&mut world, DAY);
        world.refresh().await.unwrap();
        ann_paid(&mut world, &ann, &carl, &had).await;
        assert!(indices(&mut world, &usdc).await[1] > before[1], "and then time goes on");
    }
}

#[tokio::test]
async fn prices_grow_old_by_slots_where_the_clock_stands_or_goes_back() {
    for back in [0, DAY] {
        let (mut world, ann, carl) = lent().await;
        let (btc, usdc) = (world.btc, world.usdc);
        let (slot, now) = (world.chain.slot(), world.chain.now() - back);
        let had = wealth(&mut world, &ann, &carl).await;
        world.chain.go_to(slot + ballast::MAX_PRICE_AGE_SLOTS, now);
        world.borrow(&ann, &usdc, usdc.units(100)).await.unwrap();
        world.chain.go_to(slot + ballast::MAX_PRICE_AGE_SLOTS + 1, now);
        refused(world.borrow(&ann, &usdc, usdc.units(100)).await, BallastError::PriceTooOld);
        refused(world.withdraw(&ann, &btc, 1_000).await, BallastError::PriceTooOld);
        world.repay(&ann, &usdc, usdc.units(100)).await.unwrap();
        world.withdraw(&carl, &usdc, usdc.units(100)).await.unwrap();
        world.deposit_own(&carl, &usdc, usdc.units(100)).await.unwrap();
        nobody_gained(&mut world, &ann, &carl, &had).await;
    }
}

#[tokio::test]
async fn a_clock_without_slots_ages_prices_by_seconds() {
    let (mut world, ann, carl) = lent().await;
    let usdc = world.usdc;
    world.refresh().await.unwrap();
    let had = wealth(&mut world, &ann, &carl).await;
    let (slot, now) = (world.chain.slot(), world.chain.now());
    world.chain.go_to(slot, now + 10);
    world.borrow(&ann, &usdc, usdc.units(100)).await.unwrap();
    world.chain.go_to(slot, now + 11);
    refused(world.borrow(&ann, &usdc, usdc.units(100)).await, BallastError::PriceTooOld);
    ann_paid(&mut world, &ann, &carl, &had).await;
}

#[tokio::test]
async fn a_clock_that_stands_still_charges_nothing_and_opens_no_window() {
    let (mut world, ann, carl) = lent().await;
    let usdc = world.usdc;
    let (before, had) = (indices(&mut world, &usdc).await, wealth(&mut world, &ann, &carl).await);
    for _ in 0..3 {
        turn(&mut world, 0);
        let acts = everybody_acts(&mut world, &ann, &carl).await;
        assert_eq!(refusals(&acts), ["liquidate"]);
        assert_eq!(indices(&mut world, &usdc).await, before);
        nobody_gained(&mut world, &ann, &carl, &had).await;
    }
}

#[tokio::test]
async fn a_year_at_once_is_a_years_interest_once_and_comes_back_at_no_gain() {
    let (mut world, ann, carl) = lent().await;
    let (btc, usdc) = (world.btc, world.usdc);
    let (before, had) = (world.books(&usdc).await, wealth(&mut world, &ann, &carl).await);
    turn(&mut world, YEAR);
    let owed = ballast_risk::interest::grow_index_up(
        before.debt_index,
        ballast_risk::interest::growth_up(before.rate_per_second, YEAR as u64),
    );
    let acts = everybody_acts(&mut world, &ann, &carl).await;
    assert_eq!(world.books(&usdc).await.debt_index, owed);
    assert_eq!(refusals(&acts), ["liquidate"], "everything was refreshed");
    // and back: what was charged is not charged again, and nobody earns on the difference
    ann_paid(&mut world, &ann, &carl, &had).await;
    let (charged, had) = (indices(&mut world, &usdc).await, wealth(&mut world, &ann, &carl).await);
    turn(&mut world, -YEAR);
    assert_eq!(indices(&mut world, &usdc).await, charged);
    let acts = everybody_acts(&mut world, &ann, &carl).await;
    assert_eq!(refusals(&acts), ["liquidate"]);
    assert_eq!(indices(&mut world, &usdc).await, charged);
    // the prices of the year ahead die by slots; then only what needs no price goes on until their time has come again
    let (slot, now) = (world.chain.slot(), world.chain.now());
    world.chain.go_to(slot + ballast::MAX_PRICE_AGE_SLOTS + 1, now);
    let acts = everybody_acts(&mut world, &ann, &carl).await;
    assert_eq!(refusals(&acts), ["borrow", "withdraw", "liquidate"]);
    world.repay(&ann, &usdc, u64::MAX).await.unwrap();
    world.withdraw(&ann, &btc, u64::MAX).await.unwrap();
    nobody_gained(&mut world, &ann, &carl, &had).await;
}

#[tokio::test]
async fn prices_from_the_future_are_refused_by_name_and_change_nothing() {
    let (mut world, _, _) = lent().await;
    let btc = world.btc;
    let key = world.asset(&btc).reserve();
    let before = world.chain.account(key).await;
    let ahead = MAX_PRICE_AHEAD as i64;
    for (seconds, slots) in [(ahead + 1, 0), (DAY, 0), (YEAR, 0), (0, 1), (0, 1_000_000)] {
        let outcome = world
            .post_with(&btc, |quote| {
                quote.publish_time += seconds;
                quote.posted_slot += slots;
                quote.publish_time += 1;
                quote.price = usd(1);
            })
            .await;
        refused(outcome, BallastError::PriceFromTheFuture);
        assert!(world.chain.account(key).await == before);
    }
    // a clock that fell behind makes true prices ones of the future; when it has caught up they are taken
    turn(&mut world, -HOUR);
    let outcome = world.post_with(&btc, |quote| quote.publish_time += HOUR + 1).await;
    refused(outcome, BallastError::PriceFromTheFuture);
    turn(&mut world, HOUR);
    world.post_with(&btc, |_| ()).await.unwrap();
}

#[tokio::test]
async fn times_that_no_clock_shows_are_no_panic() {
    // before 1970, at the ends of 64 bits
    for now in [-1, i64::MIN, i64::MAX] {
        let (mut world, ann, carl) = lent().await;
        let usdc = world.usdc;
        let (before, had) = (indices(&mut world, &usdc).await, wealth(&mut world, &ann, &carl).await);
        let slot = world.chain.slot();
        world.chain.go_to(slot + 1, now);
        let vault = world.vault;
        let reserves = reserves_of(&world.obligation(&ann).await);
        for (instruction, signer) in [
            (instruction::repay(ann.key(), ann.obligation(), &world.asset(&usdc), 1_000), &ann.keypair),
            (world.withdrawal(&carl, &usdc, 1_000).await, &carl.keypair),
            (instruction::refresh_obligation(vault, ann.obligation(), &reserves), &carl.keypair),
        ] {
            world.must(&[instruction], &[signer]).await;
        }
        let after = indices(&mut world, &usdc).await;
        assert!(after[0] >= before[0] && after[1] >= before[1]);
        ann_paid(&mut world, &ann, &carl, &had).await;
    }
}
