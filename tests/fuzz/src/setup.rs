//! The world as every sequence finds it: three vaults with lenders and borrowers in them, two of them insured.

use crate::{
    svm::Svm,
    world::{World, CURATOR, GUARDIAN, PEOPLE, RECIPIENT, VALIDATORS},
};
use anchor_lang::{
    prelude::Pubkey,
    solana_program::{instruction::Instruction, system_program},
};
use anchor_spl::token_2022::spl_token_2022::{extension::ExtensionType, state::AccountState};
use ballast::{
    instructions::{RateConfig, ReserveConfig},
    state::Reserve,
};
use ballast_client::{
    account::reserves_with,
    address::{self, Account},
    governance::open_vault,
    instruction, insurance,
    preset::{reserve_config, vault_config},
    price::PRICE_PROGRAM,
};
use ballast_risk::{
    bucket::FlowRules,
    caps::{ReserveCaps, VaultCaps, MAX_LEVERAGE},
    fund::FundRules,
    presets::{balanced, steady, AssetKind, Preset},
    Bps,
};
use ballast_tests::{
    market::{TOKEN, TOKEN_2022},
    mint, usd, Cluster, Market, Validator,
};
use solana_sha256_hasher::hashv;
use std::collections::{BTreeMap, BTreeSet};

/// What every wallet holds of every token, dollars.
const WEALTH: u64 = 1_000_000;
/// Vaults with a fund, by number, and its market.
const INSURED: [(u64, usize); 2] = [(0, 4), (1, 2)];
/// Lamports of a SOL.
const SOL: u64 = 1_000_000_000;
/// Stakes of the validators, SOL: seven are the least that can pass a claim.
const STAKES: [u64; 8] = [90, 120, 100, 80, 110, 100, 95, 105];

/// An address by name: the same in every run.
pub fn named(name: &str, number: u64) -> Pubkey {
    Pubkey::new_from_array(hashv(&[name.as_bytes(), &number.to_le_bytes()]).to_bytes())
}

fn market(kind: AssetKind, name: &str, decimals: u8, token_program: Pubkey, price: i64) -> Market {
    Market {
        kind,
        mint: named(name, 0),
        token_program,
        decimals,
        feed_id: named(name, 1).to_bytes(),
        price_account: named(name, 2),
        price,
    }
}

/// Token units of a market that are worth so many dollars now.
pub fn worth(market: &Market, dollars: u64) -> u64 {
    let units = u128::from(dollars) * 10u128.pow(u32::from(market.decimals)) * 100_000_000;
    u64::try_from(units / u128::from(market.price.max(1).unsigned_abs())).unwrap_or(u64::MAX >> 2)
}

/// Builds the world. Takes about a second: sequences copy it.
pub fn build() -> anyhow::Result<World> {
    let mut svm = Svm::start(named("payer", 0))?;
    let validators: Vec<Pubkey> = (0..STAKES.len() as u64).map(|i| named("identity", i)).collect();
    let mut actors: Vec<Pubkey> = (0..VALIDATORS as u64).map(|i| named("actor", i)).collect();
    actors.extend(&validators);
    let markets = vec![
        market(AssetKind::Btc, "btc", 8, TOKEN, usd(100_000)),
        market(AssetKind::Eth, "eth", 8, TOKEN_2022, usd(4_000)),
        market(AssetKind::Sol, "sol", 9, TOKEN, usd(200)),
        market(AssetKind::Lst, "lst", 9, TOKEN, usd(240)),
        market(AssetKind::Usd, "usdc", 6, TOKEN, usd(1)),
        market(AssetKind::Alt, "alt", 2, TOKEN_2022, usd(2)),
        market(AssetKind::Alt, "fine", 12, TOKEN, usd(50)),
    ];
    let rate = market(AssetKind::Lst, "rate", 9, TOKEN, 120_000_000);
    for market in &markets {
        market.write_mint(&mut svm);
    }
    // A mint with an extension that vaults accept.
    let alt = &markets[5];
    let mut with_pointer =
        mint::mint_with(ExtensionType::MetadataPointer, &mint::zeros_of(ExtensionType::MetadataPointer));
    with_pointer[mint::DECIMALS_AT] = alt.decimals;
    svm.set_account(alt.mint, TOKEN_2022, with_pointer);
    for actor in &actors {
        svm.set_account(*actor, system_program::ID, vec![]);
        for market in &markets {
            market.fund(&mut svm, actor, worth(market, WEALTH));
        }
    }
    let mut vote_accounts = vec![];
    for (i, (identity, stake)) in validators.iter().zip(STAKES).enumerate() {
        let mut validator = Validator::with_stake(0);
        validator.vote_account = named("vote", i as u64);
        let state = validator.vote_state(identity);
        svm.put(validator.vote_account, state.into());
        svm.set_stake(validator.vote_account, stake * SOL);
        vote_accounts.push(validator.vote_account);
    }
    let mut world = World {
        svm,
        actors,
        vote_accounts,
        markets,
        rate,
        silent: BTreeSet::new(),
        houses: vec![],
        obligations: BTreeMap::new(),
        stakes: BTreeMap::new(),
        missing: BTreeMap::new(),
        pool: vec![],
    };
    world.post_all();
    found(&mut world)?;
    populate(&mut world)?;
    insure(&mut world)?;
    fill_pool(&mut world);
    Ok(world)
}

