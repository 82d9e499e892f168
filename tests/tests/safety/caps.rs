//! Caps, to the unit on both sides. Ann holds 100 SOL at $200 and borrows USDC; both prices have a confidence of a basis point.

use ballast::BallastError;
use ballast_risk::{caps::VaultCaps, Bps, TokenAmount};
use ballast_tests::{refused, usd, User, World};

/// Ann, and a million USDC to borrow.
async fn ann() -> (World, User) {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    (world, ann)
}

/// Most USDC units that are worth no more than so many micro-USD at the upper end of the price.
fn worth(micro_usd: u64) -> u64 {
    (u128::from(micro_usd) * 10_000 / 10_001) as u64
}

#[tokio::test]
async fn the_deposit_cap_counts_all_deposits_with_their_interest() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let ann = world.lender(&usdc, usdc.units(600)).await;
    world.set_caps(&usdc, |caps| caps.deposits = usdc.units(1_000)).await;
    refused(world.deposit(&ann, &usdc, usdc.units(400) + 1).await, BallastError::DepositCap);
    world.deposit(&ann, &usdc, usdc.units(400)).await.unwrap();
    refused(world.deposit(&ann, &usdc, 1).await, BallastError::DepositCap);
    // leaving is not asked
    world.withdraw(&ann, &usdc, u64::MAX).await.unwrap();
}

#[tokio::test]
async fn the_exposure_cap_counts_what_deposits_are_worth_now() {
    let mut world = World::start().await;
    let eth = world.eth;
    let ann = world.lender(&eth, eth.units(2)).await;
    // $10,000, 2.5 ETH, as the oracle's price makes it
    let spot = *world.reserve(&eth).await.price.spot.as_risk();
    let cap = spot.value_up(TokenAmount(eth.units(5) / 2)).0 as u64;
    assert!((10_000_000_000..=10_000_000_001).contains(&cap));
    world.set_caps(&eth, |caps| caps.exposure = cap).await;
    refused(world.deposit(&ann, &eth, eth.units(1) / 2 + 1).await, BallastError::ExposureCap);
    world.deposit(&ann, &eth, eth.units(1) / 2).await.unwrap();
    // a price that falls makes room: at $2,500 for 4 ETH
    world.move_price(|w| &mut w.eth, usd(2_500)).await;
    refused(world.deposit(&ann, &eth, eth.units(3) / 2 + 1).await, BallastError::ExposureCap);
    world.deposit(&ann, &eth, eth.units(3) / 2).await.unwrap();
}

#[tokio::test]
async fn debt_depth_and_utilisation_are_capped_to_the_unit() {
    let (mut world, ann) = ann().await;
    let (usdc, btc) = (world.usdc, world.btc);
    world.deposit(&ann, &btc, btc.units(100)).await.unwrap();
    let million = usdc.units(1_000_000);
    world.set_caps(&usdc, |caps| caps.debt = usdc.units(5_000)).await;
    refused(world.borrow(&ann, &usdc, usdc.units(5_000) + 1).await, BallastError::DebtCap);
    world.borrow(&ann, &usdc, usdc.units(5_000)).await.unwrap();
    world.set_caps(&usdc, |caps| (caps.debt, caps.debt_over_depth) = (u64::MAX, 1)).await;
    // a basis point of $500,000,000
    let room = worth(50_000_000_000) - usdc.units(5_000);
    refused(world.borrow(&ann, &usdc, room + 1).await, BallastError::DepthCap);
    world.borrow(&ann, &usdc, room).await.unwrap();
    world.set_caps(&usdc, |caps| (caps.debt_over_depth, caps.utilisation) = (100_000, 8_000)).await;
    let room = million / 10 * 8 - worth(50_000_000_000);
    refused(world.borrow(&ann, &usdc, room + 1).await, BallastError::UtilisationCap);
    world.borrow(&ann, &usdc, room).await.unwrap();
    // 5 % stay whatever a cap says, for whoever leaves
    world.set_caps(&usdc, |caps| caps.utilisation = 10_000).await;
    refused(world.borrow(&ann, &usdc, million / 100 * 15 + 1).await, BallastError::UtilisationCap);
    world.borrow(&ann, &usdc, million / 100 * 15).await.unwrap();
    // no cap is asked by a repayment
    world.set_caps(&usdc, |caps| (caps.debt, caps.utilisation) = (0, 1)).await;
    world.repay(&ann, &usdc, usdc.units(1)).await.unwrap();
}

#[tokio::test]
async fn leverage_and_ltv_are_capped_to_the_unit_when_borrowing_and_when_withdrawing() {
    let four = VaultCaps { leverage: 40_000, ..VaultCaps::BALANCED };
    let half = VaultCaps { ltv: Bps(5_000), ..VaultCaps::BALANCED };
    // (C + D) <= 4·(C - D) is D <= 0.6·C
    for (caps, tenths, named) in [(four, 6, BallastError::LeverageCap), (half, 5, BallastError::LtvCap)] {
        let (mut world, ann) = ann().await;
        let (sol, usdc) = (world.sol, world.usdc);
        let collateral = world.opening_score(&ann).await.collateral.0 as u64; // 100 SOL at $199.98, rounded down
        assert!((19_997_999_990..=19_998_000_000).contains(&collateral));
        let most = collateral * tenths / 10;
        world.set_vault_caps(caps).await;
        refused(world.borrow(&ann, &usdc, worth(most) + 1).await, named);
        world.borrow(&ann, &usdc, worth(most)).await.unwrap();
        refused(world.withdraw(&ann, &sol, sol.units(1) / 100_000).await, named);
        world.deposit(&ann, &sol, sol.units(1)).await.unwrap();
        refused(world.withdraw(&ann, &sol, sol.units(1) + sol.units(1) / 100_000).await, named);
        world.withdraw(&ann, &sol, sol.units(1)).await.unwrap();
        // a book beyond a cap is not liquidated for it, and may repay
        world.set_vault_caps(VaultCaps { leverage: 20_000, ltv: Bps(1_000), ..VaultCaps::BALANCED }).await;
        assert!(world.score(&ann).await.is_healthy());
        world.repay(&ann, &usdc, usdc.units(1)).await.unwrap();
    }
}
