//! `cover_loss` of the fund's own: bounded a period, at fresh prices.

use crate::DAY;
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{state::Reserve, BallastError};
use ballast_client::{price::Price, Event};
use ballast_risk::breaker::State;
use ballast_tests::{refused, usd, Insured};

/// A fund of 100,000 USDC, and lenders of SOL who lost a hundred of them ($20,000).
async fn after_a_loss() -> Insured {
    let mut insured = Insured::start().await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    insured.staker(usdc.units(100_000)).await;
    insured.world.lender(&sol, sol.units(1_000)).await;
    insured.lose(&sol, sol.units(100)).await;
    insured
}

#[tokio::test]
async fn whoever_repays_is_paid_the_same_value_and_half_a_percent_more() {
    let mut insured = after_a_loss().await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    let keeper = insured.world.user().await;
    let receipt = insured.cover(&keeper, &sol, sol.units(20), None).await.unwrap();
    // $4,000 and half a percent, less the uncertainty of both prices
    let paid = insured.world.wallet(&keeper, &usdc).await;
    assert!(paid <= 4_020_000_000 && paid > 4_018_000_000, "{paid}");
    assert_eq!(insured.world.wallet(&keeper, &sol).await, 0);
    let [Event::LossCovered(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.repaid, event.paid, event.claim), (sol.units(20), paid, None));
    assert_eq!(event.unrecovered, [sol.units(100), sol.units(80)]);
    assert_eq!(event.pending, [0, sol.units(20)]);
    assert_eq!(event.fund_before.tokens - event.fund_after.tokens, paid);
    assert_eq!(event.books_after.free_tokens - event.books_before.free_tokens, sol.units(20));
}

#[tokio::test]
async fn what_is_repaid_reaches_lenders_evenly_over_thirty_days() {
    let mut insured = after_a_loss().await;
    let sol = insured.world.sol;
    let keeper = insured.world.user().await;
    insured.cover(&keeper, &sol, sol.units(20), None).await.unwrap();
    for (days, back) in [(0, 0), (15, 10), (15, 10), (10, 0)] {
        let before = insured.world.reserve(&sol).await.books.ledger().total_deposits_down().0;
        insured.world.tick(days * DAY).await;
        let after = insured.world.reserve(&sol).await.books.ledger().total_deposits_down().0;
        let rise = after - before;
        let expected = sol.units(back);
        assert!(rise <= expected && rise + expected / 1_000_000 + 1 >= expected, "{days}: {rise}");
    }
}

#[tokio::test]
async fn whoever_repays_shows_missing_tokens_on_the_way() {
    let mut insured = after_a_loss().await;
    let sol = insured.world.sol;
    let keeper = insured.world.user().await;
    insured.world.give(&keeper, &sol, sol.units(20)).await;
    let held = insured.world.till(&sol).await;
    insured.world.set_till(&sol, held - 1, AccountState::Initialized).await;
    let covering = insured.covering(&keeper, &sol, sol.units(20), None);
    insured.world.chain.send(&[covering], &[&keeper.keypair]).await.unwrap();
    assert_eq!(insured.world.state(&sol).await, State::Halted);
}

#[tokio::test]
async fn of_itself_the_fund_pays_a_bounded_share_a_period() {
    let mut insured = after_a_loss().await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    let keeper = insured.world.user().await;
    // a tenth a week, half of it at once: $5,000
    refused(insured.cover(&keeper, &sol, sol.units(25), None).await, BallastError::CoverSpent);
    insured.cover(&keeper, &sol, sol.units(24), None).await.unwrap();
    insured.world.tick(1).await;
    refused(insured.cover(&keeper, &sol, sol.units(1), None).await, BallastError::CoverSpent);
    // however it is asked for, no week sees more than a tenth
    let mut paid = insured.world.wallet(&keeper, &usdc).await;
    for _ in 0..14 {
        insured.world.tick(DAY / 2).await;
        while insured.cover(&keeper, &sol, sol.units(1), None).await.is_ok() {}
    }
    paid = insured.world.wallet(&keeper, &usdc).await.max(paid);
    assert!(paid <= usdc.units(10_000), "{paid}");
    assert!(paid > usdc.units(9_000), "and nearly that much is there to have: {paid}");
}

