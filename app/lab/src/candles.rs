//! Candle files: `<window>_<MARKET>_<venue>_<step>.csv` with `ts,open,high,low,close,volume`, one row a bar.

use anyhow::{anyhow, bail, Context as _, Result};
use std::{
    fs::File,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// When it opens, seconds since the epoch.
    pub time: u64,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

/// One market's bars, without gaps.
#[derive(Clone, Debug)]
pub struct Series {
    /// `BTCUSDT`.
    pub market: String,
    /// `binance`.
    pub venue: String,
    /// Seconds a bar.
    pub step: u64,
    /// The bars, one every `step` seconds.
    pub bars: Vec<Bar>,
}

/// A candle file's name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    window: String,
    market: String,
    venue: String,
    step: u64,
}

impl Name {
    /// `None` for a name of another shape, or of other data (`…_bookdepth_1m.csv`).
    fn read(path: &Path) -> Option<Self> {
        let stem = path.file_name()?.to_str()?.strip_suffix(".csv")?;
        let parts: Vec<&str> = stem.split('_').collect();
        let &[window, market, venue, step] = parts.as_slice() else { return None };
        let (number, unit) = step.split_at(step.len().checked_sub(1)?);
        let seconds = match unit {
            "m" => 60,
            "h" => 3_600,
            _ => return None,
        };
        let step = number.parse::<u64>().ok().filter(|n| *n > 0)?.checked_mul(seconds)?;
        Some(Self { window: window.into(), market: market.into(), venue: venue.into(), step })
    }
}

/// The windows for which a folder has candle files.
pub fn windows(folder: &Path) -> Result<Vec<String>> {
    let mut windows: Vec<String> = files(folder)?.into_iter().map(|(_, name)| name.window).collect();
    windows.sort();
    windows.dedup();
    Ok(windows)
}

fn files(folder: &Path) -> Result<Vec<(PathBuf, Name)>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut files = vec![];
    for entry in entries {
        let path = entry?.path();
        if let Some(name) = Name::read(&path) {
            files.push((path, name));
        }
    }
    files.sort();
    Ok(files)
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.window, &self.market, &self.venue, self.step).cmp(&(
            &other.window,
            &other.market,
            &other.venue,
            other.step,
        ))
    }
}

/// Reads a market of a window, quoted in USDT or USD; the first venue by name where there are several. `None` if there is no
/// such file.
///
/// Only bars that open within `range` are taken, and only among them gaps are refused: exchanges were down at times, and what is not
/// used need not be whole.
pub fn read(folder: &Path, window: &str, base: &str, range: RangeInclusive<u64>) -> Result<Option<Series>> {
    let of_market = |name: &Name| {
        name.window == window && [format!("{base}USDT"), format!("{base}USD")].contains(&name.market)
    };
    let Some((path, name)) = files(folder)?.into_iter().find(|(_, name)| of_market(name)) else {
        return Ok(None);
    };
    let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    let bars = read_bars(file, name.step, range).map_err(|error| anyhow!("{}:{error:#}", path.display()))?;
    Ok(Some(Series { market: name.market, venue: name.venue, step: name.step, bars }))
}

/// Reads bars; errors begin with the line.
fn read_bars(from: impl std::io::Read, step: u64, range: RangeInclusive<u64>) -> Result<Vec<Bar>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(from);
    let header = reader.headers().map_err(|error| anyhow!("1: {error}"))?;
    if header.iter().ne(["ts", "open", "high", "low", "close", "volume"]) {
        bail!("1: the columns must be ts,open,high,low,close,volume");
    }
    let (mut bars, mut latest): (Vec<Bar>, Option<u64>) = (vec![], None);
    for record in reader.records() {
        let record =
            record.map_err(|error| anyhow!("{}: {error}", error.position().map_or(0, |p| p.line())))?;
        let line = record.position().map_or(0, |position| position.line());
        let bar = bar(&record, step).map_err(|error| anyhow!("{line}: {error:#}"))?;
        if latest.is_some_and(|latest| bar.time <= latest) {
            bail!("{line}: {} does not come after {}", bar.time, latest.unwrap_or_default());
        }
        latest = Some(bar.time);
        if !range.contains(&bar.time) {
            continue;
        }
        if let Some(last) = bars.last() {
            if bar.time != last.time + step {
                bail!("{line}: a gap: {} follows {}, and bars last {step} s", bar.time, last.time);
            }
        }
        bars.push(bar);
    }
    if bars.is_empty() {
        bail!("2: no bars in the time that is asked for");
    }
    Ok(bars)
}

