//! Markets: mints with an oracle, and token accounts.

use crate::chain::Chain;
use anchor_lang::prelude::Pubkey;
use anchor_spl::token_2022::spl_token_2022::{
    self,
    state::{Account as TokenState, AccountState, Mint as MintState},
};
use ballast_client::{
    address::Asset,
    price::{Price, PRICE_PROGRAM},
};
use ballast_risk::presets::AssetKind;

/// SPL Token.
pub const TOKEN: Pubkey = anchor_spl::token::ID;
/// Token-2022.
pub const TOKEN_2022: Pubkey = anchor_spl::token_2022::ID;
/// Exponent of all test prices.
pub const EXPONENT: i32 = -8;

/// Dollars as an oracle mantissa.
pub const fn usd(dollars: i64) -> i64 {
    dollars * 100_000_000
}

/// Whatever markets put their accounts into.
pub trait Cluster {
    /// Writes an account.
    fn set_account(&mut self, key: Pubkey, owner: Pubkey, data: Vec<u8>);
    /// Seconds since the epoch.
    fn now(&self) -> i64;
    /// The slot.
    fn slot(&self) -> u64;
}

impl Cluster for Chain {
    fn set_account(&mut self, key: Pubkey, owner: Pubkey, data: Vec<u8>) {
        Self::set_account(self, key, owner, data);
    }
    fn now(&self) -> i64 {
        Self::now(self)
    }
    fn slot(&self) -> u64 {
        Self::slot(self)
    }
}

/// A token with a price.
#[derive(Clone, Copy, Debug)]
pub struct Market {
    /// What it is in the vault's preset.
    pub kind: AssetKind,
    /// Its mint.
    pub mint: Pubkey,
    /// Its token program.
    pub token_program: Pubkey,
    /// Its decimals.
    pub decimals: u8,
    /// Its Pyth feed.
    pub feed_id: [u8; 32],
    /// Its price account.
    pub price_account: Pubkey,
    /// Spot, mantissa at [`EXPONENT`].
    pub price: i64,
}

impl Market {
    /// Makes a mint and a price.
    pub fn create(
        chain: &mut Chain,
        kind: AssetKind,
        decimals: u8,
        token_program: Pubkey,
        price: i64,
    ) -> Self {
        let mut market = Self {
            kind,
            mint: Pubkey::new_unique(),
            token_program,
            decimals,
            feed_id: Pubkey::new_unique().to_bytes(),
            price_account: Pubkey::new_unique(),
            price,
        };
        market.write_mint(chain);
        market.post(chain, price);
        market
    }

    /// Writes its mint, without extensions.
    pub fn write_mint(&self, chain: &mut impl Cluster) {
        let decimals = self.decimals;
        let state = MintState { decimals, is_initialized: true, supply: u64::MAX, ..MintState::default() };
        chain.set_account(self.mint, self.token_program, packed(state));
    }

    /// So many whole tokens in token units.
    pub fn units(&self, whole: u64) -> u64 {
        whole * 10u64.pow(u32::from(self.decimals))
    }

    /// Its reserve in a vault.
    pub fn asset(&self, vault: Pubkey) -> Asset {
        Asset { vault, mint: self.mint, token_program: self.token_program }
    }

    /// The price as the oracle would post it now.
    pub fn quote(&self, chain: &impl Cluster) -> Price {
        Price {
            feed_id: self.feed_id,
            price: self.price,
            confidence: self.price.unsigned_abs() / 10_000,
            ema: self.price,
            exponent: EXPONENT,
            publish_time: chain.now(),
            posted_slot: chain.slot(),
        }
    }

    /// Posts a price now.
    pub fn post(&mut self, chain: &mut impl Cluster, price: i64) {
        self.price = price;
        let quote = self.quote(chain);
        self.post_raw(chain, &quote);
    }

    /// Posts any price, true or not.
    pub fn post_raw(&self, chain: &mut impl Cluster, price: &Price) {
        chain.set_account(self.price_account, PRICE_PROGRAM, price.account_data());
    }

    /// Gives an owner's associated token account a balance.
    pub fn fund(&self, chain: &mut impl Cluster, owner: &Pubkey, amount: u64) -> Pubkey {
        let key = ballast_client::address::wallet_tokens(owner, &self.mint, &self.token_program);
        self.write_tokens(chain, key, owner, amount, AccountState::Initialized);
        key
    }

    /// Writes a token account.
    pub fn write_tokens(
        &self,
        chain: &mut impl Cluster,
        key: Pubkey,
        owner: &Pubkey,
        amount: u64,
        state: AccountState,
    ) {
        let account = TokenState { mint: self.mint, owner: *owner, amount, state, ..TokenState::default() };
        chain.set_account(key, self.token_program, packed(account));
    }
}

/// Tokens in a token account; 0 where there is none.
pub async fn balance(chain: &mut Chain, key: Pubkey) -> u64 {
    use spl_token_2022::extension::StateWithExtensions;
    match chain.account(key).await {
        Some(account) => {
            StateWithExtensions::<TokenState>::unpack(&account.data).map_or(0, |s| s.base.amount)
        }
        None => 0,
    }
}

/// The bytes of a token account or mint.
pub fn packed<T: anchor_lang::solana_program::program_pack::Pack>(state: T) -> Vec<u8> {
    let mut data = vec![0; T::LEN];
    T::pack(state, &mut data).expect("the buffer has the state's size");
    data
}
