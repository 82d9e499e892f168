//! What a local validator does beside a real one's work: it makes up accounts, tokens and SOL.

use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::{program_pack::Pack, sysvar::SysvarId},
};
use anchor_spl::token::spl_token::state::{Account as TokenAccount, Mint};
use anyhow::{Context as _, Result};
use ballast_client::{
    prices::hex,
    send::{Rpc, Transport},
};
use serde_json::{json, Value};
use solana_rpc_client_api::request::RpcRequest;

/// Lamports that pay for everything that anybody does here.
pub const PLENTY: u64 = 100_000_000_000;

async fn call(rpc: &Rpc, method: &'static str, params: Value) -> Result<()> {
    let answer = rpc.client().send::<Value>(RpcRequest::Custom { method }, params).await;
    answer.map(|_| ()).with_context(|| format!("{method}: is this a local network of `ballast localnet`?"))
}

/// Sets a wallet's lamports.
pub async fn fund(rpc: &Rpc, wallet: &Pubkey, lamports: u64) -> Result<()> {
    call(rpc, "surfnet_setAccount", json!([wallet.to_string(), { "lamports": lamports }])).await
}

/// Sets the tokens in a wallet's associated token account.
pub async fn set_tokens(
    rpc: &Rpc,
    wallet: &Pubkey,
    mint: &Pubkey,
    amount: u64,
    program: &Pubkey,
) -> Result<()> {
    let params = json!([wallet.to_string(), mint.to_string(), { "amount": amount }, program.to_string()]);
    call(rpc, "surfnet_setTokenAccount", params).await
}

/// Makes a mint that nobody can mint with.
pub async fn make_mint(rpc: &Rpc, mint: &Pubkey, decimals: u8) -> Result<()> {
    let state = Mint { decimals, supply: u64::MAX, is_initialized: true, ..Mint::default() };
    let mut data = [0u8; Mint::LEN];
    state.pack_into_slice(&mut data);
    let update =
        json!({ "lamports": 10_000_000u64, "data": hex(&data), "owner": anchor_spl::token::ID.to_string() });
    call(rpc, "surfnet_setAccount", json!([mint.to_string(), update])).await
}

/// Tokens in a token account.
pub fn token_amount(data: &[u8]) -> Option<u64> {
    TokenAccount::unpack_from_slice(data).ok().map(|account| account.amount)
}

/// The cluster's clock.
pub async fn clock(rpc: &Rpc) -> Result<Clock> {
    let account = rpc.accounts(&[Clock::id()]).await?.into_iter().next().flatten();
    account
        .and_then(|account| ballast_client::account::clock(&account.data))
        .context("the cluster has no clock")
}
