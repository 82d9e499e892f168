//! Token-2022 mints with any extension.

use crate::{
    chain::Chain,
    market::{usd, Market, TOKEN_2022},
};
use anchor_lang::solana_program::program_pack::Pack;
use anchor_spl::token_2022::spl_token_2022::{
    extension::{AccountType, ExtensionType},
    state::{Account as TokenState, Mint as MintState},
};
use ballast_risk::presets::AssetKind;

/// Where a mint's decimals stand: behind its optional authority and its supply.
pub const DECIMALS_AT: usize = 4 + 32 + 8;

/// Bytes of a mint with one extension: the base, padded to an account's length, the account
/// type, then the extension's number and length.
pub fn mint_with(extension: ExtensionType, content: &[u8]) -> Vec<u8> {
    let mut data = vec![0; TokenState::LEN];
    let mint = MintState { decimals: 6, is_initialized: true, supply: u64::MAX, ..MintState::default() };
    MintState::pack(mint, &mut data[..MintState::LEN]).expect("the buffer has the mint's size");
    data.push(AccountType::Mint as u8);
    data.extend_from_slice(&u16::from(extension).to_le_bytes());
    data.extend_from_slice(&(content.len() as u16).to_le_bytes());
    data.extend_from_slice(content);
    data
}

/// An extension of fixed size, all zeros.
pub fn zeros_of(extension: ExtensionType) -> Vec<u8> {
    let whole = ExtensionType::try_calculate_account_len::<MintState>(&[extension]).expect("a fixed size");
    vec![0; whole - mint_with(extension, &[]).len()]
}

/// A market whose mint has one extension.
pub fn market_with(chain: &mut Chain, extension: ExtensionType, content: &[u8]) -> Market {
    let market = Market::create(chain, AssetKind::Alt, 6, TOKEN_2022, usd(1));
    chain.set_account(market.mint, TOKEN_2022, mint_with(extension, content));
    market
}
