//! A vault of SOL and a stable on the embedded validator, with a lender and borrowers who stand close to their limits.

use crate::net::{tranches, Net};
use anchor_lang::{prelude::Pubkey, solana_program::program_pack::Pack, Discriminator, ZeroCopy};
use anchor_spl::token::spl_token::state::{Account as TokenAccount, Mint};
use ballast::{
    event::TrancheExecuted,
    state::{Obligation, Reserve, Vault},
};
use ballast_client::{
    account::reserves_with,
    address, decode,
    governance::open_vault,
    instruction,
    plan::Portfolio,
    preset::{reserve_config, vault_config},
    price::{Price, PRICE_PROGRAM},
    Account, Asset,
};
use ballast_risk::{
    presets::{balanced, AssetKind},
    price::UnitPrice,
};
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    cell::Cell,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

/// Decimals of both tokens.
const DECIMALS: u8 = 6;
/// A whole token.
pub const ONE: u64 = 1_000_000;
/// What a SOL costs when borrowers open, micro-USD … in the oracle's scale of 1e-8.
const OPENING: i64 = 200_00000000;

/// Keys that depend on a label only, so that a world made again has the same addresses.
pub fn key(label: &str) -> Keypair {
    let mut seed = [0u8; 32];
    for (index, byte) in label.bytes().enumerate() {
        seed[index % 32] ^= byte.wrapping_add(index as u8);
    }
    Keypair::new_from_array(seed)
}

/// Everything with an address.
pub struct World {
    pub net: Net,
    pub curator: Keypair,
    pub vault: Pubkey,
    pub sol: Asset,
    pub usd: Asset,
    pub borrowers: Vec<Account>,
    published_at: Cell<i64>,
}

impl World {
    /// A vault, a lender of stables, and borrowers of `loans` stables each against 100 SOL of $200.
    pub fn start(loans: &[u64]) -> Self {
        let net = Net::start();
        let curator = key("curator");
        let vault = address::vault(&curator.pubkey(), 1);
        let asset =
            |label: &str| Asset { vault, mint: key(label).pubkey(), token_program: anchor_spl::token::ID };
        let mut world = Self {
            net,
            vault,
            sol: asset("SOL"),
            usd: asset("USD"),
            borrowers: vec![],
            curator,
            published_at: Cell::new(0),
        };
        world.net.fund(&world.curator.pubkey());
        for asset in [world.sol, world.usd] {
            let mint = Mint { decimals: DECIMALS, supply: u64::MAX, is_initialized: true, ..Mint::default() };
            let mut data = [0u8; Mint::LEN];
            mint.pack_into_slice(&mut data);
            world.net.set_account(&asset.mint, &data, &anchor_spl::token::ID);
        }
        world.publish(1_000_000);
        world.make_vault();
        // Where fees are paid to.
        world.net.set_tokens(&world.curator.pubkey(), &world.usd.mint, 0);
        let lender = key("lender");
        world.open(&lender, &world.usd.clone(), 500_000 * ONE);
        world.borrowers = loans
            .iter()
            .enumerate()
            .map(|(number, loan)| {
                let borrower = key(&format!("borrower {number}"));
                world.net.set_tokens(&borrower.pubkey(), &world.usd.mint, 0);
                let account = world.open(&borrower, &world.sol.clone(), 100 * ONE);
                world.borrow(&borrower, &account, *loan * ONE);
                account
            })
            .collect();
        world
    }

    fn make_vault(&self) {
        let (preset, curator) = (balanced().unwrap(), self.curator.pubkey());
        let config = vault_config(&preset, 1, curator, curator);
        self.net.send("create_vault", &[instruction::create_vault(curator, config)], &self.curator);
        for (asset, kind) in [(self.sol, AssetKind::Sol), (self.usd, AssetKind::Usd)] {
            let config = reserve_config(&preset, kind, feed(&asset)).unwrap();
            self.net.send("add_reserve", &[instruction::add_reserve(curator, &asset, config)], &self.curator);
        }
        self.refresh();
        self.net.send("open the vault", &open_vault(curator, self.vault, 1), &self.curator);
    }

    /// Takes the published prices, as anyone may.
    pub fn refresh(&self) {
        let pairs = [self.sol, self.usd].map(|asset| (asset.reserve(), price_account(&asset)));
        let refresh = instruction::refresh_reserves(self.vault, &pairs);
        self.net.send("refresh_reserves", &[refresh], &self.curator);
    }

    fn open(&self, owner: &Keypair, asset: &Asset, amount: u64) -> Account {
        let account = Account { vault: self.vault, owner: owner.pubkey(), id: 0 };
        self.net.fund(&owner.pubkey());
        self.net.set_tokens(&owner.pubkey(), &asset.mint, amount);
        let open = instruction::open_obligation(&account);
        self.net.send("open", &[open, instruction::deposit(&account, asset, amount)], owner);
        account
    }

    fn borrow(&self, owner: &Keypair, account: &Account, amount: u64) {
        let pairs = [self.sol, self.usd].map(|asset| (asset.reserve(), price_account(&asset)));
        self.publish(1_000_000);
        let reserves = reserves_with(&self.obligation(account).unwrap(), self.usd.reserve());
        let refresh = instruction::refresh_reserves(self.vault, &pairs);
        let borrow = instruction::borrow(account, &self.usd, amount, &reserves);
        self.net.send("borrow", &[refresh, borrow], owner);
    }

    /// SOL's price at this many parts per million of its opening price, in the oracle's scale.
    pub fn sol_price(ppm: i64) -> i64 {
        OPENING / 1_000_000 * ppm
    }

