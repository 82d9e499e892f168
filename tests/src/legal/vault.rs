//! Calls of those who make and govern a vault.

use super::Table;
use crate::{chain::Chain, market::usd, world::World, Market};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::{
    instructions::TightenTo,
    state::{ProposedChange, Vault},
};
use ballast_client::{
    governance::{tighten, Proposal},
    instruction::{self, migrate_account},
    preset::{reserve_config, vault_config},
};
use ballast_risk::{change::MIN_TIMELOCK, presets::AssetKind, ramp::MIN_RAMP};
use solana_keypair::Keypair;
use solana_signer::Signer;

pub(super) async fn calls() -> Table {
    let mut table = Table::default();
    let mut world = World::start().await;
    setting_up(&mut table, &mut world).await;
    governing(&mut table, &mut world).await;
    fees(&mut table, &mut world).await;
    migrating(&mut table, &mut world).await;
    table
}

async fn setting_up(table: &mut Table, world: &mut World) {
    let (curator, sol) = (world.curator.insecure_clone(), world.sol);
    let config = vault_config(&world.preset, 2, curator.pubkey(), curator.pubkey());
    let create = instruction::create_vault(curator.pubkey(), config);
    table.note(&mut world.chain, ("create_vault", ""), &create, &[&curator]).await;
    // the world is not told of a vault that it could not refresh
    send(&mut world.chain, create, &curator).await;
    let second = ballast_client::address::vault(&curator.pubkey(), 2);
    let config = reserve_config(&world.preset, sol.kind, sol.feed_id).expect("the preset is valid");
    let add = instruction::add_reserve(curator.pubkey(), &sol.asset(second), config);
    table.land(world, ("add_reserve", "while it is set up"), &add, &[&curator]).await;
}

async fn governing(table: &mut Table, world: &mut World) {
    let curator = world.curator.insecure_clone();
    let (key, vault, usdc) = (curator.pubkey(), world.vault, world.asset(&world.usdc).reserve());
    let off = next(world, Some(usdc)).await;
    let propose = off.propose(ProposedChange::Borrowable(false));
    table.land(world, ("propose_change", "of a reserve"), &propose, &[&curator]).await;
    let execute = off.execute(key, &[]);
    table.land(world, ("execute_change", "of a reserve"), &execute, &[&curator]).await;
    let on = next(world, Some(usdc)).await;
    send(&mut world.chain, on.propose(ProposedChange::Borrowable(true)), &curator).await;
    table.land(world, ("cancel_change", ""), &on.cancel(key), &[&curator]).await;

    let mut model = world.chain.state::<Vault>(vault).await.model;
    model.debt_floor += 100;
    let change = next(world, None).await;
    let propose = change.propose(ProposedChange::Model { model, ramp_seconds: MIN_RAMP });
    table.land(world, ("propose_change", "a model"), &propose, &[&curator]).await;
    let market = Market::create(&mut world.chain, AssetKind::Alt, 6, crate::market::TOKEN, usd(3));
    let config = reserve_config(&world.preset, market.kind, market.feed_id).expect("the preset is valid");
    let add = next(world, None).await;
    let proposed = ProposedChange::AddReserve { mint: market.mint, config: config.clone() };
    send(&mut world.chain, add.propose(proposed), &curator).await;
    world.chain.pass(MIN_TIMELOCK as i64);
    let reserves = world.all_reserves().await;
    let execute = change.execute(key, &reserves);
    table.land(world, ("execute_change", "a model"), &execute, &[&curator]).await;
    let add = add.add_reserve(key, &market.asset(vault), config);
    table.land(world, ("add_reserve", "as proposed"), &add, &[&curator]).await;
    for (way, about) in [("a reserve", Some(usdc)), ("the vault", None)] {
        let tighten = tighten(key, vault, about, TightenTo::Guarded, 60);
        table.note(&mut world.chain, ("tighten", way), &tighten, &[&curator]).await;
    }
}

/// Interest of a week on a debt, and the week in which its fees vest.
async fn fees(table: &mut Table, world: &mut World) {
    let (sol, eth, curator) = (world.sol, world.eth, world.curator.insecure_clone());
    world.refresh().await.expect("the prices are good");
    world.lender(&eth, eth.units(1_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(10_000)).await.expect("nothing bounds it");
    world.tick(1).await;
    world.borrow(&ann, &eth, eth.units(200)).await.expect("40 % of the collateral");
    world.tick(7 * 86_400).await;
    world.tick(7 * 86_400).await;
    eth.fund(&mut world.chain, &curator.pubkey(), 0);
    let collect = instruction::collect_fees(&world.asset(&eth), &curator.pubkey());
    table.land(world, ("collect_fees", ""), &collect, &[&curator]).await;
}

async fn migrating(table: &mut Table, world: &mut World) {
    let (vault, payer, sol) =
        (world.vault, world.curator.insecure_clone(), world.asset(&world.sol).reserve());
    let obligation = world.obligations[0];
    for key in world.migrating().await {
        let old = world.as_version_1(key).await;
        world.chain.put(key, old);
    }
    for (way, account) in [("a vault", None), ("a reserve", Some(sol)), ("an obligation", Some(obligation))] {
        let migrate = migrate_account(payer.pubkey(), vault, account);
        table.land(world, ("migrate_account", way), &migrate, &[&payer]).await;
    }
}

/// The next change of the first vault.
async fn next(world: &mut World, reserve: Option<Pubkey>) -> Proposal {
    let vault = world.vault;
    let number = world.chain.state::<Vault>(vault).await.last_change + 1;
    Proposal { vault, number, reserve, proposer: world.curator.pubkey() }
}

async fn send(chain: &mut Chain, instruction: Instruction, signer: &Keypair) {
    chain.send(&[instruction], &[signer]).await.expect("the preset is valid");
}
