//! The page: tables and plots, self-contained.

use super::{
    plots::{self, css, Bar, Line, COLOURS},
    Results, Section, STYLE,
};
use crate::{
    asset::Asset,
    compare::Figures,
    engine::Window,
    frontier::{Plane, Point},
    time,
};
use anyhow::Result;

/// Points of a price line on the page.
const POINTS: usize = 900;

/// Relative prices of a window, its depth beside them.
pub fn picture(window: &Window) -> Result<String> {
    let step = window.times.len().div_ceil(POINTS).max(1);
    let line = |colour: usize, of: &dyn Fn(usize) -> f64| Line {
        colour: COLOURS[colour],
        marked: false,
        // the lowest of each stretch, so that no low is lost
        points: (0..window.times.len())
            .step_by(step)
            .map(|at| {
                let stretch = at..(at + step).min(window.times.len());
                (window.times[at] as f64, stretch.map(of).fold(f64::MAX, f64::min))
            })
            .collect(),
    };
    let relative = |asset: Asset| {
        move |at: usize| 100.0 * window.market[at][asset.index()] / window.market[0][asset.index()]
    };
    let lines = [
        line(1, &relative(Asset::Btc)),
        line(3, &relative(Asset::Eth)),
        line(5, &relative(Asset::Sol)),
        line(7, &relative(Asset::Alt)),
        line(6, &|at| 100.0 * window.depth[at]),
    ];
    plots::lines(&lines, ("time, UTC", &|at| time::minute(at.max(0.0) as u64)[5..].into()), "% of the start")
}

/// The whole page.
pub fn page(results: &Results, pictures: &[(String, String)]) -> Result<String> {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Ballast stress lab</title><style>{STYLE}</style></head><body><main>\n<h1>Ballast stress lab</h1>\n\
         <p>{} borrowers a seed, {} seeds ({} to {}), the same accounts, debts, prices and market for every design. Shares are basis points \
         of the opening debt; seeds are pooled. Borrowers, market depth and keepers' costs are modelled; prices are as listed under each \
         window.</p>\n<p class=\"soft\"><code>{}</code></p>\n",
        results.accounts_per_seed,
        results.seeds.len(),
        results.seeds.first().copied().unwrap_or_default(),
        results.seeds.last().copied().unwrap_or_default(),
        escape(&results.command),
    );
    page += "<h2>How many times less than plain LTV is liquidated</h2>\n<p>Prices as they were. The line is the 90 % interval of a \
             bootstrap over seeds; the marks are 16× and 30×.</p>\n";
    for section in results.sections.iter().filter(|section| section.stress == "as it was") {
        page += &format!("<figure><h3>{}</h3>\n{}</figure>\n", escape(&section.window), ratios(section)?);
    }
    page += "<h2>The frontier: volume against bad debt</h2>\n<p>Each line is a family whose margins or thresholds are scaled. Lower and \
             further left is better. Bad debt is the worst mark of Σ(D − C)⁺ before any insurance.</p>\n";
    for plane in &results.frontiers {
        page += &frontier(plane)?;
    }
    for section in &results.sections {
        page += &format!(
            "<h2>{}, {}</h2>\n<p class=\"soft\">{} to {} UTC</p>\n",
            escape(&section.window),
            escape(&section.stress),
            section.from,
            section.to
        );
        if section.stress == "as it was" {
            if let Some((_, svg)) = pictures.iter().find(|(name, _)| *name == section.window) {
                let names = [("BTC", 1), ("ETH", 3), ("SOL", 5), ("ALT", 7), ("depth", 6)];
                page +=
                    &format!("<figure><h3>Prices and market depth</h3>{}\n{svg}</figure>\n", legend(&names));
            }
            page += "<ul class=\"soft\">";
            section.sources.iter().for_each(|source| page += &format!("<li>{}</li>", escape(source)));
            page += "</ul>\n";
        }
        page += &table(&section.designs);
        page += &kinds(&section.designs);
    }
    page += "</main></body></html>\n";
    Ok(page)
}

fn ratios(section: &Section) -> Result<String> {
    let bars: Vec<Bar> = section
        .designs
        .iter()
        .skip(1)
        .filter_map(|figures| {
            let ratio = figures.ratio?;
            let colour = COLOURS[if figures.design.starts_with("ltv") { 1 } else { 3 }];
            Some(Bar { name: figures.design.clone(), colour, value: [ratio.pooled, ratio.low, ratio.high] })
        })
        .collect();
    plots::bars(&bars, &[16.0, 30.0], "plain LTV's volume over this design's")
}

