//! Programs that are called: token programs and the system program, and nothing that anyone else chose. A Token-2022 mint may name a
//! program that every transfer calls, which could call this program back in the middle of an instruction. No mint with such a hook is
//! ever listed, none gets one afterwards, and if one had it, no transfer would reach it.

use crate::bench::HOSTILE;
use anchor_lang::{
    error::ErrorCode,
    prelude::Pubkey,
    solana_program::{
        instruction::{AccountMeta, Instruction},
        program_pack::Pack,
    },
};
use anchor_spl::token_2022::spl_token_2022::{
    extension::{
        confidential_transfer, default_account_state, interest_bearing_mint, metadata_pointer, pausable,
        scaled_ui_amount, transfer_fee, transfer_hook, AccountType, ExtensionType,
    },
    instruction as token,
    state::{Account as TokenState, AccountState, Mint as MintState},
};
use ballast::BallastError;
use ballast_client::{insurance, insurance::Fund};
use ballast_risk::{fund::FundRules, presets::AssetKind};
use ballast_tests::{
    attack::{swapped, with_account},
    market::{usd, TOKEN, TOKEN_2022},
    mint::mint_with,
    refused, Market, World,
};
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction::InstructionError;

/// Room for a mint, made by Token-2022 itself with these extensions.
async fn made_by_token_2022(
    world: &mut World,
    extension: ExtensionType,
    initialize: impl Fn(&Pubkey, &Pubkey) -> Instruction,
) -> Market {
    let issuer = world.chain.wallet();
    let market = Market::create(&mut world.chain, AssetKind::Alt, 6, TOKEN_2022, usd(1));
    let room = ExtensionType::try_calculate_account_len::<MintState>(&[extension]).expect("a fixed size");
    world.chain.set_account(market.mint, TOKEN_2022, vec![0; room]);
    let extend = initialize(&market.mint, &issuer.pubkey());
    let finish =
        token::initialize_mint2(&TOKEN_2022, &market.mint, &issuer.pubkey(), Some(&issuer.pubkey()), 6);
    let both = [extend, finish.expect("Token-2022 is a token program")];
    world.must(&both, &[&issuer]).await;
    market
}

/// Instructions that give a mint an extension by which somebody else moves, stops, counts or is told of its tokens.
fn extending(mint: &Pubkey, issuer: &Pubkey) -> Vec<(ExtensionType, Instruction)> {
    let (program, who) = (&TOKEN_2022, Some(*issuer));
    let fee =
        transfer_fee::instruction::initialize_transfer_fee_config(program, mint, Some(issuer), None, 100, 1);
    let frozen = &AccountState::Frozen;
    let found = [
        (
            ExtensionType::TransferHook,
            transfer_hook::instruction::initialize(program, mint, who, Some(HOSTILE)),
        ),
        (ExtensionType::TransferFeeConfig, fee),
        (ExtensionType::PermanentDelegate, token::initialize_permanent_delegate(program, mint, issuer)),
        (ExtensionType::Pausable, pausable::instruction::initialize(program, mint, issuer)),
        (
            ExtensionType::MintCloseAuthority,
            token::initialize_mint_close_authority(program, mint, Some(issuer)),
        ),
        (
            ExtensionType::InterestBearingConfig,
            interest_bearing_mint::instruction::initialize(program, mint, who, 500),
        ),
        (ExtensionType::ScaledUiAmount, scaled_ui_amount::instruction::initialize(program, mint, who, 2.0)),
        (ExtensionType::NonTransferable, token::initialize_non_transferable_mint(program, mint)),
        (
            ExtensionType::ConfidentialTransferMint,
            confidential_transfer::instruction::initialize_mint(program, mint, who, true, None),
        ),
        (
            ExtensionType::DefaultAccountState,
            default_account_state::instruction::initialize_default_account_state(program, mint, frozen),
        ),
    ];
    found.into_iter().map(|(kind, built)| (kind, built.expect("Token-2022 is a token program"))).collect()
}

/// The instruction of one extension.
fn one(kind: ExtensionType, mint: &Pubkey, issuer: &Pubkey) -> Instruction {
    let found = extending(mint, issuer).into_iter().find(|(other, _)| *other == kind);
    found.expect("it is among them").1
}

#[tokio::test]
async fn no_mint_that_calls_out_or_that_others_move_is_listed_whoever_made_it() {
    let mut world = World::start().await;
    let kinds: Vec<_> = extending(&HOSTILE, &HOSTILE).into_iter().map(|(kind, _)| kind).collect();
    for kind in kinds {
        println!("{kind:?}");
        let market = made_by_token_2022(&mut world, kind, |mint, issuer| one(kind, mint, issuer)).await;
        refused(world.add_reserve(&market).await, BallastError::UnsupportedExtension);
        // a fund takes the mint of a reserve and no other
        let fund = Fund { asset: world.usdc.asset(world.vault) };
        let curator = world.curator.insecure_clone();
        let create = insurance::create_fund(curator.pubkey(), &fund, FundRules::BALANCED.into());
        let create = swapped(&create, world.usdc.mint, market.mint);
        let create = swapped(&create, world.usdc.token_program, TOKEN_2022);
        let vault = world.vault;
        refused(world.send_in_setup(vault, &[create], &[&curator]).await, BallastError::WrongMint);
    }
}

