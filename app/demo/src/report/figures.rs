//! The page's figures: which lines and dots each shows, with its legend.

use super::{
    plots::{self, Axes, Dots, Line},
    text::{capital, dollars, escape},
};
use crate::{
    asset::Asset,
    chain::{run::Run, snapshot::Totals, world::POOLS},
    outcome::Outcome,
    tape::Tape,
};
use anyhow::Result;
use plotters::style::RGBColor;

/// Colours of the designs: ours, plain, plain at our margin.
/// Colour of each design.
pub const DESIGNS: [RGBColor; 3] = [RGBColor(36, 138, 220), RGBColor(222, 82, 70), RGBColor(226, 156, 48)];
/// Colours of the assets.
const MARKETS: [(Asset, RGBColor); 6] = [
    (Asset::Btc, RGBColor(242, 150, 40)),
    (Asset::Eth, RGBColor(110, 120, 230)),
    (Asset::Sol, RGBColor(30, 170, 140)),
    (Asset::Lst, RGBColor(140, 195, 90)),
    (Asset::Usde, RGBColor(150, 150, 160)),
    (Asset::Alt, RGBColor(215, 75, 120)),
];
/// Colours of equity and requirement.
const VAULT: [RGBColor; 2] = [RGBColor(34, 160, 140), RGBColor(200, 110, 190)];
/// Lengths that the close-up may have.
const CLOSE_UPS: [u64; 4] = [90 * 60, 6 * 3_600, 24 * 3_600, 72 * 3_600];

/// Every market relative to its start.
pub fn prices(tape: &Tape, range: (u64, u64), title: &str, words: &str) -> Result<String> {
    let line = |(asset, colour): (Asset, RGBColor)| {
        let start = tape.first().dollars(asset);
        let points = tape.ticks.iter().map(|tick| (tick.time, 100.0 * tick.dollars(asset) / start)).collect();
        Line { colour, points }
    };
    let lines: Vec<Line> = MARKETS.into_iter().map(line).collect();
    let format = |value: f64| format!("{value:.0} %");
    let axes =
        Axes { time: range, unit: "price, start = 100 %", format: &format, from_zero: false, half: false };
    let legend = MARKETS.map(|(asset, colour)| swatch(colour, asset.symbol(), "")).concat();
    Ok(figure(title, words, &legend, &plots::lines(&axes, &lines)?))
}

/// What each design has liquidated so far, as a share of the opening debt.
pub fn liquidated(range: (u64, u64), designs: &[&Outcome], title: &str, words: &str) -> Result<String> {
    let legend: String =
        designs.iter().zip(DESIGNS).map(|(design, colour)| swatch(colour, &design.design, "")).collect();
    Ok(figure(title, words, &legend, &liquidated_plot(range, designs)?))
}

/// The plot of [`liquidated`] alone.
pub fn liquidated_plot(range: (u64, u64), designs: &[&Outcome]) -> Result<String> {
    let lines: Vec<Line> = designs
        .iter()
        .zip(DESIGNS)
        .map(|(design, colour)| {
            let events =
                design.fills.iter().map(|fill| (fill.time, 100.0 * fill.repaid / design.opening_debt));
            Line { colour, points: plots::running_sum(0, events) }
        })
        .collect();
    let format = |value: f64| format!("{value:.1} %");
    let axes = Axes {
        time: range,
        unit: "share of the opening debt",
        format: &format,
        from_zero: true,
        half: false,
    };
    plots::lines(&axes, &lines)
}

