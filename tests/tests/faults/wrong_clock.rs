//! A cluster whose clock is wrong: it goes backwards, stands still, jumps by a year, or goes on without slots. Nobody gains a unit, nothing
//! panics, and no timelock, cooldown or window is passed earlier than its time.

use anchor_lang::prelude::Pubkey;
use ballast::{
    instructions::TightenTo,
    state::{ProposedChange, Vault},
    BallastError, MAX_PRICE_AHEAD,
};
use ballast_client::{account::reserves_of, governance, governance::Proposal, instruction, insurance};
use ballast_risk::{
    breaker::State,
    change::{MIN_TIMELOCK, RIPE_SECONDS},
};
use ballast_tests::{refused, usd, Failure, Insured, Market, Reason, Receipt, User, World};
use solana_signer::Signer;
use solana_transaction::InstructionError;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Ann owes 60,000 USDC of Carl's million on a BTC.
async fn lent() -> (World, User, User) {
    let mut world = World::start().await;
    let (btc, usdc) = (world.btc, world.usdc);
    let carl = world.lender(&usdc, usdc.units(1_000_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &btc, btc.units(1)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(60_000)).await.unwrap();
    world.tick(DAY).await;
    (world, ann, carl)
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
    world.give(ann, &usdc, usdc.units(1_000)).await;
    world.give(ann, &btc, btc.units(1) / 100).await;
    let key = carl.key();
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
        btc.fund(&mut world.chain, &key, 0);
        acts.push((name, world.send(&[instruction], &[signer]).await));
    }
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
        turn(&mut world, -back);
        let acts = everybody_acts(&mut world, &ann, &carl).await;
        // prices that were known before are from the future now, and new ones older than they: what waits for a price goes on
        println!("{back} s back: refused {:?}", refusals(&acts));
        assert_eq!(refusals(&acts), ["liquidate"], "{back} s back");
        assert_eq!(indices(&mut world, &usdc).await, before);
        // on the way to where it was, nothing accrues a second time
        turn(&mut world, back);
        assert_eq!(world.chain.now(), start);
        everybody_acts(&mut world, &ann, &carl).await;
        assert_eq!(indices(&mut world, &usdc).await, before);
        turn(&mut world, DAY);
        world.refresh().await.unwrap();
        assert!(indices(&mut world, &usdc).await[1] > before[1], "and then time goes on");
    }
}

#[tokio::test]
async fn prices_grow_old_by_slots_where_the_clock_stands_or_goes_back() {
    for back in [0, DAY] {
        let (mut world, ann, carl) = lent().await;
        let (btc, usdc) = (world.btc, world.usdc);
        let (slot, now) = (world.chain.slot(), world.chain.now() - back);
        world.chain.go_to(slot + ballast::MAX_PRICE_AGE_SLOTS, now);
        world.borrow(&ann, &usdc, usdc.units(100)).await.unwrap();
        world.chain.go_to(slot + ballast::MAX_PRICE_AGE_SLOTS + 1, now);
        refused(world.borrow(&ann, &usdc, usdc.units(100)).await, BallastError::PriceTooOld);
        refused(world.withdraw(&ann, &btc, 1_000).await, BallastError::PriceTooOld);
        world.repay(&ann, &usdc, usdc.units(100)).await.unwrap();
        world.withdraw(&carl, &usdc, usdc.units(100)).await.unwrap();
        world.deposit(&carl, &usdc, usdc.units(100)).await.unwrap();
    }
}

#[tokio::test]
async fn a_clock_without_slots_ages_prices_by_seconds() {
    let (mut world, ann, _) = lent().await;
    let usdc = world.usdc;
    world.refresh().await.unwrap();
    let (slot, now) = (world.chain.slot(), world.chain.now());
    world.chain.go_to(slot, now + 10);
    world.borrow(&ann, &usdc, usdc.units(100)).await.unwrap();
    world.chain.go_to(slot, now + 11);
    refused(world.borrow(&ann, &usdc, usdc.units(100)).await, BallastError::PriceTooOld);
}

#[tokio::test]
async fn a_clock_that_stands_still_charges_nothing_and_opens_no_window() {
    let (mut world, ann, carl) = lent().await;
    let usdc = world.usdc;
    let before = indices(&mut world, &usdc).await;
    for _ in 0..3 {
        turn(&mut world, 0);
        let acts = everybody_acts(&mut world, &ann, &carl).await;
        assert_eq!(refusals(&acts), ["liquidate"]);
        assert_eq!(indices(&mut world, &usdc).await, before);
    }
}

