//! What is accepted, and what others than this program refuse, as two committed lists. `permitted.rs` says why, in products of calls, slots
//! and kinds; a change within a product, or a check of this program that another one happened to make up for, shows here.

use crate::wrong::Kind;
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
};

/// Set to 1 to write the lists anew.
const REWRITE: &str = "BALLAST_REWRITE";

/// Where a case stands (call, slot, and whose error it was), and how many of each kind there are. What is accepted and does something
/// else than the legal call, beyond the account that is wrong, is a kind of its own.
type Cases = BTreeMap<String, BTreeMap<(Kind, Does), usize>>;

/// What a case does besides being wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Does {
    TheSame,
    SomethingElse,
}

/// Both lists.
#[derive(Default)]
pub struct Kept {
    accepted: Cases,
    refused_by_others: Cases,
}

fn count(cases: &mut Cases, place: String, kind: (Kind, Does), times: usize) {
    *cases.entry(place).or_default().entry(kind).or_default() += times;
}

impl Kept {
    pub fn accept(&mut self, call: &str, slot: &str, kind: Kind, does_the_same: bool) {
        let does = if does_the_same { Does::TheSame } else { Does::SomethingElse };
        count(&mut self.accepted, format!("{call} / {slot}"), (kind, does), 1);
    }

    /// Notes a refusal, unless it is an error of this program's or of its framework.
    pub fn refuse(&mut self, call: &str, slot: &str, kind: Kind, error: &str) {
        if ["runtime: ", "transaction: ", "SPL Token: ", "system program: "]
            .iter()
            .any(|whose| error.starts_with(whose))
        {
            count(
                &mut self.refused_by_others,
                format!("{call} / {slot} / {error}"),
                (kind, Does::TheSame),
                1,
            );
        }
    }

    pub fn add(&mut self, other: Self) {
        for (to, from) in
            [(&mut self.accepted, other.accepted), (&mut self.refused_by_others, other.refused_by_others)]
        {
            for (place, kinds) in from {
                kinds.into_iter().for_each(|(kind, times)| count(to, place.clone(), kind, times));
            }
        }
    }

    /// Every line that is new, and every one that is not so any more. Writes the lists anew instead where it is asked to.
    pub fn differences(&self) -> Vec<String> {
        let both = [("accepted", &self.accepted), ("refused_by_others", &self.refused_by_others)];
        both.into_iter().flat_map(|(name, cases)| differences(name, cases)).collect()
    }
}

fn differences(name: &str, cases: &Cases) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/accounts/{name}.txt"));
    let found: BTreeSet<String> = cases.iter().map(line).collect();
    if env::var_os(REWRITE).is_some_and(|value| value == "1") {
        let text: String = found.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let text = fs::read_to_string(&path).unwrap_or_default();
    let kept: BTreeSet<String> = text.lines().map(str::to_owned).collect();
    let new = found.difference(&kept).map(|line| format!("{name}.txt, new: {line}"));
    let gone = kept.difference(&found).map(|line| format!("{name}.txt, gone: {line}"));
    let mut all: Vec<String> = new.chain(gone).collect();
    if !all.is_empty() {
        all.push(format!(
            "if each is meant: {REWRITE}=1 cargo test --workspace --test accounts every_account"
        ));
    }
    all
}

/// A place and its kinds, with how often each occurs where that is more than once. `!`: it does something else than the legal call.
fn line((place, kinds): (&String, &BTreeMap<(Kind, Does), usize>)) -> String {
    let kinds: Vec<String> = kinds
        .iter()
        .map(|((kind, does), times)| {
            let mark = if *does == Does::SomethingElse { "!" } else { "" };
            let times = if *times == 1 { String::new() } else { format!(" {times}") };
            format!("{kind:?}{mark}{times}")
        })
        .collect();
    format!("{place}: {}", kinds.join(", "))
}
