//! Tranches, losses, top-ups, and the breakers.

use crate::stage::{Stage, DAY};
use crate::{in_both, try_all};
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{
    instructions::{Signal, TightenTo},
    state::{Attestation, Reserve, Vault},
    BallastError,
};
use ballast_client::{
    account::reserves_of,
    address, governance,
    instruction::{self, Tranche},
    insurance::recording_losses,
    safety::{self, absorbing},
};
use ballast_risk::breaker::State;
use ballast_tests::{refused, usd};
use solana_signer::Signer;

/// A book that has become too risky, then insolvent.
pub async fn tranches(stage: &mut Stage) {
    let (sol, usdc) = (stage.insured.world.sol, stage.insured.world.usdc);
    stage.insured.world.move_price(|w| &mut w.sol, usd(165)).await;
    try_all!(stage, {
        let (keeper, ann) = (stage.of(&stage.keeper), stage.of(&stage.ann));
        stage.insured.world.tranche(&keeper, &ann, &usdc, &sol, u64::MAX).await
    });
    // with an account for shares that are not needed
    try_all!(stage, " with a spare account", {
        let (keeper, ann) = (stage.of(&stage.keeper), stage.of(&stage.ann));
        let shares_to = Some(keeper.obligation());
        let change = |tranche: &mut Tranche| tranche.shares_to = shares_to;
        stage.insured.world.tranche_with(&keeper, &ann, &usdc, &sol, change).await
    });
    in_both!(stage, {
        stage.insured.world.set_caps(&sol, |caps| caps.deposits = 1).await;
        let ann = stage.of(&stage.ann);
        stage.insured.world.give(&ann, &sol, sol.units(1)).await;
    });
    // a top-up that only passes because it heals
    try_all!(stage, {
        let ann = stage.of(&stage.ann);
        let reserves = [stage.reserve(&sol), stage.reserve(&usdc)];
        instruction::top_up(&ann.account, &stage.insured.world.asset(&sol), sol.units(1), &reserves)
    });
    in_both!(stage, stage.insured.world.set_frozen(&sol, true).await);
    try_all!(stage, " for shares", {
        let (keeper, ann) = (stage.of(&stage.keeper), stage.of(&stage.ann));
        let shares_to = Some(keeper.obligation());
        let change = |tranche: &mut Tranche| tranche.shares_to = shares_to;
        stage.insured.world.tranche_with(&keeper, &ann, &usdc, &sol, change).await
    });
    in_both!(stage, stage.insured.world.set_frozen(&sol, false).await);
    stage.insured.world.move_price(|w| &mut w.sol, usd(100)).await;
    try_all!(stage, {
        let (keeper, ann) = (stage.of(&stage.keeper), stage.of(&stage.ann));
        let reserves = [stage.reserve(&sol), stage.reserve(&usdc)];
        let last = stage.insured.world.tranche(&keeper, &ann, &usdc, &sol, u64::MAX).await;
        recording_losses(absorbing(last, &reserves), stage.insured.fund.address())
    });
}

/// A book with two debts, the riskier of which is frozen: whoever repays the other has to show it.
pub async fn frozen_debts(stage: &mut Stage) {
    let world = &stage.insured.world;
    let (btc, sol, lst, usdc) = (world.btc, world.sol, world.lst, world.usdc);
    in_both!(stage, {
        let [bob, keeper, lender] = [&stage.bob, &stage.keeper, &stage.lender].map(|user| stage.of(user));
        let world = &mut stage.insured.world;
        world.deposit(&lender, &btc, btc.units(100)).await.expect("anyone may lend");
        world.deposit(&bob, &lst, lst.units(1_000)).await.expect("anyone may lend");
        world.deposit(&bob, &usdc, usdc.units(20_000)).await.expect("anyone may lend");
        world.borrow(&bob, &sol, sol.units(300)).await.expect("it is a hedge");
        world.borrow(&bob, &btc, btc.units(9) / 10).await.expect("it is within limits");
        world.give(&keeper, &sol, sol.units(1_000)).await;
    });
    stage.insured.world.move_price(|w| &mut w.btc, usd(172_000)).await;
    in_both!(stage, {
        stage.insured.world.set_frozen(&btc, true).await;
        let (keeper, bob) = (stage.of(&stage.keeper), stage.of(&stage.bob));
        let hidden = stage.insured.world.liquidate(&keeper, &bob, &sol, &lst, u64::MAX).await;
        refused(hidden, BallastError::BetterPairAvailable);
    });
    try_all!(stage, " showing a frozen account", {
        let (keeper, bob) = (stage.of(&stage.keeper), stage.of(&stage.bob));
        let tranche = stage.insured.world.tranche(&keeper, &bob, &sol, &lst, u64::MAX).await;
        instruction::showing_frozen(tranche, &[stage.insured.world.asset(&btc).tokens()])
    });
}