#[tokio::test]
async fn a_year_at_once_is_a_years_interest_once_and_comes_back_at_no_gain() {
    let (mut world, ann, carl) = lent().await;
    let (btc, usdc) = (world.btc, world.usdc);
    let before = world.books(&usdc).await;
    turn(&mut world, YEAR);
    let owed = ballast_risk::interest::grow_index_up(
        before.debt_index,
        ballast_risk::interest::growth_up(before.rate_per_second, YEAR as u64),
    );
    let acts = everybody_acts(&mut world, &ann, &carl).await;
    assert_eq!(world.books(&usdc).await.debt_index, owed);
    assert_eq!(refusals(&acts), ["liquidate"], "everything was refreshed");
    // and back: what was charged is not charged again, and nobody earns on the difference
    let charged = indices(&mut world, &usdc).await;
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
    world.give(&ann, &usdc, usdc.units(100_000)).await;
    world.repay(&ann, &usdc, u64::MAX).await.unwrap();
    world.withdraw(&ann, &btc, u64::MAX).await.unwrap();
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

/// The next change of the vault.
async fn proposal(world: &mut World, proposed: ProposedChange, reserve: Option<Pubkey>) -> Proposal {
    let (vault, curator) = (world.vault, world.curator.insecure_clone());
    let number = world.chain.state::<Vault>(vault).await.last_change + 1;
    let proposal = Proposal { vault, number, reserve, proposer: curator.pubkey() };
    world.must(&[proposal.propose(proposed)], &[&curator]).await;
    proposal
}

async fn execute(world: &mut World, proposal: &Proposal) -> Result<Receipt, Failure> {
    let curator = world.curator.insecure_clone();
    world.send(&[proposal.execute(curator.pubkey(), &[])], &[&curator]).await
}

#[tokio::test]
async fn no_wrong_clock_makes_a_proposal_ripe_before_its_time() {
    let mut world = World::start().await;
    let longer = ProposedChange::Timelock(MIN_TIMELOCK + 1);
    let early = proposal(&mut world, longer.clone(), None).await;
    let start = world.chain.now();
    for seconds in [-YEAR, YEAR, MIN_TIMELOCK as i64 - 1, 1 - MIN_TIMELOCK as i64] {
        turn(&mut world, seconds);
        // a year later it is not ripe but over
        let at = world.chain.now() - start;
        let reason = match at {
            at if at > (MIN_TIMELOCK + RIPE_SECONDS) as i64 => BallastError::ChangeExpired,
            _ => BallastError::NotRipe,
        };
        refused(execute(&mut world, &early).await, reason);
    }
    assert_eq!(world.chain.now(), start);
    // what was proposed in a year ahead waits for its own time, and more
    turn(&mut world, YEAR);
    let late = proposal(&mut world, longer, None).await;
    turn(&mut world, -YEAR);
    refused(execute(&mut world, &late).await, BallastError::NotRipe);
    turn(&mut world, MIN_TIMELOCK as i64);
    refused(execute(&mut world, &late).await, BallastError::NotRipe);
    execute(&mut world, &early).await.unwrap();
}

#[tokio::test]
async fn a_breaker_does_not_end_early_when_the_clock_goes_back() {
    let mut world = World::start().await;
    let (usdc, curator) = (world.usdc, world.curator.insecure_clone());
    let carl = world.lender(&usdc, usdc.units(1_000)).await;
    let about = Some(world.asset(&usdc).reserve());
    let tighten = governance::tighten(curator.pubkey(), world.vault, about, TightenTo::Halted, 3_600);
    world.must(std::slice::from_ref(&tighten), &[&curator]).await;
    for seconds in [-DAY, -YEAR, YEAR, DAY, HOUR - 1] {
        turn(&mut world, seconds);
        assert_eq!(world.state(&usdc).await, State::Halted, "{seconds}");
        refused(world.step(Some(&usdc)).await, BallastError::NothingToStep);
        refused(world.deposit(&carl, &usdc, 100).await, BallastError::NotInThisState);
        world.withdraw(&carl, &usdc, usdc.units(1)).await.unwrap();
    }
    turn(&mut world, 1);
    assert_eq!(world.state(&usdc).await, State::Guarded);
    // the guardian's three times in seven days are counted by the same clock: going back does not give one more
    for _ in 0..2 {
        turn(&mut world, 4 * HOUR);
        let receipt = world.chain.send(std::slice::from_ref(&tighten), &[&curator]).await;
        receipt.unwrap();
    }
    for (seconds, reason) in [
        (4 * HOUR, BallastError::TightenedTooOften),
        (-DAY, BallastError::NotTighter), // the third time has not ended
        (-YEAR, BallastError::NotTighter),
        (YEAR + DAY, BallastError::TightenedTooOften),
    ] {
        turn(&mut world, seconds);
        let again = world.chain.send(std::slice::from_ref(&tighten), &[&curator]).await;
        refused(again, reason);
    }
}

#[tokio::test]
async fn the_pace_of_liquidation_and_its_slot_rule_survive_a_wrong_clock() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &sol, sol.units(1_000)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(140_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(200_000)).await;
    let mut price = 200;
    while world.score(&ann).await.is_healthy() {
        price -= 1;
        world.move_price(|w| &mut w.sol, usd(price)).await;
    }
    world.move_price(|w| &mut w.sol, usd(price - 2)).await;
    // the window's allowance is taken at once
    world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
    let meter = world.obligation(&ann).await.meter;
    assert!(meter.used > 0);
    for back in [1, HOUR, YEAR] {
        turn(&mut world, -back);
        let outcome = world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await;
        assert!(outcome.is_err(), "{back} s back the meter gave more");
        assert_eq!(world.obligation(&ann).await.meter, meter);
        turn(&mut world, back);
    }
}

