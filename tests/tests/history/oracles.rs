//! Accounts that pretend to be a price.

use crate::tools::{lender_and_attacker, Tale};
use anchor_lang::{error::ErrorCode, prelude::Pubkey};
use ballast::BallastError;
use ballast_client::price::{Price, PRICE_PROGRAM};
use ballast_tests::{refused, usd, Reason, World};
use pyth_solana_receiver_sdk::price_update::VerificationLevel;

#[tokio::test]
async fn loopscale_april_2025() {
    let mut world = World::start().await;
    let (sol, eth, usdc) = (world.sol, world.eth, world.usdc);
    let (lender, eve) = lender_and_attacker(&mut world, &sol, 100).await; // $20,000
    world.tick(1).await;
    let fair = world.fair();
    let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&lender], &fair).await);
    world.chain.pass(1);
    let quote = Price { price: usd(1_000_000), ema: usd(1_000_000), ..sol.quote(&world.chain) };
    let good = quote.account_data();
    let other_kind = [&[7; 8], &good[8..]].concat();
    let spoofs: [(&str, Pubkey, Vec<u8>, Reason); 11] = [
        (
            "of the system",
            anchor_lang::system_program::ID,
            good.clone(),
            BallastError::PriceAccountOwner.into(),
        ),
        ("of the program itself", ballast::ID, good.clone(), BallastError::PriceAccountOwner.into()),
        ("of a stranger", Pubkey::new_unique(), good.clone(), BallastError::PriceAccountOwner.into()),
        (
            "another feed",
            PRICE_PROGRAM,
            eth.quote(&world.chain).account_data(),
            BallastError::PriceFeedMismatch.into(),
        ),
        (
            "unverified",
            PRICE_PROGRAM,
            quote.account_data_verified(VerificationLevel::Partial { num_signatures: 12 }),
            BallastError::PriceNotVerified.into(),
        ),
        (
            "verified by nobody",
            PRICE_PROGRAM,
            quote.account_data_verified(VerificationLevel::Partial { num_signatures: 0 }),
            BallastError::PriceNotVerified.into(),
        ),
        ("another kind", PRICE_PROGRAM, other_kind, ErrorCode::AccountDiscriminatorMismatch.into()),
        ("zeros", PRICE_PROGRAM, vec![0; good.len()], ErrorCode::AccountDiscriminatorMismatch.into()),
        ("nothing", PRICE_PROGRAM, vec![], ErrorCode::AccountDiscriminatorNotFound.into()),
        ("cut short", PRICE_PROGRAM, good[..100].to_vec(), ErrorCode::AccountDidNotDeserialize.into()),
        ("only a name", PRICE_PROGRAM, good[..8].to_vec(), ErrorCode::AccountDidNotDeserialize.into()),
    ];
    let key = world.asset(&sol).reserve();
    let before = world.chain.account(key).await.unwrap();
    for (what, owner, data, reason) in spoofs {
        println!("{what}");
        world.chain.set_account(sol.price_account, owner, data);
        refused(world.refresh_one(&sol).await, reason.clone());
        // nor in one transaction with the loan that it should pay for
        let pair = (key, sol.price_account);
        let refresh = ballast_client::instruction::refresh_reserves(world.vault, &[pair]);
        let borrow = world.borrowing(&eve, &usdc, usdc.units(1_000_000)).await;
        refused(world.send(&[refresh, borrow], &[&eve.keypair]).await, reason);
    }
    // one spoof fails the whole batch
    let eth_quote = eth.quote(&world.chain);
    eth.post_raw(&mut world.chain, &eth_quote);
    refused(world.refresh_posted().await, ErrorCode::AccountDidNotDeserialize);
    assert_eq!(world.chain.account(key).await.unwrap(), before);
    assert_ne!(world.reserve(&eth).await.price.publish_time, eth_quote.publish_time as u64);
    let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
    assert!(profit <= 0, "{profit}");
    assert!(world.lost(&[&lender], &lent, &[&eve], &fair).await <= 0);
    // the same price in a genuine account would have paid: what stops it is who wrote it
    sol.post_raw(&mut world.chain, &Price { confidence: 0, ..quote });
    world.refresh_one(&sol).await.unwrap();
    let dollar = usdc.quote(&world.chain);
    usdc.post_raw(&mut world.chain, &dollar);
    world.refresh_one(&usdc).await.unwrap();
    world.borrow(&eve, &usdc, usdc.units(1_000_000)).await.unwrap();
    let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
    assert!(profit > 900_000 * 1_000_000, "{profit}");
    assert!(world.lost(&[&lender], &lent, &[&eve], &fair).await >= profit, "and lenders pay it");
}
