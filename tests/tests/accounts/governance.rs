//! Changes from proposal to execution, new reserves and funds, and old accounts.

use crate::{in_both, try_all};
use crate::{stage::Stage, wrong::Pool};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::state::{ProposedChange, Reserve, Vault};
use ballast_client::{
    address,
    governance::Proposal,
    instruction,
    insurance::{self, Fund},
    preset::{reserve_config, vault_config},
};
use ballast_risk::{change::MIN_TIMELOCK, fund::FundRules, presets::AssetKind};
use ballast_tests::{market::TOKEN, usd, Market};
use solana_signer::Signer;

/// The next proposal of the vault that is faced.
async fn next(stage: &mut Stage, reserve: Option<Pubkey>) -> Proposal {
    let (vault, proposer) = (stage.insured.world.vault, stage.insured.world.curator.pubkey());
    let number = stage.insured.world.chain.state::<Vault>(vault).await.last_change + 1;
    Proposal { vault, number, reserve, proposer }
}

/// The vault's model with another debt floor.
async fn model(stage: &mut Stage) -> ProposedChange {
    let vault: Vault = stage.insured.world.chain.state(stage.insured.world.vault).await;
    let mut model = vault.model;
    model.debt_floor -= 1;
    ProposedChange::Model { model, ramp_seconds: 0 }
}

/// A reserve's split with another part.
async fn split(stage: &mut Stage, market: &Market) -> ProposedChange {
    let reserve: Reserve = stage.insured.world.reserve(market).await;
    let mut split = reserve.split;
    split.insurance += 1;
    ProposedChange::Split(split)
}

/// Proposing, cancelling, executing, adding a reserve.
pub async fn changes(stage: &mut Stage) {
    let usdc = stage.insured.world.usdc;
    let curator = stage.insured.world.curator.insecure_clone();
    try_all!(stage, {
        let change = model(stage).await;
        next(stage, None).await.propose(change)
    });
    try_all!(stage, {
        let (change, reserve) = (split(stage, &usdc).await, stage.reserve(&usdc));
        next(stage, Some(reserve)).await.propose(change)
    });
    let new = Market::create(&mut stage.insured.world.chain, AssetKind::Alt, 6, TOKEN, usd(1));
    let config =
        reserve_config(&stage.insured.world.preset, new.kind, new.feed_id).expect("the preset is valid");
    // of the first vault and of the second
    let mut proposals: [Vec<Proposal>; 2] = [vec![], vec![]];
    for side in [1, 0] {
        stage.face(side);
        let of_reserve = (split(stage, &usdc).await, Some(stage.reserve(&usdc)));
        let add = ProposedChange::AddReserve { mint: new.mint, config: config.clone() };
        for (change, reserve) in [(model(stage).await, None), of_reserve, (add, None)] {
            let proposal = next(stage, reserve).await;
            stage.insured.world.must(&[proposal.propose(change)], &[&curator]).await;
            proposals[side].push(proposal);
        }
    }
    let side = |stage: &Stage| usize::from(stage.insured.world.vault != proposals[0][0].vault);
    try_all!(stage, proposals[side(stage)][0].cancel(curator.pubkey()));
    stage.insured.world.tick(MIN_TIMELOCK as i64).await;
    let executor = stage.keeper.key();
    try_all!(stage, {
        let reserves = stage.insured.world.all_reserves().await;
        proposals[side(stage)][0].execute(executor, &reserves)
    });
    try_all!(stage, proposals[side(stage)][1].execute(executor, &[]));
    try_all!(stage, {
        let asset = stage.insured.world.asset(&new);
        proposals[side(stage)][2].add_reserve(curator.pubkey(), &asset, config.clone())
    });
}

/// A fund for a vault that has none.
pub async fn funds(stage: &mut Stage) {
    let usdc = stage.insured.usdc();
    let world = &mut stage.insured.world;
    let curator = world.curator.insecure_clone();
    let mut creations: Vec<Instruction> = vec![];
    for id in [3, 4] {
        let config = vault_config(&world.preset, id, curator.pubkey(), curator.pubkey());
        world.must(&[instruction::create_vault(curator.pubkey(), config)], &[&curator]).await;
        let vault = address::vault(&curator.pubkey(), id);
        world.add_reserve_to(vault, &usdc).await.expect("the preset's reserves are valid");
        let fund = Fund { asset: usdc.asset(vault) };
        let rules = FundRules::BALANCED.into();
        creations.push(insurance::create_fund(curator.pubkey(), &fund, rules));
    }
    stage.court.try_all(world, "", [&creations[0], &creations[1]], &Pool::default()).await;
}

/// Accounts as version 1 of the program left them, and a vault in between.
pub async fn migrations(stage: &mut Stage) {
    let sol = stage.insured.world.sol;
    // none of the law's accounts can be read before all have migrated
    stage.insured.world.vaults.clear();
    let mut old = vec![];
    in_both!(stage, {
        let (vault, ann) = (stage.insured.world.vault, stage.of(&stage.ann).obligation());
        let keys = [stage.reserve(&sol), ann, address::attestation(&vault), address::audit(&vault), vault];
        for key in keys {
            old.push((key, stage.insured.world.as_version_1(key).await));
        }
    });
    stage.insured.world.obligations.clear();
    for (key, account) in old {
        stage.insured.world.chain.put(key, account);
    }
    let payer = stage.keeper.key();
    try_all!(stage, instruction::migrate_account(payer, stage.insured.world.vault, None));
    for of_reserve in [true, false] {
        try_all!(stage, {
            let [reserve, obligation] = [stage.reserve(&sol), stage.of(&stage.ann).obligation()];
            let account = if of_reserve { reserve } else { obligation };
            instruction::migrate_account(payer, stage.insured.world.vault, Some(account))
        });
    }
    for report in [address::attestation, address::audit] {
        try_all!(stage, " of a report", {
            let vault = stage.insured.world.vault;
            instruction::migrate_account(payer, vault, Some(report(&vault)))
        });
    }
}
