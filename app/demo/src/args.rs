//! The command line.

use clap::Parser;
use std::path::PathBuf;

/// Replays a crash on a local network: two Ballast vaults, a few dozen borrowers, and a keeper, beside plain LTV by the same prices.
#[derive(Debug, Parser)]
#[command(name = "ballast-demo", version)]
pub struct Args {
    /// Replay CSV candles from this folder (`<window>_<MARKET>_<venue>_<step>.csv`) instead of the scenario
    #[arg(long, value_name = "DIR", conflicts_with = "scenario")]
    pub candles: Option<PathBuf>,
    /// Which window of the candles
    #[arg(long, value_name = "NAME", default_value = "2025-10", requires = "candles")]
    pub window: String,
    /// First moment of the candles, UTC, such as 2025-10-10T12:00
    #[arg(long, value_name = "TIME", requires = "candles", value_parser = parse_time)]
    pub from: Option<u64>,
    /// Last moment of the candles, UTC
    #[arg(long, value_name = "TIME", requires = "candles", value_parser = parse_time)]
    pub to: Option<u64>,
    /// Play this scenario instead of the one of 10 October 2025 that comes with the project
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Decides who has which size and assets: the same seed, the same borrowers
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many borrowers
    #[arg(long, value_name = "COUNT", default_value_t = 72)]
    pub borrowers: usize,
    /// Where summary.json and report.html go
    #[arg(long, value_name = "DIR", default_value = "target/demo")]
    pub out: PathBuf,
    /// Play only the second act, in which an asset dies in a vault of its own
    #[arg(long)]
    pub second_act_only: bool,
    /// The compiled program
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
}

impl Args {
    /// The compiled program: as given, or where the build puts it.
    pub fn program(&self) -> PathBuf {
        self.program.clone().unwrap_or_else(ballast_lab::svm::built_program)
    }
}

fn parse_time(text: &str) -> Result<u64, String> {
    crate::time::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
        let args =
            Args::try_parse_from(["x", "--candles", "data", "--window", "2026-06", "--from", "2026-06-02"])
                .unwrap();
        assert_eq!(
            (args.window.as_str(), args.from),
            ("2026-06", Some(crate::time::parse("2026-06-02").unwrap()))
        );
        assert!(Args::try_parse_from(["x", "--window", "2026-06"]).is_err(), "a window needs candles");
        assert!(Args::try_parse_from(["x", "--candles", "a", "--from", "noon"]).is_err());
        assert!(Args::try_parse_from(["x", "--candles", "a", "--scenario", "b"]).is_err());
    }
}
