//! The command line.

use crate::{asset::Asset, stress::Stress};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// The Ballast stress lab.
#[derive(Debug, Parser)]
#[command(name = "ballast-lab", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replay one window over all designs and seeds
    Replay(Replay),
    /// Replay every window of a folder, and write report.html, results.json and results.parquet
    Report(Report),
    /// Measure how fast scores and replays are
    Bench(Bench),
    /// Download candles from a public archive
    Fetch(Fetch),
    /// Sweep margins and thresholds: liquidated volume against lender loss
    Frontier(Frontier),
    /// Run a population through the compiled program, and compare every tranche with the simulator's
    Onchain(Onchain),
}

/// Where prices come from.
#[derive(Clone, Debug, Args)]
pub struct Source {
    /// Folder of candle files (`<window>_<MARKET>_<venue>_<step>.csv`)
    #[arg(long, value_name = "DIR")]
    pub candles: Option<PathBuf>,
    /// Which window of the candles
    #[arg(long, value_name = "NAME", default_value = "2025-10")]
    pub window: String,
    /// A scenario file instead of candles, or 2025-10-10 or 2026-06-grind, which come with the project; without either the first
    #[arg(long, value_name = "FILE or NAME", conflicts_with = "candles")]
    pub scenario: Option<PathBuf>,
    /// Seed of the bridge between a scenario's knots; without one, straight lines
    #[arg(long, value_name = "SEED")]
    pub bridge: Option<u64>,
    /// First moment, UTC, such as 2025-10-10T12:00
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub from: Option<u64>,
    /// Last moment, UTC
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub to: Option<u64>,
    /// Within a bar, the high before the low where the majors fall, instead of always the low first
    #[arg(long)]
    pub by_direction: bool,
}

/// Who borrows.
#[derive(Clone, Debug, Args)]
pub struct Borrowers {
    /// A population file instead of the one that comes with the project
    #[arg(long, value_name = "FILE")]
    pub population: Option<PathBuf>,
    /// Accounts a seed, instead of the population's own number
    #[arg(long, value_name = "N")]
    pub accounts: Option<usize>,
    /// Most deposits of an asset in a vault, dollars, such as ALT:100000; beside the population's own
    #[arg(long = "cap", value_name = "ASSET:DOLLARS", value_parser = parse_pair)]
    pub caps: Vec<(Asset, f64)>,
    /// How many seeds
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub seeds: u64,
    /// The first seed; the others follow it
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub first_seed: u64,
}

impl Borrowers {
    /// The seeds.
    pub fn seeds(&self) -> Vec<u64> {
        (self.first_seed..self.first_seed + self.seeds.max(1)).collect()
    }
}

/// Stress transforms.
#[derive(Clone, Debug, Args)]
pub struct Stresses {
    /// Every fall deeper by this factor, in log
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub stress: f64,
    /// From SOL's low on, prices stay
    #[arg(long)]
    pub no_rebound: bool,
    /// After the low, volatile assets move on by this share, such as -0.25
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.0,
        requires = "no_rebound",
        allow_hyphen_values = true
    )]
    pub drift: f64,
    /// The oracle shows prices of this many seconds ago
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub lag: u64,
    /// The oracle shows an asset lower for five minutes at the low, such as ALT:0.4
    #[arg(long, value_name = "ASSET:SHARE", value_parser = parse_pair)]
    pub wick: Option<(Asset, f64)>,
    /// An asset's relative price to a power, such as BTC:-0.5
    #[arg(long, value_name = "ASSET:POWER", value_parser = parse_pair)]
    pub decouple: Option<(Asset, f64)>,
    /// A stable falls around the low, such as USDC:0.9
    #[arg(long, value_name = "ASSET:PRICE", value_parser = parse_pair)]
    pub depeg: Option<(Asset, f64)>,
}

impl Stresses {
    /// As the library takes them.
    pub fn stress(&self) -> Stress {
        Stress {
            factor: self.stress,
            no_rebound: self.no_rebound,
            drift: self.drift,
            lag_seconds: self.lag,
            wick: self.wick,
            decouple: self.decouple,
            depeg: self.depeg,
        }
    }
}

/// `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// Prices.
    #[command(flatten)]
    pub source: Source,
    /// Borrowers.
    #[command(flatten)]
    pub borrowers: Borrowers,
    /// Stress.
    #[command(flatten)]
    pub stress: Stresses,
    /// Only these designs, beside plain LTV
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub designs: Vec<String>,
    /// Presets from TOML files, beside the designs
    #[arg(long = "preset", value_name = "FILE")]
    pub presets: Vec<PathBuf>,
    /// Also write one row a seed and design to this file
    #[arg(long, value_name = "FILE")]
    pub parquet: Option<PathBuf>,
    /// JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Folder of candle files
    #[arg(long, value_name = "DIR")]
    pub candles: PathBuf,
    /// Where the files go
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Only these windows
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub windows: Vec<String>,
    /// Borrowers.
    #[command(flatten)]
    pub borrowers: Borrowers,
    /// No progress bars
    #[arg(long)]
    pub quiet: bool,
}

/// `bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// Accounts of the replays
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "10000,100000,1000000")]
    pub accounts: Vec<usize>,
    /// Accounts that the scoring kernel goes through
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    pub score_accounts: usize,
    /// Write bench.json and bench.svg into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `fetch`.
#[derive(Debug, Args)]
pub struct Fetch {
    /// Which month, such as 2025-10
    #[arg(long, value_name = "MONTH")]
    pub month: String,
    /// Which markets
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "BTCUSDT,ETHUSDT,SOLUSDT,SUIUSDT"
    )]
    pub markets: Vec<String>,
    /// Length of a bar
    #[arg(long, default_value = "5m", value_parser = ["1m", "5m", "1h"])]
    pub step: String,
    /// Where the files go
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// `frontier`.
#[derive(Debug, Args)]
pub struct Frontier {
    /// Prices.
    #[command(flatten)]
    pub source: Source,
    /// Borrowers.
    #[command(flatten)]
    pub borrowers: Borrowers,
    /// Factors of the crash
    #[arg(long, value_name = "FACTORS", value_delimiter = ',', default_value = "1,2")]
    pub stress: Vec<f64>,
    /// JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// `onchain`.
#[derive(Debug, Args)]
pub struct Onchain {
    /// Prices.
    #[command(flatten)]
    pub source: Source,
    /// Stress.
    #[command(flatten)]
    pub stress: Stresses,
    /// A population file instead of the one that comes with the project
    #[arg(long, value_name = "FILE")]
    pub population: Option<PathBuf>,
    /// How many accounts
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub accounts: usize,
    /// The population's seed
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed: u64,
    /// The vault's preset, or a TOML file of one
    #[arg(long, value_name = "NAME or FILE", default_value = "balanced")]
    pub preset: String,
    /// Ask the program for a score and a verdict on every account once in so many moments; on those below their requirement always
    #[arg(long, value_name = "MOMENTS", default_value_t = 48)]
    pub ask_every: usize,
    /// The compiled program, instead of target/deploy/ballast.so
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

fn parse_time(text: &str) -> Result<u64, String> {
    crate::time::parse(text).map_err(|error| error.to_string())
}

fn parse_pair(text: &str) -> Result<(Asset, f64), String> {
    let wrong = || format!("{text:?} is not an asset and a number, such as BTC:-0.5");
    let (asset, number) = text.split_once(':').ok_or_else(wrong)?;
    let asset = Asset::named(asset).ok_or_else(wrong)?;
    Ok((asset, number.parse().map_err(|_| wrong())?))
}
