//! Prices from candles: the path inside each bar, the markets aligned, what is missing modelled and labelled.

use crate::{
    asset::{Asset, COUNT},
    candles::{self, Bar, Series},
    modelled,
    tape::{Prices, Rows, Tape},
    time,
};
use anyhow::{bail, Context as _, Result};
use std::path::Path;

/// Moments a bar: open, two extremes, close.
const PARTS: u64 = 4;

/// The part of a window that is replayed unless told otherwise: the days around its event.
const EVENTS: [(&str, &str, &str); 4] = [
    ("2020-03", "2020-03-07T00:00", "2020-03-16T00:00"),
    ("2023-03", "2023-03-08T00:00", "2023-03-15T00:00"),
    ("2025-10", "2025-10-09T00:00", "2025-10-12T23:55"),
    ("2026-06", "2026-06-01T00:00", "2026-06-09T00:00"),
];

/// Longest step between two moments: hourly bars are refined to it, in straight lines on a log scale.
pub const FINEST: u64 = 75;

/// In which order the extremes of a bar are met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Open, low, high, close, always: every low is met at once, and a rebound within the bar comes after it.
    #[default]
    LowFirst,
    /// Open, high, low, close where the majors fall over the bar, else open, low, high, close.
    ByDirection,
}

/// What to replay.
pub struct Request<'a> {
    /// Folder of candle files.
    pub folder: &'a Path,
    /// Which window of it.
    pub window: &'a str,
    /// First moment instead of the event's.
    pub from: Option<u64>,
    /// Last moment instead of the event's.
    pub to: Option<u64>,
    /// The path within a bar.
    pub order: Order,
}

/// Reads candles and builds the tape.
pub fn tape(request: &Request) -> Result<Tape> {
    rows(request)?.tape()
}

/// Reads candles and aligns them. BTC and ETH are required; where the window has no SOL, it is modelled from ETH.
pub fn rows(request: &Request) -> Result<Rows> {
    let Request { folder, window, .. } = *request;
    let asked = |own: Option<u64>, event: Option<&str>, otherwise: u64| -> Result<u64> {
        Ok(match (own, event) {
            (Some(time), _) => time,
            (None, Some(text)) => time::parse(text)?,
            (None, None) => otherwise,
        })
    };
    let event = EVENTS.iter().find(|(name, ..)| *name == window);
    let range =
        asked(request.from, event.map(|e| e.1), 0)?..=asked(request.to, event.map(|e| e.2), u64::MAX)?;
    let required = |base: &str| -> Result<Series> {
        match candles::read(folder, window, base, range.clone())? {
            Some(series) => Ok(series),
            None => bail!(
                "{} has no {base} candles of window {window}; its windows are: {}",
                folder.display(),
                candles::windows(folder)?.join(", ")
            ),
        }
    };
    let mut majors = vec![required("BTC")?, required("ETH")?];
    majors.extend(candles::read(folder, window, "SOL", range.clone())?);
    let alt = candles::read(folder, window, "SUI", range.clone())?;
    let mut sources: Vec<String> = vec![];
    let step = majors[0].step;
    for series in majors.iter().chain(&alt) {
        if series.step != step {
            bail!("{} has bars of {} s, and BTC of {step} s", series.market, series.step);
        }
        sources.push(format!("{}: {} candles of {} s", series.market, series.venue, series.step));
    }
    let (start, end) = bounds(request, &majors)?;
    let grid: Vec<u64> = (start..=end).step_by(usize::try_from(step)?).collect();
    let aligned = |series: &Series| -> Result<Vec<Bar>> {
        let first = series.bars[0].time;
        let from = usize::try_from((start.max(first) - first) / step)?;
        let bars = series.bars.get(from..from + grid.len()).filter(|bars| bars[0].time == start);
        Ok(bars.with_context(|| format!("{} does not cover the window", series.market))?.to_vec())
    };
    let majors = majors.iter().map(aligned).collect::<Result<Vec<_>>>()?;
    let alt_bars = alt.as_ref().map(aligned).transpose()?;

    let mut rows: Vec<(u64, Prices)> = Vec::with_capacity(grid.len() * PARTS as usize);
    for (at, time) in grid.iter().enumerate() {
        // One order for all markets: open, high, low, close where they fall together, else open, low, high, close.
        let falling = request.order == Order::ByDirection
            && majors.iter().map(|bars| (bars[at].close / bars[at].open).ln()).sum::<f64>() < 0.0;
        let mut moments = [[0.0; COUNT]; PARTS as usize];
        let mut fill = |asset: Asset, bar: &Bar| {
            let (early, late) = if falling { (bar.high, bar.low) } else { (bar.low, bar.high) };
            for (moment, price) in moments.iter_mut().zip([bar.open, early, late, bar.close]) {
                moment[asset.index()] = price;
            }
        };
        for (asset, bars) in [Asset::Btc, Asset::Eth, Asset::Sol].into_iter().zip(&majors) {
            fill(asset, &bars[at]);
        }
        if let Some(bars) = &alt_bars {
            fill(Asset::Alt, &bars[at]);
        }
        rows.extend((0u64..).zip(moments).map(|(part, prices)| (time + part * step / PARTS, prices)));
    }
    if majors.len() < 3 {
        modelled::sol(&mut rows);
        sources.push(modelled::SOL_NOTE.into());
    }
    if alt_bars.is_some() {
        sources.extend(modelled::floor_the_one_venue_wick(&mut rows).map(String::from));
    } else {
        modelled::alt(&mut rows);
        sources.push(modelled::ALT_NOTE.into());
    }
    modelled::lst(&mut rows);
    sources.push(modelled::LST_NOTE.into());
    for (asset, base) in [(Asset::Usdc, "USDC"), (Asset::Usde, "USDE")] {
        match candles::read(folder, window, base, range.clone())? {
            Some(series) => {
                let whole = stable(&mut rows, asset, &series);
                sources.push(format!(
                    "{}: {} candles of {} s, read as a line through open, high, low and close{}",
                    series.market,
                    series.venue,
                    series.step,
                    if whole { "" } else { "; 1.00 before the first and the last close after the last" }
                ));
            }
            None => {
                modelled::stable(&mut rows, asset);
                sources.push(format!("{asset}: 1.00 throughout, for want of candles"));
            }
        }
    }
    sources.push("quotes in USDT count as USD".into());
    let title = format!("{window}, {} to {}", time::minute(start), time::minute(end));
    if step / PARTS > FINEST {
        rows = refine(&rows);
        sources.push(format!(
            "straight lines on a log scale, {FINEST} s a step, between the four prices of a bar"
        ));
    }
    Ok(Rows { title, sources, prices: rows })
}

