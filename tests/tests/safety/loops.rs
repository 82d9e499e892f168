//! Loops of pledging what was borrowed and swapped, and what size costs.

use ballast::BallastError;
use ballast_risk::{caps::VaultCaps, score::Score};
use ballast_tests::{refused, Market, Reason, User, World};

/// The most that can be borrowed now, and what refuses a unit more.
async fn most(world: &mut World, user: &User, market: &Market) -> (u64, Reason) {
    let (mut least, mut most, mut reason) = (0, market.units(100_000), None);
    while most - least > 1 {
        let middle = least + (most - least) / 2;
        let borrow = world.borrowing(user, market, middle).await;
        match world.chain.would_land(&[borrow], &[&user.keypair]).await {
            Ok(_) => least = middle,
            // a debt that is too small is no bound
            Err(failure) if failure.reason() == Some(BallastError::DebtTooSmall.into()) => least = middle,
            Err(failure) => (most, reason) = (middle, failure.reason()),
        }
    }
    (least, reason.expect("something bounds it"))
}

/// Deposits and debts over equity, in hundredths.
fn gross(score: &Score) -> i128 {
    (score.collateral.0 + score.debt.0) * 100 / score.equity().0
}

/// $100,000 of liquid-staked SOL; five times as much SOL as possible is borrowed, swapped at the oracle's prices without any cost, and
/// pledged again. Returns collateral over equity and gross over equity in the end, in hundredths, and what bounded each round.
async fn five_rounds(caps: Option<VaultCaps>) -> ([i128; 2], Vec<Reason>) {
    let mut world = World::start().await;
    let (sol, lst) = (world.sol, world.lst);
    world.lender(&sol, sol.units(100_000)).await;
    if let Some(caps) = caps {
        world.set_vault_caps(caps).await;
    }
    let ann = world.user().await;
    world.deposit(&ann, &lst, lst.units(100_000) / 240).await.unwrap();
    let mut bounds = vec![];
    for _ in 0..5 {
        let (amount, bound) = most(&mut world, &ann, &sol).await;
        bounds.push(bound);
        world.borrow(&ann, &sol, amount).await.unwrap();
        world.deposit(&ann, &lst, amount / 240 * 200).await.unwrap();
    }
    let score = world.score(&ann).await;
    ([score.collateral.0 * 100 / score.equity().0, gross(&score)], bounds)
}

/// What the loop of October 2025 makes of 100,000 here. At the usual 80 % a round it makes 369,000 of them, at 90 % 469,000.
#[tokio::test]
async fn five_rounds_of_the_loop_end_where_the_leverage_cap_says() {
    // margins alone: 83.6 % a round, so 1 + 0.836 + … + 0.836^5 = 4.0 times the equity as collateral, and 7.0 gross
    let ([collateral, gross], bounds) = five_rounds(None).await;
    assert!((390..=405).contains(&collateral) && (690..=710).contains(&gross), "{collateral} {gross}");
    assert!(bounds.iter().all(|bound| *bound == BallastError::BelowOpeningRequirement.into()), "{bounds:?}");
    // eight: (C + D) <= 8·(C - D) is D <= 7/9·C at the moment of borrowing. It binds from the first round on; five rounds still make
    // 3.50 times the equity, gross 6.0, and no number of rounds makes more than 4.5 and 8
    let ([collateral, gross], bounds) = five_rounds(Some(VaultCaps::BALANCED)).await;
    assert!((345..=351).contains(&collateral) && (590..=602).contains(&gross), "{collateral} {gross}");
    assert!(bounds.iter().all(|bound| *bound == BallastError::LeverageCap.into()), "{bounds:?}");
    // four, for whoever wants loops to end: D <= 0.6·C, and five rounds make 2.38 and 3.77
    let four = VaultCaps { leverage: 40_000, ..VaultCaps::BALANCED };
    let ([collateral, gross], bounds) = five_rounds(Some(four)).await;
    assert!((236..=239).contains(&collateral) && (372..=378).contains(&gross), "{collateral} {gross}");
    assert!(bounds.iter().all(|bound| *bound == BallastError::LeverageCap.into()), "{bounds:?}");
}

/// Rounds of a fixed share: the first one at 80 % is refused already, because the cap looks before the pledge.
#[tokio::test]
async fn a_round_at_eighty_percent_is_refused_at_once() {
    let mut world = World::start().await;
    let (sol, lst) = (world.sol, world.lst);
    world.lender(&sol, sol.units(100_000)).await;
    world.set_vault_caps(VaultCaps::BALANCED).await;
    let ann = world.user().await;
    world.deposit(&ann, &lst, lst.units(100_000) / 240).await.unwrap();
    refused(world.borrow(&ann, &sol, sol.units(80_000) / 200).await, BallastError::LeverageCap);
    world.borrow(&ann, &sol, sol.units(77_000) / 200).await.unwrap();
}

/// Strangers fill a third of SOL's market depth: Ann's opening margin rises by a third of the size charge, what she has to keep does not.
#[tokio::test]
async fn strangers_deposits_shrink_what_may_be_borrowed_and_never_what_must_be_kept() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(10_000)).await.unwrap();
    let (kept, opening) = (world.score(&ann).await, world.opening_score(&ann).await);
    let (room, _) = most(&mut world, &ann, &usdc).await;
    // $20,000 of $60,000,000 so far: a basis point, rounded up
    world.lender(&sol, sol.units(99_900)).await; // $20,000,000 in all: 10 % × 1/3 = 334 bps, rounded up
    assert_eq!(world.score(&ann).await, kept);
    let grown = world.opening_score(&ann).await;
    assert_eq!((grown.collateral, grown.debt), (opening.collateral, opening.debt));
    let expected = opening.collateral.0 * (334 - 1) * 125 / (10_000 * 100);
    let risen = grown.requirement.0 - opening.requirement.0;
    assert!((risen - expected).abs() <= 10, "{risen} {expected}");
    let (less, bound) = most(&mut world, &ann, &usdc).await;
    assert_eq!(bound, BallastError::BelowOpeningRequirement.into());
    // a dollar of debt costs a dollar of equity and 1.25 × 0.5 % of margin
    let fall = (room - less) as f64 / (expected as f64 / 1.0001 / 1.00625);
    assert!((fall - 1.0).abs() < 0.001, "{fall}");
    // a crowd many times the depth takes all that may be borrowed, and liquidates nobody
    world.lender(&sol, sol.units(3_000_000)).await;
    assert_eq!(world.score(&ann).await, kept);
    assert!(!world.opening_score(&ann).await.is_healthy());
    let keeper = world.user().await;
    world.give(&keeper, &usdc, usdc.units(1_000)).await;
    world.tick(1).await;
    refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::Healthy);
}