#[tokio::test]
async fn both_prices_are_fresh() {
    let mut insured = after_a_loss().await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    let keeper = insured.world.user().await;
    insured.world.chain.pass(16);
    refused(insured.cover(&keeper, &sol, sol.units(1), None).await, BallastError::PriceTooOld);
    for fresh in [sol, usdc] {
        insured.world.chain.pass(16);
        let quote = fresh.quote(&insured.world.chain);
        fresh.post_raw(&mut insured.world.chain, &quote);
        insured.world.refresh_one(&fresh).await.unwrap();
        refused(insured.cover(&keeper, &sol, sol.units(1), None).await, BallastError::PriceTooOld);
    }
    insured.world.tick(1).await;
    insured.cover(&keeper, &sol, sol.units(1), None).await.unwrap();
}

#[tokio::test]
async fn a_dear_fund_pays_less_of_itself_and_the_payer_sets_a_minimum() {
    let mut insured = after_a_loss().await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    insured.world.move_price(|world| &mut world.usdc, usd(2)).await;
    let keeper = insured.world.user().await;
    insured.world.give(&keeper, &sol, sol.units(1)).await;
    let mut covering = insured.covering(&keeper, &sol, sol.units(1), None);
    let at = covering.data.len() - 8;
    covering.data[at..].copy_from_slice(&(usdc.units(100) + usdc.units(1)).to_le_bytes());
    refused(
        insured.world.send(&[covering.clone()], &[&keeper.keypair]).await,
        BallastError::BelowMinimumReceived,
    );
    covering.data[at..].copy_from_slice(&usdc.units(100).to_le_bytes());
    insured.world.must(&[covering], &[&keeper.keypair]).await;
    let paid = insured.world.wallet(&keeper, &usdc).await;
    assert!(paid <= usdc.units(100) + usdc.units(1) / 2, "{paid}");
}

#[tokio::test]
async fn a_spike_of_either_price_empties_no_fund() {
    let mut insured = after_a_loss().await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    let keeper = insured.world.user().await;
    // SOL at ten times its price, then USDC at a tenth: the averages still say what they are worth
    for (spiked, price) in [(sol, usd(2_000)), (usdc, usd(1) / 10)] {
        insured.world.tick(1).await;
        insured.world.chain.pass(1);
        let quote = spiked.quote(&insured.world.chain);
        spiked.post_raw(&mut insured.world.chain, &Price { price, ..quote });
        insured.world.refresh_one(&spiked).await.unwrap();
        let before = insured.world.wallet(&keeper, &usdc).await;
        insured.cover(&keeper, &sol, sol.units(1), None).await.unwrap();
        let paid = insured.world.wallet(&keeper, &usdc).await - before;
        assert!(paid > 0 && paid <= usdc.units(201), "{paid}");
    }
}

#[tokio::test]
async fn only_what_was_lost_is_repaid_and_a_reserve_without_losses_takes_nothing() {
    let mut insured = after_a_loss().await;
    let (usdc, sol, btc) = (insured.usdc(), insured.world.sol, insured.world.btc);
    let keeper = insured.world.user().await;
    refused(insured.cover(&keeper, &btc, btc.units(1), None).await, BallastError::ZeroAmount);
    insured
        .world
        .chain
        .edit::<Reserve>(sol.asset(insured.world.vault).reserve(), |reserve| {
            reserve.losses.unrecovered = sol.units(3);
            reserve.losses.cover_until = u64::MAX;
        })
        .await;
    insured.cover(&keeper, &sol, sol.units(10), None).await.unwrap();
    assert_eq!(insured.world.wallet(&keeper, &sol).await, sol.units(7), "the rest stays in the wallet");
    refused(insured.cover(&keeper, &sol, sol.units(1), None).await, BallastError::ZeroAmount);
    assert!(insured.world.wallet(&keeper, &usdc).await <= usdc.units(603));
}

