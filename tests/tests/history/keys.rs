//! Keys in the wrong hands: pre-signed transactions, a fake asset, guards switched off.

use crate::tools::{lender_and_attacker, shows, spike, spike_after, Tale};
use anchor_lang::{prelude::Pubkey, solana_program::system_instruction};
use ballast::{
    instructions::TightenTo,
    state::{OracleConfig, ProposedChange},
    BallastError,
};
use ballast_client::{
    instruction,
    preset::{reserve_config, thresholds},
};
use ballast_risk::{
    breaker::{Cause, State},
    presets::AssetKind,
};
use ballast_tests::{
    desk::{Desk, DELAY, HOUR},
    market::TOKEN,
    refused, usd, Market,
};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Where a nonce account keeps its value.
const VALUE: std::ops::Range<usize> = 40..72;

/// Everything that a thief of the curator's key would change: a fake asset, other feeds, wide caps, blind breakers, roles, the timelock.
async fn wishes(desk: &mut Desk, fake: &Market, thief: Pubkey) -> Vec<(Option<Pubkey>, ProposedChange)> {
    let (usdc, alt) = (desk.world.usdc, desk.world.alt);
    let (about_usdc, about_alt) = (desk.about(&usdc), desk.about(&alt));
    let config = reserve_config(&desk.world.preset, AssetKind::Btc, fake.feed_id).unwrap();
    let reserve = desk.reserve(&alt).await;
    let mut vault_caps = desk.vault().await.caps;
    vault_caps.leverage = 400_000;
    let mut blind = reserve.thresholds;
    (blind.average_halts, blind.jump_halts, blind.confidence_halts) = (5_000, 5_000, 2_500);
    let mut model = desk.vault().await.model;
    model.opening_factor = 10_100;
    let feed = OracleConfig { feed_id: desk.world.btc.feed_id, ..OracleConfig::of(&reserve) };
    vec![
        (None, ProposedChange::AddReserve { mint: fake.mint, config }),
        (about_alt, ProposedChange::Oracle(feed)),
        (about_alt, ProposedChange::ReserveThresholds(blind)),
        (about_alt, ProposedChange::Borrowable(true)),
        (about_usdc, ProposedChange::Flows(ballast_risk::bucket::FlowRules::balanced(1, 1).into())),
        (None, ProposedChange::VaultCaps(vault_caps)),
        (None, ProposedChange::Model { model, ramp_seconds: 3 * 86_400 }),
        (None, ProposedChange::Timelock(3 * 86_400)),
        (None, ProposedChange::Curator(thief)),
        (None, ProposedChange::Guardian(thief)),
        (None, ProposedChange::FeeRecipient(thief)),
    ]
}