#[tokio::test]
async fn stake_that_cools_and_claims_that_are_voted_keep_their_time() {
    let mut insured = Insured::with_electorate(&[10_000; 7]).await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    let ann = insured.staker(usdc.units(100_000)).await;
    insured.world.lender(&sol, sol.units(1_000)).await;
    insured.ask(&ann, usdc.units(1_000)).await.unwrap();
    for seconds in [-YEAR, 10, YEAR - 10, 14 * DAY - 1] {
        turn(&mut insured.world, seconds);
        refused(insured.leave(&ann).await, BallastError::StakeCooling);
    }
    turn(&mut insured.world, 1);
    insured.leave(&ann).await.unwrap();

    insured.world.refresh().await.unwrap();
    insured.lose(&sol, sol.units(150)).await;
    insured.call_roll().await;
    let claimant = insured.claimant().await;
    let value = insured.state().await.books.recorded_loss;
    let number = insured.open_claim(&claimant, value).await.unwrap();
    let slot_and_time = (insured.world.chain.slot(), insured.world.chain.now());
    // three of seven is no majority; going back leaves the vote open, and a year ahead it has failed
    for index in 0..3 {
        insured.vote(index, number, true).await.unwrap();
    }
    turn(&mut insured.world, -YEAR);
    refused(insured.settle(number, Some(&claimant)).await, BallastError::VotingOpen);
    insured.vote(0, number, true).await.unwrap();
    turn(&mut insured.world, 2 * YEAR);
    refused(insured.vote(3, number, true).await, BallastError::VotingClosed);
    // nobody settled it in that year: back again, the fourth vote counts
    insured.world.chain.go_to(slot_and_time.0 + 10, slot_and_time.1);
    insured.vote(3, number, true).await.unwrap();
    insured.settle(number, Some(&claimant)).await.unwrap();
    // its approval is for seven days of the clock in which it passed; before them it pays as well, after them it does not
    let keeper = insured.world.user().await;
    turn(&mut insured.world, 8 * DAY);
    insured.world.refresh().await.unwrap();
    refused(insured.cover(&keeper, &sol, sol.units(1), Some(number)).await, BallastError::CoverSpent);
    let close = insurance::close_claim(&insured.fund, number, claimant.key(), None);
    insured.crank(close).await.unwrap();
}

#[tokio::test]
async fn times_that_no_clock_shows_are_no_panic() {
    // before 1970, at the ends of 64 bits
    for now in [-1, i64::MIN, i64::MAX] {
        let (mut world, ann, carl) = lent().await;
        let usdc = world.usdc;
        let before = indices(&mut world, &usdc).await;
        let slot = world.chain.slot();
        world.chain.go_to(slot + 1, now);
        let vault = world.vault;
        world.give(&ann, &usdc, usdc.units(1)).await;
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
    }
}
