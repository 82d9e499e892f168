//! Sets the scene: mints, two vaults, lenders' liquidity, and the population's deposits and debts.

use super::{
    validator::Validator,
    world::{feed, key, Person, World, POOLS},
};
use crate::{
    asset::{Asset, ASSETS, COUNT},
    population::{Holdings, Pool, Population},
    rules::Rules,
    tape::Tick,
};
use anchor_lang::{prelude::Pubkey, solana_program::program_pack::Pack};
use anchor_spl::token::spl_token::state::Mint;
use anyhow::{Context as _, Result};
use ballast::state::Obligation;
use ballast_client::{
    account::reserves_with,
    address, decode,
    governance::open_vault,
    instruction,
    preset::{reserve_config, vault_config},
};
use ballast_risk::{
    caps::{VaultCaps, MAX_LEVERAGE},
    Bps, TokenAmount,
};
use solana_signer::Signer;
use std::path::Path;

/// SOL for everybody's fees and rents.
const LAMPORTS: u64 = 100_000_000_000;

/// Starts the validator and brings everybody to where the tape begins.
pub fn world(
    program: &Path,
    seed: u64,
    population: &Population,
    rules: &Rules,
    tick: &Tick,
) -> Result<World> {
    let validator = Validator::start(program)?;
    let (curator, keeper) = (key(seed, "curator"), key(seed, "keeper"));
    let mut world = World {
        mints: ASSETS.map(|asset| key(seed, &format!("mint {asset}")).pubkey()),
        prices: ASSETS.map(|asset| key(seed, &format!("price {asset}")).pubkey()),
        vaults: POOLS.map(|pool| address::vault(&curator.pubkey(), pool.id())),
        borrowers: vec![],
        others: vec![],
        validator,
        curator,
        keeper,
    };
    world.borrowers = people(&world, population, seed);
    world.others = others(&world, seed);
    world.publish(tick)?;
    mints(&world)?;
    for pool in POOLS {
        vault(&world, pool, rules).with_context(|| format!("making the {}", pool.name()))?;
        world.refresh(pool, &world.curator)?;
    }
    fund(&world, population)?;
    for person in world.others.iter().chain(&world.borrowers) {
        open(&world, person)?;
    }
    for (pool, lender) in POOLS.into_iter().zip(world.others.iter().step_by(2)) {
        let holdings = Holdings { deposits: population.supply[pool as usize], ..Holdings::default() };
        deposit(&world, lender, &holdings)?;
    }
    for (number, (person, borrower)) in world.borrowers.iter().zip(&population.borrowers).enumerate() {
        let place = || format!("borrower {number} ({})", borrower.kind.name());
        deposit(&world, person, &borrower.holdings).with_context(place)?;
    }
    // Debts after all deposits, at prices of this very moment.
    for (number, (person, borrower)) in world.borrowers.iter().zip(&population.borrowers).enumerate() {
        let place = || format!("borrower {number} ({})", borrower.kind.name());
        borrow(&world, person, &borrower.holdings).with_context(place)?;
    }
    Ok(world)
}

fn people(world: &World, population: &Population, seed: u64) -> Vec<Person> {
    let person = |(number, borrower): (usize, &crate::population::Borrower)| {
        let key = key(seed, &format!("borrower {number}"));
        let obligation = world.account(borrower.pool, &key).obligation();
        Person { key, pool: borrower.pool, obligation, kind: Some(borrower.kind) }
    };
    population.borrowers.iter().enumerate().map(person).collect()
}

/// A lender and the keeper's own obligation, vault by vault.
fn others(world: &World, seed: u64) -> Vec<Person> {
    let mut others = vec![];
    for pool in POOLS {
        for key in [key(seed, &format!("lender {}", pool.name())), world.keeper.insecure_clone()] {
            let obligation = world.account(pool, &key).obligation();
            others.push(Person { key, pool, obligation, kind: None });
        }
    }
    others
}

fn mints(world: &World) -> Result<()> {
    for asset in ASSETS {
        let mint =
            Mint { decimals: asset.decimals(), supply: u64::MAX, is_initialized: true, ..Mint::default() };
        let mut data = [0u8; Mint::LEN];
        mint.pack_into_slice(&mut data);
        world.validator.set_account(
            &world.mints[asset.index()],
            10_000_000,
            &data,
            &anchor_spl::token::ID,
        )?;
    }
    Ok(())
}

