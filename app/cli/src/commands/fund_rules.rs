//! The rules of an insurance fund as operators write them in TOML. They are set once and never change, so whoever leaves a line out
//! should know what it stands for: docs/borrower.md lists the defaults.

use super::config::{days, percent};
use anyhow::{anyhow, Result};
use ballast_risk::{fund::FundRules, Bps};
use serde::Deserialize;

/// A file of rules; what it leaves out is as in `FundRules::BALANCED`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FundFile {
    /// Between asking to unstake and leaving.
    cooldown_days: Option<u64>,
    /// How long stake can leave after that.
    unstake_window_days: Option<u64>,
    /// Period of the automatic cover.
    cover_period_days: Option<u64>,
    /// How long a claim is voted on.
    voting_days: Option<u64>,
    /// Most of the fund that it pays of itself in a period.
    cover_percent: Option<f64>,
    /// Paid on top of what is repaid.
    premium_percent: Option<f64>,
}

impl FundFile {
    /// As the program takes them, within its bounds.
    pub fn rules(&self) -> Result<FundRules> {
        let mut rules = FundRules::BALANCED;
        for (to, from) in [
            (&mut rules.cooldown, self.cooldown_days),
            (&mut rules.unstake_window, self.unstake_window_days),
            (&mut rules.cover_period, self.cover_period_days),
            (&mut rules.voting_period, self.voting_days),
        ] {
            if let Some(count) = from {
                // What no field holds is beyond every bound as well.
                *to = u32::try_from(days(count)?).unwrap_or(u32::MAX);
            }
        }
        for (what, to, from) in [
            ("cover_percent", &mut rules.cover_share, self.cover_percent),
            ("premium_percent", &mut rules.premium, self.premium_percent),
        ] {
            if let Some(share) = from {
                *to = Bps(percent(what, share)?);
            }
        }
        rules.validate().map_err(|error| anyhow!("the fund's rules: {error}"))?;
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Result<FundRules> {
        toml::from_str::<FundFile>(text)?.rules()
    }

    #[test]
    fn a_file_says_what_differs_in_days_and_percent() {
        assert_eq!(rules("").unwrap(), FundRules::BALANCED);
        let slow =
            rules("cooldown_days = 30\nvoting_days = 5\ncover_percent = 2.5\npremium_percent = 0").unwrap();
        assert_eq!((slow.cooldown, slow.voting_period), (30 * 86_400, 5 * 86_400));
        assert_eq!((slow.cover_share, slow.premium), (Bps(250), Bps(0)));
        assert_eq!(slow.cover_period, FundRules::BALANCED.cover_period);
    }

    #[test]
    fn rules_that_the_program_would_refuse_are_refused_with_the_bound() {
        for (text, bound) in [
            ("cooldown_days = 6", "7 to 60 days"),
            ("cooldown_days = 99999999999999", "7 to 60 days"),
            ("unstake_window_days = 8", "1 to 7 days"),
            ("cover_period_days = 0", "1 to 30 days"),
            ("voting_days = 15", "1 to 14 days"),
            ("cover_percent = 26", "at most a quarter"),
            ("premium_percent = 1.5", "at most 1 %"),
            ("premium_percent = nan", "premium_percent"),
            ("premium_percent = 0.001", "finer than a basis point"),
            ("cooldown = 14", "unknown field"),
        ] {
            let error = format!("{:#}", rules(text).unwrap_err());
            assert!(error.contains(bound), "{text}: {error}");
        }
    }
}
