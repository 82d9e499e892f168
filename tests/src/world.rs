//! A vault of the balanced preset with six markets, and people who act in it.

use crate::{
    chain::{Chain, Receipt},
    failure::Failure,
    market::{balance, usd, Market, TOKEN, TOKEN_2022},
};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::state::{Obligation, Reserve, Vault};
use ballast_client::{
    account::{reserves_of, reserves_with, reserves_without},
    address::{self, Account, Asset},
    instruction::{self, Tranche},
    plan::Portfolio,
    preset::{reserve_config, vault_config},
};
use ballast_risk::{
    presets::{balanced, AssetKind, Preset},
    score::Score,
    tranche::TranchePlan,
    Usd,
};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Someone with a wallet and an obligation.
pub struct User {
    /// Signs.
    pub keypair: Keypair,
    /// The obligation in the world's vault.
    pub account: Account,
}

impl User {
    /// The user's address.
    pub fn key(&self) -> Pubkey {
        self.keypair.pubkey()
    }
    /// The obligation's address.
    pub fn obligation(&self) -> Pubkey {
        self.account.obligation()
    }
}

/// Everything a story needs.
pub struct World {
    /// The cluster.
    pub chain: Chain,
    /// The vault's preset.
    pub preset: Preset,
    /// Curates the vault.
    pub curator: Keypair,
    /// The vault.
    pub vault: Pubkey,
    /// BTC, 8 decimals, $100,000.
    pub btc: Market,
    /// ETH, 8 decimals, $4,000, a Token-2022 mint.
    pub eth: Market,
    /// SOL, 9 decimals, $200.
    pub sol: Market,
    /// Liquid-staked SOL, 9 decimals, $240.
    pub lst: Market,
    /// USDC, 6 decimals, $1.
    pub usdc: Market,
    /// A thin alt, 5 decimals, $2.
    pub alt: Market,
}

impl World {
    /// A vault with all six reserves and no deposits; prices are fresh.
    pub async fn start() -> Self {
        Self::with_preset(balanced().expect("the preset is valid")).await
    }

    /// The same with another preset.
    pub async fn with_preset(preset: Preset) -> Self {
        let mut chain = Chain::start().await;
        let curator = chain.wallet();
        let vault = address::vault(&curator.pubkey(), 1);
        let btc = Market::create(&mut chain, AssetKind::Btc, 8, TOKEN, usd(100_000));
        let eth = Market::create(&mut chain, AssetKind::Eth, 8, TOKEN_2022, usd(4_000));
        let sol = Market::create(&mut chain, AssetKind::Sol, 9, TOKEN, usd(200));
        let lst = Market::create(&mut chain, AssetKind::Lst, 9, TOKEN, usd(240));
        let usdc = Market::create(&mut chain, AssetKind::Usd, 6, TOKEN, usd(1));
        let alt = Market::create(&mut chain, AssetKind::Alt, 5, TOKEN, usd(2));
        let mut world = Self { chain, preset, curator, vault, btc, eth, sol, lst, usdc, alt };
        let curator = world.curator.insecure_clone();
        let config = vault_config(&world.preset, 1, curator.pubkey(), curator.pubkey());
        world.must(&[instruction::create_vault(curator.pubkey(), config)], &[&curator]).await;
        for market in world.markets() {
            world.add_reserve(&market).await.expect("the preset's reserves are valid");
        }
        world.refresh().await.expect("the prices are good");
        world
    }

    /// All six markets.
    pub fn markets(&self) -> [Market; 6] {
        [self.btc, self.eth, self.sol, self.lst, self.usdc, self.alt]
    }

    /// Adds a market to the vault with its preset parameters.
    pub async fn add_reserve(&mut self, market: &Market) -> Result<Receipt, Failure> {
        let config = reserve_config(&self.preset, market.kind, market.feed_id).expect("the preset is valid");
        let curator = self.curator.insecure_clone();
        let add = instruction::add_reserve(curator.pubkey(), &market.asset(self.vault), config);
        self.chain.send(&[add], &[&curator]).await
    }

