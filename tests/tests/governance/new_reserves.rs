//! Setting a vault up, opening it, and adding assets afterwards.

use anchor_lang::prelude::Pubkey;
use ballast::{
    instructions::ReserveConfig,
    state::{ProposedChange, Vault},
    BallastError,
};
use ballast_client::{
    address,
    governance::{open_vault, Proposal},
    instruction,
    preset::{reserve_config, vault_config},
    Event,
};
use ballast_risk::presets::AssetKind;
use ballast_tests::desk::{Desk, DELAY, HOUR};
use ballast_tests::{market::TOKEN, refused, usd, Market};
use solana_signer::Signer;

#[tokio::test]
async fn a_vault_takes_deposits_once_its_curator_has_opened_it_with_an_asset() {
    let mut desk = Desk::open().await;
    let curator = desk.curator.insecure_clone();
    let config = vault_config(&desk.world.preset, 2, curator.pubkey(), curator.pubkey());
    desk.world.must(&[instruction::create_vault(curator.pubkey(), config)], &[&curator]).await;
    let vault = address::vault(&curator.pubkey(), 2);
    let open = open_vault(curator.pubkey(), vault, 1);
    refused(desk.world.send(&open, &[&curator]).await, BallastError::NoReserves);

    let usdc = desk.world.usdc;
    desk.world.add_reserve_to(vault, &usdc).await.unwrap();
    let ann = desk.world.user_in(vault).await;
    refused(desk.world.deposit(&ann, &usdc, 5).await, BallastError::VaultNotOpen);
    let receipt = desk.world.must(&open, &[&curator]).await;
    let [Event::ChangeProposed(_), Event::ChangeExecuted(event)] = &receipt.events[..] else {
        panic!("two events")
    };
    assert_eq!((event.vault, &event.before, &event.after), (vault, &None, &ProposedChange::Open));
    let opened_at = desk.world.chain.state::<Vault>(vault).await.opened_at;
    assert_eq!(opened_at, desk.world.chain.now() as u64);
    desk.world.deposit(&ann, &usdc, 5).await.unwrap();

    // for good: there is no way back, and opening twice is nothing
    let again = open_vault(curator.pubkey(), vault, 2);
    refused(desk.world.send(&again, &[&curator]).await, BallastError::ChangesNothing);
    let sol = desk.world.sol.asset(vault);
    let config = reserve_config(&desk.world.preset, AssetKind::Sol, desk.world.sol.feed_id).unwrap();
    let add = instruction::add_reserve(curator.pubkey(), &sol, config);
    refused(desk.world.send(&[add], &[&curator]).await, BallastError::ProposalNeeded);
}

struct NewAsset {
    market: Market,
    config: ReserveConfig,
    proposal: Proposal,
}

impl NewAsset {
    async fn propose(desk: &mut Desk) -> Self {
        let market = Market::create(&mut desk.world.chain, AssetKind::Sol, 9, TOKEN, usd(7));
        let config = reserve_config(&desk.world.preset, market.kind, market.feed_id).unwrap();
        let proposed = ProposedChange::AddReserve { mint: market.mint, config: config.clone() };
        let proposal = desk.propose(proposed).await;
        Self { market, config, proposal }
    }

    async fn add(&self, desk: &mut Desk) -> Result<ballast_tests::Receipt, ballast_tests::Failure> {
        let curator = desk.curator.insecure_clone();
        let asset = desk.world.asset(&self.market);
        let add = self.proposal.add_reserve(curator.pubkey(), &asset, self.config.clone());
        desk.world.send(&[add], &[&curator]).await
    }
}

#[tokio::test]
async fn an_open_vault_gets_the_asset_that_was_proposed_when_its_time_has_come() {
    let mut desk = Desk::open().await;
    let new = NewAsset::propose(&mut desk).await;
    refused(desk.execute(&new.proposal).await, BallastError::NotRipe);
    desk.wait(DELAY - 1);
    refused(new.add(&mut desk).await, BallastError::NotRipe);
    desk.wait(1);
    refused(desk.execute(&new.proposal).await, BallastError::ExecutedByAddReserve);
    let receipt = new.add(&mut desk).await.unwrap();
    let [Event::ChangeExecuted(executed), Event::ReserveAdded(added)] = &receipt.events[..] else {
        panic!("two events")
    };
    let asset = desk.world.asset(&new.market);
    assert_eq!((added.reserve, added.mint), (asset.reserve(), new.market.mint));
    assert_eq!((executed.number, &executed.before), (new.proposal.number, &None));
    assert!(desk.change(&new.proposal).await.is_none());
    let lender = desk.world.lender(&new.market, 77).await;
    desk.world.withdraw(&lender, &new.market, 77).await.unwrap();
}

#[tokio::test]
async fn nothing_but_exactly_what_was_proposed_is_added() {
    let mut desk = Desk::open().await;
    let new = NewAsset::propose(&mut desk).await;
    let other = NewAsset::propose(&mut desk).await;
    let mut model = desk.vault().await.model;
    model.debt_floor -= 1;
    let of_another_kind = desk.propose(ProposedChange::Model { model, ramp_seconds: 0 }).await;
    desk.wait(DELAY);
    let curator = desk.curator.insecure_clone();
    let asset = desk.world.asset(&new.market);
    let mut config = new.config.clone();
    config.size_charge += 1;
    for (proposal, config) in
        [(new.proposal, config), (other.proposal, new.config.clone()), (of_another_kind, new.config.clone())]
    {
        let add = proposal.add_reserve(curator.pubkey(), &asset, config);
        refused(desk.world.send(&[add], &[&curator]).await, BallastError::NotWhatWasProposed);
    }
    let mut to_stranger = new.proposal;
    to_stranger.proposer = desk.stranger.pubkey();
    let add = to_stranger.add_reserve(curator.pubkey(), &asset, new.config.clone());
    refused(desk.world.send(&[add], &[&curator]).await, BallastError::NotTheProposer);
    // a change of another vault
    let second = desk.world.open_vault(2).await;
    let elsewhere = new.market.asset(second);
    let add = new.proposal.add_reserve(curator.pubkey(), &elsewhere, new.config.clone());
    refused(desk.world.send(&[add], &[&curator]).await, BallastError::WrongVault);
    new.add(&mut desk).await.unwrap();
    other.add(&mut desk).await.unwrap();
}

#[tokio::test]
async fn a_new_asset_waits_for_normal_expires_and_is_bounded_when_it_is_proposed() {
    let mut desk = Desk::open().await;
    let new = NewAsset::propose(&mut desk).await;
    desk.wait(DELAY);
    desk.guard(None, HOUR).await.unwrap();
    refused(new.add(&mut desk).await, BallastError::NotInThisState);
    desk.wait(HOUR + 3 * 24 * HOUR + 1);
    refused(new.add(&mut desk).await, BallastError::ChangeExpired);

    let mint = Pubkey::new_unique();
    for wrong in [
        ReserveConfig { size_charge: 10_001, ..new.config.clone() },
        ReserveConfig { feed_id: [0; 32], ..new.config.clone() },
    ] {
        let proposed = ProposedChange::AddReserve { mint, config: wrong };
        refused(desk.try_propose(None, proposed).await, BallastError::InvalidParameter);
    }
}
