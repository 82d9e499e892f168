//! `add_reserve`.

use anchor_lang::{error::ErrorCode, prelude::Pubkey};
use anchor_spl::token_2022::spl_token_2022::{
    extension::StateWithExtensions,
    state::{Account as TokenState, AccountState},
};
use ballast::{
    instructions::{RateConfig, ReserveConfig},
    state::{Reserve, Vault},
    BallastError, MAX_RESERVES, STATE_VERSION,
};
use ballast_client::{instruction, preset::reserve_config, Event};
use ballast_risk::presets::AssetKind;
use ballast_tests::{
    attack,
    market::{usd, TOKEN, TOKEN_2022},
    refused, Market, Reason, World, ADDRESS_IN_USE,
};
use solana_signer::Signer;
use solana_transaction::InstructionError;
use std::slice::from_ref;

/// A good rate over a base asset.
const RATE: RateConfig = RateConfig { feed_id: [9; 32], anchor: 1_000_000_000, growth: 100 };

fn config(world: &World, market: &Market) -> ReserveConfig {
    reserve_config(&world.preset, market.kind, market.feed_id).unwrap()
}

#[tokio::test]
async fn a_reserve_stores_what_the_curator_asked_for() {
    let mut world = World::start().await;
    for (token_program, decimals) in [(TOKEN, 2), (TOKEN_2022, 12)] {
        let market = Market::create(&mut world.chain, AssetKind::Lst, decimals, token_program, usd(7));
        let (config, asset) = (config(&world, &market), world.asset(&market));
        let index = world.chain.state::<Vault>(world.vault).await.reserve_count;
        let receipt = world.add_reserve(&market).await.unwrap();

        let vault: Vault = world.chain.state(world.vault).await;
        assert_eq!(vault.reserve_count, index + 1);
        assert_eq!(vault.reserves[usize::from(index)], asset.reserve());
        let reserve: Reserve = world.chain.state(asset.reserve()).await;
        assert_eq!((reserve.version, reserve.index, reserve.decimals), (STATE_VERSION, index, decimals));
        assert_eq!(
            (reserve.vault, reserve.mint, reserve.source.feed_id),
            (world.vault, market.mint, market.feed_id)
        );
        assert_eq!((reserve.token_program, reserve.token_account), (token_program, asset.tokens()));
        assert_eq!((reserve.risk, reserve.split), (config.risk, config.split));
        assert_eq!((reserve.curve, reserve.rates), (config.curve, config.rates));
        assert_eq!((reserve.confidence_factor, reserve.max_confidence), (10_000, 200));
        assert_eq!((reserve.size_charge, reserve.borrowable), (config.size_charge, 0));
        let books = reserve.books.ledger();
        assert_eq!((books.deposit_index, books.debt_index), (1 << 64, 1 << 64));
        assert_eq!((books.free_tokens.0, books.deposit_shares.0, books.debt_shares.0), (0, 0, 0));
        assert_eq!(books.accrued_at, world.chain.now() as u64);

        let account = world.chain.account(asset.tokens()).await.unwrap();
        assert_eq!(account.owner, token_program);
        let tokens = StateWithExtensions::<TokenState>::unpack(&account.data).unwrap().base;
        assert_eq!((tokens.owner, tokens.mint, tokens.amount), (world.vault, market.mint, 0));
        assert_eq!(tokens.state, AccountState::Initialized);
        assert!(tokens.delegate.is_none() && tokens.close_authority.is_none());
        let [Event::ReserveAdded(event)] = &receipt.events[..] else { panic!("one event") };
        assert_eq!((event.vault, event.reserve, event.mint), (world.vault, asset.reserve(), market.mint));
        assert_eq!((event.feed_id, event.index), (market.feed_id, index));
    }
}

