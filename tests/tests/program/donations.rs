//! Tokens that strangers send to a vault's token account, and shares that are worth much. What such tokens never change is told in
//! `tests/tests/history/empty_markets.rs`.

use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{state::Reserve, BallastError};
use ballast_tests::{refused, World};

#[tokio::test]
async fn a_donation_raises_neither_what_may_be_borrowed_nor_the_rate() {
    let mut outcomes = vec![];
    for donated in [0, 1_000_000] {
        let mut world = World::start().await;
        let (btc, usdc) = (world.btc, world.usdc);
        world.lender(&usdc, usdc.units(10_000)).await;
        let [ann, eve] = [world.user().await, world.user().await];
        world.deposit(&ann, &btc, btc.units(10)).await.unwrap();
        world.donate(&eve, &usdc, usdc.units(donated)).await;
        refused(world.borrow(&ann, &usdc, usdc.units(9_500) + 1).await, BallastError::UtilisationCap);
        world.borrow(&ann, &usdc, usdc.units(9_500)).await.unwrap();
        world.donate(&eve, &usdc, usdc.units(donated)).await;
        world.tick(1_000).await;
        outcomes.push(world.books(&usdc).await);
    }
    assert_eq!(outcomes[0], outcomes[1]);
}

#[tokio::test]
async fn a_share_that_is_worth_much_can_be_neither_bought_below_its_worth_nor_sold_above_it() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let [eve, victim] = [world.lender(&usdc, 1).await, world.user().await];
    // as if interest had made a single share worth 1,000 units: no sequence of deposits can
    let key = world.asset(&usdc).reserve();
    world
        .chain
        .edit::<Reserve>(key, |r| {
            r.books.deposit_index = [0, 1_000];
            r.books.free_tokens = 1_000;
        })
        .await;
    let (vault, tokens) = (world.vault, world.asset(&usdc).tokens());
    usdc.write_tokens(&mut world.chain, tokens, &vault, 1_000, AccountState::Initialized);
    refused(world.deposit(&victim, &usdc, 999).await, BallastError::ZeroAmount);
    world.deposit(&victim, &usdc, 1_999).await.unwrap();
    assert_eq!(world.shares(&victim, &usdc).await, 1);
    // what the victim's rounding left is nobody's
    world.withdraw(&eve, &usdc, u64::MAX).await.unwrap();
    assert_eq!(world.wallet(&eve, &usdc).await, 1_000);
    // one unit costs a whole share
    world.withdraw(&victim, &usdc, 1).await.unwrap();
    assert_eq!(world.shares(&victim, &usdc).await, 0);
}
