//! Calls of keepers: tranches, losses, breakers.

use super::Table;
use crate::{market::usd, world::World};
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{instructions::Signal, state::Reserve};
use ballast_client::{
    account::reserves_of,
    safety::{absorb_loss, absorbing, step_breaker, trip_reserve, trip_vault},
};
use ballast_risk::breaker::State;

pub(super) async fn calls() -> Table {
    let mut table = Table::default();
    let mut world = World::start().await;
    let (btc, usdc, vault) = (world.btc, world.usdc, world.vault);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let [paced, first, second] = [world.user().await, world.user().await, world.user().await];
    for (user, debt) in [(&paced, 75_000), (&first, 75_000), (&second, 75_000)] {
        world.deposit(user, &btc, btc.units(1)).await.expect("nothing bounds it");
        world.borrow(user, &usdc, usdc.units(debt)).await.expect("75 % is within limits");
    }
    let keeper = world.user().await;
    world.give(&keeper, &usdc, usdc.units(100_000)).await;
    world.move_price(|w| &mut w.btc, usd(88_000)).await;
    let tranche = world.tranche(&keeper, &paced, &usdc, &btc, u64::MAX).await;
    table.land(&mut world, ("soft_liquidate", ""), &tranche, &[&keeper.keypair]).await;
    world.move_price(|w| &mut w.btc, usd(40_000)).await;
    let tranche = world.tranche(&keeper, &first, &usdc, &btc, u64::MAX).await;
    let tranche = absorbing(tranche, &[world.asset(&usdc).reserve()]);
    table.land(&mut world, ("soft_liquidate", "absorbing the rest"), &tranche, &[&keeper.keypair]).await;
    // the other's deposits are worth nothing any more
    let key = world.asset(&btc).reserve();
    let index = world.reserve(&btc).await.books.deposit_index;
    world.chain.edit::<Reserve>(key, |r| r.books.deposit_index = [0, 0]).await;
    let reserves = reserves_of(&world.obligation(&second).await);
    let absorb = absorb_loss(keeper.key(), vault, second.obligation(), &reserves);
    table.land(&mut world, ("absorb_loss", ""), &absorb, &[&keeper.keypair]).await;
    world.chain.edit::<Reserve>(key, |r| r.books.deposit_index = index).await;

    // a month later, a unit of USDC is missing
    world.tick(30 * 86_400).await;
    let held = world.books(&usdc).await.free_tokens.0;
    world.set_till(&usdc, held - 1, AccountState::Initialized).await;
    let trip = trip_reserve(&world.asset(&usdc), Signal::Deficit);
    table.land(&mut world, ("trip_breaker", "a reserve"), &trip, &[&keeper.keypair]).await;
    let trip = trip_reserve(&world.asset(&usdc), Signal::VaultDeficit);
    table.land(&mut world, ("trip_breaker", "the vault"), &trip, &[&keeper.keypair]).await;
    world.set_till(&usdc, held, AccountState::Initialized).await;
    world.chain.pass(5 * 3_600);
    let key = Some(world.asset(&usdc).reserve());
    for (way, reserve) in [("a reserve", key), ("the vault", None)] {
        let step = step_breaker(vault, reserve);
        table.land(&mut world, ("step_breaker", way), &step, &[&keeper.keypair]).await;
    }
    // most of the collateral is in a reserve that winds down
    world.chain.pass(86_400);
    world.set_state(&btc, State::WindDown).await;
    world.set_state(&usdc, State::WindDown).await;
    world.set_vault_state(State::Normal).await;
    let reserves = world.all_reserves().await;
    let share = trip_vault(vault, Signal::VaultGuardedShare, &reserves);
    table.land(&mut world, ("trip_breaker", "guarded share"), &share, &[&keeper.keypair]).await;
    table
}
