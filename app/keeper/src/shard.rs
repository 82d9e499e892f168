//! Which obligations of a vault a keeper cares for, where several share a vault that is too large for one.

use anchor_lang::prelude::Pubkey;
use anyhow::{bail, Context as _};
use std::{fmt, str::FromStr};

/// Part `part` of `of` equal ranges of addresses, written `part/of`, from `1/of` to `of/of`.
///
/// An obligation's address is a SHA-256 hash of its vault, owner and number, so ranges of it hold about as many obligations each, and
/// each obligation lies in exactly one. Keepers need no word from each other for that: they share nothing but the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1 to `of`.
    part: u16,
    of: u16,
}

impl Shard {
    /// All obligations.
    pub const WHOLE: Self = Self { part: 1, of: 1 };

    /// Whether an obligation lies in this part.
    pub fn contains(&self, obligation: &Pubkey) -> bool {
        let [a, b, c, d, e, f, g, h, ..] = obligation.to_bytes();
        let first = u128::from(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
        // 0 to of − 1: the product is below of · 2^64
        (first * u128::from(self.of)) >> 64 == u128::from(self.part) - 1
    }
}

impl FromStr for Shard {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let numbers =
            text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        let (part, of) = numbers.with_context(|| {
            format!("\"{text}\" is no shard: write its number and how many there are, such as \"1/4\"")
        })?;
        if !(1..=of).contains(&part) {
            bail!("\"{text}\" is no shard: of {of} there are 1/{of} to {of}/{of}");
        }
        Ok(Self { part, of })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_shard_is_a_number_of_how_many() {
        assert_eq!("1/1".parse::<Shard>().unwrap(), Shard::WHOLE);
        assert_eq!("3/8".parse::<Shard>().unwrap().to_string(), "3/8");
        for wrong in ["0/4", "5/4", "1/0", "4", "a/b", "1/2/3", "", "1/70000", "-1/4"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_ends_of_all_addresses_lie_in_the_first_and_the_last() {
        for of in [1, 2, 3, 1_000, u16::MAX] {
            assert!(Shard { part: 1, of }.contains(&Pubkey::new_from_array([0; 32])));
            assert!(Shard { part: of, of }.contains(&Pubkey::new_from_array([0xff; 32])));
        }
    }

    proptest! {
        #[test]
        fn of_all_shards_exactly_one_has_an_obligation(address: [u8; 32], of in 1u16..300) {
            let address = Pubkey::new_from_array(address);
            let holders = (1..=of).filter(|part| Shard { part: *part, of }.contains(&address));
            prop_assert_eq!(holders.count(), 1);
        }
    }
}
