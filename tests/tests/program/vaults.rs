//! `create_vault`.

use anchor_lang::{error::ErrorCode, prelude::Pubkey};
use ballast::{instructions::VaultConfig, state::Vault, BallastError, STATE_VERSION};
use ballast_client::{address, instruction, preset::vault_config, Event};
use ballast_risk::{
    change::{MAX_TIMELOCK, MIN_TIMELOCK},
    presets::{balanced, calm, safe},
};
use ballast_tests::{attack, refused, World, ADDRESS_IN_USE};
use solana_signer::Signer;
use std::slice::from_ref;

#[tokio::test]
async fn a_vault_stores_what_its_creator_asked_for() {
    let mut world = World::start().await;
    for (id, preset) in [balanced(), calm(), safe()].into_iter().enumerate() {
        let preset = preset.unwrap();
        let creator = world.chain.wallet();
        let (guardian, recipient) = (Pubkey::new_unique(), Pubkey::new_unique());
        let config = vault_config(&preset, id as u64, guardian, recipient);
        let receipt = world.must(&[instruction::create_vault(creator.pubkey(), config)], &[&creator]).await;

        let key = address::vault(&creator.pubkey(), id as u64);
        let vault: Vault = world.chain.state(key).await;
        let bump = Pubkey::find_program_address(
            &[b"vault", creator.pubkey().as_ref(), &(id as u64).to_le_bytes()],
            &ballast::ID,
        );
        assert_eq!((key, vault.bump), bump);
        assert_eq!((vault.version, vault.id, vault.reserve_count), (STATE_VERSION, id as u64, 0));
        assert_eq!((vault.creator, vault.curator), (creator.pubkey(), creator.pubkey()));
        assert_eq!((vault.guardian, vault.fee_recipient), (guardian, recipient));
        assert_eq!((vault.model, vault.rules), (preset.model.into(), preset.rules.into()));
        assert!(vault.reserves.iter().all(|key| *key == Pubkey::default()));
        let [Event::VaultCreated(event)] = &receipt.events[..] else { panic!("one event") };
        assert_eq!((event.vault, event.curator, event.id), (key, creator.pubkey(), id as u64));
        assert_eq!((event.guardian, event.fee_recipient), (guardian, recipient));
    }
}