fn frontier(plane: &Plane) -> Result<String> {
    let mut families: Vec<&str> = plane.points.iter().map(|point| point.family.as_str()).collect();
    families.dedup();
    let points = |family: &str| -> Vec<(f64, f64)> {
        let own = plane.points.iter().filter(|point| point.family == family);
        own.map(|point: &Point| (point.volume_bp, point.worst_bad_debt_bp)).collect()
    };
    let lines: Vec<Line> = families
        .iter()
        .enumerate()
        .map(|(at, family)| Line { colour: COLOURS[at % 8], marked: true, points: points(family) })
        .collect();
    if plane.points.iter().all(|point| point.worst_bad_debt_bp < 0.005) {
        return Ok(format!("<p>{}: no bad debt at any point.</p>\n", escape(&plane.title)));
    }
    let svg = plots::lines(&lines, ("liquidated, bp of debt", &plots::number), "bad debt, bp of debt")?;
    let names: Vec<(&str, usize)> =
        families.iter().enumerate().map(|(at, family)| (*family, at % 8)).collect();
    let list = |names: &[String]| if names.is_empty() { "none".to_string() } else { names.join(", ") };
    Ok(format!(
        "<figure><h3>{}</h3>{}\n{svg}<figcaption>LTV points that none of ours beats in volume at no more bad debt: {}; after \
         insurance: {}.</figcaption></figure>\n",
        escape(&plane.title),
        legend(&names),
        list(&plane.unbeaten),
        list(&plane.unbeaten_insured),
    ))
}

fn legend(names: &[(&str, usize)]) -> String {
    let spans: String = names
        .iter()
        .map(|(name, colour)| {
            format!("<span style=\"--c:{}\">{}</span>", css(COLOURS[*colour]), escape(name))
        })
        .collect();
    format!("<div class=\"legend\">{spans}</div>")
}

fn table(designs: &[Figures]) -> String {
    const HEAD: [&str; 14] = [
        "design",
        "liquidated bp",
        "less than LTV [90 %]",
        "events",
        "median $",
        "p95 $",
        "touched",
        "median loss %",
        "bonus bp",
        "bad debt bp: worst",
        "end",
        "lender loss bp: a vault a seed",
        "one vault",
        "impact %",
    ];
    let head: String = HEAD.iter().map(|name| format!("<th>{name}</th>")).collect();
    let body: String = designs
        .iter()
        .map(|f| {
            let ratio =
                f.ratio.map_or(String::new(), |r| format!("{:.1}× [{:.1}–{:.1}]", r.pooled, r.low, r.high));
            let cells = [
                escape(&f.design),
                format!("{:.2}", f.liquidated_bp),
                ratio,
                f.events.to_string(),
                format!("{:.0}", f.median_tranche_usd),
                format!("{:.0}", f.p95_tranche_usd),
                f.borrowers_touched.to_string(),
                format!("{:.3}", f.median_loss_pct),
                format!("{:.2}", f.bonus_bp),
                format!("{:.2}", f.worst_bad_debt_bp),
                format!("{:.2}", f.bad_debt_bp),
                format!("{:.2}", f.worst_lender_loss_bp),
                format!("{:.2}", f.pooled_lender_loss_bp),
                format!("{:.2}", f.worst_impact_pct),
            ];
            let class = if f.design.starts_with("ltv") { "" } else { " class=\"ours\"" };
            let cells: String = cells.iter().map(|cell| format!("<td{class}>{cell}</td>")).collect();
            format!("<tr>{cells}</tr>\n")
        })
        .collect();
    format!("<div class=\"table\"><table><tr>{head}</tr>\n{body}</table></div>\n")
}

/// Liquidated by kind of borrower: hedged books apart from directional ones.
fn kinds(designs: &[Figures]) -> String {
    let Some(first) = designs.first() else { return String::new() };
    let head: String =
        first.liquidated_bp_by_kind.iter().map(|(kind, _)| format!("<th>{}</th>", escape(kind))).collect();
    let body: String = designs
        .iter()
        .map(|f| {
            let cells: String =
                f.liquidated_bp_by_kind.iter().map(|(_, bp)| format!("<td>{bp:.1}</td>")).collect();
            format!(
                "<tr><td>{}</td>{cells}<td>{:+.2}</td></tr>\n",
                escape(&f.design),
                f.equity_against_plain_pct
            )
        })
        .collect();
    format!(
        "<details><summary>Liquidated by kind of borrower, bp of that kind's debt, and everybody's equity at the end against plain \
         LTV's, % of the opening equity</summary><div class=\"table\"><table><tr><th>design</th>{head}<th>equity %</th></tr>\n{body}\
         </table></div></details>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_needs_nothing_from_elsewhere_and_escapes_what_it_shows() {
        let figures = Figures {
            design: "<b>".into(),
            liquidated_bp_by_kind: vec![("a & b".into(), 1.0)],
            ..Figures::default()
        };
        let section = Section {
            window: "w".into(),
            stress: "as it was".into(),
            from: String::new(),
            to: String::new(),
            sources: vec!["x < y".into()],
            designs: vec![figures],
        };
        let results = Results {
            command: "ballast-lab".into(),
            accounts_per_seed: 1,
            seeds: vec![1],
            sections: vec![section],
            frontiers: vec![],
        };
        let page = page(&results, &[]).unwrap();
        assert!(page.contains("&lt;b&gt;") && page.contains("a &amp; b") && page.contains("x &lt; y"));
        assert!(!page.contains("http") && !page.contains("<script"));
    }
}
