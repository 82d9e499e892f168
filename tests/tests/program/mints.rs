//! Which tokens a vault takes.

use anchor_spl::token_2022::spl_token_2022::{
    extension::{AccountType, ExtensionType},
    state::AccountState,
};
use ballast::{state::Reserve, BallastError};
use ballast_risk::presets::AssetKind;
use ballast_tests::{
    market::{usd, TOKEN, TOKEN_2022},
    mint::{market_with, mint_with, zeros_of},
    refused, Market, World,
};
use solana_transaction::InstructionError;

#[tokio::test]
async fn tokens_of_2_to_12_decimals_are_taken_and_no_others() {
    let mut world = World::start().await;
    for token_program in [TOKEN, TOKEN_2022] {
        for decimals in [0, 1, 13, 18, u8::MAX] {
            let market = Market::create(&mut world.chain, AssetKind::Alt, decimals, token_program, usd(1));
            refused(world.add_reserve(&market).await, BallastError::UnsupportedDecimals);
        }
        for decimals in [2, 12] {
            let market = Market::create(&mut world.chain, AssetKind::Alt, decimals, token_program, usd(1));
            world.add_reserve(&market).await.unwrap();
        }
    }
}

#[tokio::test]
async fn extensions_that_touch_amounts_authority_or_availability_are_refused_by_presence() {
    let mut world = World::start().await;
    for extension in [
        ExtensionType::TransferFeeConfig,
        ExtensionType::TransferHook,
        ExtensionType::PermanentDelegate,
        ExtensionType::Pausable,
        ExtensionType::MintCloseAuthority,
        ExtensionType::InterestBearingConfig,
        ExtensionType::ScaledUiAmount,
        ExtensionType::NonTransferable,
        ExtensionType::ConfidentialTransferMint,
        ExtensionType::ConfidentialTransferFeeConfig,
        ExtensionType::ConfidentialMintBurn,
    ] {
        println!("{extension:?}");
        let market = market_with(&mut world.chain, extension, &zeros_of(extension));
        refused(world.add_reserve(&market).await, BallastError::UnsupportedExtension);
    }
    for state in [AccountState::Frozen, AccountState::Initialized] {
        let market = market_with(&mut world.chain, ExtensionType::DefaultAccountState, &[state as u8]);
        refused(world.add_reserve(&market).await, BallastError::UnsupportedExtension);
    }
}

#[tokio::test]
async fn an_extension_that_nobody_knows_yet_is_refused() {
    let mut world = World::start().await;
    let market = market_with(&mut world.chain, ExtensionType::MetadataPointer, &[0; 64]);
    let mut mint = world.chain.account(market.mint).await.unwrap();
    let tag = 166; // the base, padded to 165 bytes, and the account type
    assert_eq!(mint.data[tag..tag + 2], u16::from(ExtensionType::MetadataPointer).to_le_bytes());
    mint.data[tag..tag + 2].copy_from_slice(&999u16.to_le_bytes());
    world.chain.put(market.mint, mint);
    refused(world.add_reserve(&market).await, InstructionError::InvalidAccountData);
}

#[tokio::test]
async fn extensions_that_only_describe_a_token_are_taken_and_the_token_works() {
    let mut world = World::start().await;
    for (extension, content) in [
        (ExtensionType::MetadataPointer, zeros_of(ExtensionType::MetadataPointer)),
        (ExtensionType::TokenMetadata, vec![0; 80]), // keys, then four empty strings
        (ExtensionType::GroupPointer, zeros_of(ExtensionType::GroupPointer)),
        (ExtensionType::TokenGroup, zeros_of(ExtensionType::TokenGroup)),
        (ExtensionType::GroupMemberPointer, zeros_of(ExtensionType::GroupMemberPointer)),
        (ExtensionType::TokenGroupMember, zeros_of(ExtensionType::TokenGroupMember)),
    ] {
        println!("{extension:?}");
        let market = market_with(&mut world.chain, extension, &content);
        world.add_reserve(&market).await.unwrap();
        let user = world.lender(&market, market.units(5)).await;
        assert_eq!(world.till(&market).await, market.units(5));
        world.withdraw(&user, &market, u64::MAX).await.unwrap();
        assert_eq!(world.wallet(&user, &market).await, market.units(5));
    }
}

/// The bytes of an extension of mints that takes 1 % of every transfer.
fn one_percent() -> Vec<u8> {
    let fee = [&0u64.to_le_bytes()[..], &u64::MAX.to_le_bytes(), &100u16.to_le_bytes()].concat();
    [&[0; 72][..], &fee, &fee].concat()
}

#[tokio::test]
async fn a_token_that_takes_a_fee_after_all_moves_nothing() {
    let mut world = World::start().await;
    let eth = world.eth;
    let ann = world.lender(&eth, 1_000_000).await;
    world.give(&ann, &eth, 1_000_000).await;
    let fees = one_percent();
    assert_eq!(fees.len(), zeros_of(ExtensionType::TransferFeeConfig).len());
    world.chain.set_account(eth.mint, TOKEN_2022, mint_with(ExtensionType::TransferFeeConfig, &fees));
    let (asset, vault) = (world.asset(&eth), world.vault);
    for (key, owner) in [(asset.tokens(), vault), (asset.wallet(&ann.key()), ann.key())] {
        let mut account = world.chain.account(key).await.unwrap();
        let (amount, withheld) =
            (1_000_000, [&2u16.to_le_bytes()[..], &8u16.to_le_bytes(), &[0; 8]].concat());
        eth.write_tokens(&mut world.chain, key, &owner, amount, AccountState::Initialized);
        account.data.push(AccountType::Account as u8);
        account.data.extend(withheld);
        world.chain.put(key, account);
    }
    // the mint has 6 decimals now
    world.chain.edit::<Reserve>(asset.reserve(), |reserve| reserve.decimals = 6).await;
    refused(world.deposit_own(&ann, &eth, 500_000).await, BallastError::TokensDoNotReconcile);
}