/// One vault with its reserves, by its curator.
fn vault(world: &World, pool: Pool, rules: &Rules) -> Result<()> {
    let curator = world.curator.pubkey();
    world.validator.fund(&curator, LAMPORTS)?;
    let mut config = vault_config(&rules.preset, pool.id(), curator, curator);
    // The comparison is about books that both protocols lend to, so the cap on leverage, which plain LTV does not have, stays out.
    config.caps = VaultCaps { leverage: MAX_LEVERAGE, ltv: Bps(9_500), ..VaultCaps::BALANCED }.into();
    world.validator.send(
        "create_vault",
        &[instruction::create_vault(curator, config)],
        &world.curator,
        &[],
    )?;
    for asset in pool.assets() {
        let mut config = reserve_config(&rules.preset, asset.kind(), feed(*asset))?;
        config.borrowable = rules.assets[asset.index()].borrowable;
        let add = instruction::add_reserve(curator, &world.asset(pool, *asset), config);
        world.validator.send(&format!("add_reserve {asset}"), &[add], &world.curator, &[])?;
    }
    let open = open_vault(curator, address::vault(&curator, pool.id()), 1);
    world.validator.send("open the vault", &open, &world.curator, &[])?;
    Ok(())
}

/// Gives everybody SOL for fees and the tokens that they start with; the keeper gets plenty of everything.
fn fund(world: &World, population: &Population) -> Result<()> {
    let give = |wallet: &Pubkey, amounts: &[TokenAmount; COUNT], empty: &[Asset]| -> Result<()> {
        world.validator.fund(wallet, LAMPORTS)?;
        for asset in ASSETS {
            let amount = amounts[asset.index()];
            if !amount.is_zero() || empty.contains(&asset) {
                world.validator.set_tokens(
                    wallet,
                    &world.mints[asset.index()],
                    amount.0,
                    &anchor_spl::token::ID,
                )?;
            }
        }
        Ok(())
    };
    let plenty = [TokenAmount(u64::MAX / 1_024); COUNT];
    give(&world.keeper.pubkey(), &plenty, &[])?;
    for (pool, lender) in POOLS.into_iter().zip(world.others.iter().step_by(2)) {
        give(&lender.key.pubkey(), &population.supply[pool as usize], &[])?;
    }
    for (person, borrower) in world.borrowers.iter().zip(&population.borrowers) {
        // Where borrowed tokens go.
        let owed = |asset: &Asset| !borrower.holdings.debts[asset.index()].is_zero();
        let empty: Vec<Asset> = ASSETS.into_iter().filter(owed).collect();
        give(&person.key.pubkey(), &borrower.holdings.deposits, &empty)?;
    }
    Ok(())
}

fn open(world: &World, person: &Person) -> Result<()> {
    let open = instruction::open_obligation(&world.account(person.pool, &person.key));
    world.validator.send("open_obligation", &[open], &person.key, &[])?;
    Ok(())
}

fn deposit(world: &World, person: &Person, holdings: &Holdings) -> Result<()> {
    let account = world.account(person.pool, &person.key);
    for asset in ASSETS {
        let amount = holdings.deposits[asset.index()];
        if !amount.is_zero() {
            let deposit = instruction::deposit(&account, &world.asset(person.pool, asset), amount.0);
            world.validator.send(&format!("deposit {asset}"), &[deposit], &person.key, &[])?;
        }
    }
    Ok(())
}

fn borrow(world: &World, person: &Person, holdings: &Holdings) -> Result<()> {
    for asset in ASSETS {
        let amount = holdings.debts[asset.index()];
        if amount.is_zero() {
            continue;
        }
        let account = world.account(person.pool, &person.key);
        let data = world.validator.accounts(&[person.obligation])?;
        let obligation: Obligation = data[0]
            .as_ref()
            .and_then(|account| decode(&account.data))
            .context("the obligation is missing")?;
        let asset_of = world.asset(person.pool, asset);
        let reserves = reserves_with(&obligation, asset_of.reserve());
        let borrow = instruction::borrow(&account, &asset_of, amount.0, &reserves);
        world.validator.send(&format!("borrow {asset}"), &[borrow], &person.key, &[])?;
    }
    Ok(())
}