#[tokio::test]
async fn drift_april_2026() {
    let mut desk = Desk::open().await;
    let (alt, usdc) = (desk.world.alt, desk.world.usdc);
    let (lender, eve) = lender_and_attacker(&mut desk.world, &alt, 10_000).await;
    // the vault's caps bind, so that there is something to widen
    let mut caps = desk.vault().await.caps;
    caps.leverage = 80_000;
    let key = desk.world.vault;
    desk.world.chain.edit::<ballast::state::Vault>(key, |vault| vault.caps = caps).await;
    let fake = Market::create(&mut desk.world.chain, AssetKind::Btc, 9, TOKEN, usd(100_000));
    fake.fund(&mut desk.world.chain, &eve.key(), fake.units(1_000_000));
    desk.world.give(&eve, &usdc, usdc.units(1)).await;
    desk.world.tick(1).await;
    let fair = desk.world.fair(); // the fake asset is worth nothing: it is not among them
    let had = desk.world.fortune(&[&eve], &fair).await;
    let lent = desk.world.fortune(&[&lender], &fair).await;

    // 1. signed weeks ago over a durable nonce: the curator's own signature, and it does not govern
    let (curator, guardian) = (desk.curator.insecure_clone(), desk.guardian.insecure_clone());
    let nonce = Keypair::new();
    let create = system_instruction::create_nonce_account(
        &curator.pubkey(),
        &nonce.pubkey(),
        &curator.pubkey(),
        10_000_000,
    );
    desk.world.must(&create, &[&curator, &nonce]).await;
    let thief = eve.key();
    for (reserve, change) in wishes(&mut desk, &fake, thief).await {
        // a nonce is spent by every transaction, refused or not
        desk.wait(1);
        let data = desk.world.chain.account(nonce.pubkey()).await.unwrap().data;
        let value: [u8; 32] = data[VALUE].try_into().unwrap();
        let propose = desk.next_proposal(reserve).await.propose(change);
        let advance = system_instruction::advance_nonce_account(&nonce.pubkey(), &curator.pubkey());
        let late = desk.world.chain.send_with_nonce(&[advance, propose], &[&curator], value).await;
        refused(late, BallastError::DurableNonce);
    }

    // 2. the key itself: everything can be proposed, and nothing of it counts inside the timelock, by whoever asks
    let mut proposals = vec![];
    for (reserve, change) in wishes(&mut desk, &fake, thief).await {
        let what = format!("{change:?}");
        let (proposal, _) =
            desk.try_propose(reserve, change).await.unwrap_or_else(|f| panic!("{what}: {f:?}"));
        proposals.push(proposal);
    }
    let config = reserve_config(&desk.world.preset, AssetKind::Btc, fake.feed_id).unwrap();
    let add = instruction::add_reserve(curator.pubkey(), &fake.asset(key), config);
    for waited in [0, DELAY - 1] {
        desk.wait(waited);
        for proposal in &proposals[1..] {
            let by = if waited == 0 { curator.insecure_clone() } else { desk.stranger.insecure_clone() };
            let early = desk.execute_as(&by, proposal).await;
            let reason = early.as_ref().err().and_then(|failure| failure.reason());
            // the appointment of a curator has to be signed by the new one first
            let appointed = reason == Some(BallastError::NotTheNewCurator.into());
            if !appointed {
                refused(early, BallastError::NotRipe);
            }
        }
        let early = desk.execute_as(&eve.keypair, &proposals[8]).await;
        refused(early, BallastError::NotRipe);
        let listed = desk.world.send(std::slice::from_ref(&add), &[&curator]).await;
        assert!(listed.is_err(), "a fake asset was listed");
    }

    // 3. meanwhile anyone trips a breaker by what the program sees itself
    spike(&mut desk.world, &alt, usd(20), usd(2), 0).await;
    let receipt = spike_after(&mut desk.world, 31, &alt, usd(20), usd(2), 0).await;
    assert!(shows(&receipt, Cause::Average));
    assert_eq!(desk.world.state(&alt).await, State::Halted);
    assert_eq!(desk.world.most(&eve, &usdc).await, 0);
    // 4. and the guardian takes every proposal back but the one that replaces it, and halts the vault
    for (index, proposal) in proposals.iter().enumerate() {
        let cancelled = desk.cancel_as(&guardian, proposal).await;
        if index == 9 {
            refused(cancelled, BallastError::MayNotCancel);
        } else {
            cancelled.unwrap();
        }
    }
    desk.tighten_as(&guardian, None, TightenTo::Halted, 8 * HOUR).await.unwrap();
    refused(desk.world.deposit_own(&eve, &usdc, usdc.units(1)).await, BallastError::NotInThisState);

    let profit = desk.world.fortune(&[&eve], &fair).await.gain_up(&had);
    assert!(profit <= 0, "{profit}");
    assert!(desk.world.lost(&[&lender], &lent, &[&eve], &fair).await <= 0);
    assert_eq!(thresholds(AssetKind::Alt), *desk.reserve(&alt).await.thresholds.as_risk());
}

/// What the timelock is for: where nobody looks for two days, the thief's feed counts, and takes what the buckets let out.
#[tokio::test]
async fn drift_april_2026_where_nobody_looks() {
    let mut desk = Desk::open().await;
    let (alt, usdc) = (desk.world.alt, desk.world.usdc);
    let (lender, eve) = lender_and_attacker(&mut desk.world, &alt, 100).await; // $200
    let rules = ballast_risk::bucket::FlowRules::balanced(1, 1);
    desk.world.set_flows(&usdc, rules).await;
    desk.world.tick(1).await;
    let fair = desk.world.fair();
    let had = desk.world.fortune(&[&eve], &fair).await;
    let lent = desk.world.fortune(&[&lender], &fair).await;
    let reserve = desk.reserve(&alt).await;
    let feed = OracleConfig { feed_id: desk.world.btc.feed_id, ..OracleConfig::of(&reserve) };
    let about = desk.about(&alt);
    desk.carry_out(about, ProposedChange::Oracle(feed)).await;
    // a coin of $2 has the price of bitcoin now
    let (feed_id, price_account, price) =
        (desk.world.btc.feed_id, desk.world.btc.price_account, desk.world.btc.price);
    desk.world.alt = Market { feed_id, price_account, price, ..alt };
    desk.world.tick(1).await;
    let all = desk.world.most(&eve, &usdc).await;
    desk.world.borrow(&eve, &usdc, all).await.unwrap();
    let profit = desk.world.fortune(&[&eve], &fair).await.gain_up(&had);
    // A fifth of what was lent, less what is left behind. More coins would not help: at that price they are more than their market's depth,
    // and the charge for size takes what they count
    let bound = i128::from(usdc.units(10_000_000)) / 5 - 200 * 1_000_000;
    assert!(profit > bound / 2 && profit <= bound + 1_000_000_000, "{profit} {bound}");
    let lost = desk.world.lost(&[&lender], &lent, &[&eve], &fair).await;
    assert!((profit..=bound + 1_000_000_000).contains(&lost), "and lenders pay it: {lost} {profit}");
    refused(desk.world.borrow(&eve, &usdc, usdc.units(100)).await, BallastError::OutflowBucketEmpty);
}