    /// Sends a transaction that has to land.
    pub async fn must(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Receipt {
        self.chain.send(instructions, signers).await.unwrap_or_else(|f| panic!("{:?} {:#?}", f.error, f.logs))
    }

    /// Someone new, with an open obligation and empty pockets.
    pub async fn user(&mut self) -> User {
        let keypair = self.chain.wallet();
        for market in self.markets() {
            market.fund(&mut self.chain, &keypair.pubkey(), 0);
        }
        let account = Account { vault: self.vault, owner: keypair.pubkey(), id: 0 };
        self.must(&[instruction::open_obligation(&account)], &[&keypair]).await;
        User { keypair, account }
    }

    /// Someone who lends so many token units.
    pub async fn lender(&mut self, market: &Market, amount: u64) -> User {
        let user = self.user().await;
        self.deposit(&user, market, amount).await.expect("a new user can deposit");
        user
    }

    /// Adds tokens to a user's wallet.
    pub async fn give(&mut self, user: &User, market: &Market, amount: u64) {
        let held = self.wallet(user, market).await;
        market.fund(&mut self.chain, &user.key(), held + amount);
    }

    /// Gives a user tokens and deposits them.
    pub async fn deposit(&mut self, user: &User, market: &Market, amount: u64) -> Result<Receipt, Failure> {
        self.give(user, market, amount).await;
        let deposit = instruction::deposit(&user.account, &market.asset(self.vault), amount);
        self.chain.send(&[deposit], &[&user.keypair]).await
    }

    /// Withdraws.
    pub async fn withdraw(&mut self, user: &User, market: &Market, amount: u64) -> Result<Receipt, Failure> {
        let obligation = self.obligation(user).await;
        let asset = market.asset(self.vault);
        let reserves =
            if amount == u64::MAX { reserves_without(&obligation, asset.reserve()) } else { reserves_of(&obligation) };
        let withdraw = instruction::withdraw(&user.account, &asset, amount, &reserves);
        self.chain.send(&[withdraw], &[&user.keypair]).await
    }

    /// Borrows.
    pub async fn borrow(&mut self, user: &User, market: &Market, amount: u64) -> Result<Receipt, Failure> {
        let asset = market.asset(self.vault);
        let reserves = reserves_with(&self.obligation(user).await, asset.reserve());
        let borrow = instruction::borrow(&user.account, &asset, amount, &reserves);
        self.chain.send(&[borrow], &[&user.keypair]).await
    }

    /// Repays a user's own debt from its wallet.
    pub async fn repay(&mut self, user: &User, market: &Market, amount: u64) -> Result<Receipt, Failure> {
        let repay = instruction::repay(user.key(), user.obligation(), &market.asset(self.vault), amount);
        self.chain.send(&[repay], &[&user.keypair]).await
    }

    /// Executes a tranche with tokens given to the liquidator.
    pub async fn liquidate(
        &mut self,
        liquidator: &User,
        borrower: &User,
        debt: &Market,
        deposit: &Market,
        max_repay: u64,
    ) -> Result<Receipt, Failure> {
        let tranche = self.tranche(liquidator, borrower, debt, deposit, max_repay).await;
        self.chain.send(&[tranche], &[&liquidator.keypair]).await
    }

    /// The instruction of a tranche.
    pub async fn tranche(
        &mut self,
        liquidator: &User,
        borrower: &User,
        debt: &Market,
        deposit: &Market,
        max_repay: u64,
    ) -> Instruction {
        let obligation = self.obligation(borrower).await;
        instruction::soft_liquidate(&Tranche {
            liquidator: liquidator.key(),
            obligation: borrower.obligation(),
            debt: &debt.asset(self.vault),
            deposit: &deposit.asset(self.vault),
            reserves: &reserves_of(&obligation),
            max_repay,
            min_received: 0,
            shares_to: None,
        })
    }

    /// Posts every price again, as of now, and refreshes all reserves.
    pub async fn refresh(&mut self) -> Result<Receipt, Failure> {
        for market in self.markets() {
            let quote = market.quote(&self.chain);
            market.post_raw(&mut self.chain, &quote);
        }
        self.refresh_posted().await
    }

    /// Refreshes all reserves from the price accounts as they are.
    pub async fn refresh_posted(&mut self) -> Result<Receipt, Failure> {
        let pairs: Vec<_> =
            self.markets().iter().map(|m| (m.asset(self.vault).reserve(), m.price_account)).collect();
        let payer = self.curator.insecure_clone();
        self.chain.send(&[instruction::refresh_reserves(self.vault, &pairs)], &[&payer]).await
    }

    /// Lets seconds pass, then posts and refreshes all prices.
    pub async fn tick(&mut self, seconds: i64) {
        self.chain.pass(seconds);
        self.refresh().await.expect("the prices are good");
    }

    /// Moves one market's price and refreshes a second later.
    pub async fn move_price(&mut self, pick: impl Fn(&mut Self) -> &mut Market, price: i64) {
        pick(self).price = price;
        self.tick(1).await;
    }

    /// A user's obligation.
    pub async fn obligation(&mut self, user: &User) -> Obligation {
        self.chain.state(user.obligation()).await
    }

    /// A market's reserve.
    pub async fn reserve(&mut self, market: &Market) -> Reserve {
        self.chain.state(market.asset(self.vault).reserve()).await
    }

    /// A market's reserve in the vault, as addresses.
    pub fn asset(&self, market: &Market) -> Asset {
        market.asset(self.vault)
    }

    /// Tokens in a user's wallet.
    pub async fn wallet(&mut self, user: &User, market: &Market) -> u64 {
        balance(&mut self.chain, market.asset(self.vault).wallet(&user.key())).await
    }

    /// Tokens in a reserve's token account.
    pub async fn till(&mut self, market: &Market) -> u64 {
        balance(&mut self.chain, market.asset(self.vault).tokens()).await
    }

    /// A user's score for liquidation, computed by the client.
    pub async fn score(&mut self, user: &User) -> Score {
        self.portfolio(user, |portfolio| portfolio.maintenance().expect("legal books score")).await
    }

    /// The tranche that a keeper would choose now.
    pub async fn best_tranche(&mut self, user: &User) -> Option<(usize, usize, TranchePlan)> {
        let most = Usd(i128::from(u64::MAX));
        self.portfolio(user, |portfolio| portfolio.best_tranche(most).expect("legal books score")).await
    }

    async fn portfolio<T>(&mut self, user: &User, f: impl FnOnce(&Portfolio) -> T) -> T {
        let obligation = self.obligation(user).await;
        let vault: Vault = self.chain.state(self.vault).await;
        let clock = self.chain.clock().await;
        let mut reserves = Vec::new();
        for key in reserves_of(&obligation) {
            reserves.push(self.chain.state::<Reserve>(key).await);
        }
        f(&Portfolio { vault: &vault, obligation: &obligation, reserves: reserves.iter().collect(), clock: &clock })
    }
}