/// Adds moments so that no step is longer than [`FINEST`].
fn refine(rows: &[(u64, Prices)]) -> Vec<(u64, Prices)> {
    let mut fine: Vec<(u64, Prices)> = vec![];
    for pair in rows.windows(2) {
        let ((from, before), (to, after)) = (pair[0], pair[1]);
        for time in (from..to).step_by(FINEST as usize) {
            let share = (time - from) as f64 / (to - from) as f64;
            let at = |i: usize| before[i] * (after[i] / before[i]).powf(share);
            fine.push((time, std::array::from_fn(at)));
        }
    }
    fine.extend(rows.last());
    fine
}

/// First and last bar: as asked, or the event's, or all that the majors share.
fn bounds(request: &Request, majors: &[Series]) -> Result<(u64, u64)> {
    let step = majors[0].step;
    let event = EVENTS.iter().find(|(window, ..)| *window == request.window);
    let shared = |pick: fn(&[Bar]) -> Option<&Bar>| {
        majors.iter().filter_map(move |s| pick(&s.bars)).map(|bar| bar.time)
    };
    let first = shared(|bars| bars.first()).max().context("no bars")?;
    let last = shared(|bars| bars.last()).min().context("no bars")?;
    let start = match (request.from, event) {
        (Some(from), _) => from,
        (None, Some((_, from, _))) => time::parse(from)?.max(first),
        _ => first,
    };
    let end = match (request.to, event) {
        (Some(to), _) => to,
        (None, Some((_, _, to))) => time::parse(to)?.min(last),
        _ => last,
    };
    let (start, end) = (start.div_ceil(step) * step, end / step * step);
    if start < first || end > last || start >= end {
        bail!(
            "the window {} has candles from {} to {} only",
            request.window,
            time::minute(first),
            time::minute(last)
        );
    }
    Ok((start, end))
}

