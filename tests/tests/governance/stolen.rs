//! What a stolen curator's key does at once, and what it does where nobody reacts for two days.

use ballast::{
    state::{OracleConfig, ProposedChange},
    BallastError,
};
use ballast_client::Event;
use ballast_tests::desk::Desk;
use ballast_tests::{refused, Market, User};

/// Ann owes $10,000 of Carl's million on a hundred SOL at $200.
async fn indebted(desk: &mut Desk) -> (User, User, User) {
    let (sol, usdc) = (desk.world.sol, desk.world.usdc);
    let carl = desk.world.lender(&usdc, usdc.units(1_000_000)).await;
    let (ann, keeper) = (desk.world.user().await, desk.world.user().await);
    desk.world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    desk.world.borrow(&ann, &usdc, usdc.units(10_000)).await.unwrap();
    desk.world.give(&keeper, &usdc, usdc.units(100_000)).await;
    desk.world.tick(1).await;
    (ann, carl, keeper)
}

#[tokio::test]
async fn a_stolen_curators_key_stops_new_business_at_once_and_robs_and_sells_nobody() {
    let mut desk = Desk::open().await;
    let (sol, usdc) = (desk.world.sol, desk.world.usdc);
    let (ann, carl, keeper) = indebted(&mut desk).await;
    let fair = desk.world.fair();
    let (hers, his) = (desk.world.fortune(&[&ann], &fair).await, desk.world.fortune(&[&carl], &fair).await);
    let score = desk.world.score(&ann).await;
    // everything that takes effect at once, as far down as it goes
    for market in desk.world.markets() {
        let mut caps = desk.reserve(&market).await.caps;
        (caps.deposits, caps.debt, caps.debt_over_depth, caps.utilisation) = (0, 0, 1, 1);
        let down = desk.propose_for(&market, ProposedChange::ReserveCaps(caps)).await;
        desk.execute_at_once(&down).await.unwrap();
        if desk.reserve(&market).await.borrowable == 1 {
            let off = desk.propose_for(&market, ProposedChange::Borrowable(false)).await;
            desk.execute_at_once(&off).await.unwrap();
        }
    }
    let mut caps = desk.vault().await.caps;
    (caps.leverage, caps.ltv) = (20_000, 1);
    let down = desk.propose(ProposedChange::VaultCaps(caps)).await;
    desk.execute_at_once(&down).await.unwrap();

    // no new deposits, no new loans, and no collateral back before the debt
    desk.world.give(&carl, &usdc, usdc.units(1)).await;
    refused(desk.world.deposit_own(&carl, &usdc, usdc.units(1)).await, BallastError::DepositCap);
    assert!(desk.world.borrow(&ann, &usdc, usdc.units(1)).await.is_err());
    refused(desk.world.withdraw(&ann, &sol, sol.units(1)).await, BallastError::LtvCap);
    // the market decides who is sold, and nobody has less than before but for the dollar that Carl was given
    assert_eq!(desk.world.score(&ann).await, score);
    let sale = desk.world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await;
    refused(sale, BallastError::Healthy);
    assert!(desk.world.fortune(&[&ann], &fair).await.loss_up(&hers) <= 0);
    assert_eq!(desk.world.fortune(&[&carl], &fair).await.gain_up(&his), 1_000_000);
    // everyone leaves: who lends with what is free, who owes after repaying
    let free = desk.world.books(&usdc).await.free_tokens.0;
    desk.world.withdraw(&carl, &usdc, free).await.unwrap();
    desk.world.give(&ann, &usdc, usdc.units(10_001)).await;
    desk.world.repay(&ann, &usdc, u64::MAX).await.unwrap();
    desk.world.withdraw(&ann, &sol, u64::MAX).await.unwrap();
    desk.world.withdraw(&carl, &usdc, u64::MAX).await.unwrap();
}

#[tokio::test]
async fn a_false_feed_that_waited_out_the_timelock_sells_healthy_books_without_a_ramp() {
    let mut desk = Desk::open().await;
    let (sol, usdc) = (desk.world.sol, desk.world.usdc);
    let (ann, carl, keeper) = indebted(&mut desk).await;
    let reserve = desk.reserve(&sol).await;
    let about = desk.about(&sol);
    // SOL at the price of the alt: a hundredth
    let (feed_id, price_account, price) =
        (desk.world.alt.feed_id, desk.world.alt.price_account, desk.world.alt.price);
    let oracle = OracleConfig { feed_id, ..OracleConfig::of(&reserve) };
    let fair = desk.world.fair();
    desk.carry_out(about, ProposedChange::Oracle(oracle)).await;
    let fallen = Market { feed_id, price_account, price, ..sol };
    desk.world.sol = fallen;
    desk.world.tick(1).await;
    let had = desk.world.fortune(&[&keeper], &fair).await;
    let (hers, his) = (desk.world.fortune(&[&ann], &fair).await, desk.world.fortune(&[&carl], &fair).await);
    // at two dollars the book cannot pay: its last deposit goes in the first second, for what that is worth by the feed
    let receipt = desk.world.last_tranche(&keeper, &ann, &usdc, &fallen).await.unwrap();
    assert!(receipt.events.iter().any(|event| matches!(event, Event::LossAbsorbed(_))));
    let gain = desk.world.fortune(&[&keeper], &fair).await.gain_up(&had);
    // all her deposit, at its true $20,000, for $200; and lenders bear what that did not repay
    assert!(gain > 19_700 * 1_000_000 && gain <= 19_801 * 1_000_000, "{gain}");
    let lost = desk.world.fortune(&[&ann], &fair).await.loss_up(&hers);
    assert!(lost > 9_900 * 1_000_000 && lost <= 10_000 * 1_000_000, "{lost}");
    let lost = desk.world.fortune(&[&carl], &fair).await.loss_up(&his);
    assert!(lost > 9_700 * 1_000_000 && lost <= 9_801 * 1_000_000, "{lost}");
}
