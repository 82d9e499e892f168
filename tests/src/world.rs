//! Vaults of a preset with six markets, and the people in them.

use crate::{
    chain::{Chain, Receipt},
    failure::Failure,
    market::{usd, Market, TOKEN, TOKEN_2022},
};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::{event::StakeAction, state::Vault};
use ballast_client::{
    address::{self, Account},
    governance::open_vault,
    instruction,
    preset::{reserve_config, vault_config},
    Event,
};
use ballast_risk::{
    caps::{VaultCaps, MAX_LEVERAGE},
    presets::{balanced, AssetKind, Preset},
    Bps,
};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Someone with a wallet and an obligation.
pub struct User {
    /// Signs.
    pub keypair: Keypair,
    /// The obligation, in the vault that the user acts in.
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
    /// The same person's obligation of another number.
    pub fn numbered(&self, id: u16) -> Self {
        Self { keypair: self.keypair.insecure_clone(), account: Account { id, ..self.account } }
    }
}

/// Everything a story needs.
pub struct World {
    /// The cluster.
    pub chain: Chain,
    /// The vaults' preset.
    pub preset: Preset,
    /// Curates the vaults, guards them and gets their fees.
    pub curator: Keypair,
    /// The first vault, in which everything happens that does not name another one.
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
    /// Every vault.
    pub vaults: Vec<Pubkey>,
    /// Every open obligation.
    pub obligations: Vec<Pubkey>,
    /// Every open stake of an insurance fund.
    pub stakes: Vec<Pubkey>,
}

impl World {
    /// A vault with all six reserves and no deposits; prices are fresh.
    pub async fn start() -> Self {
        Self::with_preset(balanced().expect("the preset is valid")).await
    }

    /// The same with another preset.
    pub async fn with_preset(preset: Preset) -> Self {
        Self::on(Chain::start().await, preset).await
    }

    /// The same on a cluster of its own.
    pub async fn on(mut chain: Chain, preset: Preset) -> Self {
        let curator = chain.wallet();
        let vault = address::vault(&curator.pubkey(), 1);
        let btc = Market::create(&mut chain, AssetKind::Btc, 8, TOKEN, usd(100_000));
        let eth = Market::create(&mut chain, AssetKind::Eth, 8, TOKEN_2022, usd(4_000));
        let sol = Market::create(&mut chain, AssetKind::Sol, 9, TOKEN, usd(200));
        let lst = Market::create(&mut chain, AssetKind::Lst, 9, TOKEN, usd(240));
        let usdc = Market::create(&mut chain, AssetKind::Usd, 6, TOKEN, usd(1));
        let alt = Market::create(&mut chain, AssetKind::Alt, 5, TOKEN, usd(2));
        let (vaults, obligations, stakes) = (vec![], vec![], vec![]);
        let mut world = Self {
            chain,
            preset,
            curator,
            vault,
            btc,
            eth,
            sol,
            lst,
            usdc,
            alt,
            vaults,
            obligations,
            stakes,
        };
        world.open_vault(1).await;
        world
    }

    /// Makes the curator's vault of this number with all six reserves and fresh prices.
    pub async fn open_vault(&mut self, id: u64) -> Pubkey {
        let curator = self.curator.insecure_clone();
        let mut config = vault_config(&self.preset, id, curator.pubkey(), curator.pubkey());
        // as wide as they go: most stories are about margins, and the stories about caps set their own
        config.caps = VaultCaps { leverage: MAX_LEVERAGE, ltv: Bps(9_500), ..VaultCaps::BALANCED }.into();
        self.must(&[instruction::create_vault(curator.pubkey(), config)], &[&curator]).await;
        let vault = address::vault(&curator.pubkey(), id);
        for market in self.markets() {
            self.add_reserve_to(vault, &market).await.expect("the preset's reserves are valid");
        }
        self.must(&open_vault(curator.pubkey(), vault, 1), &[&curator]).await;
        self.refresh().await.expect("the prices are good");
        vault
    }

    /// All six markets.
    pub fn markets(&self) -> [Market; 6] {
        [self.btc, self.eth, self.sol, self.lst, self.usdc, self.alt]
    }

    /// Adds a market to the first vault with its preset parameters.
    pub async fn add_reserve(&mut self, market: &Market) -> Result<Receipt, Failure> {
        self.add_reserve_to(self.vault, market).await
    }

    /// Adds a market to a vault with its preset parameters, as if the vault were still being set up: stories that are not
    /// about the timelock need not wait for it.
    pub async fn add_reserve_to(&mut self, vault: Pubkey, market: &Market) -> Result<Receipt, Failure> {
        let config = reserve_config(&self.preset, market.kind, market.feed_id).expect("the preset is valid");
        let curator = self.curator.insecure_clone();
        let add = instruction::add_reserve(curator.pubkey(), &market.asset(vault), config);
        self.send_in_setup(vault, &[add], &[&curator]).await
    }

    /// Sends a transaction as if the vault were not open yet.
    pub async fn send_in_setup(
        &mut self,
        vault: Pubkey,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, Failure> {
        let opened_at = self.chain.state::<Vault>(vault).await.opened_at;
        self.chain.edit::<Vault>(vault, |vault| vault.opened_at = 0).await;
        let result = self.send(instructions, signers).await;
        self.chain.edit::<Vault>(vault, |vault| vault.opened_at = opened_at).await;
        result
    }

    /// Sends a transaction. When it lands, the law must hold.
    pub async fn send(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, Failure> {
        let receipt = self.chain.send(instructions, signers).await?;
        self.follow(&receipt);
        self.check_law().await;
        Ok(receipt)
    }

    /// Notes which accounts a transaction opened and closed.
    pub fn follow(&mut self, receipt: &Receipt) {
        for event in &receipt.events {
            match event {
                Event::VaultCreated(event) => self.vaults.push(event.vault),
                Event::ObligationOpened(event) => self.obligations.push(event.obligation),
                Event::StakeChanged(event) if event.action == StakeAction::Open => {
                    self.stakes.push(event.stake)
                }
                Event::StakeChanged(event) if event.action == StakeAction::Close => {
                    self.stakes.retain(|key| *key != event.stake);
                }
                Event::ObligationClosed(event) => self.obligations.retain(|key| *key != event.obligation),
                _ => {}
            }
        }
    }

    /// Sends a transaction that has to land.
    pub async fn must(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Receipt {
        self.send(instructions, signers).await.unwrap_or_else(|f| panic!("{:?} {:#?}", f.error, f.logs))
    }

    /// Someone new, with an open obligation in the first vault and empty pockets.
    pub async fn user(&mut self) -> User {
        self.user_in(self.vault).await
    }

    /// Someone new, with an open obligation in a vault and empty pockets.
    pub async fn user_in(&mut self, vault: Pubkey) -> User {
        let keypair = self.chain.wallet();
        for market in self.markets() {
            market.fund(&mut self.chain, &keypair.pubkey(), 0);
        }
        let account = Account { vault, owner: keypair.pubkey(), id: 0 };
        self.must(&[instruction::open_obligation(&account)], &[&keypair]).await;
        User { keypair, account }
    }

    /// The same person with one more obligation, in the same vault.
    pub async fn open(&mut self, user: &User, id: u16) -> User {
        let other = user.numbered(id);
        self.must(&[instruction::open_obligation(&other.account)], &[&other.keypair]).await;
        other
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
}