/// A stable's bars as a line through open, high, low and close (low first in a rising bar), in log. Where they do not
/// reach, the price is 1.00 before them and stays as it was after them; returns whether they cover every row but the last bar's end.
fn stable(rows: &mut [(u64, Prices)], asset: Asset, series: &Series) -> bool {
    let mut line: Vec<(u64, f64)> = vec![];
    for bar in &series.bars {
        let (early, late) = if bar.close < bar.open { (bar.high, bar.low) } else { (bar.low, bar.high) };
        let parts = (0u64..).zip([bar.open, early, late, bar.close]);
        line.extend(parts.map(|(part, price)| (bar.time + part * series.step / PARTS, price.ln())));
    }
    let (first, last) = (line[0], line[line.len() - 1]);
    for (time, prices) in rows.iter_mut() {
        let after = line.partition_point(|(at, _)| at <= time);
        prices[asset.index()] = match (after.checked_sub(1).map(|index| line[index]), line.get(after)) {
            (None, _) => 1.0,
            (Some(before), None) => before.1.exp(),
            (Some(before), Some(next)) => {
                let share = (*time - before.0) as f64 / (next.0 - before.0) as f64;
                (before.1 + share * (next.1 - before.1)).exp()
            }
        };
    }
    let end = last.0 + series.step / PARTS;
    rows.first().is_some_and(|row| row.0 >= first.0) && rows.last().is_some_and(|row| row.0 < end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, files: &[(&str, String)]) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("ballast-demo-replay-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (file, rows) in files {
            std::fs::write(folder.join(file), format!("ts,open,high,low,close,volume\n{rows}")).unwrap();
        }
        folder
    }

    #[test]
    fn a_stable_that_is_listed_late_is_a_dollar_before() {
        let bar = |time, open, high, low, close| Bar { time, open, high, low, close };
        let series = Series {
            market: "USDCUSDT".into(),
            venue: "v".into(),
            step: 400,
            bars: vec![bar(1_000, 0.9, 0.9, 0.8, 0.88)],
        };
        let rows =
            |times: &[u64]| times.iter().map(|time| (*time, [0.0; COUNT])).collect::<Vec<(u64, Prices)>>();
        let mut late = rows(&[900, 1_000, 1_150, 1_200, 1_300, 1_500]);
        assert!(!stable(&mut late, Asset::Usdc, &series));
        let prices: Vec<f64> = late.iter().map(|(_, prices)| prices[Asset::Usdc.index()]).collect();
        // falling: open, high, low, close; between high and low the middle of a log line
        let expected = [1.0, 0.9, (0.9f64 * 0.8).sqrt(), 0.8, 0.88, 0.88];
        for (price, expected) in prices.iter().zip(expected) {
            assert!((price - expected).abs() < 1e-12, "{prices:?}");
        }
        assert!(stable(&mut rows(&[1_000, 1_399]), Asset::Usdc, &series));
    }

    #[test]
    fn highs_come_before_lows_in_falling_bars_and_all_markets_agree() {
        let bars = |scale: f64| {
            let row = |t: u64, o: f64, h: f64, l: f64, c: f64| {
                format!("{t},{},{},{},{},1\n", o * scale, h * scale, l * scale, c * scale)
            };
            row(300, 100.0, 110.0, 80.0, 90.0) + &row(600, 90.0, 120.0, 85.0, 110.0)
        };
        let files = ["BTC", "ETH", "SOL"].map(|m| (format!("w_{m}USDT_v_5m.csv"), bars(1.0)));
        let files: Vec<(&str, String)> =
            files.iter().map(|(name, rows)| (name.as_str(), rows.clone())).collect();
        let folder = folder("order", &files);
        let request =
            Request { folder: &folder, window: "w", from: None, to: None, order: Order::ByDirection };
        let tape = tape(&request).unwrap();
        let sol: Vec<f64> = tape.ticks.iter().map(|tick| tick.dollars(Asset::Sol)).collect();
        assert_eq!(sol, [100.0, 110.0, 80.0, 90.0, 90.0, 85.0, 120.0, 110.0]);
        assert_eq!(tape.ticks[1].time, 300 + 75);
        let low_first = super::tape(&Request { order: Order::LowFirst, ..request }).unwrap();
        let sol: Vec<f64> = low_first.ticks.iter().map(|tick| tick.dollars(Asset::Sol)).collect();
        assert_eq!(sol, [100.0, 80.0, 110.0, 90.0, 90.0, 85.0, 120.0, 110.0]);
        assert!(tape.sources.iter().any(|s| s == modelled::ALT_NOTE));
        assert!(tape.sources.iter().any(|s| s.starts_with("USDC: 1.00")));
        let outside = Request { to: Some(900), ..request };
        assert!(super::tape(&outside).unwrap_err().to_string().contains("has candles from"));
        let other = Request { window: "x", from: None, to: None, folder: &folder, order: Order::LowFirst };
        assert!(super::tape(&other).unwrap_err().to_string().contains("its windows are: w"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
