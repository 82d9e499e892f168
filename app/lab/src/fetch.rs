//! `ballast-lab fetch`: candles from Binance's public archive, in the form that this lab reads.
//!
//! The archive has one zipped CSV a market, step and month: open time, open, high, low, close, volume, and more that is not used. Times are
//! milliseconds, since 2025 microseconds.

use crate::{args::Fetch, time};
use anyhow::{bail, Context as _, Result};
use std::{
    io::{Cursor, Read as _},
    time::Duration,
};

const ARCHIVE: &str = "https://data.binance.vision/data/spot/monthly/klines";
/// Largest file that is taken, bytes.
const MOST: u64 = 200 << 20;

/// Fetches one month of each market into the folder.
pub fn run(args: &Fetch) -> Result<()> {
    if time::parse(&format!("{}-01", args.month)).is_err() {
        bail!("{:?} is not a month such as 2025-10", args.month);
    }
    if !args.markets.iter().all(|market| market.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()))
    {
        bail!("a market is written like BTCUSDT");
    }
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    for market in &args.markets {
        let name = format!("{market}-{}-{}", args.step, args.month);
        let url = format!("{ARCHIVE}/{market}/{}/{name}.zip", args.step);
        let csv =
            candles(&unzip(&download(&url)?).with_context(|| url.clone())?).with_context(|| url.clone())?;
        let path = args.out.join(format!("{}_{market}_binance_{}.csv", args.month, args.step));
        std::fs::write(&path, csv).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

fn download(url: &str) -> Result<Vec<u8>> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(120))).build().into();
    let mut response = agent.get(url).call().map_err(|error| match error {
        ureq::Error::StatusCode(404) => {
            anyhow::anyhow!("the archive has no {url}: is the market traded, and the month over?")
        }
        error => anyhow::anyhow!(
            "cannot reach {url}: {error}. Without a network, copy candle files into a folder and pass it with --candles"
        ),
    })?;
    Ok(response.body_mut().with_config().limit(MOST).read_to_vec()?)
}

fn unzip(bytes: &[u8]) -> Result<String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).context("not a zip file")?;
    let mut text = String::new();
    archive.by_index(0).context("an empty zip file")?.take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

/// The archive's rows as this lab's.
fn candles(text: &str) -> Result<String> {
    let mut out = String::from("ts,open,high,low,close,volume\n");
    for (line, row) in (1..).zip(text.lines()) {
        let fields: Vec<&str> = row.split(',').collect();
        if line == 1 && fields.first().is_some_and(|first| first.parse::<u64>().is_err()) {
            continue; // newer files have a head
        }
        let &[at, open, high, low, close, volume, ..] = fields.as_slice() else {
            bail!("line {line}: fewer than six fields");
        };
        let at: u64 = at.parse().with_context(|| format!("line {line}: {at:?} is not a time"))?;
        let seconds = if at > 100_000_000_000_000 { at / 1_000_000 } else { at / 1_000 };
        out += &format!("{seconds},{open},{high},{low},{close},{volume}\n");
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_and_microseconds_become_seconds() {
        let old = candles("1583319600000,1,3,0.5,2,10,1583319899999,20,5,1,1,0\n").unwrap();
        let new = candles("open_time,open,high,low,close,volume\n1760130000000000,1,3,0.5,2,10,9\n").unwrap();
        assert_eq!(old, "ts,open,high,low,close,volume\n1583319600,1,3,0.5,2,10\n");
        assert_eq!(new, "ts,open,high,low,close,volume\n1760130000,1,3,0.5,2,10\n");
        assert!(candles("1583319600000,1,3\n").unwrap_err().to_string().contains("line 1"));
    }

    #[test]
    fn what_cannot_be_reached_is_named_with_what_to_do() {
        let error = download("http://127.0.0.1:9/none.zip").unwrap_err().to_string();
        assert!(error.contains("cannot reach") && error.contains("--candles"), "{error}");
    }
}
