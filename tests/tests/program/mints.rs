//! Which tokens a vault takes.

use anchor_spl::token_2022::spl_token_2022::{extension::ExtensionType, state::AccountState};
use ballast::BallastError;
use ballast_risk::presets::AssetKind;
use ballast_tests::{
    market::{usd, TOKEN, TOKEN_2022},
    mint::{market_with, zeros_of},
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
