//! The command line.

mod operator;

pub use operator::*;

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
        /// Most seconds between two looks; a transaction of the vault is looked at as soon as the websocket tells of it
        #[arg(long, default_value_t = 2.0, value_parser = between::<200, 3_600_000>)]
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
    /// Parameters of the vault: balanced, calm, safe, steady or still
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

/// Seconds within bounds, which are milliseconds here.
fn between<const LEAST: u64, const MOST: u64>(text: &str) -> Result<f64, String> {
    let (least, most) = (LEAST as f64 / 1e3, MOST as f64 / 1e3);
    let seconds = text.parse().ok().filter(|seconds| (least..=most).contains(seconds));
    seconds.ok_or_else(|| format!("write seconds from {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_watch_that_never_looks_or_never_rests_is_refused() {
        let every = |seconds: &str| Cli::try_parse_from(["ballast", "watch", "--every", seconds]);
        for seconds in ["nan", "inf", "-inf", "-1", "0", "0.1", "3601", "soon"] {
            let error = every(seconds).unwrap_err().to_string();
            assert!(error.contains("from 0.2 to 3600") || error.contains("unexpected argument"), "{error}");
        }
        assert!(every("0.2").is_ok() && every("3600").is_ok());
    }
}
