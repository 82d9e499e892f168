//! Values as people write them, read without rounding: dollars, tokens, percentages, times, addresses. Fractions are written in
//! quotes, because a TOML float is not exact.

use anchor_lang::prelude::Pubkey;
use serde::{
    de::{Error, Visitor},
    Deserialize, Deserializer,
};
use std::{fmt, str::FromStr};

/// What a reading may fail with: what was found and what is allowed.
pub type Read<T> = Result<T, String>;

/// A decimal number, exactly as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    digits: u128,
    places: u32,
}

impl FromStr for Decimal {
    type Err = String;

    fn from_str(text: &str) -> Read<Self> {
        let refuse = || {
            format!("`{text}` is not a number: write digits, with `_` between thousands and one `.` for a fraction")
        };
        let plain = text.replace('_', "");
        let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
        let dangling = plain.ends_with('.') || whole.is_empty();
        let digits = format!("{whole}{part}");
        if dangling || digits.len() > 30 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refuse());
        }
        Ok(Self { digits: digits.parse().map_err(|_| refuse())?, places: part.len() as u32 })
    }
}

impl Decimal {
    /// The number × 10^`places`, if that is whole and fits.
    pub fn scaled(&self, places: u32, what: &str) -> Read<u64> {
        let (mut digits, mut has) = (self.digits, self.places);
        while has > places {
            if digits % 10 != 0 {
                return Err(format!("{what} has {places} decimals at most: `{self}` would be rounded"));
            }
            digits /= 10;
            has -= 1;
        }
        10u128
            .checked_pow(places - has)
            .and_then(|scale| digits.checked_mul(scale))
            .and_then(|scaled| u64::try_from(scaled).ok())
            .ok_or_else(|| format!("`{self}` is too large for {what}"))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let text = format!("{:0>width$}", self.digits, width = self.places as usize + 1);
        let (whole, part) = text.split_at(text.len() - self.places as usize);
        if part.is_empty() {
            write!(f, "{whole}")
        } else {
            write!(f, "{whole}.{part}")
        }
    }
}

/// Dollars, in micro-USD: `1_000_000`, `"2.50"` or `"unlimited"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dollars(pub u64);

impl FromStr for Dollars {
    type Err = String;

    fn from_str(text: &str) -> Read<Self> {
        if text == "unlimited" {
            return Ok(Self(u64::MAX));
        }
        Ok(Self(text.trim_start_matches('$').parse::<Decimal>()?.scaled(6, "an amount of dollars")?))
    }
}

/// An amount of some token, which its mint's decimals make units of: `1_000`, `"0.5"` or `"unlimited"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// As many as there can be.
    Unlimited,
    /// So many.
    Amount(Decimal),
}

impl FromStr for Tokens {
    type Err = String;

    fn from_str(text: &str) -> Read<Self> {
        if text == "unlimited" {
            return Ok(Self::Unlimited);
        }
        text.parse().map(Self::Amount)
    }
}

impl Tokens {
    /// In units of a mint with these decimals.
    pub fn units(&self, decimals: u8) -> Read<u64> {
        match self {
            Self::Unlimited => Ok(u64::MAX),
            Self::Amount(amount) => amount.scaled(u32::from(decimals), "an amount of this token"),
        }
    }
}

/// A share of something, bps: `"12.5 %"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(pub u32);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Read<Self> {
        let number = text
            .strip_suffix('%')
            .ok_or_else(|| format!("`{text}` is not a percentage: write it as \"12.5 %\""))?;
        let bps = number.trim().parse::<Decimal>()?.scaled(2, "a percentage")?;
        Ok(Self(u32::try_from(bps).map_err(|_| format!("`{text}` is too large for a percentage"))?))
    }
}

impl Percent {
    /// As the program's 16-bit parameters take it.
    pub fn short(self) -> Read<u16> {
        u16::try_from(self.0).map_err(|_| format!("{} % is too large here: at most 655.35 %", self.0 / 100))
    }
}

/// How many times, ten-thousandths: `"8"` or `"1.5"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times(pub u32);

impl FromStr for Times {
    type Err = String;

    fn from_str(text: &str) -> Read<Self> {
        let scaled = text.parse::<Decimal>()?.scaled(4, "a multiple")?;
        Ok(Self(u32::try_from(scaled).map_err(|_| format!("`{text}` is too large for a multiple"))?))
    }
}

/// A redemption rate, parts per billion: `"1.0832"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(pub u64);

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Read<Self> {
        Ok(Self(text.parse::<Decimal>()?.scaled(9, "a rate")?))
    }
}

