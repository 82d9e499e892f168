//! Vaults, prices, obligations, deposits, loans, fees.

use crate::stage::{Stage, DAY};
use crate::{in_both, try_all};
use ballast::state::Vault;
use ballast_client::{
    account::reserves_of,
    instruction,
    preset::{reserve_config, vault_config},
};
use ballast_risk::presets::AssetKind;
use ballast_tests::{market::TOKEN, staked::Staked, usd, Market};
use solana_signer::Signer;

/// Positions of people.
pub async fn positions(stage: &mut Stage) {
    let (sol, usdc) = (stage.insured.world.sol, stage.insured.world.usdc);
    let own = |stage: &Stage, market: &Market| stage.insured.world.asset(market);
    in_both!(stage, {
        let bob = stage.of(&stage.bob);
        stage.insured.world.give(&bob, &usdc, 1_000_000).await;
    });
    try_all!(stage, instruction::deposit(&stage.of(&stage.bob).account, &own(stage, &usdc), 1_000_000));
    try_all!(stage, instruction::withdraw(&stage.of(&stage.bob).account, &own(stage, &usdc), 1_000_000, &[]));
    for market in [sol, usdc] {
        try_all!(stage, {
            let reserves = [stage.reserve(&sol), stage.reserve(&usdc)];
            let account = stage.of(&stage.ann).account;
            if market.mint == sol.mint {
                instruction::withdraw(&account, &own(stage, &market), 1_000_000, &reserves)
            } else {
                instruction::borrow(&account, &own(stage, &market), 1_000_000, &reserves)
            }
        });
    }
    try_all!(stage, {
        let (payer, debtor) = (stage.keeper.key(), stage.of(&stage.ann).obligation());
        instruction::repay(payer, debtor, &own(stage, &usdc), 1_000_000)
    });
    try_all!(stage, instruction::open_obligation(&stage.of(&stage.bob).numbered(9).account));
    try_all!(stage, instruction::close_obligation(&stage.of(&stage.bob).numbered(1).account));
    try_all!(stage, {
        let reserves = [stage.reserve(&sol), stage.reserve(&usdc)];
        let obligation = stage.of(&stage.ann).obligation();
        instruction::refresh_obligation(stage.insured.world.vault, obligation, &reserves)
    });
}

/// Newer prices, and fees that have vested.
pub async fn prices_and_fees(stage: &mut Stage) {
    let (sol, usdc) = (stage.insured.world.sol, stage.insured.world.usdc);
    for _ in 0..2 {
        stage.insured.world.tick(7 * DAY).await;
    }
    try_all!(stage, {
        let curator = stage.insured.world.curator.pubkey();
        instruction::collect_fees(&stage.insured.world.asset(&usdc), &curator)
    });
    let world = &mut stage.insured.world;
    world.chain.pass(30);
    for market in [sol, usdc] {
        let quote = market.quote(&world.chain);
        market.post_raw(&mut world.chain, &quote);
    }
    try_all!(stage, {
        let pairs = [sol, usdc].map(|market| (stage.reserve(&market), market.price_account));
        instruction::refresh_reserves(stage.insured.world.vault, &pairs)
    });
}

/// A newer price that is composed of a base and a rate.
pub async fn composed_prices(stage: &mut Stage) {
    stage.face(1);
    let mut staked = Staked::list(&mut stage.insured.world).await;
    stage.face(0);
    staked.list_too(&mut stage.insured.world).await;
    let world = &mut stage.insured.world;
    world.chain.pass(30);
    let base = world.sol.quote(&world.chain);
    world.sol.post_raw(&mut world.chain, &base);
    staked.post_rate(world);
    try_all!(stage, " with a rate", staked.refreshing(&stage.insured.world));
}

/// Proofs: that tokens cover claims, and that the books are the sum of the positions.
pub async fn proofs(stage: &mut Stage) {
    let markets = stage.insured.world.markets();
    try_all!(stage, {
        let assets = markets.map(|market| stage.insured.world.asset(&market));
        instruction::attest_solvency(stage.insured.world.vault, &assets[..3])
    });
    try_all!(stage, instruction::begin_audit(stage.insured.world.vault));
    let curator = stage.insured.world.curator.insecure_clone();
    in_both!(stage, {
        let begin = instruction::begin_audit(stage.insured.world.vault);
        stage.insured.world.must(&[begin], &[&curator]).await;
    });
    try_all!(stage, {
        let ann = stage.of(&stage.ann);
        let reserves = reserves_of(&stage.insured.world.obligation(&ann).await);
        instruction::count_obligation(stage.insured.world.vault, ann.obligation(), &reserves)
    });
    for key in stage.insured.world.obligations.clone() {
        let obligation: ballast::state::Obligation = stage.insured.world.chain.state(key).await;
        let count = instruction::count_obligation(obligation.vault, key, &reserves_of(&obligation));
        stage.insured.world.must(&[count], &[&curator]).await;
    }
    try_all!(stage, ", last step", {
        let reserves = markets.map(|market| stage.reserve(&market));
        instruction::finish_audit(stage.insured.world.vault, &reserves)
    });
}

/// Vaults that are being set up.
pub async fn vaults(stage: &mut Stage) {
    let curator = stage.insured.world.curator.pubkey();
    let preset = stage.insured.world.preset;
    let mut number = 10;
    try_all!(stage, {
        number += 1;
        instruction::create_vault(curator, vault_config(&preset, number, curator, curator))
    });
    let market = Market::create(&mut stage.insured.world.chain, AssetKind::Alt, 6, TOKEN, usd(1));
    in_both!(stage, {
        let vault = stage.insured.world.vault;
        stage.insured.world.chain.edit::<Vault>(vault, |vault| vault.opened_at = 0).await;
    });
    try_all!(stage, " in set-up", {
        let config = reserve_config(&preset, market.kind, market.feed_id).expect("the preset is valid");
        instruction::add_reserve(curator, &stage.insured.world.asset(&market), config)
    });
}
