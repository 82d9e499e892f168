//! `report.html`: one page that a person reads without anything else. Its plots, styles and figures are all inside it.

use super::{
    figures::{close_up, liquidated, prices, tranches, vaults},
    second::section,
    summary::Summary,
    text::{dollars, escape, grouped, limits, people, percent, GLOSSARY},
};
use crate::{
    chain::run::Run,
    outcome::{Figures, Outcome},
    population::KINDS,
    second::Act,
    tape::Tape,
    time,
};
use anyhow::Result;

const STYLE: &str = ballast_lab::report::STYLE;
/// The page.
pub fn page(summary: &Summary, tape: &Tape, run: &Run, plain: &[Outcome], second: &Act) -> Result<String> {
    let designs: Vec<&Outcome> = std::iter::once(&run.outcome).chain(plain).collect();
    let whole = (tape.first().time, tape.last().time);
    let close = close_up(whole, &designs);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Ballast demo: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>A crash on a local network</h1>\n<p class=\"soft\">{title} · {from} to {to} UTC · {borrowers} borrowers, seed {seed}, \
         {preset} preset</p>\n",
        title = escape(&summary.title),
        from = summary.from,
        to = summary.to,
        borrowers = summary.borrowers,
        seed = summary.seed,
        preset = escape(&summary.preset),
    );
    page += &cards(summary);
    page += "<p>Two lending vaults run on a validator inside the demo. A keeper, which only sends public instructions, \
             liquidates whoever falls below the requirement. The same borrowers, with the same deposits and debts, then go through \
             a plain LTV protocol, by the same prices and with the same market for what is sold.</p>\n";
    page += "<h2>Results</h2>\n";
    page += &results(&summary.designs);
    page += "<h2>What happened</h2>\n";
    page += &prices(tape, whole, "Prices", "Each market relative to its price at the start.")?;
    page += &liquidated(
        whole,
        &designs,
        "Liquidated so far",
        "Dollars repaid by liquidations, as a share of the debt at the start.",
    )?;
    page += &tranches(whole, &designs)?;
    page += &format!("<h2>Close-up: {} to {} UTC</h2>\n", time::minute(close.0), time::minute(close.1));
    page += &prices(tape, close, "Prices", "Relative to the start of the whole run.")?;
    page += &tranches(close, &designs)?;
    page += &liquidated(close, &designs, "Liquidated so far", "As above, closer.")?;
    page += "<h2>The vaults</h2>\n";
    page += &vaults(run, whole)?;
    page += "<h2>Who was liquidated</h2>\n";
    page += &kinds(run, &designs);
    page += &section(second)?;
    page += "<h2>Books and accounts agree</h2>\n";
    page += &checks(summary);
    page += "<h2>Words</h2>\n";
    page += GLOSSARY;
    page += "<h2>What this does not show</h2>\n";
    page += &limits(summary);
    page += &format!(
        "<footer><p>Ballast demo, {:.0} s.</p></footer>\n</main>\n</body>\n</html>\n",
        summary.seconds
    );
    Ok(page)
}

fn cards(summary: &Summary) -> String {
    let ours = &summary.designs[0];
    let times = |times: Option<f64>| {
        times.map_or("nothing to compare".into(), |times| format!("{times:.1}× less than plain LTV"))
    };
    let agreed = summary.checks.iter().all(|check| check.differences.is_empty());
    let card = |figure: String, words: String| {
        format!("<div class=\"card\"><b>{figure}</b><span>{words}</span></div>\n")
    };
    let verdict =
        if agreed { "<span class=\"good\">agree</span>" } else { "<span class=\"bad\">DIFFER</span>" };
    format!(
        "<div class=\"cards\">\n{}{}{}{}</div>\n",
        card(
            format!("{} of debt", percent(ours.liquidated_share_of_debt, 2)),
            format!("liquidated; {}", times(summary.times_less_than_plain))
        ),
        card(percent(ours.median_loss_share, 3), "median loss of a liquidated borrower".into()),
        card(dollars(ours.worst_bad_debt_usd), "bad debt at its worst moment".into()),
        card(verdict.into(), format!("{} tranches and the accounts on the validator", ours.tranches)),
    )
}

fn results(designs: &[Figures]) -> String {
    let mut table = String::from("<div class=\"table\"><table>\n<tr><th></th>");
    for (index, design) in designs.iter().enumerate() {
        table += &format!("<th{}>{}</th>", ours(index), escape(&design.design));
    }
    table += "</tr>\n";
    let mut row = |name: &str, cell: &dyn Fn(&Figures) -> String| {
        table += &format!("<tr><td>{name}</td>");
        for (index, design) in designs.iter().enumerate() {
            table += &format!("<td{}>{}</td>", ours(index), cell(design));
        }
        table += "</tr>\n";
    };
    row("Liquidated, share of debt", &|f| percent(f.liquidated_share_of_debt, 2));
    row("Liquidated", &|f| dollars(f.liquidated_usd));
    row("Liquidations", &|f| f.tranches.to_string());
    row("Their median size", &|f| dollars(f.median_tranche_usd));
    row("Borrowers touched", &|f| f.borrowers_touched.to_string());
    row("Their median loss, share of deposits", &|f| percent(f.median_loss_share, 3));
    row("All bonuses", &|f| dollars(f.bonuses_usd));
    row("Bad debt at its worst moment", &|f| dollars(f.worst_bad_debt_usd));
    row("Bad debt at the end", &|f| dollars(f.bad_debt_usd));
    table + "</table></div>\n"
}

fn ours(index: usize) -> &'static str {
    if index == 0 {
        " class=\"ours\""
    } else {
        ""
    }
}