impl World {
    /// Posts the honest price of every feed that is not silent.
    pub fn post_all(&mut self) {
        for place in 0..self.markets.len() {
            if !self.silent.contains(&place) {
                let market = self.markets[place];
                let quote = market.quote(&self.svm);
                market.post_raw(&mut self.svm, &quote);
            }
        }
        let quote = self.rate.quote(&self.svm);
        self.rate.post_raw(&mut self.svm, &quote);
    }

    /// The refresh of some assets of a vault, in this order. Nothing of a vault that has yet to migrate.
    pub fn refresh(&self, vault: Pubkey, markets: &[usize]) -> Instruction {
        let markets = if self.vault(&vault).is_some() { markets } else { &[] };
        let pairs: Vec<(Pubkey, Vec<Pubkey>)> = markets
            .iter()
            .filter_map(|market| {
                let key = self.markets[*market].asset(vault).reserve();
                let reserve: Reserve = self.svm.state(&key)?;
                let accounts = self.price_accounts(&reserve);
                // a curator may have named a feed that does not exist
                (!accounts.contains(&Pubkey::default())).then_some((key, accounts))
            })
            .collect();
        instruction::refresh_composed_reserves(vault, &pairs)
    }

    /// Posts and refreshes everything.
    pub fn refresh_all(&mut self) -> anyhow::Result<()> {
        self.post_all();
        for house in self.houses.clone() {
            let refresh = self.refresh(house.key, &house.listed);
            if refresh.accounts.len() > 1 {
                self.must(&[refresh])?;
            }
        }
        Ok(())
    }

    /// Sends a transaction that has to land.
    pub fn must(&mut self, instructions: &[Instruction]) -> anyhow::Result<()> {
        let touched: Vec<Pubkey> =
            instructions.iter().flat_map(|i| i.accounts.iter().map(|meta| meta.pubkey)).collect();
        if let Err(error) = self.svm.send(instructions) {
            let logs = self.svm.logs_of(instructions).join("\n");
            anyhow::bail!("the world cannot be set up: {error:?}\n{logs}");
        }
        self.notice(&touched);
        self.notice_houses(&touched);
        Ok(())
    }
}

/// What a reserve of a vault is configured as. The second vault composes its liquid-staked token's price; the third has narrow
/// caps and flows.
pub fn config_of(
    world: &World,
    preset: &Preset,
    house: u64,
    market: &Market,
) -> anyhow::Result<ReserveConfig> {
    let mut config = reserve_config(preset, market.kind, market.feed_id)?;
    // whatever a preset says, everything is borrowed somewhere
    config.borrowable |= house == 2;
    if house == 1 && market.kind == AssetKind::Lst {
        config.feed_id = world.markets[2].feed_id;
        let feed_id = world.rate.feed_id;
        config.rate = Some(RateConfig { feed_id, anchor: 1_200_000_000, growth: 10 });
    }
    if house == 2 {
        let most = worth(market, 3_000_000);
        config.caps = ReserveCaps { deposits: most, debt: most / 2, ..ReserveCaps::OPEN }.into();
        config.flows = FlowRules::balanced(worth(market, 200_000), worth(market, 50_000)).into();
    }
    Ok(config)
}

fn found(world: &mut World) -> anyhow::Result<()> {
    let curator = world.actors[CURATOR];
    let listed: [&[usize]; 3] = [&[0, 1, 2, 3, 4, 5, 6], &[2, 3, 4, 1], &[4, 2, 6, 5]];
    for (id, listed) in listed.iter().enumerate() {
        let preset = if id == 1 { steady() } else { balanced() }?;
        let (id, guardian, recipient) = (id as u64, world.actors[GUARDIAN], world.actors[RECIPIENT]);
        let mut config = vault_config(&preset, id, guardian, recipient);
        if id == 0 {
            let caps = VaultCaps { leverage: MAX_LEVERAGE, ltv: Bps(9_500), ..VaultCaps::BALANCED };
            config.caps = caps.into();
        }
        world.must(&[instruction::create_vault(curator, config)])?;
        let vault = address::vault(&curator, id);
        for place in *listed {
            let market = world.markets[*place];
            let config = config_of(world, &preset, id, &market)?;
            world.must(&[instruction::add_reserve(curator, &market.asset(vault), config)])?;
        }
        // before the opening: afterwards it would have to be approved first
        if let Some((_, market)) = INSURED.iter().find(|(house, _)| *house == id) {
            let fund = insurance::Fund { asset: world.markets[*market].asset(vault) };
            world.must(&[insurance::create_fund(curator, &fund, FundRules::BALANCED.into())])?;
        }
        world.must(&open_vault(curator, vault, 1))?;
    }
    world.svm.go_on(1, 1);
    world.refresh_all()
}