#[tokio::test]
async fn a_hook_that_names_no_program_yet_is_refused_as_well() {
    let mut world = World::start().await;
    for authority in [true, false] {
        let market = made_by_token_2022(&mut world, ExtensionType::TransferHook, |mint, issuer| {
            let (who, program) = if authority { (Some(*issuer), None) } else { (None, Some(HOSTILE)) };
            transfer_hook::instruction::initialize(&TOKEN_2022, mint, who, program).expect("a token program")
        })
        .await;
        refused(world.add_reserve(&market).await, BallastError::UnsupportedExtension);
    }
}

#[tokio::test]
async fn no_listed_mint_gets_an_extension_afterwards() {
    let mut world = World::start().await;
    // a plain mint, and one with an extension that only describes it, whose issuer is hostile
    let described = made_by_token_2022(&mut world, ExtensionType::MetadataPointer, |mint, issuer| {
        let pointer =
            metadata_pointer::instruction::initialize(&TOKEN_2022, mint, Some(*issuer), Some(*mint));
        pointer.expect("a token program")
    })
    .await;
    world.add_reserve(&described).await.unwrap();
    let issuer = Keypair::new();
    let payer = world.chain.wallet();
    for market in [world.eth, described] {
        let before = world.chain.account(market.mint).await;
        for (kind, extend) in extending(&market.mint, &issuer.pubkey()) {
            let failure = world.send(&[extend], &[&payer]).await.err();
            assert!(failure.is_some_and(|failure| failure.reason().is_some()), "{kind:?} was added");
        }
        let update = transfer_hook::instruction::update(
            &TOKEN_2022,
            &market.mint,
            &issuer.pubkey(),
            &[],
            Some(HOSTILE),
        );
        let update = update.expect("a token program");
        assert!(world.send(&[update], &[&payer, &issuer]).await.is_err(), "there is no hook to change");
        assert_eq!(world.chain.account(market.mint).await, before);
        let lender = world.lender(&market, market.units(2)).await;
        world.withdraw(&lender, &market, u64::MAX).await.unwrap();
    }
}

#[tokio::test]
async fn even_a_mint_that_had_a_hook_would_be_transferred_without_calling_it() {
    let mut world = World::start().await;
    let eth = world.eth;
    let lender = world.lender(&eth, eth.units(1)).await;
    world.give(&lender, &eth, eth.units(1)).await;
    deploy(&mut world).await;
    // as nobody can make it: the hook's authority, then its program
    let mut hooked = mint_with(ExtensionType::TransferHook, &[[0; 32], HOSTILE.to_bytes()].concat());
    hooked[MintState::LEN - 38] = eth.decimals; // behind the authority and the supply
    world.chain.set_account(eth.mint, TOKEN_2022, hooked);
    let asset = world.asset(&eth);
    for key in [asset.tokens(), asset.wallet(&lender.key())] {
        let mut account = world.chain.account(key).await.expect("it holds ether");
        account.data.truncate(TokenState::LEN);
        account.data.push(AccountType::Account as u8);
        let extension = u16::from(ExtensionType::TransferHookAccount).to_le_bytes();
        account.data.extend([&extension[..], &1u16.to_le_bytes(), &[0]].concat());
        world.chain.put(key, account);
    }
    for call in [
        ballast_client::instruction::deposit(&lender.account, &world.asset(&eth), eth.units(1)),
        ballast_client::instruction::withdraw(&lender.account, &world.asset(&eth), eth.units(1), &[]),
    ] {
        let mut shown = call.clone();
        shown.accounts.push(AccountMeta::new_readonly(HOSTILE, false));
        for attempt in [call, shown] {
            // Token-2022 looks for the hook among the accounts that it was called with, which are the transfer's own
            let attempt = world.send(&[attempt], &[&lender.keypair]).await;
            if let Err(failure) = &attempt {
                let called = format!("Program {HOSTILE} invoke");
                assert!(
                    failure.logs.iter().any(|line| line.contains("TransferChecked")),
                    "{:#?}",
                    failure.logs
                );
                assert!(failure.logs.iter().all(|line| !line.starts_with(&called)), "{:#?}", failure.logs);
            }
            refused(attempt, InstructionError::MissingAccount);
        }
    }
}

/// Deploys the attacker's program: any code will do, since none of it is ever to run.
async fn deploy(world: &mut World) {
    let code = world.chain.account(TOKEN).await.expect("the token program is there");
    assert!(code.executable);
    world.chain.put(HOSTILE, code);
}

#[tokio::test]
async fn no_other_program_is_taken_for_a_token_program_or_for_the_system_program() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let lender = world.lender(&usdc, usdc.units(5)).await;
    world.give(&lender, &usdc, usdc.units(5)).await;
    deploy(&mut world).await;
    let asset = world.asset(&usdc);
    for call in [
        ballast_client::instruction::deposit(&lender.account, &asset, 1),
        ballast_client::instruction::withdraw(&lender.account, &asset, 1, &[]),
    ] {
        let wrong = with_account(&call, 7, HOSTILE);
        assert_eq!(call.accounts[7].pubkey, usdc.token_program);
        refused(world.send(&[wrong], &[&lender.keypair]).await, ErrorCode::InvalidProgramId);
    }
    let open = ballast_client::instruction::open_obligation(&lender.numbered(7).account);
    let wrong = swapped(&open, anchor_lang::system_program::ID, HOSTILE);
    refused(world.send(&[wrong], &[&lender.keypair]).await, ErrorCode::InvalidProgramId);
}