/// A time, seconds: `"30 s"`, `"5 min"`, `"6 h"` or `"2 days"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub u32);

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Read<Self> {
        let refuse =
            || format!("`{text}` is not a time: write it as \"30 s\", \"5 min\", \"6 h\" or \"2 days\"");
        let (number, unit) = text.split_once(' ').ok_or_else(refuse)?;
        let seconds: u32 = match unit.trim() {
            "s" => 1,
            "min" => 60,
            "h" => 3_600,
            "day" | "days" => 86_400,
            _ => return Err(refuse()),
        };
        let number: u32 = number.parse().map_err(|_| refuse())?;
        number.checked_mul(seconds).map(Self).ok_or_else(|| format!("`{text}` is too long"))
    }
}

/// An address, in base 58.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub Pubkey);

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Read<Self> {
        Pubkey::from_str(text)
            .map(Self)
            .map_err(|_| format!("`{text}` is not an address: write 32 bytes in base 58"))
    }
}

/// A Pyth feed, in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed(pub [u8; 32]);

impl FromStr for Feed {
    type Err = String;

    fn from_str(text: &str) -> Read<Self> {
        let refuse = || {
            format!("`{text}` is not a Pyth feed: write its 32 bytes as 64 hexadecimal digits, after `0x`")
        };
        let digits = text.strip_prefix("0x").unwrap_or(text);
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(refuse());
        }
        let mut feed = [0; 32];
        for (byte, pair) in feed.iter_mut().zip(0..32) {
            *byte = u8::from_str_radix(&digits[2 * pair..2 * pair + 2], 16).map_err(|_| refuse())?;
        }
        Ok(Self(feed))
    }
}

/// Reads text or a whole number as text; refuses floats with what to write instead.
struct Text;

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a whole number, or a value in quotes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.trim().to_owned())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<String, E> {
        Err(E::custom(format!("a fraction is written in quotes, so that nothing is rounded: \"{number}\"")))
    }
}

macro_rules! read_as_text {
    ($($name:ty),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Text)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

read_as_text!(Dollars, Tokens, Percent, Times, Rate, Time, Key, Feed);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_refused() {
        assert_eq!("1_000.5".parse::<Dollars>(), Ok(Dollars(1_000_500_000)));
        assert_eq!("$2".parse::<Dollars>(), Ok(Dollars(2_000_000)));
        let tokens = |text: &str, decimals| text.parse::<Tokens>().unwrap().units(decimals);
        assert_eq!(tokens("0.5", 9), Ok(500_000_000));
        assert_eq!(tokens("1.50", 1), Ok(15));
        assert_eq!(
            tokens("0.05", 1).unwrap_err(),
            "an amount of this token has 1 decimals at most: `0.05` would be rounded"
        );
        assert!(tokens("18446744073710", 6).unwrap_err().contains("too large"));
        assert_eq!(tokens("unlimited", 6), Ok(u64::MAX));
    }

    #[test]
    fn nonsense_is_told_what_is_allowed() {
        for (refused, allowed) in [
            ("1,000".parse::<Dollars>().unwrap_err(), "`_` between thousands"),
            ("-1".parse::<Dollars>().unwrap_err(), "write digits"),
            ("1.".parse::<Dollars>().unwrap_err(), "write digits"),
            ("0.0000001".parse::<Dollars>().unwrap_err(), "6 decimals"),
            ("5".parse::<Percent>().map(|_| ()).unwrap_err(), "\"12.5 %\""),
            ("0.001 %".parse::<Percent>().map(|_| ()).unwrap_err(), "rounded"),
            ("5m".parse::<Time>().map(|_| ()).unwrap_err(), "\"5 min\""),
            ("1.5 h".parse::<Time>().map(|_| ()).unwrap_err(), "\"5 min\""),
            ("0x12".parse::<Feed>().map(|_| ()).unwrap_err(), "64 hexadecimal"),
            ("hello".parse::<Key>().map(|_| ()).unwrap_err(), "base 58"),
        ] {
            assert!(refused.contains(allowed), "{refused}");
        }
    }

    #[test]
    fn percentages_times_and_rates_are_what_the_program_counts_in() {
        assert_eq!("12.5 %".parse::<Percent>(), Ok(Percent(1_250)));
        assert_eq!("2 days".parse::<Time>(), Ok(Time(2 * 86_400)));
        assert_eq!("1.5".parse::<Times>(), Ok(Times(15_000)));
        assert_eq!("1.0832".parse::<Rate>(), Ok(Rate(1_083_200_000)));
    }
}