fn kinds(run: &Run, designs: &[&Outcome]) -> String {
    let mut table = String::from("<div class=\"table\"><table>\n<tr><th>Kind of book</th>");
    for (index, design) in designs.iter().enumerate() {
        table += &format!("<th{}>{}</th>", ours(index), escape(&design.design));
    }
    table += "</tr>\n";
    for (kind, _) in KINDS {
        table += &format!("<tr><td>{}</td>", kind.name());
        for (index, design) in designs.iter().enumerate() {
            let fills = || design.fills.iter().filter(|fill| fill.kind == kind);
            let repaid = fills().fold(0.0, |sum, fill| sum + fill.repaid);
            let mut touched: Vec<usize> = fills().map(|fill| fill.borrower).collect();
            touched.sort_unstable();
            touched.dedup();
            let cell = if touched.is_empty() {
                "–".into()
            } else {
                format!("{} from {}", dollars(repaid), people(touched.len()))
            };
            table += &format!("<td{}>{cell}</td>", ours(index));
        }
        table += "</tr>\n";
    }
    let reasons = |limit: u8| run.tranches.iter().filter(|tranche| tranche.limit == limit).count();
    let limits = [
        "target reached",
        "pace",
        "depth bucket",
        "the liquidator's own limit",
        "whole debt",
        "whole deposit",
    ];
    let bounded: Vec<String> = (0u8..)
        .zip(limits)
        .filter(|(limit, _)| reasons(*limit) > 0)
        .map(|(limit, name)| format!("{name} {}", reasons(limit)))
        .collect();
    let backstop = run.tranches.iter().filter(|tranche| tranche.backstop).count();
    table += "</table></div>\n";
    if !run.tranches.is_empty() {
        table += &format!(
            "<p class=\"soft\">What bounded the tranches on the chain: {}. At the backstop, where pace no longer applies: {backstop}. \
             The costliest took {} compute units.</p>\n",
            bounded.join(", "),
            grouped(run.most_units as f64)
        );
    }
    table
}

fn checks(summary: &Summary) -> String {
    let mut text = String::from(
        "<p>Every tranche was compared with what the risk engine says it must be, to the unit, when it landed. At the end all events \
         were added up and compared with the accounts; a difference fails the demo.</p>\n<div class=\"table\"><table>\n\
         <tr><th>Compared</th><th>Numbers</th><th>Verdict</th></tr>\n",
    );
    for check in &summary.checks {
        let verdict = match check.differences.len() {
            0 => "<span class=\"good\">equal</span>".into(),
            n => format!("<span class=\"bad\">{n} differ</span>"),
        };
        text += &format!(
            "<tr><td>{}</td><td>{}</td><td>{verdict}</td></tr>\n",
            escape(&check.name),
            check.compared
        );
    }
    text + "</table></div>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        asset::Asset,
        chain::{audit::Check, run::Frame},
        outcome::Fill,
        population::Kind,
        rules::Rules,
        scenario::{Scenario, SHIPPED},
    };

    fn sample() -> (Summary, Tape, Run, Vec<Outcome>) {
        let mut tape = Scenario::read(SHIPPED).unwrap().tape().unwrap();
        tape.title = "a <b>crash</b>".into();
        let fill = Fill {
            time: tape.ticks[1_700].time,
            borrower: 0,
            kind: Kind::Plain,
            debt: Asset::Usdc,
            deposit: Asset::Sol,
            repaid: 1_234.0,
            bonus: 5.0,
        };
        let outcome = |name: &str| {
            let mut outcome = Outcome::new(name, vec![20_000.0], 10_000.0);
            outcome.fills = vec![fill.clone()];
            outcome
        };
        let frames = [tape.first().time, tape.last().time]
            .map(|time| Frame { time, totals: Default::default() })
            .into_iter()
            .collect();
        let checks = vec![Check { name: "tokens".into(), compared: 3, differences: vec![] }];
        let run =
            Run { outcome: outcome("ours"), frames, tranches: vec![], checks, most_units: 1, insurance: 0 };
        let plain = vec![outcome("plain LTV"), outcome("plain LTV at our margin")];
        let figures: Vec<Figures> = plain.iter().map(Outcome::figures).collect();
        let summary = Summary::new(&tape, &Rules::balanced().unwrap(), 1, &run, &figures, &act(), 1.0);
        (summary, tape, run, plain)
    }

    /// A second act of two moments.
    fn act() -> Act {
        let frame = |seconds, alt| crate::second::Frame {
            seconds,
            alt,
            alt_state: 0,
            usdc_state: 0,
            debt: 1_000.0,
            lent_dollar: 1.0,
        };
        Act { frames: vec![frame(0, 2.0), frame(600, 1.0)], ..Act::default() }
    }

    #[test]
    fn the_page_is_self_contained_and_whole() {
        let (summary, tape, run, plain) = sample();
        let page = page(&summary, &tape, &run, &plain, &act()).unwrap();
        for foreign in ["http", "src=", "<link", "<script", "@import", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
        assert_eq!(page.matches("<svg").count(), 9);
        assert!(page.contains("a &lt;b&gt;crash&lt;/b&gt;") && !page.contains("<b>crash"));
        assert!(page.contains("12.34 %"), "1,234 of 10,000");
        assert!(page.trim_end().ends_with("</html>"));
    }

    #[test]
    fn the_close_up_holds_the_liquidations() {
        let (_, tape, run, _) = sample();
        let (from, to) = close_up((tape.first().time, tape.last().time), &[&run.outcome]);
        assert!(to - from == 90 * 60 && (from..to).contains(&run.outcome.fills[0].time));
    }
}
