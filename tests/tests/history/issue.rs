//! Collateral that somebody issues without anything behind it.

use crate::tools::*;
use ballast::{state::Reserve, BallastError};
use ballast_client::Event;
use ballast_risk::bucket::FlowRules;
use ballast_tests::{refused, World};

/// Part of its group's cap that the asset has, in dollars; and the floor of its inflow bucket, in tokens of $2.
const CAP: u64 = 1_000_000;
const FLOOR: u64 = 100_000;

/// What the attacker takes out of a vault, and what its lenders have lost when everything is closed, micro-USD, when it can issue any
/// amount of a token that the oracle still prices at $2. Every six hours, for two days, it deposits and borrows all that it can. Then
/// the price goes where the worth is, and a keeper sells what is left for what that brings, which is nothing.
async fn taken(bounded: bool) -> (i128, i128) {
    let mut world = World::start().await;
    let (alt, usdc) = (world.alt, world.usdc);
    let lender = world.lender(&usdc, usdc.units(10_000_000)).await;
    let (eve, keeper) = (world.user().await, world.user().await);
    world.give(&eve, &alt, alt.units(5_000_000)).await;
    if bounded {
        world.set_caps(&alt, |caps| caps.exposure = CAP * 1_000_000).await;
        world.set_flows(&alt, FlowRules::balanced(alt.units(FLOOR), alt.units(FLOOR))).await;
    }
    world.tick(1).await;
    // what it issues is worth nothing
    let mut fair = world.fair();
    fair.iter_mut().filter(|(market, _)| market.mint == alt.mint).for_each(|(_, price)| *price = 0);
    let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&lender], &fair).await);
    let (mut pledged, key) = (0, world.asset(&alt).reserve());
    for round in 0..8 {
        if bounded && round == 0 {
            // at once no more than the bucket
            let more = world.deposit_own(&eve, &alt, alt.units(FLOOR) + 1).await;
            refused(more, BallastError::InflowBucketEmpty);
        }
        for part in [1_000_000, 100_000, 10_000, 1_000] {
            while world.deposit_own(&eve, &alt, alt.units(part)).await.is_ok() {
                pledged += part;
            }
        }
        let all = world.most(&eve, &usdc).await;
        if all > 0 {
            world.borrow(&eve, &usdc, all).await.unwrap();
        }
        world.tick(6 * 3_600).await;
    }
    let deposits = world.chain.state::<Reserve>(key).await.books.ledger().total_deposits_down().0;
    assert_eq!(deposits, alt.units(pledged));
    if bounded {
        // values round up
        assert!((CAP / 2 - 1_000..=CAP / 2).contains(&pledged), "the group's part is full: {pledged}");
        refused(world.deposit_own(&eve, &alt, alt.units(1_000)).await, BallastError::ExposureCap);
    }
    world.move_price(|world| &mut world.alt, 1).await;
    let open = world.lost(&[&lender], &lent, &[&eve], &fair).await;
    world.give(&keeper, &usdc, usdc.units(1_000)).await;
    let receipt = world.last_tranche(&keeper, &eve, &usdc, &alt).await.unwrap();
    assert!(receipt.events.iter().any(|event| matches!(event, Event::LossAbsorbed(_))));
    // the insurance and the fees of two days' interest bear the little that they hold, and the keeper pays a cent
    let closed = world.lost(&[&lender], &lent, &[&eve], &fair).await;
    assert!(closed <= open && closed > open * 99 / 100, "{open} {closed}");
    (world.fortune(&[&eve], &fair).await.gain_up(&had), closed)
}

#[tokio::test]
async fn kelp_rseth_april_2026() {
    // The program cannot know that a token is worth nothing while its price says two dollars, so this attacker gains: never more than
    // may be borrowed against the asset's part of its group's cap. A margin of 30 % opens with 37.5 %.
    let bound = i128::from(CAP) * 1_000_000 * 625 / 1_000;
    let (gain, lost) = taken(true).await;
    assert!(gain > 0 && gain <= bound, "{gain} {bound}");
    assert!(lost > 0 && lost <= bound, "{lost} {bound}");
    // what one took the others lost, but for a cent of the keeper's and for interest that nobody paid
    assert!((lost - gain).abs() < gain / 1_000, "{gain} {lost}");
    // without cap and bucket, as presets leave them, the same attack takes what there is against all that was issued
    let (gain, lost) = taken(false).await;
    assert!(gain > 5 * bound && lost > 5 * bound, "{gain} {lost} {bound}");
}
