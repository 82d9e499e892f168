//! Suppositions as people write them.

use anyhow::{bail, Context as _, Result};

/// "1.5 SOL" or "1.5:SOL": an amount and a token.
pub fn amount_of_token(text: &str) -> Result<(&str, &str)> {
    let parts: Vec<&str> = text.split([' ', ':']).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [amount, token] => Ok((amount, token)),
        _ => bail!("\"{text}\" is not an amount and a token: write \"1.5 SOL\""),
    }
}

/// A price move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Move {
    /// New price over the old one, parts per million.
    To(u64),
    /// Dollars.
    Dollars(f64),
}

/// "SOL=-20%", "SOL=+5.5%" or "SOL=150": a token and its price.
pub fn price_move(text: &str) -> Result<(&str, Move)> {
    let (token, to) =
        text.split_once('=').with_context(|| format!("\"{text}\" is no price: write SOL=-20% or SOL=150"))?;
    if let Some(percent) = to.strip_suffix('%') {
        let number: f64 = percent
            .parse()
            .ok()
            .filter(|n: &f64| n.is_finite())
            .with_context(|| format!("\"{to}\" is no percentage"))?;
        let ppm = 1_000_000.0 + number * 10_000.0;
        if !(1.0..=1e12).contains(&ppm) || (ppm - ppm.round()).abs() > 1e-6 {
            bail!("\"{to}\" is out of range or has more than four decimals: write −99.9999 % or more");
        }
        return Ok((token, Move::To(ppm.round() as u64)));
    }
    let dollars: f64 = to
        .parse()
        .ok()
        .filter(|n: &f64| n.is_finite() && *n > 0.0)
        .with_context(|| format!("\"{to}\" is no price in dollars"))?;
    Ok((token, Move::Dollars(dollars)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_name_their_token() {
        assert_eq!(amount_of_token("1.5 SOL").unwrap(), ("1.5", "SOL"));
        assert_eq!(amount_of_token("max:USDC").unwrap(), ("max", "USDC"));
        assert!(amount_of_token("1.5").is_err() && amount_of_token("1 2 SOL").is_err());
    }

    #[test]
    fn prices_move_by_percent_or_to_dollars() {
        assert_eq!(price_move("SOL=-20%").unwrap(), ("SOL", Move::To(800_000)));
        assert_eq!(price_move("SOL=+5.5%").unwrap(), ("SOL", Move::To(1_055_000)));
        assert_eq!(price_move("SOL=150.25").unwrap(), ("SOL", Move::Dollars(150.25)));
        for text in ["SOL", "SOL=-100%", "SOL=x%", "SOL=0", "SOL=-5", "SOL=NaN", "SOL=0.00001%"] {
            assert!(price_move(text).is_err(), "{text}");
        }
    }
}
