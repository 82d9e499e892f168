//! The second act on the page: the alt vault over time, and every line of what happened.

use super::{
    figures::{figure, swatch},
    plots::{self, Axes, Line},
    text::{dollars, escape},
};
use crate::second::{Act, Frame};
use anyhow::Result;
use plotters::style::RGBColor;

/// Colours of the alt's price, of a lent dollar and of what is owed.
const COLOURS: [RGBColor; 3] = [RGBColor(215, 75, 120), RGBColor(36, 138, 220), RGBColor(226, 156, 48)];
/// The plot shows this long, seconds: what comes later moves on other scales.
const SHOWN: u64 = 20 * 60;

/// The section.
pub fn section(act: &Act) -> Result<String> {
    let mut page = String::from(
        "<h2>Second act: an asset dies in its own vault</h2>\n<p>A vault of one thin alt, beside a main vault of majors, on the same \
         program (here in litesvm, the virtual machine without a network around it, because only there can stake be put behind \
         validators). The alt falls by all of its worth. Somebody takes every tranche there is, at any market.</p>\n",
    );
    page += &format!(
        "<p>Lenders of the alt vault bore {}, and {} of it came back. None of the bytes of the main vault\u{2019}s {} accounts changed.</p>\n",
        dollars(act.lost),
        dollars(act.recovered),
        act.untouched_accounts
    );
    page += &plot(act)?;
    page += "<div class=\"table\"><table class=\"story\">\n<tr><th>time</th><th>what</th><th></th></tr>\n";
    for line in &act.lines {
        page += &format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            crate::second::clock(line.seconds),
            line.kind,
            escape(&line.text)
        );
    }
    page += "</table></div>\n";
    Ok(page)
}

/// What of a frame a line shows.
type Measure = fn(&Frame, &Frame) -> f64;

fn plot(act: &Act) -> Result<String> {
    let frames: Vec<&Frame> = act.frames.iter().filter(|frame| frame.seconds <= SHOWN).collect();
    let Some(first) = frames.first() else { return Ok(String::new()) };
    let measures: [(&str, Measure); 3] = [
        ("price of the alt", |frame, first| frame.alt / first.alt),
        ("a dollar lent to the vault", |frame, first| frame.lent_dollar / first.lent_dollar),
        ("what borrowers owe", |frame, first| frame.debt / first.debt),
    ];
    let mut lines = vec![];
    let mut legend = String::new();
    for ((name, measure), colour) in measures.into_iter().zip(COLOURS) {
        let points =
            frames.iter().map(|frame| (act.began + frame.seconds, 100.0 * measure(frame, first))).collect();
        lines.push(Line { colour, points });
        legend += &swatch(colour, name, "");
    }
    let format = |value: f64| format!("{value:.0} %");
    let time = (act.began, act.began + SHOWN);
    let axes = Axes { time, unit: "start = 100 %", format: &format, from_zero: true, half: false };
    Ok(figure(
        "The alt vault",
        "Debt is repaid while the price falls; what the gap leaves uncovered is written off, and a lent dollar is worth less.",
        &legend,
        &plots::lines(&axes, &lines)?,
    ))
}
