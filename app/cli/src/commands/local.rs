//! What only a local network can do: make tokens, SOL and prices up.

use crate::{
    args::Amount,
    localnet::cheat,
    network::Token,
    output::Output,
    session::{address, Session},
};
use anyhow::{bail, Context as _, Result};
use ballast_client::{address::wallet_tokens, amount, price::Price, prices::feed_from_hex, send::Transport};
use serde_json::json;
use solana_signer::Signer;

/// Refuses what is no transaction, and so cannot be shown without doing it.
fn writes_accounts(session: &Session) -> Result<()> {
    session.only_locally()?;
    if session.global.dry_run {
        bail!("--dry-run shows transactions, and this sends none: it writes accounts of the local network. Leave --dry-run out");
    }
    Ok(())
}

/// 3 bp of a price, as the player's quiet prices have. Divided first: a mantissa may be as large as its type.
fn confidence(mantissa: u64) -> u64 {
    mantissa / 10_000 * 3 + mantissa % 10_000 * 3 / 10_000
}

/// `faucet`.
pub async fn faucet(session: &Session, amount: &Amount, to: Option<&str>, output: &Output) -> Result<()> {
    writes_accounts(session)?;
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
    writes_accounts(session)?;
    let prices = session.local_prices()?;
    let token = token(session, symbol)?;
    let feed = token.feed.as_deref().and_then(feed_from_hex);
    let feed_id = feed.with_context(|| format!("{} has no feed in the network file", token.symbol))?;
    let exponent = ballast_lab::tape::EXPONENT;
    let decimals = u8::try_from(-exponent)?;
    let units = amount::parse(dollars, decimals)?.0;
    let mantissa =
        i64::try_from(units).with_context(|| format!("{dollars} USD is more than a price account holds"))?;
    let clock = cheat::clock(&session.rpc).await?;
    let price = Price {
        feed_id,
        price: mantissa,
        confidence: confidence(units),
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

#[cfg(test)]
mod tests {
    use super::confidence;

    #[test]
    fn the_largest_price_has_a_confidence_too() {
        let exactly = |mantissa: u64| u64::try_from(u128::from(mantissa) * 3 / 10_000).unwrap();
        for mantissa in [1, 3_333, 3_334, 9_999, 10_000, 15_000_000_000, i64::MAX as u64] {
            assert_eq!(confidence(mantissa), exactly(mantissa), "{mantissa}");
        }
    }
}