#[tokio::test]
async fn every_parameter_beyond_its_bounds_is_refused() {
    type Change = fn(&mut ReserveConfig);
    let wrong: &[(&str, Change)] = &[
        ("a group that the vault has not", |c| c.risk.group = 5),
        ("a beta above two", |c| c.risk.beta = 20_001),
        ("a margin whose opening one passes 100 %", |c| c.risk.idio = 8_000),
        ("something in the asset's reserve", |c| c.risk.reserved[0] = 1),
        ("no lowest bonus", |c| c.curve.bonus_min = 0),
        ("a bonus above 5 %", |c| c.curve.bonus_max = 501),
        ("a lowest bonus above the highest", |c| c.curve.bonus_min = c.curve.bonus_max + 1),
        ("a target below 100 %", |c| c.curve.target = 9_999),
        ("a target above 200 %", |c| c.curve.target = 20_001),
        ("no pace at all", |c| c.curve.pace_floor = 0),
        ("a pace above all", |c| c.curve.pace_floor = 10_001),
        ("a pace that never comes", |c| c.curve.pace_urgency = 10_001),
        ("a pace that divides by zero", |c| c.curve.pace_urgency = 0),
        ("a bonus that divides by zero", |c| c.curve.bonus_urgency = 0),
        ("a bonus that never comes", |c| c.curve.bonus_urgency = 10_001),
        ("a pace too steep", |c| c.curve.pace_exponent_halves = 13),
        ("a bonus too steep", |c| c.curve.bonus_exponent_halves = 13),
        ("a bucket below 1 % of depth", |c| c.curve.bucket_share = 99),
        ("a bucket above the depth", |c| c.curve.bucket_share = 10_001),
        ("a bucket that refills at once", |c| c.curve.bucket_refill_seconds = 0),
        ("a bucket that refills after a day", |c| c.curve.bucket_refill_seconds = 86_401),
        ("a depth below 1,000 dollars", |c| c.curve.depth = 999_999_999),
        ("something in the curve's reserve", |c| c.curve.reserved = 1),
        ("a rate curve of one point", |c| c.rates.count = 1),
        ("a rate curve of nine points", |c| c.rates.count = 9),
        ("a rate curve of more points than fit", |c| c.rates.count = u64::MAX),
        ("a rate curve from 1 bp", |c| c.rates.points[0].utilisation_bps = 1),
        ("a rate curve to 99.99 %", |c| c.rates.points[2].utilisation_bps = 9_999),
        ("a rate curve that stands still", |c| c.rates.points[1].utilisation_bps = 0),
        ("a rate that falls", |c| c.rates.points[0].rate_bps = c.rates.points[1].rate_bps + 1),
        ("a rate above 1,000 %", |c| c.rates.points[2].rate_bps = 100_001),
        ("a point beyond the count", |c| c.rates.points[7].rate_bps = 1),
        ("fees and insurance of more than half", |c| (c.split.fee, c.split.insurance) = (2_501, 2_500)),
        ("fees and insurance that wrap around", |c| (c.split.fee, c.split.insurance) = (u16::MAX, 1)),
        ("an insurance target above 5 %", |c| c.split.insurance_target = 501),
        ("something in the split's reserve", |c| c.split.reserved = 1),
        ("less than one confidence interval", |c| c.confidence_factor = 9_999),
        ("more than five confidence intervals", |c| c.confidence_factor = 50_001),
        ("too little confidence asked", |c| c.max_confidence = 1_001),
        ("more confidence asked than oracles have", |c| c.max_confidence = 9),
        ("no feed", |c| c.feed_id = [0; 32]),
        ("a rate without a feed", |c| c.rate = Some(RateConfig { feed_id: [0; 32], ..RATE })),
        ("a rate of the price's own feed", |c| c.rate = Some(RateConfig { feed_id: c.feed_id, ..RATE })),
        ("a rate below a thousandth", |c| c.rate = Some(RateConfig { anchor: 999_999, ..RATE })),
        ("a rate above a thousand", |c| c.rate = Some(RateConfig { anchor: 1_000_000_000_001, ..RATE })),
        ("a rate that grows by more than 1 % a day", |c| c.rate = Some(RateConfig { growth: 101, ..RATE })),
        ("a size charge above all", |c| c.size_charge = 10_001),
        ("more lent than 95 % of deposits", |c| c.caps.utilisation = 9_501),
        ("a debt above ten times the depth", |c| c.caps.debt_over_depth = 100_001),
        ("something in the caps' reserve", |c| c.caps.reserved = 1),
        ("an exit that takes longer than a week", |c| c.flows.daily_share = 1_400),
        ("a jump within less than a minute", |c| c.thresholds.jump_window = 59),
    ];
    let mut world = World::start().await;
    let curator = world.curator.insecure_clone();
    let market = Market::create(&mut world.chain, AssetKind::Sol, 9, TOKEN, usd(7));
    let asset = world.asset(&market);
    for (what, change) in wrong {
        println!("{what}");
        let mut config = config(&world, &market);
        change(&mut config);
        let add = instruction::add_reserve(curator.pubkey(), &asset, config);
        refused(world.send_in_setup(world.vault, &[add], &[&curator]).await, BallastError::InvalidParameter);
    }
    world.add_reserve(&market).await.unwrap();
}

