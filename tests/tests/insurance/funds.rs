//! `create_fund`.

use anchor_lang::error::ErrorCode;
use ballast::{
    state::{FundAccount, RollAccount, Vault},
    BallastError, STATE_VERSION,
};
use ballast_client::{
    insurance::{self, Fund},
    Event,
};
use ballast_risk::{fund::FundRules, roll::Seat};
use ballast_tests::{attack, refused, Insured, World, ADDRESS_IN_USE};
use solana_signer::Signer;

#[tokio::test]
async fn a_fund_stores_its_rules_and_sees_its_price() {
    let mut world = World::start().await;
    let fund = Fund { asset: world.usdc.asset(world.vault) };
    let curator = world.curator.insecure_clone();
    let rules = FundRules { cooldown: 7 * 86_400, ..FundRules::BALANCED };
    let create = insurance::create_fund(curator.pubkey(), &fund, rules.into());
    let receipt = world.send_in_setup(world.vault, &[create], &[&curator]).await.unwrap();
    let [Event::FundCreated(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.vault, event.fund, event.mint), (world.vault, fund.address(), world.usdc.mint));

    let state: FundAccount = world.chain.state(fund.address()).await;
    assert_eq!((state.version, state.vault, state.mint), (STATE_VERSION, world.vault, world.usdc.mint));
    assert_eq!((state.token_account, state.reserve), (fund.tokens(), fund.asset.reserve()));
    assert_eq!(
        (state.rules, state.price),
        (rules.into(), world.reserve(&world.usdc.clone()).await.price.spot)
    );
    let roll: RollAccount = world.chain.state(fund.roll()).await;
    assert_eq!((roll.version, roll.fund), (STATE_VERSION, fund.address()));
    assert!(roll.seats().iter().all(|seat| *seat == Seat::default()));
    assert_eq!(world.chain.state::<Vault>(world.vault).await.has_fund, 1);
}

#[tokio::test]
async fn a_vault_has_one_fund_of_one_of_its_mints_made_by_its_curator() {
    let mut insured = Insured::start().await;
    // a second one, of another mint or the same
    for market in [insured.world.sol, insured.world.usdc] {
        let again = Fund { asset: market.asset(insured.world.vault) };
        refused(insured.create_fund(&again, FundRules::BALANCED).await, ADDRESS_IN_USE);
    }
    let mut world = insured.world;
    let second = world.open_vault(2).await;
    let fund = Fund { asset: world.usdc.asset(second) };
    let curator = world.curator.insecure_clone();
    let stranger = world.chain.wallet();
    let create = |rules: FundRules| insurance::create_fund(curator.pubkey(), &fund, rules.into());
    let by_stranger = insurance::create_fund(stranger.pubkey(), &fund, FundRules::BALANCED.into());
    // as a change that waited out its timelock does
    let reserve = fund.asset.reserve();
    world
        .chain
        .edit::<Vault>(second, |vault| {
            (vault.fund_reserve, vault.fund_rules) = (reserve, FundRules::BALANCED.into());
        })
        .await;
    refused(world.send(&[by_stranger], &[&stranger]).await, BallastError::NotCurator);
    let wild = FundRules { cooldown: 1, ..FundRules::BALANCED };
    refused(world.send(&[create(wild)], &[&curator]).await, BallastError::InvalidParameter);
    let good = create(FundRules::BALANCED);
    let other_reserve = attack::swapped(&good, fund.asset.reserve(), world.sol.asset(second).reserve());
    refused(
        world.send(std::slice::from_ref(&other_reserve), &[&curator]).await,
        BallastError::FundNotApproved,
    );
    let in_setup = world.send_in_setup(second, &[other_reserve], &[&curator]).await;
    refused(in_setup, BallastError::WrongMint);
    let foreign = attack::swapped(&good, fund.asset.reserve(), world.usdc.asset(world.vault).reserve());
    refused(world.send_in_setup(second, &[foreign], &[&curator]).await, BallastError::WrongVault);
    let unsigned = attack::unsigned(&good);
    refused(world.send(&[unsigned], &[&stranger]).await, ErrorCode::AccountNotSigner);
    world.must(&[good], &[&curator]).await;
}