/// A book whose deposits are worth nothing.
pub async fn losses(stage: &mut Stage) {
    let (sol, now) = (stage.insured.world.sol, stage.insured.world.seconds());
    in_both!(stage, {
        let key = stage.reserve(&sol);
        let lose = |reserve: &mut Reserve| {
            reserve.books.deposit_index = [1, 0];
            reserve.losses.wiped_out_at = now;
        };
        stage.insured.world.chain.edit(key, lose).await;
    });
    try_all!(stage, {
        let (ann, vault) = (stage.of(&stage.ann), stage.insured.world.vault);
        let reserves = reserves_of(&stage.insured.world.obligation(&ann).await);
        let absorb = safety::absorb_loss(stage.keeper.key(), vault, ann.obligation(), &reserves);
        recording_losses(absorb, stage.insured.fund.address())
    });
}

/// Signals, steps, and the guardian.
pub async fn breakers(stage: &mut Stage) {
    let (sol, usdc) = (stage.insured.world.sol, stage.insured.world.usdc);
    let curator = stage.insured.world.curator.pubkey();
    for of_reserve in [true, false] {
        try_all!(stage, {
            let reserve = of_reserve.then(|| stage.reserve(&usdc));
            governance::tighten(curator, stage.insured.world.vault, reserve, TightenTo::Guarded, 3_600)
        });
    }
    // a signal with a token account
    let frozen = AccountState::Frozen;
    in_both!(stage, {
        let held = stage.insured.world.till(&usdc).await;
        stage.insured.world.set_till(&usdc, held, frozen).await;
    });
    try_all!(stage, safety::trip_reserve(&stage.insured.world.asset(&usdc), Signal::Frozen));
    // with a report
    let now = stage.insured.world.seconds();
    in_both!(stage, {
        let fail = |report: &mut Attestation| {
            (report.last.failing, report.last.worst_shortfall, report.last.at) = (1, 1_000_000_000_000, now);
        };
        let report = address::attestation(&stage.insured.world.vault);
        stage.insured.world.chain.edit(report, fail).await;
    });
    try_all!(stage, safety::trip_vault(stage.insured.world.vault, Signal::VaultAttestation, &[]));
    // with all reserves
    in_both!(stage, {
        for market in [sol, usdc] {
            stage.insured.world.set_state(&market, State::Guarded).await;
        }
    });
    try_all!(stage, " by all reserves", {
        let reserves = stage.insured.world.all_reserves().await;
        safety::trip_vault(stage.insured.world.vault, Signal::VaultGuardedShare, &reserves)
    });
    // with a reserve alone, whose price is a day old; and the states of long ago have expired
    in_both!(stage, {
        stage.insured.world.set_vault_state(State::Guarded).await;
    });
    stage.insured.world.chain.pass(DAY);
    for reserve in [true, false] {
        try_all!(stage, {
            let reserve = reserve.then(|| stage.reserve(&sol));
            safety::step_breaker(stage.insured.world.vault, reserve)
        });
    }
    in_both!(stage, {
        let vault = stage.insured.world.vault;
        stage.insured.world.chain.edit::<Vault>(vault, |vault| vault.breaker = Default::default()).await;
    });
    try_all!(stage, safety::trip_reserve(&stage.insured.world.asset(&usdc), Signal::Stale));
    // a token is missing, which is against the law
    stage.insured.world.vaults.clear();
    stage.insured.world.obligations.clear();
    in_both!(stage, {
        let held = stage.insured.world.books(&usdc).await.free_tokens.0;
        stage.insured.world.set_till(&usdc, held - 1, AccountState::Initialized).await;
    });
    try_all!(stage, " by a deficit", {
        safety::trip_reserve(&stage.insured.world.asset(&usdc), Signal::VaultDeficit)
    });
}