/// The first three lend, the next four borrow, the others only have an open obligation.
fn populate(world: &mut World) -> anyhow::Result<()> {
    for (number, house) in world.houses.clone().iter().enumerate() {
        for person in 0..PEOPLE {
            let owner = world.actors[person];
            for id in 0..=u16::from(person == PEOPLE - 1) {
                let account = Account { vault: house.key, owner, id };
                world.must(&[instruction::open_obligation(&account)])?;
            }
        }
        for (place, market) in house.listed.iter().enumerate() {
            let market = world.markets[*market];
            let lender = Account { vault: house.key, owner: world.actors[place % 3], id: 0 };
            let amount = worth(&market, 150_000);
            world.must(&[instruction::deposit(&lender, &market.asset(house.key), amount)])?;
        }
        for person in 3..7 {
            let account = Account { vault: house.key, owner: world.actors[person], id: 0 };
            let pledged = world.markets[house.listed[(person + number) % house.listed.len()]];
            let amount = worth(&pledged, 20_000);
            world.must(&[instruction::deposit(&account, &pledged.asset(house.key), amount)])?;
            let borrowed = if pledged.kind == AssetKind::Usd { world.markets[2] } else { world.markets[4] };
            let asset = borrowed.asset(house.key);
            let Some(obligation) = world.svm.state(&account.obligation()) else { continue };
            let reserves = reserves_with(&obligation, asset.reserve());
            let borrow =
                |dollars| instruction::borrow(&account, &asset, worth(&borrowed, dollars), &reserves);
            // as much as the vault lends against this asset
            for dollars in [12_000, 9_000, 6_000, 3_000] {
                let instruction = borrow(dollars);
                if world.svm.send(&[instruction]).is_ok() {
                    break;
                }
            }
        }
    }
    Ok(())
}

fn insure(world: &mut World) -> anyhow::Result<()> {
    for (house, market) in INSURED {
        let market = world.markets[market];
        let fund = insurance::Fund { asset: market.asset(world.houses[house as usize].key) };
        for person in 0..4 {
            let owner = world.actors[person];
            world.must(&[insurance::open_stake(owner, &fund)])?;
            let stake = insurance::stake_insurance(owner, &fund, worth(&market, 10_000));
            world.must(&[stake])?;
        }
        for (place, vote_account) in world.vote_accounts.clone().iter().enumerate() {
            let identity = world.actors[VALIDATORS + place];
            world.must(&[insurance::enroll_validator(identity, &fund, *vote_account)])?;
        }
    }
    for _ in 0..2 {
        world.svm.next_epoch();
    }
    world.refresh_all()
}

/// What hostile instructions pass: everything of everybody, and what is nobody's.
fn fill_pool(world: &mut World) {
    let mut pool = vec![
        system_program::ID,
        TOKEN,
        TOKEN_2022,
        PRICE_PROGRAM,
        ballast::ID,
        ballast::governance::INSTRUCTIONS,
        named("nothing", 0),
        world.rate.price_account,
        world.rate.mint,
    ];
    pool.extend(&world.actors);
    pool.extend(&world.vote_accounts);
    for market in &world.markets {
        pool.extend([market.mint, market.price_account]);
        pool.extend(
            world
                .actors
                .iter()
                .map(|owner| address::wallet_tokens(owner, &market.mint, &market.token_program)),
        );
    }
    for house in &world.houses {
        pool.extend([house.key, address::attestation(&house.key), address::audit(&house.key)]);
        for market in &house.listed {
            let asset = world.markets[*market].asset(house.key);
            pool.extend([asset.reserve(), asset.tokens()]);
        }
        if let (Some(_), Some(fund)) = (house.fund, world.fund(house)) {
            pool.extend([fund.address(), fund.tokens(), fund.roll()]);
        }
    }
    // a stranger's price account that looks like a real one, and a token account of another mint under a known owner
    let fake = named("fake price", 0);
    let quote = world.markets[2].quote(&world.svm);
    world.svm.set_account(fake, system_program::ID, quote.account_data());
    let stray = named("stray tokens", 0);
    let (market, owner) = (world.markets[4], world.houses[0].key);
    market.write_tokens(&mut world.svm, stray, &owner, 1_000_000, AccountState::Initialized);
    pool.extend([fake, stray]);
    pool.extend(world.obligations.keys());
    pool.extend(world.stakes.keys());
    world.pool = pool;
}