#[tokio::test]
async fn a_loss_in_the_funds_own_mint_is_covered_with_one_wallet() {
    let mut insured = after_a_loss().await;
    let usdc = insured.usdc();
    insured.world.lender(&usdc, usdc.units(1_000)).await;
    insured.lose(&usdc, usdc.units(1_000)).await;
    let keeper = insured.world.user().await;
    insured.cover(&keeper, &usdc, usdc.units(1_000), None).await.unwrap();
    let paid = insured.world.wallet(&keeper, &usdc).await;
    assert!(paid <= usdc.units(1_005) && paid > usdc.units(1_004), "{paid}");
}

#[tokio::test]
async fn a_fund_that_is_paid_out_begins_anew_and_old_stakes_are_lost() {
    let mut insured = Insured::start().await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    let ann = insured.staker(usdc.units(100)).await;
    insured.world.lender(&sol, sol.units(10)).await;
    insured.lose(&sol, sol.units(10)).await;
    insured
        .world
        .chain
        .edit::<ballast::state::FundAccount>(insured.fund.address(), |fund| {
            let mut books = fund.fund();
            (books.tokens, books.shares, books.era) = (0, 0, 1);
            books.spare = usdc.units(100);
            fund.books = books.into();
        })
        .await;
    // what nobody owns is paid out first and is no new staker's
    let bob = insured.staker(usdc.units(50)).await;
    let keeper = insured.world.user().await;
    insured.cover(&keeper, &sol, 10_000_000, None).await.unwrap();
    let fund = insured.state().await;
    assert_eq!((fund.books.tokens, fund.books.spare < usdc.units(98)), (usdc.units(50), true));
    assert_eq!(insured.stake_of(&bob).await.stake.shares, usdc.units(50));
    refused(insured.ask(&ann, 1).await, BallastError::InsufficientAmount);
    let close = ballast_client::insurance::close_stake(ann.key(), &insured.fund);
    insured.world.must(&[close], &[&ann.keypair]).await;
}

#[tokio::test]
async fn who_comes_for_the_cover_of_others_losses_finds_the_door_closed_and_who_left_took_its_part_along() {
    let mut insured = Insured::start().await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    insured.staker(usdc.units(1_000_000)).await;
    let one = insured.world.lender(&sol, sol.units(900)).await;
    insured.world.lender(&sol, sol.units(100)).await;
    insured.lose(&sol, sol.units(100)).await;
    // a newcomer would share in what the stakers pay for them
    let eve = insured.world.user().await;
    refused(insured.world.deposit(&eve, &sol, sol.units(1)).await, BallastError::LossComingBack);
    // nine tenths of those who lost leave: a tenth of the loss is left to be covered
    insured.world.withdraw(&one, &sol, u64::MAX).await.unwrap();
    let left = insured.world.reserve(&sol).await.losses.unrecovered;
    assert!(left <= sol.units(10) && left + 1 >= sol.units(10), "{left}");
    let receipt = insured.cover(&eve, &sol, sol.units(100), None).await.unwrap();
    let [Event::LossCovered(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!(event.repaid, left);
}

#[tokio::test]
async fn five_weeks_after_a_loss_nobody_covers_it_any_more() {
    let mut insured = after_a_loss().await;
    let (sol, keeper) = (insured.world.sol, insured.world.user().await);
    insured.world.tick(35 * DAY).await;
    insured.cover(&keeper, &sol, sol.units(1), None).await.unwrap();
    insured.world.tick(1).await;
    refused(insured.cover(&keeper, &sol, sol.units(1), None).await, BallastError::ZeroAmount);
}
