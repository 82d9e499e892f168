//! What a comparison with the program found.

use crate::time;
use serde::Serialize;
use std::collections::BTreeMap;

/// Differences that are kept with both values; all are counted.
const KEPT: usize = 50;

/// Something that the simulator and the program do not agree on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// When, seconds since the epoch.
    pub time: u64,
    /// Whose; none for a reserve.
    pub account: Option<u32>,
    /// What.
    pub what: String,
    /// The simulator's value.
    pub simulator: String,
    /// The program's value.
    pub program: String,
}

/// Counts, and the first differences.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Found {
    /// The prices.
    pub title: String,
    /// Where they come from.
    pub sources: Vec<String>,
    /// The vault's preset.
    pub preset: String,
    /// The population's seed.
    pub seed: u64,
    /// Accounts opened on the program.
    pub accounts: usize,
    /// Of those, the ones that the program would not lend to, by its reason.
    pub not_lent: BTreeMap<String, usize>,
    /// Moments: every one has its prices, its refresh and its slot.
    pub moments: usize,
    /// Tranches that the simulator took and that were sent to the program.
    pub tranches: usize,
    /// Of those, equal in every figure of their event.
    pub equal_tranches: usize,
    /// Of the tranches, those for which the keeper asked for less than all, because its market takes no more.
    pub asked_for_less: usize,
    /// Dollars that they repaid.
    pub repaid_usd: f64,
    /// Of the tranches, those that were paid in deposit shares.
    pub in_shares: usize,
    /// Of the tranches, those of insolvent books.
    pub insolvent: usize,
    /// Debts that nobody repaid and that reserves absorbed.
    pub losses_absorbed: usize,
    /// Comparisons of all amounts of an account, one an account and moment.
    pub positions: usize,
    /// Comparisons of equity and requirement from the program's accounts.
    pub scores: usize,
    /// Comparisons of a reserve's books, losses, depth bucket and tokens held.
    pub reserves: usize,
    /// Times that the program itself was asked for an account's score and a tranche.
    pub asked: usize,
    /// Of those, accounts below their requirement.
    pub unhealthy: usize,
    /// Of those, tranches that the program would have taken.
    pub would_take: usize,
    /// Circuit breakers that changed on the program. They may not stop a liquidation.
    pub breaker_changes: usize,
    /// Dollars that the simulator repays without interest, as ordinary replays run.
    pub repaid_without_interest_usd: f64,
    /// Differences of any kind.
    pub difference_count: usize,
    /// The first of them.
    pub differences: Vec<Difference>,
    /// Compute units of each tranche.
    #[serde(skip)]
    pub units: Vec<u64>,
    /// Their median and their highest; none without tranches.
    pub units_median_and_most: Option<[u64; 2]>,
    /// Seconds that the comparison took.
    pub took_seconds: f64,
}

impl Found {
    /// Notes a difference.
    pub fn differs(&mut self, difference: Difference) {
        self.difference_count += 1;
        if self.differences.len() < KEPT {
            self.differences.push(difference);
        }
    }

    /// Works out what is only known at the end.
    pub fn finish(&mut self) {
        self.units.sort_unstable();
        self.units_median_and_most = self.units.last().map(|most| [self.units[self.units.len() / 2], *most]);
    }

    /// A table for people.
    pub fn render(&self) -> String {
        let [median, most] = self.units_median_and_most.unwrap_or_default();
        let refused: usize = self.not_lent.values().sum();
        let mut text = format!("{}\n{} preset, seed {}\n\n", self.title, self.preset, self.seed);
        let mut line = |name: &str, value: String| text += &format!("{name:<44} {value}\n");
        line("accounts, of them without their debt", format!("{}, {refused}", self.accounts));
        for (reason, count) in &self.not_lent {
            line("  the program would not lend", format!("{count}: {reason}"));
        }
        line("moments", self.moments.to_string());
        line("tranches: compared, equal", format!("{}, {}", self.tranches, self.equal_tranches));
        line(
            "  of insolvent books, losses, paid in shares",
            format!("{}, {}, {}", self.insolvent, self.losses_absorbed, self.in_shares),
        );
        line("  of keepers that asked for less than all", self.asked_for_less.to_string());
        line("  repaid, without interest in the simulator", {
            format!("${:.0}, ${:.0}", self.repaid_usd, self.repaid_without_interest_usd)
        });
        line("  compute units: median, most", format!("{median}, {most}"));
        line("accounts' amounts compared", self.positions.to_string());
        line("equity and requirement compared", self.scores.to_string());
        line("reserves' books compared", self.reserves.to_string());
        line("scores and verdicts asked of the program", self.asked.to_string());
        line("  unhealthy, tranches it would take", format!("{}, {}", self.unhealthy, self.would_take));
        line("breakers changed meanwhile", self.breaker_changes.to_string());
        line("differences", self.difference_count.to_string());
        line("took", format!("{:.1} s", self.took_seconds));
        for Difference { time, account, what, simulator, program } in &self.differences {
            let whose = account.map_or_else(String::new, |account| format!(" account {account}"));
            text += &format!(
                "\n{}{whose}: {what}\n  simulator {simulator}\n  program   {program}\n",
                time::minute(*time)
            );
        }
        if self.difference_count > self.differences.len() {
            text += &format!("\nand {} more\n", self.difference_count - self.differences.len());
        }
        text
    }
}
