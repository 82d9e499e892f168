//! Commands of those who run, guard and insure a vault.

use super::Amount;
use anchor_lang::AnchorDeserialize;
use ballast::instructions::{Signal, TightenTo};
use ballast_client::interface::variants;
use clap::{
    builder::{PossibleValuesParser, TypedValueParser},
    Subcommand,
};
use std::path::PathBuf;

/// Commands on vaults.
#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// List the vaults of the cluster
    List,
    /// Show a vault: roles, reserves, caps, breakers
    Show,
    /// Make a vault from a TOML file (see docs/borrower.md for the keys)
    Create {
        /// The file
        file: PathBuf,
    },
    /// Add an asset from a TOML file, while the vault is being set up
    AddReserve {
        /// The file
        file: PathBuf,
    },
    /// Open the vault for deposits, for good (curator)
    Open,
    /// List the changes that wait
    Changes,
    /// Propose a change from a TOML file (curator)
    Propose {
        /// The file
        file: PathBuf,
        /// Execute it in the same transaction: for what takes effect at once
        #[arg(long)]
        now: bool,
    },
    /// Execute a change that has waited long enough
    Execute {
        /// Its number
        number: u64,
    },
    /// Cancel a change (curator or guardian)
    Cancel {
        /// Its number
        number: u64,
    },
    /// Raise a breaker for a while (guardian)
    Tighten {
        /// How far: guarded takes no new borrowing and lets leave by daily shares; halted takes no deposits either, and lets nobody with debt withdraw
        #[arg(value_parser = one_of::<TightenTo>("TightenTo"))]
        to: TightenTo,
        /// For how long
        #[arg(long, default_value_t = 8.0)]
        hours: f64,
        /// Symbol or mint [default: the vault's own breaker]
        token: Option<String>,
    },
}

/// Commands on the insurance fund.
#[derive(Debug, Subcommand)]
pub enum InsuranceCommand {
    /// Show the fund and one's own stake
    Show,
    /// Give the vault a fund in the mint of one of its reserves, for good (curator)
    Create {
        /// Symbol or mint
        token: String,
        /// TOML file of its rules, which never change (see docs/borrower.md for the keys) [default: the balanced ones]
        #[arg(long, value_name = "FILE")]
        rules: Option<PathBuf>,
    },
    /// Stake tokens
    Stake {
        /// Whole tokens of the fund's mint
        amount: String,
    },
    /// Ask to leave; stake cools down from then on
    RequestUnstake {
        /// Shares, "max" for all, "none" to stay after all
        shares: String,
    },
    /// Leave with what has cooled down
    Unstake,
    /// Close an empty stake and get its rent back
    CloseStake,
    /// Move insurance in kind beyond its target into the fund
    Collect,
    /// Repay lost debt and be paid by the fund
    Cover {
        #[command(flatten)]
        amount: Amount,
        /// Fewest whole tokens of the fund's mint to accept
        #[arg(long, value_name = "AMOUNT")]
        min_paid: String,
        /// A claim that passed [default: automatic cover]
        #[arg(long, value_name = "NUMBER")]
        claim: Option<u64>,
    },
    /// Open a claim for recorded losses; takes a bond
    Claim {
        /// Dollars
        dollars: String,
        /// The token whose lenders lost
        token: String,
    },
    /// Show a claim
    ShowClaim {
        /// Its number
        number: u64,
    },
    /// Settle a claim whose vote is over or decided
    Settle {
        /// Its number
        number: u64,
    },
    /// Close a claim that is done with
    CloseClaim {
        /// Its number
        number: u64,
    },
}

/// Commands of validators.
#[derive(Debug, Subcommand)]
pub enum ValidatorCommand {
    /// Put a vote account on the roll
    Enroll {
        /// The vote account
        vote_account: String,
    },
    /// Take a vote account off the roll
    Leave {
        /// The vote account
        vote_account: String,
    },
    /// Call the roll for this epoch, as anyone may
    CallRoll,
    /// Vote on a claim
    Vote {
        /// The claim's number
        number: u64,
        /// yes or no
        answer: String,
    },
}

/// Commands on breakers.
#[derive(Debug, Subcommand)]
pub enum BreakerCommand {
    /// Show every breaker of the vault
    Show,
    /// Trip a breaker with a signal that the program checks itself
    Trip {
        /// The signal; docs/breakers.md says what each shows
        #[arg(value_parser = one_of::<Signal>("Signal"))]
        signal: Signal,
        /// Symbol or mint; none for signals of the whole vault
        token: Option<String>,
    },
    /// Step a breaker down that has expired
    Step {
        /// Symbol or mint [default: the vault's own breaker]
        token: Option<String>,
    },
}

/// Takes one of the program's enums by the names that its interface lists.
fn one_of<T: AnchorDeserialize + Clone + Send + Sync + 'static>(
    name: &str,
) -> impl TypedValueParser<Value = T> {
    let names = variants(name);
    PossibleValuesParser::new(names.iter().map(String::as_str)).try_map(move |chosen| {
        let index = names.iter().position(|name| *name == chosen).unwrap_or(usize::MAX);
        T::try_from_slice(&[u8::try_from(index).unwrap_or(u8::MAX)])
    })
}
