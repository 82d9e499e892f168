//! What the terminal shows while it runs.

use crate::{
    asset::Asset,
    chain::{audit::Check, snapshot::Totals, world::POOLS},
    outcome::{Figures, Fill},
    tape::{Tape, Tick},
    time,
};
use std::collections::BTreeMap;

/// Assets whose prices fit a line.
const SHOWN: [Asset; 4] = [Asset::Btc, Asset::Eth, Asset::Sol, Asset::Alt];

/// Prints the run.
#[derive(Default)]
pub struct Show {
    lines: usize,
}

impl Show {
    /// Says what is about to be replayed.
    pub fn opening(&self, tape: &Tape, borrowers: usize) {
        println!("{}", tape.title);
        for source in &tape.sources {
            println!("  {source}");
        }
        let falls = SHOWN.map(|asset| format!("{asset} −{:.0} %", 100.0 * tape.worst_fall(asset)));
        println!("  worst falls from the start: {}", falls.join(", "));
        println!("  {borrowers} borrowers, {} moments\n", tape.ticks.len());
    }

    /// Prints one step of the chain: clock, prices, each vault's equity against its requirement, the tranches that landed.
    pub fn step(&mut self, tick: &Tick, totals: &[Totals; 2], landed: &[Fill]) {
        if self.lines.is_multiple_of(40) {
            let prices: String = SHOWN.map(|asset| format!("{:>9}", asset.symbol())).concat();
            let vaults: String =
                POOLS.map(|pool| format!("  {:>19}", format!("{} E/R, $k", pool.name()))).concat();
            println!("{:<14}{prices}{vaults}  tranches", "UTC");
        }
        self.lines += 1;
        let prices: String = SHOWN.map(|asset| format!("{:>9}", price(tick.dollars(asset)))).concat();
        let vaults: String = totals
            .iter()
            .map(|sum| {
                format!("  {:>8.1} / {:<8.1}", sum.equity() as f64 / 1e9, sum.requirement as f64 / 1e9)
            })
            .collect();
        println!("{}{prices}{vaults}  {}", time::second(tick.time), tranches(landed));
    }

    /// Prints the results.
    pub fn closing(&self, figures: &[Figures], checks: &[Check], seconds: f64) {
        println!();
        let row = |name: &str, cell: &dyn Fn(&Figures) -> String| {
            println!("{name:<34}{}", figures.iter().map(|f| format!("{:>26}", cell(f))).collect::<String>());
        };
        row("", &|f| f.design.clone());
        row("liquidated, share of debt", &|f| format!("{:.2} %", 100.0 * f.liquidated_share_of_debt));
        row("liquidated", &|f| format!("${:.0}", f.liquidated_usd));
        row("tranches", &|f| f.tranches.to_string());
        row("median tranche", &|f| format!("${:.0}", f.median_tranche_usd));
        row("borrowers touched", &|f| f.borrowers_touched.to_string());
        row("median loss of those", &|f| format!("{:.3} %", 100.0 * f.median_loss_share));
        row("bad debt at the end", &|f| format!("${:.2}", f.bad_debt_usd));
        row("bad debt at its worst", &|f| format!("${:.2}", f.worst_bad_debt_usd));
        println!();
        for check in checks {
            let verdict = if check.differences.is_empty() { "ok" } else { "DIFFERENT" };
            println!("{verdict:<10}{} ({} compared)", check.name, check.compared);
        }
        println!("\n{seconds:.0} s");
    }
}

fn price(dollars: f64) -> String {
    match dollars {
        d if d >= 1_000.0 => format!("{d:.0}"),
        d if d >= 10.0 => format!("{d:.2}"),
        d => format!("{d:.4}"),
    }
}

/// `3: SOL $312, LST $95`.
fn tranches(landed: &[Fill]) -> String {
    if landed.is_empty() {
        return String::new();
    }
    let mut sold: BTreeMap<Asset, f64> = BTreeMap::new();
    for fill in landed {
        *sold.entry(fill.deposit).or_default() += fill.repaid;
    }
    let parts: Vec<String> = sold.iter().map(|(asset, dollars)| format!("{asset} ${dollars:.0}")).collect();
    format!("{}: {}", landed.len(), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::Kind;

    #[test]
    fn tranches_are_summed_by_the_asset_sold() {
        let fill = |deposit, repaid| Fill {
            time: 0,
            borrower: 0,
            kind: Kind::Plain,
            debt: Asset::Usdc,
            deposit,
            repaid,
            bonus: 0.0,
        };
        assert_eq!(tranches(&[]), "");
        let landed = [fill(Asset::Lst, 95.0), fill(Asset::Sol, 100.0), fill(Asset::Sol, 212.0)];
        assert_eq!(tranches(&landed), "3: SOL $312, LST $95");
    }
}
