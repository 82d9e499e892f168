//! Who and what is on the chain, and under which address.

use super::validator::Validator;
use crate::{
    asset::{Asset, ASSETS, COUNT},
    population::{Kind, Pool},
    tape::Tick,
};
use anchor_lang::prelude::Pubkey;
use anyhow::{Context as _, Result};
use ballast_client::{
    address, instruction,
    price::{Price, PRICE_PROGRAM},
};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha12Rng;
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Both vaults, in the order of [`World::vaults`].
pub const POOLS: [Pool; 2] = [Pool::Main, Pool::Alt];

impl Pool {
    /// The assets that the vault takes, in the order of its reserves.
    pub fn assets(self) -> &'static [Asset] {
        match self {
            Self::Main => &ASSETS,
            Self::Alt => &[Asset::Alt, Asset::Usdc],
        }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main vault",
            Self::Alt => "alt vault",
        }
    }

    /// Its number, part of its address.
    pub fn id(self) -> u64 {
        self as u64 + 1
    }
}

/// Somebody with an obligation.
pub struct Person {
    /// Its key.
    pub key: Keypair,
    /// Its vault.
    pub pool: Pool,
    /// Its obligation's address.
    pub obligation: Pubkey,
    /// What a borrower is up to; `None` for lenders and the keeper.
    pub kind: Option<Kind>,
}

/// Everything with an address.
pub struct World {
    /// The validator.
    pub validator: Validator,
    /// Creates and curates the vaults, and pays for price refreshes.
    pub curator: Keypair,
    /// Liquidates.
    pub keeper: Keypair,
    /// Mints by asset.
    pub mints: [Pubkey; COUNT],
    /// Oracle accounts by asset.
    pub prices: [Pubkey; COUNT],
    /// Vaults by pool.
    pub vaults: [Pubkey; 2],
    /// The borrowers, in the population's order.
    pub borrowers: Vec<Person>,
    /// One lender and the keeper's own obligation in each vault.
    pub others: Vec<Person>,
}

/// A key that depends on the seed and a label only, so that a run has the same addresses every time.
pub fn key(seed: u64, label: &str) -> Keypair {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let mut bytes = [0u8; 32];
    rng.fill_bytes(&mut bytes);
    for (index, byte) in label.bytes().enumerate() {
        bytes[index % 32] ^= byte.rotate_left((index / 32) as u32 + 1);
    }
    // Whitened once more, so that similar labels share nothing.
    ChaCha12Rng::from_seed(bytes).fill_bytes(&mut bytes);
    Keypair::new_from_array(bytes)
}

/// The feed of an asset: its symbol, padded.
pub fn feed(asset: Asset) -> [u8; 32] {
    let mut feed = [0u8; 32];
    for (to, from) in feed.iter_mut().zip(format!("ballast demo {asset}/USD").bytes()) {
        *to = from;
    }
    feed
}

impl World {
    /// An asset of a vault.
    pub fn asset(&self, pool: Pool, asset: Asset) -> address::Asset {
        address::Asset {
            vault: self.vaults[pool as usize],
            mint: self.mints[asset.index()],
            token_program: anchor_spl::token::ID,
        }
    }

    /// Every reserve with its vault and asset.
    pub fn reserves(&self) -> Vec<(Pubkey, Pool, Asset)> {
        let of = |pool: Pool| {
            pool.assets().iter().map(move |asset| (self.asset(pool, *asset).reserve(), pool, *asset))
        };
        POOLS.into_iter().flat_map(of).collect()
    }

    /// An address of the obligation that a key opens with number 0.
    pub fn account(&self, pool: Pool, owner: &Keypair) -> address::Account {
        address::Account { vault: self.vaults[pool as usize], owner: owner.pubkey(), id: 0 }
    }

    /// Ends the block, moves the clock to the tick and publishes the tick's prices: Pyth's part, as in its accounts' true layout
    /// and owner.
    pub fn publish(&mut self, tick: &Tick) -> Result<()> {
        self.validator.set_clock(tick.time)?;
        for asset in ASSETS {
            let quote = tick.quotes[asset.index()];
            let price = Price {
                feed_id: feed(asset),
                price: quote.price,
                confidence: quote.confidence,
                ema: quote.ema,
                exponent: quote.exponent,
                publish_time: i64::try_from(tick.time)?,
                posted_slot: self.validator.slot(),
            };
            self.validator
                .set_account(&self.prices[asset.index()], 10_000_000, &price.account_data(), &PRICE_PROGRAM)
                .with_context(|| format!("publishing {asset}"))?;
        }
        Ok(())
    }

    /// Takes the published prices into a vault's reserves, as anyone may.
    pub fn refresh(&self, pool: Pool, payer: &Keypair) -> Result<()> {
        let pairs: Vec<(Pubkey, Pubkey)> = pool
            .assets()
            .iter()
            .map(|asset| (self.asset(pool, *asset).reserve(), self.prices[asset.index()]))
            .collect();
        let refresh = instruction::refresh_reserves(self.vaults[pool as usize], &pairs);
        self.validator.send("refresh_reserves", &[refresh], payer, &[])?;
        Ok(())
    }
}
