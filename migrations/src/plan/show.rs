//! A plan as a person reads it.

use super::{Action, Finding, Item, Plan};
use crate::chain::sol;
use std::fmt;

/// So many differences of one thing are shown.
const SHOWN: usize = 12;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "!!! {warning}\n")?;
        }
        writeln!(f, "built program: sha256 {}", self.sha256)?;
        for (key, value) in &self.security {
            writeln!(f, "  security.txt {key}: {value}")?;
        }
        writeln!(f)?;
        for item in &self.items {
            writeln!(f, "{item}")?;
        }
        writeln!(f)?;
        let to_do = self.to_do().count();
        if self.all_stands() {
            return writeln!(f, "All stands as the file says: nothing to do.");
        }
        writeln!(f, "{to_do} to do: {} SOL of rent and {} SOL of fees.", sol(self.rent()), sol(self.fees()))?;
        match self.obstacles() {
            0 => Ok(()),
            obstacles => writeln!(f, "{obstacles} that this tool does not change: see above."),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mark = match &self.finding {
            Finding::Stands => "stands",
            Finding::Differs(_) => "DIFFERS",
            Finding::Planned(_) => "to do",
            Finding::Blocked(_) => "BLOCKED",
        };
        write!(f, "{mark:>8}  {} {}", self.name, self.address)?;
        match &self.finding {
            Finding::Stands => Ok(()),
            Finding::Blocked(reason) => write!(f, "\n          {}", reason.replace('\n', "\n          ")),
            Finding::Planned(action) => {
                let what = match action {
                    Action::Deploy => "deploy, through a buffer",
                    Action::Upgrade(_) => "upgrade, through a buffer",
                    Action::HandOver(_) => "hand over",
                    Action::Send(_) => "one transaction",
                };
                let signers: Vec<String> =
                    self.signers.iter().map(|(role, key)| format!("{role} {key}")).collect();
                write!(f, "\n          {what}; rent {} SOL; signed by {}", sol(self.rent), signers.join(", "))
            }
            Finding::Differs(differences) => {
                for difference in differences.iter().take(SHOWN) {
                    write!(
                        f,
                        "\n          {}: {} on chain, {} in the file",
                        difference.field, difference.found, difference.wanted
                    )?;
                }
                if differences.len() > SHOWN {
                    write!(f, "\n          … and {} more", differences.len() - SHOWN)?;
                }
                write!(
                    f,
                    "\n          Only a proposed change can move what stands, where the program allows it."
                )
            }
        }
    }
}
