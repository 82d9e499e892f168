//! `open_claim`: when a claim opens, who votes on it, and with which weight.

use crate::DAY;
use ballast::BallastError;
use ballast_tests::{refused, validators::BOOTSTRAP_STAKE, Insured, Validator};

const LAMPORTS: u64 = 1_000_000_000;

/// After a loss of $50,000 of a fund of $100,000.
async fn after_a_loss(mut insured: Insured) -> Insured {
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    insured.staker(usdc.units(100_000)).await;
    insured.world.lender(&sol, sol.units(1_000)).await;
    insured.lose(&sol, sol.units(250)).await;
    insured
}

async fn with_stakes(stakes: &[u64]) -> Insured {
    after_a_loss(Insured::with_electorate(stakes).await).await
}

#[tokio::test]
async fn everybody_on_the_roll_votes_with_the_stake_that_the_cluster_counts() {
    let stakes = [10_000, 11_000, 12_000, 13_000, 14_000, 15_000, 16_000];
    let mut insured = with_stakes(&stakes).await;
    insured.call_roll().await;
    let claimant = insured.claimant().await;
    let number = insured.open_claim(&claimant, 1_000_000_000).await.unwrap();
    let claim = insured.claim(number).await;
    assert_eq!((number, claim.opener, claim.value), (1, claimant.key(), 1_000_000_000));
    assert_eq!((claim.epoch, claim.ballot.count), (2, 7));
    let all: u64 = stakes.iter().sum();
    assert_eq!(claim.ballot.total, all * LAMPORTS);
    assert_eq!(claim.cluster_stake / LAMPORTS, BOOTSTRAP_STAKE + all);
    for (voter, validator) in claim.voters.iter().zip(&insured.validators) {
        assert_eq!(voter.identity, validator.key().to_bytes());
        assert_eq!(voter.weight, validator.stake * LAMPORTS);
    }
    let deadline = claim.ballot.opened_at + 3 * DAY as u64;
    assert_eq!((claim.ballot.opened_at as i64, claim.ballot.deadline), (insured.world.chain.now(), deadline));
}

#[tokio::test]
async fn no_claim_opens_before_the_roll_is_called_in_its_epoch() {
    let mut insured = with_stakes(&[10_000; 7]).await;
    let claimant = insured.claimant().await;
    refused(insured.open_claim(&claimant, 1_000_000).await, BallastError::RollNotCalled);
    insured.call_roll().await;
    insured.open_claim(&claimant, 1_000_000).await.unwrap();
    // and again in the next
    insured.next_epoch().await;
    refused(insured.open_claim(&claimant, 1_000_000).await, BallastError::RollNotCalled);
}

#[tokio::test]
async fn whoever_enrols_after_a_loss_does_not_vote_on_it() {
    let mut validators: Vec<Validator> = (0..7).map(|_| Validator::with_stake(10_000)).collect();
    validators.push(Validator::with_stake(30_000));
    let mut insured = Insured::with_validators(validators).await;
    for index in 0..7 {
        insured.enroll(index).await.unwrap();
    }
    insured.next_epoch().await;
    let mut insured = after_a_loss(insured).await;
    let claimant = insured.claimant().await;
    refused(insured.open_claim(&claimant, 1_000_000).await, BallastError::TooFewVoters);
    insured.next_epoch().await;
    insured.enroll(7).await.unwrap();
    insured.call_roll().await;
    let number = insured.open_claim(&claimant, 1_000_000).await.unwrap();
    assert_eq!(insured.claim(number).await.ballot.count, 7);
    refused(insured.vote(7, number, true).await, BallastError::NotAVoter);
}

