//! `open_stake`, `stake_insurance`, `close_stake`: shares that nobody can cheat with.

use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{event::StakeAction, BallastError};
use ballast_client::{insurance, Event};
use ballast_risk::fund::StakeShares;
use ballast_tests::{market::balance, refused, Insured};

#[tokio::test]
async fn whoever_stakes_gets_shares_for_exactly_what_they_cost() {
    let mut insured = Insured::start().await;
    let ann = insured.staker(1_000_000).await;
    let usdc = insured.usdc();
    insured.world.give(&ann, &usdc, 500_000).await;
    let more = insurance::stake_insurance(ann.key(), &insured.fund, 500_000);
    let receipt = insured.world.must(&[more], &[&ann.keypair]).await;
    let [Event::StakeChanged(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.action, event.amount), (StakeAction::Stake, 500_000));
    assert_eq!((event.shares, event.leaving), ([1_000_000, 1_500_000], [0, 0]));
    assert_eq!((event.fund_before.tokens, event.fund_after.tokens), (1_000_000, 1_500_000));
    assert_eq!(insured.tokens().await, 1_500_000);
    assert_eq!(insured.stake_of(&ann).await.stake.shares, 1_500_000);
    refused(insured.stake(&ann, 0).await, BallastError::ZeroAmount);
}

#[tokio::test]
async fn the_first_to_stake_cannot_trick_the_second_by_a_donation() {
    let mut insured = Insured::start().await;
    let eve = insured.staker(1).await;
    // a million units sent to the fund's account are in nobody's books
    let (usdc, vault, tokens) = (insured.usdc(), insured.world.vault, insured.fund.tokens());
    usdc.write_tokens(&mut insured.world.chain, tokens, &vault, 1_000_001, AccountState::Initialized);
    let before = insured.state().await;
    let ann = insured.staker(1_500_000).await;
    assert_eq!(insured.stake_of(&ann).await.stake.shares, 1_500_000);
    let after = insured.state().await;
    assert_eq!((before.books.tokens, after.books.tokens), (1, 1_500_001));
    assert_eq!(after.fund().worth_down(StakeShares(1)).0, 1, "eve's share is worth what it cost");
    assert_eq!(insured.stake_of(&eve).await.stake.shares, 1);
}

#[tokio::test]
async fn where_a_share_is_worth_much_only_whole_shares_are_paid_for() {
    let mut insured = Insured::start().await;
    let _first = insured.staker(10).await;
    insured
        .world
        .chain
        .edit::<ballast::state::FundAccount>(insured.fund.address(), |fund| fund.books.tokens = 1_000)
        .await;
    let (usdc, vault, tokens) = (insured.usdc(), insured.world.vault, insured.fund.tokens());
    usdc.write_tokens(&mut insured.world.chain, tokens, &vault, 1_000, AccountState::Initialized);
    // a share is worth 100 units now
    let ann = insured.newcomer().await;
    insured.world.give(&ann, &usdc, 250).await;
    let stake = insurance::stake_insurance(ann.key(), &insured.fund, 250);
    insured.world.must(&[stake], &[&ann.keypair]).await;
    assert_eq!(insured.stake_of(&ann).await.stake.shares, 2);
    let wallet = insured.fund.wallet(&ann.key());
    assert_eq!(balance(&mut insured.world.chain, wallet).await, 50, "the rest stays in the wallet");
    refused(insured.stake(&ann, 49).await, BallastError::ZeroAmount);
}

#[tokio::test]
async fn an_empty_stake_is_closed_by_its_owner_only() {
    let mut insured = Insured::start().await;
    let ann = insured.staker(1_000).await;
    let close = insurance::close_stake(ann.key(), &insured.fund);
    refused(insured.world.send(&[close], &[&ann.keypair]).await, BallastError::StakeNotEmpty);
    let bob = insured.newcomer().await;
    let theft = ballast_tests::attack::with_account(
        &insurance::close_stake(ann.key(), &insured.fund),
        2,
        insured.fund.stake(&bob.key()),
    );
    refused(insured.world.send(&[theft], &[&ann.keypair]).await, BallastError::NotStakeOwner);
    let close = insurance::close_stake(bob.key(), &insured.fund);
    insured.world.must(&[close], &[&bob.keypair]).await;
    assert!(insured.world.chain.account(insured.fund.stake(&bob.key())).await.is_none());
}
