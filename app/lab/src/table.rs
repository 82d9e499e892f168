//! Figures as a table for the terminal.

use crate::compare::Figures;

/// Writes the main figures of each design, one a line.
pub fn render(figures: &[Figures]) -> String {
    let mut text = format!(
        "{:<30} {:>9} {:>22} {:>7} {:>8} {:>8} {:>7} {:>8} {:>8} {:>9} {:>8} {:>8} {:>7}\n",
        "design",
        "liq. bp",
        "less than LTV [90 %]",
        "events",
        "median",
        "p95",
        "touched",
        "loss %",
        "bonus bp",
        "worst bp",
        "net bp",
        "end bp",
        "impact",
    );
    for f in figures {
        let ratio =
            f.ratio.map_or(String::new(), |r| format!("{:.1}x [{:.1}–{:.1}]", r.pooled, r.low, r.high));
        text += &format!(
            "{:<30} {:>9.2} {:>22} {:>7} {:>8.0} {:>8.0} {:>7} {:>8.3} {:>8.2} {:>9.2} {:>8.2} {:>8.2} {:>6.2}%\n",
            f.design,
            f.liquidated_bp,
            ratio,
            f.events,
            f.median_tranche_usd,
            f.p95_tranche_usd,
            f.borrowers_touched,
            f.median_loss_pct,
            f.bonus_bp,
            f.worst_bad_debt_bp,
            f.worst_lender_loss_bp,
            f.pooled_lender_loss_bp,
            f.worst_impact_pct,
        );
    }
    text
}
