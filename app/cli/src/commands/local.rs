//! What only a local network can do: make tokens, SOL and prices up.

use crate::{
    args::Amount,
    localnet::cheat,
    network::Token,
    output::Output,
    session::{address, Session},
};
use anyhow::{Context as _, Result};
use ballast_client::{address::wallet_tokens, amount, price::Price, prices::feed_from_hex, send::Transport};
use serde_json::json;
use solana_signer::Signer;

/// `faucet`.
pub async fn faucet(session: &Session, amount: &Amount, to: Option<&str>, output: &Output) -> Result<()> {
    session.only_locally()?;
    let wallet = match to {
        Some(to) => address("wallet", to)?,
        None => session.key()?.pubkey(),
    };
    let symbol = &amount.token;
    // Fees are paid in lamports; the token SOL is a token like others here.
    if symbol.eq_ignore_ascii_case("lamports") {
        let lamports = amount::parse(&amount.amount, 0)?.0;
        let balance = session.rpc.accounts(&[wallet]).await?.into_iter().next().flatten();
        let lamports = balance.map_or(0, |account| account.lamports).saturating_add(lamports);
        cheat::fund(&session.rpc, &wallet, lamports).await?;
        output.show(
            &json!({ "wallet": wallet.to_string(), "lamports": lamports }),
            format!("{wallet} has {lamports} lamports"),
        );
        return Ok(());
    }
    let token = token(session, symbol)?;
    let mint = address("mint", &token.mint)?;
    let units = amount::parse(&amount.amount, token.decimals)?;
    let program = anchor_spl::token::ID;
    let account =
        session.rpc.accounts(&[wallet_tokens(&wallet, &mint, &program)]).await?.into_iter().next().flatten();
    let held = account.and_then(|account| cheat::token_amount(&account.data)).unwrap_or(0);
    let total = held.checked_add(units.0).context("that is more than a token account holds")?;
    cheat::set_tokens(&session.rpc, &wallet, &mint, total, &program).await?;
    if session.rpc.accounts(&[wallet]).await?.into_iter().next().flatten().is_none() {
        cheat::fund(&session.rpc, &wallet, cheat::PLENTY).await?;
    }
    let total = amount::format(ballast_risk::TokenAmount(total), token.decimals);
    let value = json!({ "wallet": wallet.to_string(), "token": token.symbol, "amount": total });
    output.show(&value, format!("{wallet} has {total} {}", token.symbol));
    Ok(())
}

/// `price`.
pub async fn price(session: &Session, symbol: &str, dollars: &str, output: &Output) -> Result<()> {
    let prices = session.local_prices()?;
    let token = token(session, symbol)?;
    let feed = token.feed.as_deref().and_then(feed_from_hex);
    let feed_id = feed.with_context(|| format!("{} has no feed in the network file", token.symbol))?;
    let exponent = ballast_demo::tape::EXPONENT;
    let decimals = u8::try_from(-exponent)?;
    let mantissa = i64::try_from(amount::parse(dollars, decimals)?.0)?;
    let clock = cheat::clock(&session.rpc).await?;
    let price = Price {
        feed_id,
        price: mantissa,
        // 3 bp, as the player's quiet prices.
        confidence: u64::try_from(mantissa)? * 3 / 10_000,
        ema: mantissa,
        exponent,
        publish_time: clock.unix_timestamp,
        posted_slot: clock.slot,
    };
    prices.write(&price).await?;
    let value = json!({ "token": token.symbol, "price_usd": dollars });
    output.show(
        &value,
        format!("{} is at {dollars} USD; `ballast refresh` takes it into the vault", token.symbol),
    );
    Ok(())
}

fn token<'a>(session: &'a Session, symbol: &str) -> Result<&'a Token> {
    let tokens = &session.network.tokens;
    tokens
        .iter()
        .find(|token| token.symbol.eq_ignore_ascii_case(symbol) || token.mint == symbol)
        .with_context(|| {
            let symbols: Vec<&str> = tokens.iter().map(|token| token.symbol.as_str()).collect();
            format!(
                "the network file has no {symbol}: it has {} (and \"lamports\", for fees)",
                symbols.join(", ")
            )
        })
}
