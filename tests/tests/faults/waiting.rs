//! What waits under a wrong clock: no timelock, cooldown, breaker, pace or vote is passed earlier than its time, and nobody gains by the
//! way there and back.

use anchor_lang::prelude::Pubkey;
use ballast::{
    instructions::TightenTo,
    state::{ProposedChange, Vault},
    BallastError,
};
use ballast_client::{governance, governance::Proposal, insurance};
use ballast_risk::{
    breaker::State,
    change::{MIN_TIMELOCK, RIPE_SECONDS},
};
use ballast_tests::{refused, usd, Failure, Insured, Receipt, World};
use solana_signer::Signer;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Turns the clock, in the next slot.
fn turn(world: &mut World, seconds: i64) {
    world.chain.pass(seconds);
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
    let had = world.holding(&carl, &usdc).await;
    let about = Some(world.asset(&usdc).reserve());
    let tighten = governance::tighten(curator.pubkey(), world.vault, about, TightenTo::Halted, 3_600);
    world.must(std::slice::from_ref(&tighten), &[&curator]).await;
    for seconds in [-DAY, -YEAR, YEAR, DAY, HOUR - 1] {
        turn(&mut world, seconds);
        assert_eq!(world.state(&usdc).await, State::Halted, "{seconds}");
        refused(world.step(Some(&usdc)).await, BallastError::NothingToStep);
        world.withdraw(&carl, &usdc, usdc.units(1)).await.unwrap();
        refused(world.deposit_own(&carl, &usdc, 100).await, BallastError::NotInThisState);
        assert_eq!(world.holding(&carl, &usdc).await, had);
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
    let fair = world.fair();
    let had = world.fortune(&[&ann, &keeper], &fair).await;
    for back in [1, HOUR, YEAR] {
        turn(&mut world, -back);
        let outcome = world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await;
        assert!(outcome.is_err(), "{back} s back the meter gave more");
        assert_eq!(world.obligation(&ann).await.meter, meter);
        turn(&mut world, back);
        let gain = world.fortune(&[&ann, &keeper], &fair).await.gain_up(&had);
        assert!(gain <= 0, "{back} s back: {gain}");
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
    assert_eq!(insured.world.wallet(&ann, &usdc).await, usdc.units(1_000), "what was staked, and once");

    insured.world.refresh().await.unwrap();
    insured.lose(&sol, sol.units(150)).await;
    insured.call_roll().await;
    let claimant = insured.claimant().await;
    let paid = insured.tokens().await;
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
    assert_eq!(insured.tokens().await, paid, "the bond came and went, and nothing else left the fund");
}
