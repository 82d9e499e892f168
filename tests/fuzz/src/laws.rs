//! The laws. Those of a step look at one landed transaction, those of time at the world before and after it passed; those that cost
//! much are tried on copies, as steps of their own.

pub mod breakers;
pub mod changes;
pub mod coalition;
pub mod exits;
pub mod funds;
pub mod governance;
pub mod halts;
pub mod healthy;
pub mod isolation;
pub mod layouts;
pub mod losses;
pub mod opening;
pub mod requirements;
pub mod reserves;
pub mod rises;
pub mod roles;
pub mod scores;
pub mod sums;
pub mod surplus;
pub mod tranches;
pub mod votes;
pub mod worth;

use crate::{outcome::NO_PANIC, probes::PROBES, sent::APART, step::Step, tally::Tally};

/// What a law says of something: nothing, or what is wrong.
pub type Verdict = Result<(), String>;

/// What a law says of a transaction: whether there was anything in it that it is about, or what is wrong. Only what was really asked
/// is counted, so that a law that is never asked shows.
pub type Asked = Result<bool, String>;

/// A law that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The law.
    pub law: String,
    /// How.
    pub words: String,
}

/// A law of every landed transaction.
pub struct StepLaw {
    /// Its name, as reports show it.
    pub name: &'static str,
    /// Looks.
    pub check: fn(&Step) -> Asked,
}

/// All of them, the cheap ones first.
pub const STEP_LAWS: [StepLaw; 26] = [
    StepLaw { name: "books hold", check: reserves::books_hold },
    StepLaw { name: "positions sum", check: reserves::changes_sum },
    StepLaw { name: "indices stand still within a second", check: reserves::indices_stand },
    StepLaw { name: "only rounding is nobody's", check: surplus::only_rounding_raises_it },
    StepLaw { name: "losses are borne once and in order", check: losses::are_borne_in_order },
    StepLaw { name: "nobody comes in where tokens are missing", check: reserves::nobody_comes_in_short },
    StepLaw { name: "a migration loses nothing", check: layouts::migration_keeps },
    StepLaw { name: "no healthy obligation loses a unit", check: healthy::bystanders_lose_nothing },
    StepLaw { name: "the program scores as the client", check: scores::program_agrees },
    StepLaw { name: "a score is what the accounts are worth", check: worth::written_score_is_right },
    StepLaw { name: "opened risk is covered", check: opening::risk_is_covered },
    StepLaw { name: "a tranche lowers risk", check: tranches::risk_falls },
    StepLaw { name: "a tranche spends what it repays", check: tranches::pace_is_spent_fairly },
    StepLaw { name: "no coalition gains", check: coalition::nobody_gains },
    StepLaw { name: "vaults are isolated", check: isolation::one_vault },
    StepLaw { name: "only signers pay", check: isolation::only_signers_pay },
    StepLaw { name: "roles act themselves", check: roles::act_themselves },
    StepLaw { name: "breaker table", check: breakers::table_is_respected },
    StepLaw { name: "a breaker rises by its signals", check: rises::have_their_causes },
    StepLaw { name: "no breaker falls before its time", check: breakers::none_falls },
    StepLaw { name: "governance raises no requirement at once", check: governance::no_jump },
    StepLaw {
        name: "executing a change raises nobody's requirement",
        check: requirements::nobody_needs_more,
    },
    StepLaw { name: "funds hold and stake counts once", check: funds::hold },
    StepLaw { name: "votes weigh what the cluster says", check: votes::weigh_what_they_should },
    StepLaw { name: "cover is paid at price", check: funds::cover_is_fair },
    StepLaw { name: "stake shares keep their worth", check: funds::shares_keep_their_worth },
];

/// Asks the laws of steps; every one that is broken.
pub fn broken_by(step: &Step, tally: &mut Tally) -> Vec<Violation> {
    let mut broken = vec![];
    for law in &STEP_LAWS {
        match (law.check)(step) {
            Ok(false) => {}
            Ok(true) => tally.asked(law.name),
            Err(words) => broken.push(Violation { law: law.name.into(), words }),
        }
    }
    broken
}

/// The name of every law there is.
pub fn names() -> impl Iterator<Item = &'static str> {
    let others = [NO_PANIC, APART, exits::SHARE, halts::DAY_IN_SEVEN, governance::RAMP];
    let probes = PROBES.iter().map(|probe| probe.name);
    STEP_LAWS.iter().map(|law| law.name).chain(probes).chain(others)
}

/// Fails with words unless a condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err(format!($($words)+));
        }
    };
}
