//! The insurance fund: stakes, income, cover, the roll, claims.

use crate::stage::{Stage, DAY};
use crate::{in_both, try_all};
use anchor_lang::prelude::Pubkey;
use ballast_client::insurance::{self, to_call};

/// Stakes and what they earn and pay.
pub async fn stakes(stage: &mut Stage) {
    let (sol, usdc) = (stage.insured.world.sol, stage.insured.world.usdc);
    let (bob, keeper) = (stage.bob.key(), stage.keeper.key());
    try_all!(stage, insurance::open_stake(bob, &stage.insured.fund));
    in_both!(stage, {
        let [bob, keeper, lender] = [&stage.bob, &stage.keeper, &stage.lender].map(|user| stage.of(user));
        for user in [&bob, &keeper, &lender] {
            let open = insurance::open_stake(user.key(), &stage.insured.fund);
            stage.insured.world.must(&[open], &[&user.keypair]).await;
        }
        stage.insured.stake(&keeper, usdc.units(100_000)).await.expect("a new stake is possible");
    });
    try_all!(stage, insurance::stake_insurance(keeper, &stage.insured.fund, 1_000_000));
    try_all!(stage, insurance::request_unstake(keeper, &stage.insured.fund, 1_000_000));
    try_all!(stage, insurance::close_stake(bob, &stage.insured.fund));
    in_both!(stage, {
        stage.endow(&usdc, usdc.units(10_000), 0).await;
    });
    stage.insured.world.tick(1).await;
    try_all!(stage, insurance::collect_insurance(&stage.insured.fund));
    in_both!(stage, {
        let keeper = stage.of(&stage.keeper);
        stage.insured.ask(&keeper, 1_000_000).await.expect("it has as much");
    });
    stage.insured.world.tick(14 * DAY).await;
    try_all!(stage, insurance::unstake(keeper, &stage.insured.fund));
    in_both!(stage, {
        stage.insured.lose(&sol, sol.units(10)).await;
        let keeper = stage.of(&stage.keeper);
        stage.insured.world.give(&keeper, &sol, sol.units(1)).await;
    });
    try_all!(stage, stage.insured.covering(&stage.of(&stage.keeper), &sol, sol.units(1), None));
}

/// The roll, and a claim from its opening to its end.
pub async fn claims(stage: &mut Stage) {
    let (sol, usdc) = (stage.insured.world.sol, stage.insured.world.usdc);
    in_both!(stage, {
        let keeper = stage.of(&stage.keeper);
        let open = insurance::open_stake(keeper.key(), &stage.insured.fund);
        stage.insured.world.must(&[open], &[&keeper.keypair]).await;
        stage.insured.stake(&keeper, usdc.units(100_000)).await.expect("a new stake is possible");
    });
    let voters: Vec<(Pubkey, Pubkey)> =
        stage.insured.validators.iter().map(|validator| (validator.key(), validator.vote_account)).collect();
    let (identity, vote_account) = voters[0];
    try_all!(stage, insurance::enroll_validator(identity, &stage.insured.fund, vote_account));
    try_all!(stage, insurance::leave_roll(identity, &stage.insured.fund, vote_account));
    stage.insured.next_epoch().await;
    try_all!(stage, {
        let epoch = stage.insured.world.chain.clock().await.epoch;
        let missing = to_call(&stage.insured.roll().await, epoch);
        assert_eq!(missing.len(), voters.len(), "nobody was called yet");
        insurance::call_roll(&stage.insured.fund, &missing[..3])
    });
    in_both!(stage, {
        stage.insured.lose(&sol, sol.units(150)).await;
        stage.insured.call_roll().await;
    });
    let opener = stage.keeper.key();
    try_all!(
        stage,
        insurance::open_claim(opener, &stage.insured.fund, stage.insured.lost(), 1, usdc.units(10_000))
    );
    in_both!(stage, {
        let keeper = stage.of(&stage.keeper);
        stage.insured.open_claim(&keeper, usdc.units(10_000)).await.expect("so much was lost");
    });
    try_all!(stage, insurance::vote_claim(identity, stage.insured.fund.claim(1), true));
    in_both!(stage, {
        for voter in 0..4 {
            stage.insured.vote(voter, 1, true).await.expect("it votes");
        }
    });
    try_all!(stage, {
        let wallet = stage.insured.fund.wallet(&opener);
        insurance::settle_claim(&stage.insured.fund, 1, Some(wallet))
    });
    in_both!(stage, {
        // the bond stays owed
        stage.insured.settle(1, None).await.expect("it has passed");
        let keeper = stage.of(&stage.keeper);
        stage.insured.world.give(&keeper, &sol, sol.units(1)).await;
    });
    try_all!(stage, stage.insured.covering(&stage.of(&stage.keeper), &sol, sol.units(1), Some(1)));
    stage.insured.world.tick(8 * DAY).await;
    try_all!(stage, {
        let wallet = stage.insured.fund.wallet(&opener);
        insurance::close_claim(&stage.insured.fund, 1, opener, Some(wallet))
    });
}
