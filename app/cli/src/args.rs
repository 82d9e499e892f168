//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Lend, borrow and watch over Ballast vaults.
#[derive(Debug, Parser)]
#[command(name = "ballast", version, arg_required_else_help = true)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Cluster: localhost, devnet, testnet, mainnet-beta, or an RPC address
    #[arg(short, long, global = true, env = "BALLAST_URL", value_name = "URL_OR_MONIKER")]
    pub url: Option<String>,
    /// Websocket address [default: derived from --url]
    #[arg(long, global = true, env = "BALLAST_WS", value_name = "URL")]
    pub ws: Option<String>,
    /// Keypair file of who signs and pays [default: the network file's, then ~/.config/solana/id.json]
    #[arg(short, long, global = true, env = "BALLAST_KEYPAIR", value_name = "FILE")]
    pub keypair: Option<PathBuf>,
    /// File with a vault, its tokens and their symbols; `ballast localnet` writes one [default on localhost: .ballast/network.toml]
    #[arg(long, global = true, env = "BALLAST_NETWORK", value_name = "FILE")]
    pub network: Option<PathBuf>,
    /// The vault [default: the network file's]
    #[arg(long, global = true, env = "BALLAST_VAULT", value_name = "ADDRESS")]
    pub vault: Option<String>,
    /// When a transaction counts as landed
    #[arg(long, global = true, value_enum, default_value = "confirmed")]
    pub commitment: Commitment,
    /// Priority fee: micro-lamports a compute unit, or "auto" for what landed lately
    #[arg(long, global = true, value_name = "FEE")]
    pub priority: Option<String>,
    /// Where fresh prices come from on real clusters
    #[arg(long, global = true, value_name = "URL", default_value = ballast_client::prices::hermes::HERMES)]
    pub hermes: String,
    /// Show what would be sent, and simulate it where it is one transaction; send nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// When a transaction counts as landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Commitment {
    /// As soon as a node has processed it
    Processed,
    /// Once most of the stake has voted for it
    Confirmed,
    /// Once it can no longer be undone
    Finalized,
}

/// Whose obligation.
#[derive(Clone, Debug, Args)]
pub struct Whose {
    /// Number of the obligation
    #[arg(long, default_value_t = 0)]
    pub id: u16,
    /// Its owner [default: the keypair's address]
    #[arg(long, value_name = "ADDRESS")]
    pub owner: Option<String>,
}

