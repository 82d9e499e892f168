//! What governance costs, with a model that is checked against 32 reserves, the most there are.

use crate::stage::own;
use anchor_lang::prelude::Pubkey;
use ballast::{
    instructions::TightenTo,
    state::{ProposedChange, Vault},
    MAX_RESERVES,
};
use ballast_client::{
    governance::{tighten, Proposal},
    preset::reserve_config,
};
use ballast_risk::{change::MIN_TIMELOCK, presets::AssetKind, ramp::MIN_RAMP};
use ballast_tests::{market::TOKEN, usd, Market, World};
use solana_signer::Signer;

/// Instruction → compute units.
type Units = Vec<(&'static str, u64)>;

/// Measures each once.
pub async fn measure() -> Units {
    let mut world = World::start().await;
    for _ in world.markets().len()..MAX_RESERVES - 1 {
        let market = Market::create(&mut world.chain, AssetKind::Sol, 6, TOKEN, usd(10));
        world.add_reserve(&market).await.expect("the preset is valid");
    }
    let mut units = vec![];
    let curator = world.curator.insecure_clone();
    let market = Market::create(&mut world.chain, AssetKind::Sol, 6, TOKEN, usd(10));
    let config = reserve_config(&world.preset, market.kind, market.feed_id).expect("the preset is valid");
    let proposed = ProposedChange::AddReserve { mint: market.mint, config: config.clone() };
    let (asset, usdc) = (world.asset(&market), world.usdc);
    let (proposal, _) = propose(&mut world, None, proposed).await;
    world.chain.pass(MIN_TIMELOCK as i64);
    let add = proposal.add_reserve(curator.pubkey(), &asset, config);
    units.push(("add_reserve, proposed", own(&world.must(&[add], &[&curator]).await)));

    let vault: Vault = world.chain.state(world.vault).await;
    let mut model = vault.model;
    model.debt_floor += 100;
    let (model, cost) =
        propose(&mut world, None, ProposedChange::Model { model, ramp_seconds: MIN_RAMP }).await;
    units.push(("propose_change, a model", cost));
    world.chain.pass(MIN_TIMELOCK as i64);
    let execute = model.execute(curator.pubkey(), &vault.reserves);
    let execute = world.must(&[execute], &[&curator]).await;
    units.push(("execute_change, a model over 32 reserves", own(&execute)));

    let about = Some(world.asset(&usdc).reserve());
    let (off, cost) = propose(&mut world, about, ProposedChange::Borrowable(false)).await;
    units.push(("propose_change, of a reserve", cost));
    let execute = world.must(&[off.execute(curator.pubkey(), &[])], &[&curator]).await;
    units.push(("execute_change, of a reserve", own(&execute)));
    let (on, _) = propose(&mut world, about, ProposedChange::Borrowable(true)).await;
    let cancel = world.must(&[on.cancel(curator.pubkey())], &[&curator]).await;
    units.push(("cancel_change", own(&cancel)));
    let tighten = tighten(curator.pubkey(), world.vault, about, TightenTo::Guarded, 60);
    units.push(("tighten", own(&world.must(&[tighten], &[&curator]).await)));
    units
}

async fn propose(world: &mut World, reserve: Option<Pubkey>, proposed: ProposedChange) -> (Proposal, u64) {
    let curator = world.curator.insecure_clone();
    let number = world.chain.state::<Vault>(world.vault).await.last_change + 1;
    let proposal = Proposal { vault: world.vault, number, reserve, proposer: curator.pubkey() };
    let receipt = world.must(&[proposal.propose(proposed)], &[&curator]).await;
    (proposal, own(&receipt))
}