/// Every liquidation as a dot.
pub fn tranches(range: (u64, u64), designs: &[&Outcome]) -> Result<String> {
    let dots = |(index, (design, colour)): (usize, (&&Outcome, RGBColor))| Dots {
        colour,
        filled: index == 0,
        points: design.fills.iter().map(|fill| (fill.time, fill.repaid)).collect(),
    };
    let dots: Vec<Dots> = designs.iter().zip(DESIGNS).enumerate().map(dots).collect();
    let axes = Axes {
        time: range,
        unit: "repaid, USD (log scale)",
        format: &dollars,
        from_zero: false,
        half: false,
    };
    let class = |index: usize| if index == 0 { "dot" } else { "ring" };
    let legend: String = designs
        .iter()
        .zip(DESIGNS)
        .enumerate()
        .map(|(index, (design, colour))| swatch(colour, &design.design, class(index)))
        .collect();
    let words = "Every liquidation by its size. Full dots landed on the chain.";
    Ok(figure("Liquidations", words, &legend, &plots::dots(&axes, &dots)?))
}

/// Each vault's equity against its requirement.
pub fn vaults(run: &Run, range: (u64, u64)) -> Result<String> {
    let mut figures = String::from("<div class=\"pair\">\n");
    let format = |value: f64| {
        if value.abs() >= 1e6 {
            format!("${:.1}M", value / 1e6)
        } else {
            format!("${:.0}k", value / 1e3)
        }
    };
    for (index, pool) in POOLS.into_iter().enumerate() {
        let points = |of: &dyn Fn(&Totals) -> i128| {
            run.frames.iter().map(|frame| (frame.time, of(&frame.totals[index]) as f64 / 1e6)).collect()
        };
        let lines = [
            Line { colour: VAULT[0], points: points(&|totals| totals.equity()) },
            Line { colour: VAULT[1], points: points(&|totals| totals.requirement) },
        ];
        let axes = Axes {
            time: range,
            unit: "sum over borrowers, USD",
            format: &format,
            from_zero: true,
            half: true,
        };
        let legend = swatch(VAULT[0], "equity", "") + &swatch(VAULT[1], "requirement", "");
        let words = "Equity of all borrowers against what the risk model asks of them.";
        figures += &figure(&capital(pool.name()), words, &legend, &plots::lines(&axes, &lines)?);
    }
    Ok(figures + "</div>\n")
}

/// The stretch of time with the most liquidations: the shortest that holds six tenths of them, by each design's share of debt.
pub fn close_up(whole: (u64, u64), designs: &[&Outcome]) -> (u64, u64) {
    let shares = |design: &&Outcome| -> Vec<(u64, f64)> {
        let all = design.fills.iter().fold(0.0, |sum, fill| sum + fill.repaid);
        design.fills.iter().map(|fill| (fill.time, fill.repaid / all)).collect()
    };
    let fills: Vec<(u64, f64)> = designs.iter().flat_map(shares).collect();
    let all = fills.iter().fold(0.0, |sum, (_, share)| sum + share);
    for length in CLOSE_UPS.into_iter().filter(|length| *length < whole.1 - whole.0) {
        // A sixth of it shows what came before.
        let inside = |from: u64| {
            let range = from..from + length - length / 6;
            fills.iter().filter(|(time, _)| range.contains(time)).fold(0.0, |sum, (_, share)| sum + share)
        };
        let start = fills
            .iter()
            .map(|(time, _)| *time)
            .max_by(|a, b| inside(*a).total_cmp(&inside(*b)).then(b.cmp(a)))
            .unwrap_or(whole.0);
        if inside(start) >= 0.6 * all {
            let from = (start.saturating_sub(length / 6) / 300 * 300).clamp(whole.0, whole.1 - length);
            return (from, from + length);
        }
    }
    whole
}

/// A figure with its title, words and legend.
pub fn figure(title: &str, words: &str, legend: &str, svg: &str) -> String {
    format!(
        "<figure><h3>{}</h3><figcaption>{words}</figcaption><div class=\"legend\">{legend}</div>\n{svg}</figure>\n",
        escape(title)
    )
}

/// A colour's entry in a legend.
pub fn swatch(RGBColor(red, green, blue): RGBColor, name: &str, class: &str) -> String {
    format!("<span class=\"{class}\" style=\"--c: rgb({red} {green} {blue})\">{}</span>", escape(name))
}