#[tokio::test]
async fn only_the_curator_adds_reserves() {
    let mut world = World::start().await;
    let (curator, stranger) = (world.curator.insecure_clone(), world.chain.wallet());
    let market = Market::create(&mut world.chain, AssetKind::Sol, 9, TOKEN, usd(7));
    let add = instruction::add_reserve(curator.pubkey(), &world.asset(&market), config(&world, &market));

    let by_stranger = attack::swapped(&add, curator.pubkey(), stranger.pubkey());
    refused(world.send(&[by_stranger], &[&stranger]).await, BallastError::NotCurator);
    let unsigned = attack::unsigned(&add);
    refused(world.send(&[unsigned], &[&stranger]).await, ErrorCode::AccountNotSigner);
    world.send_in_setup(world.vault, &[add], &[&curator]).await.unwrap();
}

#[tokio::test]
async fn a_mint_has_one_reserve_in_a_vault_and_may_have_one_in_each() {
    let mut world = World::start().await;
    let sol = world.sol;
    refused(world.add_reserve(&sol).await, ADDRESS_IN_USE);
    let other = world.open_vault(2).await;
    assert_ne!(sol.asset(other).reserve(), world.asset(&sol).reserve());
    assert_ne!(sol.asset(other).tokens(), world.asset(&sol).tokens());
}

#[tokio::test]
async fn the_thirty_third_reserve_is_refused() {
    let mut world = World::start().await;
    let mut added = world.markets().len();
    loop {
        let market = Market::create(&mut world.chain, AssetKind::Alt, 5, TOKEN, usd(1));
        let result = world.add_reserve(&market).await;
        if added == MAX_RESERVES {
            refused(result, BallastError::TooManyReserves);
            break;
        }
        result.unwrap();
        added += 1;
    }
    assert_eq!(added, 32);
}

#[tokio::test]
async fn accounts_of_a_new_reserve_are_its_own() {
    let mut world = World::start().await;
    let other = world.open_vault(2).await;
    let curator = world.curator.insecure_clone();
    let market = Market::create(&mut world.chain, AssetKind::Sol, 9, TOKEN, usd(7));
    let asset = world.asset(&market);
    let add = instruction::add_reserve(curator.pubkey(), &asset, config(&world, &market));
    let wrong: [(_, _, Reason); 11] = [
        (asset.reserve(), market.asset(other).reserve(), ErrorCode::ConstraintSeeds.into()),
        (asset.reserve(), Pubkey::new_unique(), ErrorCode::ConstraintSeeds.into()),
        (asset.tokens(), market.asset(other).tokens(), ErrorCode::ConstraintSeeds.into()),
        (asset.tokens(), asset.wallet(&curator.pubkey()), ErrorCode::ConstraintSeeds.into()),
        (world.vault, world.asset(&world.sol).reserve(), ErrorCode::AccountDiscriminatorMismatch.into()),
        (world.vault, curator.pubkey(), ErrorCode::AccountOwnedByWrongProgram.into()),
        (market.mint, world.asset(&world.sol).tokens(), InstructionError::InvalidAccountData.into()),
        (market.mint, curator.pubkey(), ErrorCode::AccountOwnedByWrongProgram.into()),
        (TOKEN, TOKEN_2022, InstructionError::IncorrectProgramId.into()),
        (TOKEN, anchor_lang::system_program::ID, ErrorCode::InvalidProgramId.into()),
        (anchor_lang::system_program::ID, TOKEN, ErrorCode::InvalidProgramId.into()),
    ];
    for (from, to, error) in wrong {
        println!("{error:?}");
        let add = attack::swapped(&add, from, to);
        refused(world.send_in_setup(world.vault, &[add], &[&curator]).await, error);
    }
    world.chain.edit::<Vault>(world.vault, |vault| vault.version += 1).await;
    refused(world.send(from_ref(&add), &[&curator]).await, BallastError::WrongStateVersion);
    world.chain.edit::<Vault>(world.vault, |vault| vault.version -= 1).await;
    world.send_in_setup(world.vault, &[add], &[&curator]).await.unwrap();
}
