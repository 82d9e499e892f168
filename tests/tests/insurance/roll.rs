//! `enroll_validator`, `call_roll`, `leave_roll`: who is on the roll, by real stake.

use anchor_lang::prelude::Pubkey;
use ballast::{event::RollAction, BallastError};
use ballast_client::{insurance, Event};
use ballast_tests::{refused, validators::BOOTSTRAP_STAKE, Insured, Validator};
use solana_signer::Signer;
use std::slice::from_ref;

/// Whom the roll names for a vote account.
async fn identity_of(insured: &mut Insured, index: usize) -> Pubkey {
    let vote_account = insured.validators[index].vote_account;
    insured.roll().await.identity_of(&vote_account)
}

/// Writes another identity into a vote account, as its operator may.
fn rename(insured: &mut Insured, index: usize, identity: &Pubkey) {
    let validator = &insured.validators[index];
    let (key, state) = (validator.vote_account, validator.vote_state(identity));
    insured.world.chain.put(key, state.into());
}

#[tokio::test]
async fn a_validator_enrols_with_its_identitys_signature() {
    let mut insured = Insured::with_validators(vec![Validator::with_stake(10_000)]).await;
    let receipt = insured.enroll(0).await.unwrap();
    let [Event::RollChanged(event)] = &receipt.events[..] else { panic!("one event") };
    let (identity, vote_account) = (insured.validators[0].key(), insured.validators[0].vote_account);
    assert_eq!(
        (event.action, event.vote_account, event.identity),
        (RollAction::Enrol, vote_account, identity)
    );
    let roll = insured.roll().await;
    assert_eq!(roll.seats[0].holder.vote_account, vote_account.to_bytes());
    assert_eq!((roll.seats[0].holder.enrolled_in, roll.seats[0].holder.confirmed_in), (0, 0));
    // again, an epoch later: it keeps its seat and its epoch
    insured.next_epoch().await;
    insured.enroll(0).await.unwrap();
    let seats = insured.roll().await.seats;
    assert_eq!((seats[0].holder.enrolled_in, seats[0].holder.confirmed_in), (0, 1));
    assert!(seats[1..].iter().all(|seat| seat.holder.vote_account == [0; 32]));
}

#[tokio::test]
async fn nobody_enrols_an_account_that_is_not_its_own_or_no_vote_account() {
    let mut insured = Insured::with_validators(vec![Validator::with_stake(10_000)]).await;
    let stranger = insured.world.chain.wallet();
    let fund = insured.fund;
    let vote_account = insured.validators[0].vote_account;
    let enroll = |key: Pubkey| insurance::enroll_validator(stranger.pubkey(), &fund, key);
    refused(insured.world.send(&[enroll(vote_account)], &[&stranger]).await, BallastError::NotItsIdentity);
    // the same bytes in an account of another program
    let forged = Pubkey::new_unique();
    let mut state: solana_account::Account = insured.validators[0].vote_state(&stranger.pubkey()).into();
    state.owner = ballast::ID;
    insured.world.chain.put(forged, state);
    refused(insured.world.send(&[enroll(forged)], &[&stranger]).await, BallastError::NotAVoteAccount);
    refused(
        insured.world.send(&[enroll(stranger.pubkey())], &[&stranger]).await,
        BallastError::NotAVoteAccount,
    );
    let unsigned = ballast_tests::attack::unsigned(&insurance::enroll_validator(
        insured.validators[0].key(),
        &fund,
        vote_account,
    ));
    refused(insured.crank(unsigned).await, anchor_lang::error::ErrorCode::AccountNotSigner);
}

#[tokio::test]
async fn a_seat_takes_a_ten_thousandth_of_the_clusters_stake() {
    let enough = BOOTSTRAP_STAKE / 9_000;
    let validators = [enough, BOOTSTRAP_STAKE / 11_000, 0].map(Validator::with_stake);
    let mut insured = Insured::with_validators(validators.into()).await;
    insured.enroll(0).await.unwrap();
    refused(insured.enroll(1).await, BallastError::SeatTooSmall);
    refused(insured.enroll(2).await, BallastError::SeatTooSmall);
    // an account of the vote program that the bank does not count: injected, it has no stake
    let fresh = Validator::with_stake(0);
    insured.world.chain.put(fresh.vote_account, fresh.vote_state(&fresh.key()).into());
    insured.validators.push(fresh);
    let curator = insured.world.curator.insecure_clone();
    let identity = insured.validators[3].identity.insecure_clone();
    let enroll =
        insurance::enroll_validator(identity.pubkey(), &insured.fund, insured.validators[3].vote_account);
    refused(insured.world.send(&[enroll], &[&curator, &identity]).await, BallastError::SeatTooSmall);
}