    /// Plays the oracle: SOL at this many parts per million of its opening price, the stable at a dollar. Returns the slot.
    pub fn publish(&self, ppm: i64) -> u64 {
        // The oracle tells seconds apart, and no less: a price of the same second would not count as newer.
        let mut clock = self.net.clock();
        while clock.unix_timestamp <= self.published_at.get() {
            std::thread::sleep(Duration::from_millis(20));
            clock = self.net.clock();
        }
        self.published_at.set(clock.unix_timestamp);
        for (asset, price) in [(self.usd, 1_00000000), (self.sol, Self::sol_price(ppm))] {
            let update = Price {
                feed_id: feed(&asset),
                price,
                confidence: 0,
                ema: price,
                exponent: -8,
                publish_time: clock.unix_timestamp,
                posted_slot: clock.slot,
            };
            self.net.set_account(&price_account(&asset), &update.account_data(), &PRICE_PROGRAM);
        }
        self.net.rpc.get_slot().unwrap()
    }

    /// Gives a keeper SOL for fees and stables to repay with. For what it will receive it has no token account yet.
    pub fn equip(&self, keeper: &Keypair, stables: u64) {
        self.net.fund(&keeper.pubkey());
        self.net.set_tokens(&keeper.pubkey(), &self.usd.mint, stables * ONE);
    }

    /// What a wallet holds of an asset, in token units.
    pub fn tokens(&self, wallet: &Pubkey, asset: &Asset) -> u64 {
        self.tokens_of(&asset.wallet(wallet))
    }

    /// What a token account holds; 0 where there is none.
    pub fn tokens_of(&self, account: &Pubkey) -> u64 {
        let account = self.net.rpc.get_account(account);
        account.map_or(0, |account| TokenAccount::unpack_from_slice(&account.data).unwrap().amount)
    }

    /// An account of the program as it is now.
    pub fn read<T: ZeroCopy + Discriminator>(&self, address: &Pubkey) -> T {
        decode(&self.net.rpc.get_account(address).unwrap().data).unwrap()
    }

    pub fn obligation(&self, account: &Account) -> Option<Obligation> {
        decode(&self.net.rpc.get_account(&account.obligation()).ok()?.data)
    }

    /// Where a borrower falls below its requirement: the highest price, in parts per million of the opening one and in steps of 100,
    /// at which its equity does not suffice.
    pub fn limit_ppm(&self, account: &Account) -> i64 {
        let read = |address: &Pubkey| self.net.rpc.get_account(address).unwrap().data;
        let vault: Vault = decode(&read(&self.vault)).unwrap();
        let [mut sol, mut usd] =
            [self.sol, self.usd].map(|asset| decode::<Reserve>(&read(&asset.reserve())).unwrap());
        let (obligation, clock) = (self.obligation(account).unwrap(), self.net.clock());
        let mut is_healthy = |ppm: i64| {
            let price = u64::try_from(Self::sol_price(ppm)).unwrap();
            sol.price.spot = UnitPrice::from_oracle(price, -8, DECIMALS).unwrap().into();
            (sol.price.publish_time, usd.price.publish_time) = (u64::MAX, u64::MAX);
            let find =
                |address: &Pubkey| if *address == self.sol.reserve() { Some(&sol) } else { Some(&usd) };
            Portfolio::new(&vault, &obligation, &clock, find).unwrap().maintenance().unwrap().is_healthy()
        };
        (5_000..10_000).rev().map(|step| step * 100).find(|ppm| !is_healthy(*ppm)).unwrap()
    }

    /// Tranches that a wallet executed, oldest first, with their slots; and how many of its transactions failed on chain.
    pub fn tranches(&self, wallet: &Pubkey) -> (Vec<(u64, TrancheExecuted)>, usize) {
        tranches(&self.net.rpc, wallet)
    }

    /// Checks that a keeper's tokens moved by its tranches and by nothing else, that each tranche left its book safer, and that none
    /// sold more than restores the requirement with its margin. Returns how many there were, and how many transactions failed.
    pub fn check_tranches(&self, wallet: &Pubkey, stables: u64) -> (usize, usize) {
        let (tranches, failed) = self.tranches(wallet);
        let sum = |of: fn(&TrancheExecuted) -> u64| tranches.iter().map(|(_, one)| of(one)).sum::<u64>();
        assert_eq!(
            self.tokens(wallet, &self.usd) + sum(|one| one.repaid),
            stables * ONE,
            "stables of a keeper"
        );
        assert_eq!(self.tokens(wallet, &self.sol), sum(|one| one.to_liquidator), "SOL of a keeper");
        for (slot, one) in &tranches {
            let excess = |equity: i64, requirement: u64| i128::from(equity) - i128::from(requirement);
            assert!(
                excess(one.equity_after, one.requirement_after)
                    > excess(one.equity_before, one.requirement_before),
                "the tranche of slot {slot} left its book no safer"
            );
            let most = i128::from(one.requirement_after) * 10_400 / 10_000 + 1_000_000;
            assert!(i128::from(one.equity_after) <= most, "the tranche of slot {slot} sold too much");
        }
        (tranches.len(), failed)
    }
}

/// Waits until something holds on chain: it has to before long, but how long depends on the machine.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "not seen: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// One story at a time: they measure time, and the machine may be small.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The price account of an asset.
pub fn price_account(asset: &Asset) -> Pubkey {
    Pubkey::find_program_address(&[b"price", asset.mint.as_ref()], &PRICE_PROGRAM).0
}

/// The feed of an asset.
pub fn feed(asset: &Asset) -> [u8; 32] {
    asset.mint.to_bytes()
}