#[tokio::test]
async fn a_claim_that_could_not_pass_does_not_open() {
    for (stakes, reason) in [
        (vec![20_000; 6], BallastError::TooFewVoters),
        // 5 % of a cluster of 1,000,000 and the seven themselves would be 52,631
        (vec![7_500; 7], BallastError::TooLittleStake),
        (vec![10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 30_001], BallastError::OneVoterTooLarge),
    ] {
        let mut insured = with_stakes(&stakes).await;
        insured.call_roll().await;
        let claimant = insured.claimant().await;
        refused(insured.open_claim(&claimant, 1_000_000).await, reason);
        let fund = insured.state().await;
        assert_eq!((fund.bonds, fund.books.lock.open_claims, fund.last_claim), (0, 0, 0));
    }
}

#[tokio::test]
async fn many_accounts_of_one_operator_are_one_voter() {
    let mut validators: Vec<Validator> = (0..6).map(|_| Validator::with_stake(10_000)).collect();
    let second = Validator::with_identity(&validators[5].identity, 10_000);
    validators.push(second);
    let mut insured = Insured::with_validators(validators).await;
    insured.enroll_all().await;
    insured.next_epoch().await;
    insured.next_epoch().await;
    let mut insured = after_a_loss(insured).await;
    insured.call_roll().await;
    let claimant = insured.claimant().await;
    refused(insured.open_claim(&claimant, 1_000_000).await, BallastError::TooFewVoters);
}

#[tokio::test]
async fn only_recorded_losses_are_claimed_once_and_for_two_weeks() {
    let mut insured = with_stakes(&[10_000; 7]).await;
    insured.call_roll().await;
    let claimant = insured.claimant().await;
    let lost = insured.state().await.books.recorded_loss;
    assert!(lost > 49_999_000_000 && lost <= 50_000_000_000);
    refused(insured.open_claim(&claimant, lost + 1).await, BallastError::BeyondRecordedLoss);
    refused(insured.open_claim(&claimant, 0).await, BallastError::ZeroAmount);
    insured.open_claim(&claimant, lost - 10).await.unwrap();
    refused(insured.open_claim(&claimant, 11).await, BallastError::BeyondRecordedLoss);
    insured.world.tick(14 * DAY).await;
    insured.open_claim(&claimant, 5).await.unwrap();
    insured.world.tick(1).await;
    refused(insured.open_claim(&claimant, 5).await, BallastError::BeyondRecordedLoss);
}

#[tokio::test]
async fn the_bond_is_a_hundredth_of_the_claim_or_a_thousandth_of_the_fund() {
    let mut insured = with_stakes(&[10_000; 7]).await;
    insured.call_roll().await;
    let (claimant, usdc) = (insured.claimant().await, insured.usdc());
    let held = insured.world.wallet(&claimant, &usdc).await;
    insured.open_claim(&claimant, 1).await.unwrap();
    assert_eq!(held - insured.world.wallet(&claimant, &usdc).await, usdc.units(100));
    insured.open_claim(&claimant, 40_000_000_000).await.unwrap();
    let both = held - insured.world.wallet(&claimant, &usdc).await;
    assert!(both.abs_diff(usdc.units(500)) < 10, "{both}");
    let fund = insured.state().await;
    assert_eq!((fund.bonds, fund.books.tokens), (both, usdc.units(100_000)), "bonds are not the stakers'");
    assert_eq!(insured.tokens().await, usdc.units(100_000) + both);
    insured.world.chain.pass(16);
    refused(insured.open_claim(&claimant, 1).await, BallastError::PriceTooOld);
}

#[tokio::test]
async fn sixty_four_validators_vote_on_one_claim() {
    let mut insured = with_stakes(&[1_000; 64]).await;
    insured.call_roll().await;
    let claimant = insured.claimant().await;
    let number = insured.open_claim(&claimant, 1_000_000).await.unwrap();
    assert_eq!(insured.claim(number).await.ballot.count, 64);
    for index in 0..32 {
        insured.vote(index, number, true).await.unwrap();
    }
    refused(insured.settle(number, None).await, BallastError::VotingOpen);
    insured.vote(63, number, true).await.unwrap();
    insured.settle(number, Some(&claimant)).await.unwrap();
    assert_eq!(insured.claim(number).await.ballot.settled, 1);
}