#[tokio::test]
async fn calling_the_roll_takes_what_vote_accounts_name_now() {
    let mut insured = Insured::with_electorate(&[10_000; 2]).await;
    let heir = Pubkey::new_unique();
    rename(&mut insured, 0, &heir);
    assert_eq!(identity_of(&mut insured, 0).await, insured.validators[0].key());
    insured.call_roll().await;
    assert_eq!(identity_of(&mut insured, 0).await, heir);
    assert_eq!(identity_of(&mut insured, 1).await, insured.validators[1].key());
    // whoever held the identity before can neither enrol nor leave for it
    let former = insured.validators[0].identity.insecure_clone();
    let vote_account = insured.validators[0].vote_account;
    let leave = insurance::leave_roll(former.pubkey(), &insured.fund, vote_account);
    refused(insured.world.send(&[leave], &[&former]).await, BallastError::NotItsIdentity);
    refused(insured.enroll(0).await, BallastError::NotItsIdentity);
}

#[tokio::test]
async fn an_account_that_is_closed_leaves_the_roll_when_it_is_called() {
    let mut insured = Insured::with_electorate(&[10_000; 2]).await;
    let gone = insured.validators[0].vote_account;
    insured.world.chain.set_account(gone, anchor_lang::system_program::ID, vec![]);
    let receipt = insured.crank(insurance::call_roll(&insured.fund, &[gone])).await.unwrap();
    let [Event::RollChanged(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.action, event.identity), (RollAction::Drop, Pubkey::default()));
    // again, it is nobody's: others in the slice are called all the same
    let other = insured.validators[1].vote_account;
    let receipt = insured.crank(insurance::call_roll(&insured.fund, &[gone, other])).await.unwrap();
    let [Event::RollChanged(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.action, event.vote_account), (RollAction::Confirm, other));
    refused(
        insured.crank(insurance::call_roll(&insured.fund, &[])).await,
        BallastError::WrongRemainingAccounts,
    );
}

#[tokio::test]
async fn a_validator_leaves_when_it_likes() {
    let mut insured = Insured::with_validators(vec![Validator::with_stake(10_000)]).await;
    insured.enroll(0).await.unwrap();
    let identity = insured.validators[0].identity.insecure_clone();
    let leave = insurance::leave_roll(identity.pubkey(), &insured.fund, insured.validators[0].vote_account);
    let receipt = insured.world.must(from_ref(&leave), &[&identity]).await;
    let [Event::RollChanged(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.action, event.identity_before), (RollAction::Leave, identity.pubkey()));
    assert_eq!(identity_of(&mut insured, 0).await, Pubkey::default());
    refused(insured.world.send(&[leave], &[&identity]).await, BallastError::NotEnrolled);
}

#[tokio::test]
async fn where_all_seats_are_taken_a_larger_validator_waits_beside_the_smallest() {
    let mut validators: Vec<Validator> = (0..64).map(|i| Validator::with_stake(1_000 + i)).collect();
    validators.push(Validator::with_stake(1_000));
    validators.push(Validator::with_stake(5_000));
    let mut insured = Insured::with_validators(validators).await;
    for index in 0..64 {
        insured.enroll(index).await.unwrap();
    }
    refused(insured.enroll(64).await, BallastError::SeatTooSmall);
    insured.enroll(65).await.unwrap();
    let (seat, newcomer) = (insured.roll().await.seats[0], insured.validators[65].vote_account);
    assert_eq!(seat.holder.vote_account, insured.validators[0].vote_account.to_bytes());
    assert_eq!(seat.successor.vote_account, newcomer.to_bytes());
    insured.next_epoch().await;
    insured.next_epoch().await;
    // moving up happens with whatever changes the roll next
    let identity = insured.validators[5].identity.insecure_clone();
    let leave = insurance::leave_roll(identity.pubkey(), &insured.fund, insured.validators[5].vote_account);
    insured.world.must(&[leave], &[&identity]).await;
    insured.enroll(64).await.unwrap();
    let roll = insured.roll().await;
    assert_eq!(roll.seats[0].holder.vote_account, newcomer.to_bytes());
    assert_eq!(roll.seats[5].holder.vote_account, insured.validators[64].vote_account.to_bytes());
}
