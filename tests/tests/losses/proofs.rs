//! Proofs while a loss is absorbed: the attestation, the audit and the client's verification hold before, during and after.

use crate::tools::*;
use ballast_client::instruction;
use ballast_tests::usd;

#[tokio::test]
async fn attestation_audit_and_verification_hold_before_during_and_after() {
    let (mut world, lender, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc, btc) = (world.sol, world.usdc, world.btc);
    let ben = world.user().await;
    world.lender(&btc, btc.units(1)).await;
    world.deposit(&ben, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ben, &usdc, usdc.units(5_000)).await.unwrap();
    world.tick(30 * DAY).await;
    attest(&mut world).await;
    assert_eq!(audit(&mut world).await, 0, "every book is covered");
    let before = proof(&mut world).await;

    // Ann falls under water: the proofs hold, and the audit says how much is beyond collection
    world.move_price(|w| &mut w.sol, usd(100)).await;
    attest(&mut world).await;
    let debt = owed(&mut world, &ann, &usdc).await;
    let beyond = debt - 10_000 * 1_000_000; // each of the two values is rounded against the book
    assert!((beyond..=beyond + 2).contains(&audit(&mut world).await));

    // a part is sold, and an audit begins that has seen the lender only
    world.liquidate(&keeper, &ann, &usdc, &sol, usdc.units(4_000)).await.unwrap();
    attest(&mut world).await;
    proof(&mut world).await;
    begin(&mut world).await;
    count(&mut world, lender.obligation()).await;
    // the rest is sold and the loss absorbed in the midst of it
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    let loss = &losses(&receipt)[0];
    attest(&mut world).await;
    let after = proof(&mut world).await;
    for key in world.obligations.clone() {
        count(&mut world, key).await;
    }
    assert_eq!(finish(&mut world).await, 0, "what was beyond collection is nobody's any more");
    // claims fell by the loss, what is held rose by what the keeper paid
    let of = |proof: &ballast_client::verify::Proof| {
        *proof.reserves.iter().find(|line| line.reserve == loss.reserve).unwrap()
    };
    let (before, after) = (of(&before), of(&after));
    let paid = tranches(&receipt)[0].repaid + 4_000 * 1_000_000;
    assert_eq!(after.held, before.held + paid);
    // a second's interest on 19,000 dollars is less than a thousandth of one
    let bound = before.claims - loss.lenders - loss.fees - loss.insurance;
    assert!(after.claims.abs_diff(bound) <= 1_000, "{} {bound}", after.claims);
    assert!(after.positions == before.positions - 1 && after.debt < before.debt - loss.debt);

    // and days later, when everyone has left who may
    world.tick(2 * DAY).await;
    world.repay_for(&keeper, &ben, &usdc, u64::MAX).await.unwrap();
    world.withdraw(&lender, &usdc, u64::MAX).await.unwrap();
    world.must(&[instruction::close_obligation(&lender.account)], &[&lender.keypair]).await;
    attest(&mut world).await;
    proof(&mut world).await;
    assert_eq!(audit(&mut world).await, 0);
}

#[tokio::test]
async fn a_loss_of_everything_leaves_books_that_hold() {
    let (mut world, lender, ann, keeper) = loan(20_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.withdraw(&lender, &usdc, usdc.units(6_000)).await.unwrap();
    world.move_price(|w| &mut w.sol, 1).await;
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    assert!(losses(&receipt)[0].wiped_out);
    attest(&mut world).await;
    proof(&mut world).await;
    assert_eq!(audit(&mut world).await, 0);
}
