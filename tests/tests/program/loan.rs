//! A loan's whole life on the compiled program.

use ballast_client::Event;
use ballast_tests::{usd, World};

#[tokio::test]
async fn a_borrower_deposits_borrows_is_unwound_softly_repays_and_leaves() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    let lender = world.lender(&usdc, usdc.units(1_000_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap(); // $20,000
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    assert_eq!(world.wallet(&ann, &usdc).await, usdc.units(14_000));
    assert_eq!(world.till(&usdc).await, usdc.units(1_000_000 - 14_000));

    // SOL falls from $200 to $165: E = 16,500 - 14,000 = 2,500 < R = 17 % of 16,500 + 0.5 % of 14,000 = 2,875
    world.move_price(|w| &mut w.sol, usd(165)).await;
    let before = world.score(&ann).await;
    assert!(!before.is_healthy(), "{before:?}");
    let keeper = world.user().await;
    world.give(&keeper, &usdc, usdc.units(10_000)).await;
    let receipt = world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
    println!("soft_liquidate {} CU", receipt.compute_units);
    let Some(Event::TrancheExecuted(tranche)) = receipt.events.first() else { panic!("no tranche") };
    println!("{tranche:?}");
    let after = world.score(&ann).await;
    assert!(after.excess() > before.excess());
    assert_eq!(world.wallet(&keeper, &usdc).await, usdc.units(10_000) - tranche.repaid);
    assert_eq!(world.wallet(&keeper, &sol).await, tranche.to_liquidator);

    world.give(&ann, &usdc, usdc.units(14_000)).await;
    world.repay(&ann, &usdc, u64::MAX).await.unwrap();
    world.withdraw(&ann, &sol, u64::MAX).await.unwrap();
    assert_eq!(world.wallet(&ann, &sol).await, sol.units(100) - tranche.seized);
    world.withdraw(&lender, &usdc, u64::MAX).await.unwrap();
    assert!(world.wallet(&lender, &usdc).await >= usdc.units(1_000_000));
}