#[tokio::test]
async fn every_parameter_beyond_its_bounds_is_refused() {
    type Change = fn(&mut VaultConfig);
    let wrong: &[(&str, Change)] = &[
        ("no group", |c| c.model.group_count = 0),
        ("nine groups", |c| c.model.group_count = 9),
        ("no row", |c| c.model.row_count = 0),
        ("seventeen rows", |c| c.model.row_count = 17),
        ("a first row that moves", |c| c.model.rows[0][0] = -1),
        ("a peak above the rows'", |c| c.model.peak[0] += 1),
        ("a peak below the rows'", |c| c.model.peak[0] -= 1),
        ("a charge on a group beyond the count", |c| c.model.basis[7] = 1),
        ("a shock of a group beyond the count", |c| (c.model.rows[1][7], c.model.peak[7]) = (1, 1)),
        ("a row beyond the count", |c| c.model.rows[15][0] = 1),
        ("a fall of more than all", |c| (c.model.rows[1][0], c.model.peak[0]) = (-10_001, 10_001)),
        ("the steepest fall that fits its type", |c| {
            (c.model.rows[1][0], c.model.peak[0]) = (i16::MIN, 1 << 15)
        }),
        ("a numeraire beyond the groups", |c| c.model.numeraire_group = c.model.group_count),
        ("a gross floor above all", |c| c.model.gross_floor = 10_001),
        ("a debt floor at the highest bonus", |c| c.model.debt_floor = 500),
        ("a debt floor above all", |c| c.model.debt_floor = 10_001),
        ("an opening factor below one", |c| c.model.opening_factor = 9_999),
        ("an opening factor above three", |c| c.model.opening_factor = 30_001),
        ("something in the model's reserve", |c| c.model.reserved[6] = 1),
        ("a smallest tranche below a dollar", |c| c.rules.minimum_tranche = 999_999),
        ("a smallest tranche above 1,000 dollars", |c| {
            (c.rules.minimum_tranche, c.rules.minimum_debt) = (1_000_000_001, 10_000_000_010)
        }),
        ("a smallest debt below ten tranches", |c| c.rules.minimum_debt = c.rules.minimum_tranche * 10 - 1),
        ("a smallest debt above 100,000 dollars", |c| c.rules.minimum_debt = 100_000_000_001),
        ("no window", |c| c.rules.window_seconds = 0),
        ("a window above an hour", |c| c.rules.window_seconds = 3_601),
        ("a backstop below a tenth", |c| c.rules.backstop_urgency = 999),
        ("a backstop that never comes", |c| c.rules.backstop_urgency = 9_501),
        ("a bucket that ends at once", |c| c.rules.bucket_off_urgency = 99),
        ("a bucket that lasts too long", |c| c.rules.bucket_off_urgency = 5_001),
        ("insurance of more than half a bonus", |c| c.rules.insurance_slice = 5_001),
        ("something in the rules' reserve", |c| c.rules.reserved[0] = 1),
        ("a leverage cap below two", |c| c.caps.leverage = 19_999),
        ("an LTV cap at which a tranche helps no more", |c| c.caps.ltv = 9_524),
        ("losses that guard before there are any", |c| c.thresholds.loss_guards = 0),
        ("a timelock of less than two days", |c| c.timelock = MIN_TIMELOCK - 1),
        ("a timelock that never ends", |c| c.timelock = MAX_TIMELOCK + 1),
    ];
    let mut world = World::start().await;
    let creator = world.chain.wallet();
    let good = vault_config(&balanced().unwrap(), 3, creator.pubkey(), creator.pubkey());
    for (what, change) in wrong {
        let mut config = good.clone();
        change(&mut config);
        println!("{what}");
        let create = instruction::create_vault(creator.pubkey(), config);
        refused(world.chain.send(&[create], &[&creator]).await, BallastError::InvalidParameter);
    }
    world.must(&[instruction::create_vault(creator.pubkey(), good)], &[&creator]).await;
}

#[tokio::test]
async fn a_vault_is_made_once_at_its_own_address_by_its_creator() {
    let mut world = World::start().await;
    let (creator, other) = (world.chain.wallet(), world.chain.wallet());
    let config = vault_config(&balanced().unwrap(), 5, creator.pubkey(), creator.pubkey());
    let create = instruction::create_vault(creator.pubkey(), config.clone());

    let unsigned = attack::unsigned(&create);
    refused(world.send(&[unsigned], &[&other]).await, ErrorCode::AccountNotSigner);
    let elsewhere =
        attack::swapped(&create, address::vault(&creator.pubkey(), 5), address::vault(&other.pubkey(), 5));
    refused(world.send(&[elsewhere], &[&creator]).await, ErrorCode::ConstraintSeeds);

    world.must(from_ref(&create), &[&creator]).await;
    refused(world.send(&[create], &[&creator]).await, ADDRESS_IN_USE);
    // the number is the creator's own: nobody else can take it
    world.must(&[instruction::create_vault(other.pubkey(), config)], &[&other]).await;
}

#[tokio::test]
async fn lamports_sent_ahead_do_not_block_an_address() {
    let mut world = World::start().await;
    let creator = world.chain.wallet();
    let config = vault_config(&world.preset, 9, creator.pubkey(), creator.pubkey());
    let vault = address::vault(&creator.pubkey(), 9);
    let asset = world.sol.asset(vault);
    let account = ballast_client::Account { vault, owner: creator.pubkey(), id: 4 };
    for key in [vault, asset.reserve(), asset.tokens(), account.obligation()] {
        world.chain.set_account(key, anchor_lang::system_program::ID, vec![]);
    }
    world.must(&[instruction::create_vault(creator.pubkey(), config)], &[&creator]).await;
    let sol =
        ballast_client::preset::reserve_config(&world.preset, world.sol.kind, world.sol.feed_id).unwrap();
    world.must(&[instruction::add_reserve(creator.pubkey(), &asset, sol)], &[&creator]).await;
    world.must(&[instruction::open_obligation(&account)], &[&creator]).await;
}
