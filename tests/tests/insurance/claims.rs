//! `vote_claim`, `settle_claim`, `close_claim`.

use crate::DAY;
use ballast::BallastError;
use ballast_client::{insurance, Event};
use ballast_risk::fund::INCOME_SECONDS;
use ballast_tests::{attack::swapped, refused, Insured, User};
use solana_signer::Signer;

/// A claim for $30,000 of a fund of 100,000 USDC, with seven voters of the same weight.
async fn open() -> (Insured, User, u64) {
    let mut insured = Insured::with_electorate(&[10_000; 7]).await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    insured.staker(usdc.units(100_000)).await;
    insured.world.lender(&sol, sol.units(1_000)).await;
    insured.lose(&sol, sol.units(150)).await;
    insured.call_roll().await;
    let claimant = insured.claimant().await;
    let value = insured.state().await.books.recorded_loss;
    let number = insured.open_claim(&claimant, value).await.unwrap();
    (insured, claimant, number)
}

async fn in_favour(insured: &mut Insured, number: u64) -> u64 {
    let claim = insured.claim(number).await;
    claim.ballot.as_risk().weight_in_favour(claim.voters()) / 10_000_000_000_000
}

#[tokio::test]
async fn voting_twice_counts_once_and_minds_may_change() {
    let (mut insured, _, number) = open().await;
    let receipt = insured.vote(0, number, true).await.unwrap();
    let [Event::ClaimVoted(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.identity, event.yes), (insured.validators[0].key(), true));
    assert_eq!((event.in_favour, event.weight), ([0, 10_000_000_000_000], 70_000_000_000_000));
    insured.vote(0, number, true).await.unwrap();
    insured.vote(1, number, true).await.unwrap();
    assert_eq!(in_favour(&mut insured, number).await, 2);
    insured.vote(0, number, false).await.unwrap();
    insured.vote(2, number, false).await.unwrap();
    assert_eq!(in_favour(&mut insured, number).await, 1);
    insured.vote(0, number, true).await.unwrap();
    assert_eq!(in_favour(&mut insured, number).await, 2);
    let stranger = insured.world.chain.wallet();
    let vote = insurance::vote_claim(stranger.pubkey(), insured.fund.claim(number), true);
    refused(insured.world.send(&[vote], &[&stranger]).await, BallastError::NotAVoter);
}

#[tokio::test]
async fn more_than_half_of_the_weight_passes_and_brings_the_bond_back() {
    let (mut insured, claimant, number) = open().await;
    let usdc = insured.usdc();
    let bond = insured.claim(number).await.bond;
    for index in 0..3 {
        insured.vote(index, number, true).await.unwrap();
    }
    refused(insured.settle(number, Some(&claimant)).await, BallastError::VotingOpen);
    insured.vote(3, number, true).await.unwrap();
    let eve = insured.claimant().await;
    refused(insured.settle(number, Some(&eve)).await, BallastError::WrongTokenAccount);
    let good = insurance::settle_claim(&insured.fund, number, Some(insured.fund.wallet(&claimant.key())));
    let reserves = insured.fund.asset.tokens();
    for (from, to, reason) in [
        (insured.fund.tokens(), reserves, BallastError::WrongTokenAccount),
        (usdc.mint, insured.world.sol.mint, BallastError::WrongMint),
    ] {
        refused(insured.crank(swapped(&good, from, to)).await, reason);
    }
    let held = insured.world.wallet(&claimant, &usdc).await;
    let receipt = insured.settle(number, Some(&claimant)).await.unwrap();
    let [Event::ClaimSettled(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.passed, event.bond_returned, event.bond_kept), (true, bond, 0));
    assert_eq!(insured.world.wallet(&claimant, &usdc).await, held + bond);
    let (claim, fund) = (insured.claim(number).await, insured.state().await);
    assert_eq!((claim.approval.value, claim.bond, fund.bonds), (claim.value, 0, 0));
    assert_eq!(claim.approval.until as i64, insured.world.chain.now() + 7 * DAY);
    assert_eq!(fund.books.tokens, usdc.units(100_000));
    refused(insured.settle(number, Some(&claimant)).await, BallastError::VotingClosed);
    refused(insured.vote(5, number, false).await, BallastError::VotingClosed);
}

