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
const DESIGNS: [RGBColor; 3] = [RGBColor(36, 138, 220), RGBColor(222, 82, 70), RGBColor(226, 156, 48)];
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
/// Length of the close-up.
pub const CLOSE_UP: u64 = 90 * 60;

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
    let lines: Vec<Line> = designs
        .iter()
        .zip(DESIGNS)
        .map(|(design, colour)| {
            let events =
                design.fills.iter().map(|fill| (fill.time, 100.0 * fill.repaid / design.opening_debt));
            Line { colour, points: plots::running_sum(range.0.min(first_fill(design)), range.1, events) }
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
    let legend: String =
        designs.iter().zip(DESIGNS).map(|(design, colour)| swatch(colour, &design.design, "")).collect();
    Ok(figure(title, words, &legend, &plots::lines(&axes, &lines)?))
}

fn first_fill(design: &Outcome) -> u64 {
    design.fills.first().map_or(u64::MAX, |fill| fill.time)
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

/// The stretch of time with the most liquidations.
pub fn close_up(whole: (u64, u64), designs: &[&Outcome]) -> (u64, u64) {
    if whole.1 - whole.0 <= CLOSE_UP {
        return whole;
    }
    let fills = || {
        designs
            .iter()
            .flat_map(|design| design.fills.iter().map(|fill| (fill.time, fill.repaid / design.opening_debt)))
    };
    let inside = |from: u64| {
        fills()
            .filter(|(time, _)| (from..from + CLOSE_UP).contains(time))
            .map(|(_, share)| share)
            .sum::<f64>()
    };
    let start = fills().map(|(time, _)| time).max_by(|a, b| inside(*a).total_cmp(&inside(*b)).then(b.cmp(a)));
    let from = start.unwrap_or(whole.0).saturating_sub(CLOSE_UP / 6) / 300 * 300;
    let from = from.clamp(whole.0, whole.1 - CLOSE_UP);
    (from, from + CLOSE_UP)
}

fn figure(title: &str, words: &str, legend: &str, svg: &str) -> String {
    format!(
        "<figure><h3>{}</h3><figcaption>{words}</figcaption><div class=\"legend\">{legend}</div>\n{svg}</figure>\n",
        escape(title)
    )
}

fn swatch(RGBColor(red, green, blue): RGBColor, name: &str, class: &str) -> String {
    format!("<span class=\"{class}\" style=\"--c: rgb({red} {green} {blue})\">{}</span>", escape(name))
}
