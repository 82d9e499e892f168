//! A liquid-staked asset whose price is composed of two feeds.

use crate::{
    market::{usd, Market, TOKEN},
    world::World,
};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::instructions::RateConfig;
use ballast_client::{
    instruction::{add_reserve, refresh_composed_reserves},
    preset::reserve_config,
    price::{Price, PRICE_PROGRAM},
};
use ballast_risk::{presets::AssetKind, TokenAmount};
use solana_signer::Signer;

/// A liquid-staked SOL at rate 1.2, priced as SOL × rate; it believes 0.1 % of growth a day.
pub struct Staked {
    /// Its token; the price is that of SOL.
    pub market: Market,
    /// The rate as it is posted.
    pub rate: Price,
    /// Where it is posted.
    pub rate_account: Pubkey,
}

/// The rate in the beginning, with 8 decimals.
pub const RATE: i64 = 1_20000000;

impl Staked {
    /// Adds it to the first vault.
    pub async fn list(world: &mut World) -> Self {
        let mut market = Market::create(&mut world.chain, AssetKind::Lst, 9, TOKEN, usd(200));
        (market.feed_id, market.price_account) = (world.sol.feed_id, world.sol.price_account);
        let rate = Price {
            feed_id: [77; 32],
            price: RATE,
            confidence: 0,
            ema: RATE,
            exponent: -8,
            publish_time: world.chain.now(),
            posted_slot: world.chain.slot(),
        };
        let mut staked = Self { market, rate, rate_account: Pubkey::new_unique() };
        staked.list_too(world).await;
        staked
    }

    /// Adds it to the vault that the world is about now.
    pub async fn list_too(&mut self, world: &mut World) {
        let mut config = reserve_config(&world.preset, AssetKind::Lst, self.market.feed_id)
            .expect("legal configurations and good prices");
        config.rate = Some(RateConfig { feed_id: self.rate.feed_id, anchor: 1_200_000_000, growth: 10 });
        let curator = world.curator.insecure_clone();
        let add = add_reserve(curator.pubkey(), &world.asset(&self.market), config);
        world
            .send_in_setup(world.vault, &[add], &[&curator])
            .await
            .expect("legal configurations and good prices");
        self.refresh(world).await;
    }

    /// Posts SOL and the rate as of now and refreshes.
    pub async fn refresh(&mut self, world: &mut World) {
        world.refresh().await.expect("legal configurations and good prices");
        self.post_rate(world);
        let payer = world.curator.insecure_clone();
        world.must(&[self.refreshing(world)], &[&payer]).await;
    }

    /// Posts the rate as of now.
    pub fn post_rate(&mut self, world: &mut World) {
        self.rate.publish_time = world.chain.now();
        self.rate.posted_slot = world.chain.slot();
        world.chain.set_account(self.rate_account, PRICE_PROGRAM, self.rate.account_data());
    }

    /// `refresh_reserves` of its reserve.
    pub fn refreshing(&self, world: &World) -> Instruction {
        let reserve = world.asset(&self.market).reserve();
        let accounts = [(reserve, vec![self.market.price_account, self.rate_account])];
        refresh_composed_reserves(world.vault, &accounts)
    }

    /// Posts another rate a second later.
    pub async fn set_rate(&mut self, world: &mut World, rate: i64) {
        (self.rate.price, self.rate.ema) = (rate, rate);
        world.chain.pass(1);
        self.refresh(world).await;
    }

    /// Spot and opening value of one token, micro-USD.
    pub async fn worth(&self, world: &mut World) -> (i128, i128) {
        let prices = world.reserve(&self.market).await.prices();
        let one = TokenAmount(self.market.units(1));
        (prices.spot.value_down(one).0, prices.low.value_down(one).0)
    }
}