#[tokio::test]
async fn a_claim_that_fails_leaves_its_bond_to_the_stakers_and_its_losses_to_others() {
    let (mut insured, claimant, number) = open().await;
    let usdc = insured.usdc();
    let (bond, value) = (insured.claim(number).await.bond, insured.claim(number).await.value);
    for index in 0..3 {
        insured.vote(index, number, true).await.unwrap();
    }
    insured.world.chain.pass(3 * DAY - 1);
    refused(insured.settle(number, None).await, BallastError::VotingOpen);
    insured.world.chain.pass(1);
    refused(insured.vote(3, number, true).await, BallastError::VotingClosed);
    insured.settle(number, None).await.unwrap();
    let fund = insured.state().await;
    assert_eq!((fund.bonds, fund.books.tokens, fund.books.coming), (0, usdc.units(100_000), bond));
    let (week, now) = (INCOME_SECONDS, insured.world.chain.now() as u64);
    assert_eq!(fund.fund().at(now + week).tokens, usdc.units(100_000) + bond, "it comes within a week");
    assert_eq!(fund.books.recorded_loss, value);
    // its account can be closed; its number does not come again
    let close = insurance::close_claim(&insured.fund, number, claimant.key(), None);
    insured.crank(close).await.unwrap();
    insured.world.refresh().await.unwrap();
    assert_eq!(insured.open_claim(&claimant, value).await.unwrap(), number + 1);
}

#[tokio::test]
async fn stake_cannot_leave_while_a_claim_is_open_or_still_pays() {
    let (mut insured, claimant, number) = open().await;
    let usdc = insured.usdc();
    let ann = insured.staker(usdc.units(10)).await;
    insured.ask(&ann, u64::MAX).await.unwrap();
    // the fund's vote takes three days: a claim that nobody settles stays open
    insured.world.chain.pass(14 * DAY);
    refused(insured.leave(&ann).await, BallastError::StakeLocked);
    insured.settle(number, Some(&claimant)).await.unwrap();
    insured.leave(&ann).await.unwrap();
}

#[tokio::test]
async fn a_claim_that_passed_holds_stake_for_its_seven_days() {
    let (mut insured, claimant, number) = open().await;
    let usdc = insured.usdc();
    let ann = insured.staker(usdc.units(10)).await;
    insured.ask(&ann, u64::MAX).await.unwrap();
    insured.world.chain.pass(2 * DAY);
    for index in 0..4 {
        insured.vote(index, number, true).await.unwrap();
    }
    insured.world.chain.pass(10 * DAY);
    insured.settle(number, Some(&claimant)).await.unwrap();
    insured.world.chain.pass(7 * DAY - 1);
    refused(insured.leave(&ann).await, BallastError::StakeLocked);
    insured.world.chain.pass(1);
    insured.leave(&ann).await.unwrap();
}

#[tokio::test]
async fn a_bond_that_nobody_could_take_is_owed_until_the_account_closes() {
    let (mut insured, claimant, number) = open().await;
    let usdc = insured.usdc();
    for index in 0..4 {
        insured.vote(index, number, true).await.unwrap();
    }
    insured.settle(number, None).await.unwrap();
    let bond = insured.claim(number).await.bond;
    assert_eq!(insured.state().await.bonds, bond);
    let (fund, wallet) = (insured.fund, insured.fund.wallet(&claimant.key()));
    let close = |opener, tokens| insurance::close_claim(&fund, number, opener, tokens);
    refused(insured.crank(close(claimant.key(), Some(wallet))).await, BallastError::ClaimNotOver);
    insured.world.chain.pass(7 * DAY + 1);
    refused(insured.crank(close(claimant.key(), None)).await, BallastError::BondOwed);
    let eve = insured.claimant().await;
    let (theirs, eves) = (Some(wallet), Some(fund.wallet(&eve.key())));
    refused(insured.crank(close(claimant.key(), eves)).await, BallastError::WrongTokenAccount);
    refused(insured.crank(close(eve.key(), theirs)).await, BallastError::NotTheOpener);
    let held = insured.world.wallet(&claimant, &usdc).await;
    insured.crank(close(claimant.key(), theirs)).await.unwrap();
    assert_eq!(insured.world.wallet(&claimant, &usdc).await, held + bond);
    assert_eq!(insured.state().await.bonds, 0);
    assert!(insured.world.chain.account(fund.claim(number)).await.is_none());
}
