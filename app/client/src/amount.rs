//! Amounts as people write them. Nothing is rounded in silence: what a token cannot express is refused.

use ballast_risk::{TokenAmount, Usd};

/// Why an amount was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a number.
    #[error("\"{0}\" is not an amount: write digits and at most one point, like 12.5")]
    NotANumber(String),
    /// More decimals than the token has.
    #[error("\"{text}\" has more than {decimals} decimals, which the token does not have: write at most {decimals}")]
    TooFine {
        /// What was written.
        text: String,
        /// The token's decimals.
        decimals: u8,
    },
    /// More than 2^64 − 1 units.
    #[error("\"{0}\" is more than any token account holds: write less")]
    TooLarge(String),
    /// Nothing.
    #[error("the amount is zero: write more")]
    Zero,
}

/// Reads an amount of whole tokens into units, exactly. Underscores and commas between digits are skipped; signs and exponents are not
/// read. Zero is refused.
pub fn parse(text: &str, decimals: u8) -> Result<TokenAmount, AmountError> {
    let not_a_number = || AmountError::NotANumber(text.to_owned());
    let plain = text.trim();
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let grouped = whole.chars().all(|c| c.is_ascii_digit() || c == '_' || c == ',');
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let starts_well = plain.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !grouped || !digits(fraction) || !starts_well || (whole.is_empty() && fraction.is_empty()) {
        return Err(not_a_number());
    }
    let significant = fraction.trim_end_matches('0');
    if significant.len() > usize::from(decimals) {
        return Err(AmountError::TooFine { text: text.to_owned(), decimals });
    }
    let scale = 10u128.pow(u32::from(decimals));
    let too_large = || AmountError::TooLarge(text.to_owned());
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| too_large())? };
    let padded = format!("{significant:0<width$}", width = usize::from(decimals));
    let fraction: u128 = if padded.is_empty() { 0 } else { padded.parse().map_err(|_| too_large())? };
    let units =
        whole.checked_mul(scale).and_then(|units| units.checked_add(fraction)).ok_or_else(too_large)?;
    match u64::try_from(units) {
        Ok(0) => Err(AmountError::Zero),
        Ok(units) => Ok(TokenAmount(units)),
        Err(_) => Err(too_large()),
    }
}

/// Writes units as whole tokens, every digit, without trailing zeros.
pub fn format(amount: TokenAmount, decimals: u8) -> String {
    let scale = 10u64.checked_pow(u32::from(decimals)).unwrap_or(u64::MAX);
    let (whole, fraction) = (amount.0 / scale, amount.0 % scale);
    if fraction == 0 {
        return whole.to_string();
    }
    let fraction = format!("{fraction:0>width$}", width = usize::from(decimals));
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

/// Writes micro-USD to the cent, rounded towards minus infinity, as "1,234.56".
pub fn dollars_down(value: Usd) -> String {
    let cents = value.0.div_euclid(10_000);
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", thousands(cents / 100), cents % 100)
}

fn thousands(number: u128) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_unit() {
        assert_eq!(parse("1.5", 9), Ok(TokenAmount(1_500_000_000)));
        assert_eq!(parse("0.000001", 6), Ok(TokenAmount(1)));
        assert_eq!(parse(".25", 2), Ok(TokenAmount(25)));
        assert_eq!(parse("1_000,000", 6), Ok(TokenAmount(1_000_000_000_000)));
        assert_eq!(parse("18446744073.709551615", 9), Ok(TokenAmount(u64::MAX)));
    }

    #[test]
    fn trailing_zeros_cost_no_decimals() {
        assert_eq!(parse("1.2500000000", 2), Ok(TokenAmount(125)));
    }

    #[test]
    fn what_a_token_cannot_express_is_refused_and_never_rounded() {
        let error = parse("0.0000001", 6).unwrap_err();
        assert_eq!(error, AmountError::TooFine { text: "0.0000001".into(), decimals: 6 });
        assert!(error.to_string().contains("at most 6"));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", ".", "-1", "+1", "1e9", "1.2.3", "1,5.0,0", "½", "0x10", "_1", "NaN", "1 000"] {
            assert_eq!(parse(text, 6), Err(AmountError::NotANumber(text.into())), "{text}");
        }
        assert_eq!(parse("0.000", 6), Err(AmountError::Zero));
        assert_eq!(
            parse("18446744073.709551616", 9),
            Err(AmountError::TooLarge("18446744073.709551616".into()))
        );
        assert!(matches!(parse(&"9".repeat(60), 6), Err(AmountError::TooLarge(_))));
    }

    #[test]
    fn writing_and_reading_agree() {
        for (units, decimals) in [(1, 9), (123_456_789, 6), (u64::MAX, 12), (5_000_000, 6), (700, 2)] {
            let text = format(TokenAmount(units), decimals);
            assert_eq!(parse(&text, decimals), Ok(TokenAmount(units)), "{text}");
        }
    }

    #[test]
    fn dollars_have_groups_and_cents() {
        assert_eq!(dollars_down(Usd(1_234_567_899_999)), "1,234,567.89");
        assert_eq!(dollars_down(Usd(-1)), "-0.01");
        assert_eq!(dollars_down(Usd::ZERO), "0.00");
    }
}
