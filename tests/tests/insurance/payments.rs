//! `cover_loss` by a claim that passed.

use crate::DAY;
use ballast::BallastError;
use ballast_client::{insurance, Event};
use ballast_tests::{refused, Insured, User};

/// A claim for $30,000 that passed; lenders of SOL lost $40,000, the fund has 100,000 USDC.
async fn approved() -> (Insured, User, u64) {
    let mut insured = Insured::with_electorate(&[10_000; 7]).await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    insured.staker(usdc.units(100_000)).await;
    insured.world.lender(&sol, sol.units(1_000)).await;
    insured.lose(&sol, sol.units(200)).await;
    insured.call_roll().await;
    let claimant = insured.claimant().await;
    let number = insured.open_claim(&claimant, 30_000_000_000).await.unwrap();
    let keeper = insured.world.user().await;
    refused(insured.cover(&keeper, &sol, sol.units(1), Some(number)).await, BallastError::ClaimNotPassed);
    for index in 0..4 {
        insured.vote(index, number, true).await.unwrap();
    }
    refused(insured.cover(&keeper, &sol, sol.units(1), Some(number)).await, BallastError::ClaimNotPassed);
    insured.settle(number, Some(&claimant)).await.unwrap();
    (insured, keeper, number)
}

#[tokio::test]
async fn an_approval_pays_beyond_the_automatic_cover_until_it_is_used_up() {
    let (mut insured, keeper, number) = approved().await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    let receipt = insured.cover(&keeper, &sol, sol.units(100), Some(number)).await.unwrap();
    let [Event::LossCovered(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!(event.claim, Some(insured.fund.claim(number)));
    assert_eq!(event.approved_left, 30_000_000_000 - event.repaid_value);
    let paid = insured.world.wallet(&keeper, &usdc).await;
    assert!(paid > usdc.units(20_090) && paid <= usdc.units(20_100), "{paid}");
    refused(insured.cover(&keeper, &sol, sol.units(51), Some(number)).await, BallastError::CoverSpent);
    insured.cover(&keeper, &sol, sol.units(50), Some(number)).await.unwrap();
    refused(insured.cover(&keeper, &sol, sol.units(1), Some(number)).await, BallastError::CoverSpent);
    // the automatic cover is untouched by that: half of a tenth of what is left
    insured.cover(&keeper, &sol, sol.units(17), None).await.unwrap();
}

#[tokio::test]
async fn an_approval_repays_the_reserve_that_was_voted_on_and_no_other() {
    let (mut insured, keeper, number) = approved().await;
    let (btc, sol) = (insured.world.btc, insured.world.sol);
    // somebody's own reserve lost as well, and nobody voted on that
    insured.world.lender(&btc, btc.units(10)).await;
    insured.lose(&btc, btc.units(1)).await;
    let claim = insured.claim(number).await;
    assert_eq!(claim.reserve, sol.asset(insured.world.vault).reserve());
    let other = insured.cover(&keeper, &btc, btc.units(1) / 10, Some(number)).await;
    refused(other, BallastError::ClaimOfAnotherReserve);
    insured.cover(&keeper, &sol, sol.units(100), Some(number)).await.unwrap();
}

#[tokio::test]
async fn a_claim_for_one_reserve_uses_up_nothing_that_another_lost() {
    let mut insured = Insured::with_electorate(&[10_000; 7]).await;
    let (usdc, sol, btc) = (insured.usdc(), insured.world.sol, insured.world.btc);
    insured.staker(usdc.units(100_000)).await;
    insured.world.lender(&sol, sol.units(1_000)).await;
    insured.world.lender(&btc, btc.units(10)).await;
    // lenders of SOL lost $40,000, and lenders of BTC a unit
    insured.lose(&sol, sol.units(200)).await;
    insured.lose(&btc, 1).await;
    insured.call_roll().await;
    let claimant = insured.claimant().await;
    // the last that lost is asked for
    let number = insured.state().await.next_claim();
    let of = |market: ballast_tests::Market, vault| market.asset(vault).reserve();
    let vault = insured.world.vault;
    for value in [30_000_000_000, 1_000_000] {
        let open = insurance::open_claim(claimant.key(), &insured.fund, of(btc, vault), number, value);
        let outcome = insured.world.send(&[open], &[&claimant.keypair]).await;
        refused(outcome, BallastError::BeyondRecordedLoss);
    }
    let open = insurance::open_claim(claimant.key(), &insured.fund, of(sol, vault), number, 30_000_000_000);
    insured.world.must(&[open], &[&claimant.keypair]).await;
}

#[tokio::test]
async fn an_approval_ends_after_seven_days() {
    let (mut insured, keeper, number) = approved().await;
    let sol = insured.world.sol;
    insured.world.tick(7 * DAY).await;
    insured.cover(&keeper, &sol, sol.units(1), Some(number)).await.unwrap();
    insured.world.tick(1).await;
    refused(insured.cover(&keeper, &sol, sol.units(1), Some(number)).await, BallastError::CoverSpent);
}

#[tokio::test]
async fn a_fund_pays_no_more_than_it_has() {
    let (mut insured, keeper, number) = approved().await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    insured
        .world
        .chain
        .edit::<ballast::state::FundAccount>(insured.fund.address(), |fund| {
            fund.books.tokens = usdc.units(1_000);
        })
        .await;
    refused(insured.cover(&keeper, &sol, sol.units(10), Some(number)).await, BallastError::FundEmpty);
    insured.cover(&keeper, &sol, sol.units(4), Some(number)).await.unwrap();
}
