//! Commands of those who run, guard and insure a vault.

use super::Amount;
use clap::{Subcommand, ValueEnum};
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
        /// How far
        to: TightenToName,
        /// For how long
        #[arg(long, default_value_t = 8.0)]
        hours: f64,
        /// Symbol or mint [default: the vault's own breaker]
        token: Option<String>,
    },
}

/// How far a guardian raises a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TightenToName {
    /// No new borrowing, and leaving by daily shares
    Guarded,
    /// Also no deposits and no withdrawal with debt
    Halted,
}

/// Commands on the insurance fund.
#[derive(Debug, Subcommand)]
pub enum InsuranceCommand {
    /// Show the fund and one's own stake
    Show,
    /// Give the vault a fund in the mint of one of its reserves (curator)
    Create {
        /// Symbol or mint
        token: String,
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
        /// The signal
        signal: SignalName,
        /// Symbol or mint; none for signals of the whole vault
        token: Option<String>,
    },
    /// Step a breaker down that has expired
    Step {
        /// Symbol or mint [default: the vault's own breaker]
        token: Option<String>,
    },
}

/// Signals by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SignalName {
    /// Spot is away from its average
    Average,
    /// The price is uncertain
    Confidence,
    /// The price jumped
    Jump,
    /// The asset is away from its rate or peg
    Rate,
    /// There is no new price while debt depends on it
    Stale,
    /// The outflow bucket is empty
    Outflow,
    /// The inflow bucket is empty
    Inflow,
    /// Lenders bore a loss
    Loss,
    /// The token account holds less than the books say
    Deficit,
    /// The token account was frozen or thawed
    Frozen,
    /// The vault's lenders bore losses
    VaultLoss,
    /// As deficit, for the whole vault
    VaultDeficit,
    /// The last attestation failed
    VaultAttestation,
    /// Guarded reserves hold too much of the vault's collateral
    VaultGuardedShare,
}