fn bar(record: &csv::StringRecord, step: u64) -> Result<Bar> {
    if record.len() != 6 {
        bail!("{} fields instead of 6", record.len());
    }
    let field = |index: usize| record.get(index).unwrap_or("").trim();
    let number = |index: usize, name: &str| -> Result<f64> {
        let value: f64 =
            field(index).parse().map_err(|_| anyhow!("{name} {:?} is not a number", field(index)))?;
        if value.is_finite() && value >= 0.0 && (index == 5 || value > 0.0) {
            Ok(value)
        } else {
            bail!("{name} {value} is out of range")
        }
    };
    let time: u64 = field(0).parse().map_err(|_| anyhow!("ts {:?} is not a time in seconds", field(0)))?;
    let bar = Bar {
        time,
        open: number(1, "open")?,
        high: number(2, "high")?,
        low: number(3, "low")?,
        close: number(4, "close")?,
    };
    number(5, "volume")?;
    if !time.is_multiple_of(step) {
        bail!("ts {time} is not at the start of a bar of {step} s");
    }
    if bar.low > bar.open.min(bar.close) || bar.high < bar.open.max(bar.close) {
        bail!("open and close must lie between low {} and high {}", bar.low, bar.high);
    }
    Ok(bar)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "ts,open,high,low,close,volume\n";

    fn reason(rows: &str) -> String {
        format!("{:#}", read_bars(format!("{HEAD}{rows}").as_bytes(), 300, 0..=u64::MAX).unwrap_err())
    }

    #[test]
    fn whole_files_are_read() {
        let bars =
            read_bars(format!("{HEAD}300,1,3,0.5,2,10\n600,2,2,2,2,0\n").as_bytes(), 300, 0..=u64::MAX)
                .unwrap();
        assert_eq!(bars[0], Bar { time: 300, open: 1.0, high: 3.0, low: 0.5, close: 2.0 });
        assert_eq!(bars.len(), 2);
    }

    #[test]
    fn broken_rows_are_refused_with_their_line() {
        assert_eq!(reason("300,1,3,0.5,2,10\n300,1,3,0.5,2,10\n"), "3: 300 does not come after 300");
        assert_eq!(
            reason("300,1,3,0.5,2,10\n900,1,3,0.5,2,10\n"),
            "3: a gap: 900 follows 300, and bars last 300 s"
        );
        assert_eq!(reason("600,1,3,0.5,2,10\n300,1,3,0.5,2,10\n"), "3: 300 does not come after 600");
        assert_eq!(reason("300,1,x,0.5,2,10\n"), "2: high \"x\" is not a number");
        assert_eq!(reason("300,1,3,0.5,2\n"), "2: 5 fields instead of 6");
        assert_eq!(reason("300,1,3,0,2,10\n"), "2: low 0 is out of range");
        assert_eq!(reason("300,1,NaN,0.5,2,10\n"), "2: high NaN is out of range");
        assert_eq!(reason("300,4,3,0.5,2,10\n"), "2: open and close must lie between low 0.5 and high 3");
        assert_eq!(reason("301,1,3,0.5,2,10\n"), "2: ts 301 is not at the start of a bar of 300 s");
        assert_eq!(reason(""), "2: no bars in the time that is asked for");
        assert!(read_bars("time,o\n".as_bytes(), 300, 0..=u64::MAX)
            .unwrap_err()
            .to_string()
            .starts_with("1: the columns"));
    }

    #[test]
    fn a_gap_outside_of_the_time_that_is_asked_for_does_not_matter() {
        let rows = format!("{HEAD}300,1,1,1,1,1\n900,1,1,1,1,1\n1200,1,1,1,1,1\n");
        assert_eq!(read_bars(rows.as_bytes(), 300, 900..=1_200).unwrap().len(), 2);
        assert!(read_bars(rows.as_bytes(), 300, 300..=900).is_err());
    }

    #[test]
    fn names_say_window_market_venue_and_step() {
        let name = Name::read(Path::new("x/2025-10_BTCUSDT_binance_5m.csv")).unwrap();
        assert_eq!((name.window.as_str(), name.market.as_str(), name.step), ("2025-10", "BTCUSDT", 300));
        assert_eq!(Name::read(Path::new("2025-10_USDEUSDT_bybit_1h.csv")).unwrap().step, 3_600);
        for other in [
            "2025-10-10_BTCUSDT_binance_bookdepth_1m.csv",
            "README.md",
            "2025-10_BTCUSDT_binance_5x.csv",
            "a_b_c_.csv",
        ] {
            assert!(Name::read(Path::new(other)).is_none(), "{other}");
        }
    }

    #[test]
    fn errors_name_the_file() {
        let folder = std::env::temp_dir().join(format!("ballast-demo-candles-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join("w_BTCUSDT_venue_5m.csv"),
            format!("{HEAD}300,1,1,1,1,1\n301,1,1,1,1,1\n"),
        )
        .unwrap();
        let error = read(&folder, "w", "BTC", 0..=u64::MAX).unwrap_err().to_string();
        assert!(error.contains("w_BTCUSDT_venue_5m.csv:3: ts 301"), "{error}");
        assert!(read(&folder, "w", "ETH", 0..=u64::MAX).unwrap().is_none());
        assert_eq!(windows(&folder).unwrap(), ["w"]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