/// An amount of a token.
#[derive(Clone, Debug, Args)]
pub struct Amount {
    /// Whole tokens, such as 1.5; "max" for all where that makes sense
    pub amount: String,
    /// Symbol or mint
    pub token: String,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open an obligation; `deposit` does so too where there is none
    Open {
        /// Number of the obligation
        #[arg(long, default_value_t = 0)]
        id: u16,
    },
    /// Close an empty obligation and get its rent back
    Close {
        /// Number of the obligation
        #[arg(long, default_value_t = 0)]
        id: u16,
    },
    /// Put tokens in
    Deposit {
        #[command(flatten)]
        amount: Amount,
        /// Number of the obligation
        #[arg(long, default_value_t = 0)]
        id: u16,
    },
    /// Take tokens out
    Withdraw {
        #[command(flatten)]
        amount: Amount,
        /// Number of the obligation
        #[arg(long, default_value_t = 0)]
        id: u16,
    },
    /// Take a loan
    Borrow {
        #[command(flatten)]
        amount: Amount,
        /// Number of the obligation
        #[arg(long, default_value_t = 0)]
        id: u16,
    },
    /// Pay a loan back, one's own or, with --owner, anybody's
    Repay {
        #[command(flatten)]
        amount: Amount,
        #[command(flatten)]
        whose: Whose,
    },
    /// Show an obligation: positions, equity, requirement, what would liquidate it
    Show {
        #[command(flatten)]
        whose: Whose,
    },
    /// Show what an obligation would be if
    WhatIf(WhatIfArgs),
    /// Show what happened to an obligation, from the program's events
    History {
        #[command(flatten)]
        whose: Whose,
        /// Most transactions to read
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Vaults: show, create, add assets
    #[command(subcommand)]
    Vault(VaultCommand),
    /// The vault's staked insurance fund: stake, claim, cover
    #[command(subcommand)]
    Insurance(InsuranceCommand),
    /// What validators do for insurance funds; --keypair is the node identity's
    #[command(subcommand)]
    Validator(ValidatorCommand),
    /// Circuit breakers: show, trip with a signal, step down
    #[command(subcommand)]
    Breaker(BreakerCommand),
    /// Take fresh prices into the vault's reserves
    Refresh {
        /// Symbols or mints [default: all]
        tokens: Vec<String>,
    },
    /// Write off what nobody will repay of an obligation without deposits
    Absorb {
        /// The obligation
        obligation: String,
    },
    /// Pay out the vested fees of a token
    CollectFees {
        /// Symbol or mint
        token: String,
    },
    /// Have the program prove that tokens and debts cover claims
    Attest,
    /// Have the program prove that the books are the sum of the positions
    Audit,
    /// Check both proofs from accounts fetched here, trusting no report
    Verify,
    /// Watch a vault live: prices, books, breakers, the riskiest obligations
    Watch {
        /// Seconds between two looks
        #[arg(long, default_value_t = 1.0)]
        every: f64,
        /// How many looks [default: until stopped]
        #[arg(long)]
        looks: Option<u64>,
        /// How many of the riskiest obligations to list
        #[arg(long, default_value_t = 10)]
        worst: usize,
    },
    /// Run a local network that stays up: validator, vault, faucet, prices
    Localnet(LocalnetArgs),
    /// Give a wallet tokens or SOL, on a local network
    Faucet {
        #[command(flatten)]
        amount: Amount,
        /// Whose wallet [default: the keypair's]
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
    },
    /// Set a token's price in dollars, on a local network without a player
    Price {
        /// Symbol
        token: String,
        /// Dollars
        dollars: String,
    },
    /// Write shell completions to standard output
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// What to suppose; prices move first, then deposits, repayments, withdrawals and loans are applied.
#[derive(Clone, Debug, Args)]
pub struct WhatIfArgs {
    #[command(flatten)]
    pub whose: Whose,
    /// A price: SOL=-20%, SOL=+5% or SOL=150 (dollars)
    #[arg(long, value_name = "TOKEN=MOVE", allow_hyphen_values = true)]
    pub price: Vec<String>,
    /// A deposit: "1.5 SOL"
    #[arg(long, value_name = "AMOUNT TOKEN")]
    pub deposit: Vec<String>,
    /// A repayment: "100 USDC", "max USDC"
    #[arg(long, value_name = "AMOUNT TOKEN")]
    pub repay: Vec<String>,
    /// A withdrawal: "1.5 SOL", "max SOL"
    #[arg(long, value_name = "AMOUNT TOKEN")]
    pub withdraw: Vec<String>,
    /// A loan: "100 USDC"
    #[arg(long, value_name = "AMOUNT TOKEN")]
    pub borrow: Vec<String>,
}

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

/// How to run a local network.
#[derive(Clone, Debug, Args)]
pub struct LocalnetArgs {
    /// Where network.toml and the operator's keypair go
    #[arg(long, value_name = "DIR", default_value = ".ballast")]
    pub dir: PathBuf,
    /// Port of the RPC; websockets are on the next one. 0 for any that is free
    #[arg(long, default_value_t = 8899)]
    pub port: u16,
    /// Milliseconds a slot
    #[arg(long, default_value_t = 400)]
    pub slot_ms: u64,
    /// Parameters of the vault: balanced, calm or safe
    #[arg(long, default_value = "balanced")]
    pub preset: String,
    /// Dollars that a lender puts into each borrowable asset
    #[arg(long, default_value_t = 1_000_000)]
    pub liquidity: u64,
    /// Further tokens like USDE, X1 and so on, to try large books
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=25))]
    pub extras: u8,
    /// Play this scenario file; "shipped" for the crash of 10 October 2025 that comes with the project
    #[arg(long, value_name = "FILE", conflicts_with = "candles")]
    pub scenario: Option<String>,
    /// Play CSV candles from this folder
    #[arg(long, value_name = "DIR")]
    pub candles: Option<PathBuf>,
    /// Which window of the candles
    #[arg(long, value_name = "NAME", default_value = "2025-10", requires = "candles")]
    pub window: String,
    /// Played seconds a second
    #[arg(long, default_value_t = 60.0)]
    pub speed: f64,
    /// The compiled program [default: target/deploy/ballast.so]
    #[arg(long, value_name = "FILE", env = "BALLAST_PROGRAM")]
    pub program: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
