//! `request_unstake` and `unstake`: the cooldown, the window, and what holds stake back.

use crate::DAY;
use ballast::{state::FundAccount, BallastError};
use ballast_risk::fund::LOSS_LOCK;
use ballast_tests::{refused, Insured};

#[tokio::test]
async fn stake_cools_down_to_the_second_and_then_leaves_with_its_worth() {
    let mut insured = Insured::start().await;
    let (ann, usdc) = (insured.staker(1_000_000).await, insured.usdc());
    refused(insured.leave(&ann).await, BallastError::ZeroAmount);
    refused(insured.ask(&ann, 1_000_001).await, BallastError::InsufficientAmount);
    insured.ask(&ann, 400_000).await.unwrap();
    insured.world.chain.pass(14 * DAY - 1);
    refused(insured.leave(&ann).await, BallastError::StakeCooling);
    insured.world.chain.pass(1);
    insured.leave(&ann).await.unwrap();
    assert_eq!(insured.world.wallet(&ann, &usdc).await, 400_000);
    assert_eq!(insured.stake_of(&ann).await.stake.shares, 600_000);
    refused(insured.leave(&ann).await, BallastError::ZeroAmount);
    // all of the rest
    insured.ask(&ann, u64::MAX).await.unwrap();
    insured.world.chain.pass(14 * DAY);
    insured.leave(&ann).await.unwrap();
    assert_eq!((insured.tokens().await, insured.state().await.books.shares), (0, 0));
}

#[tokio::test]
async fn who_does_not_leave_in_the_window_has_to_ask_again() {
    let mut insured = Insured::start().await;
    let ann = insured.staker(1_000_000).await;
    insured.ask(&ann, u64::MAX).await.unwrap();
    insured.world.chain.pass(16 * DAY + 1);
    refused(insured.leave(&ann).await, BallastError::UnstakeLapsed);
    // staying costs nothing; asking for more begins the cooldown of all anew
    insured.ask(&ann, 0).await.unwrap();
    let stake = insured.stake_of(&ann).await.stake;
    assert_eq!((stake.shares, stake.leaving), (1_000_000, 0));
    insured.ask(&ann, 500_000).await.unwrap();
    insured.world.chain.pass(14 * DAY);
    insured.ask(&ann, 1).await.unwrap();
    refused(insured.leave(&ann).await, BallastError::StakeCooling);
    insured.world.chain.pass(14 * DAY);
    insured.leave(&ann).await.unwrap();
    assert_eq!(insured.tokens().await, 499_999);
}

#[tokio::test]
async fn a_fresh_loss_holds_stake_back_for_three_days_and_a_tiny_one_does_not() {
    let mut insured = Insured::start().await;
    let usdc = insured.usdc();
    let ann = insured.staker(usdc.units(10_000)).await;
    insured.ask(&ann, usdc.units(1_000)).await.unwrap();
    insured.world.chain.pass(14 * DAY);
    insured.world.refresh().await.unwrap();
    insured.lose(&usdc, usdc.units(10) - 2).await;
    assert_eq!(insured.state().await.books.lock.until, 0, "less than a thousandth");
    insured.lose(&usdc, usdc.units(10) + 2).await;
    refused(insured.leave(&ann).await, BallastError::StakeLocked);
    insured.world.chain.pass(LOSS_LOCK as i64 - 1);
    refused(insured.leave(&ann).await, BallastError::StakeLocked);
    // three days of a window of two, all of them locked: they do not count against ann
    insured.world.chain.pass(1 + DAY);
    insured.leave(&ann).await.unwrap();
}

#[tokio::test]
async fn leaving_stake_bears_losses_until_it_has_left() {
    let mut insured = Insured::start().await;
    let (ann, usdc) = (insured.staker(1_000_000).await, insured.usdc());
    insured.ask(&ann, u64::MAX).await.unwrap();
    // the fund paid out half of itself meanwhile
    insured.world.chain.edit::<FundAccount>(insured.fund.address(), |fund| fund.books.tokens = 500_000).await;
    insured.world.chain.pass(14 * DAY);
    insured.leave(&ann).await.unwrap();
    assert_eq!(insured.world.wallet(&ann, &usdc).await, 500_000);
}
