//! How the page writes numbers and names, and the words that never change.

use super::summary::Summary;
use crate::market::TRANSACTION_DOLLARS;

/// What the page's words mean.
pub const GLOSSARY: &str = "<dl>
<dt>Equity E</dt><dd>Value of a borrower's deposits minus value of the debts.</dd>
<dt>Requirement R</dt><dd>The equity that the vault's risk model asks for: the loss of the worst of its scenarios, with hedges netted inside each scenario, plus charges and floors. Below it a book may be liquidated.</dd>
<dt>Tranche</dt><dd>One soft liquidation: a part of one debt is repaid for a part of one deposit plus a bonus.</dd>
<dt>Pace</dt><dd>How much of a debt may be repaid in a window of time: little when a book is barely below R, everything when it is nearly out of equity.</dd>
<dt>Plain LTV</dt><dd>Deposits count by a threshold each; below it half of the debt is repaid at a 5 % bonus, or all of it below 95 % of health or up to $2,000.</dd>
<dt>Plain LTV at our margin</dt><dd>The same with each threshold raised to where this vault's model would liquidate a plain loan against stable debt: what the later threshold alone buys.</dd>
<dt>Bad debt</dt><dd>Σ(D − C)⁺: what debts exceed deposits by, summed over the books under water.</dd>
<dt>Median loss</dt><dd>The middle one, among the borrowers who were liquidated, of what bonuses took as a share of their deposits at the start.</dd>
<dt>LST</dt><dd>Liquid-staked SOL.</dd>
</dl>
";

/// Where the numbers come from, and what they do not say.
pub fn limits(summary: &Summary) -> String {
    let mut text = String::from("<ul>\n");
    for source in &summary.sources {
        text += &format!("<li>{}.</li>\n", escape(&capital(source)));
    }
    text += &format!(
        "<li>The borrowers are made up: within each kind their debts are spread evenly between 30 % and 100 % of what both protocols \
         would lend, which is nearer to the limit than real ones keep; otherwise so few would show nothing. They illustrate; the \
         ratio moves a lot with the seed, which decides who has which size and assets.</li>\n\
         <li>Market depth and keepers' costs are modelled: a sale costs 0.1 % in calm depth (stables a fifth, the alt three times that), \
         more as depth falls to 4 %, and a transaction ${TRANSACTION_DOLLARS}. Nobody liquidates at a loss, in any design. Sales do not move \
         the prices that are replayed.</li>\n\
         <li>Oracle confidence and averages are modelled from the prices. Between two moments nothing happens, so a fall inside one \
         is a gap for every design.</li>\n\
         <li>The plain protocols charge no interest; at a few days and these rates that is about a basis point.</li>\n\
         <li>The validator is a local one with a single keeper: no competition, no congestion, no failed transactions.</li>\n"
    );
    text + "</ul>\n"
}

/// `1 borrower`, `2 borrowers`.
pub fn people(count: usize) -> String {
    if count == 1 {
        "1 borrower".into()
    } else {
        format!("{count} borrowers")
    }
}

/// A share in percent.
pub fn percent(share: f64, digits: usize) -> String {
    format!("{:.digits$} %", 100.0 * share)
}

/// Dollars, with cents below a hundred.
pub fn dollars(value: f64) -> String {
    if value.abs() < 100.0 && value != 0.0 {
        format!("${value:.2}")
    } else {
        format!("${}", grouped(value))
    }
}

/// A whole number with its thousands apart.
pub fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// With a capital first letter.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Safe inside HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            (dollars(1_234_567.4), dollars(12.345), dollars(0.0)),
            ("$1,234,567".into(), "$12.35".into(), "$0".into())
        );
        assert_eq!((percent(0.012_345, 2), grouped(999.0)), ("1.23 %".into(), "999".into()));
        assert_eq!((capital("main vault"), escape("a<b&c")), ("Main vault".into(), "a&lt;b&amp;c".into()));
    }
}
