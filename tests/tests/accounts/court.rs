//! Tries every wrong of a call, and keeps count.

use crate::{
    bench::{Accounts, Bench},
    interface::Interface,
    kept::Kept,
    permitted::{self, Permitted},
    wrong::{Pool, Subject, Wrong, WALLET},
};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction, system_program};
use ballast::governance::INSTRUCTIONS;
use ballast_tests::{
    market::{TOKEN, TOKEN_2022},
    Validator, World,
};
use solana_account::Account;
use std::collections::{BTreeMap, BTreeSet};

/// What was found.
#[derive(Default)]
pub struct Findings {
    /// Instructions, with how many legal calls of each were taken apart.
    pub instructions: BTreeMap<String, usize>,
    pub slots: usize,
    pub cases: usize,
    pub accepted: usize,
    /// Refusals by the error's name.
    pub refusals: BTreeMap<String, usize>,
    /// Entries of the tables that were met, by their place.
    pub met: BTreeSet<usize>,
    pub met_runtime: BTreeSet<usize>,
    pub kept: Kept,
    /// Everything that is not as it should be.
    pub complaints: Vec<String>,
}

impl Findings {
    pub fn add(&mut self, other: Self) {
        for (name, count) in other.instructions {
            *self.instructions.entry(name).or_default() += count;
        }
        for (name, count) in other.refusals {
            *self.refusals.entry(name).or_default() += count;
        }
        self.slots += other.slots;
        self.cases += other.cases;
        self.accepted += other.accepted;
        self.met.extend(other.met);
        self.met_runtime.extend(other.met_runtime);
        self.kept.add(other.kept);
        self.complaints.extend(other.complaints);
    }
}

/// Where calls are taken apart.
pub struct Court {
    interface: Interface,
    bench: Bench,
    pub findings: Findings,
}

/// The accounts that calls name, as they are in the world. Programs and sysvars are the machine's own.
async fn accounts_of(world: &mut World, calls: [&Instruction; 2], pool: &Pool) -> Accounts {
    let fixed = [system_program::ID, TOKEN, TOKEN_2022, ballast::ID, INSTRUCTIONS];
    let mut accounts = Accounts::new();
    let named = calls.iter().flat_map(|call| &call.accounts).map(|meta| &meta.pubkey);
    for key in named.chain(&pool.ours).chain(&pool.theirs) {
        if !fixed.contains(key) && !accounts.contains_key(key) {
            accounts.insert(*key, world.chain.account(*key).await);
        }
    }
    let wallet = Account { lamports: 10_000_000_000, owner: system_program::ID, ..Account::default() };
    accounts.insert(WALLET, Some(wallet));
    accounts
}

impl Court {
    pub fn new(validators: &[Validator]) -> Self {
        let (interface, findings) = (Interface::read(), Findings::default());
        Self { interface, bench: Bench::new(validators), findings }
    }

    /// Takes a call apart that is legal as it is, and whose twin is legal in another vault at the same moment. `special` says which
    /// case of the instruction it is, where permissions differ.
    pub async fn try_all(
        &mut self,
        world: &mut World,
        special: &str,
        [call, twin]: [&Instruction; 2],
        pool: &Pool,
    ) {
        let interface = self.interface.clone();
        let described = interface.of(call);
        let name = format!("{}{special}", described.name);
        let accounts = accounts_of(world, [call, twin], pool).await;
        let clock = world.chain.clock().await;
        self.bench.hold(&accounts, &clock);
        let mut done = Accounts::new();
        for legal in [twin, call] {
            if let Err(refusal) = self.bench.send(std::slice::from_ref(legal)) {
                panic!("{name} itself: {} {:#?}", refusal.name, refusal.logs);
            }
            self.check_law(world, &accounts).await;
            done = self.bench.all();
            self.bench.restore(&accounts);
        }
        *self.findings.instructions.entry(described.name.clone()).or_default() += 1;
        self.findings.slots += call.accounts.len();
        let subject =
            Subject { call, twin, described, name: &name, interface: &interface, accounts: &accounts, pool };
        for wrong in subject.wrongs() {
            self.try_one(world, &subject, &wrong, &done).await;
        }
    }

    /// `done` is what the call leaves as it is.
    async fn try_one(&mut self, world: &mut World, subject: &Subject<'_>, wrong: &Wrong, done: &Accounts) {
        let name = subject.name;
        let mut before = subject.accounts.clone();
        for (key, account) in &wrong.puts {
            self.bench.put(*key, account.clone());
            before.insert(*key, account.clone());
        }
        self.findings.cases += 1;
        let permitted = permitted::find(name, &wrong.slot, wrong.kind);
        let Wrong { slot, kind, what, .. } = wrong;
        let mut complain = |said: String| {
            self.findings.complaints.push(format!("{name} / {slot} / {kind:?} {what}: {said}"));
        };
        match self.bench.send(std::slice::from_ref(&wrong.instruction)) {
            Err(refusal) => {
                if refusal.crashed {
                    complain(format!("crashed: {} {:#?}", refusal.name, refusal.logs));
                } else if refusal.name.starts_with("unnamed") {
                    complain(format!("{} {:#?}", refusal.name, refusal.logs));
                } else if is_of_the_runtime(&refusal.name) {
                    match permitted::find_runtime(&refusal.name) {
                        Some(place) => drop(self.findings.met_runtime.insert(place)),
                        None => complain(format!("{} {:#?}", refusal.name, refusal.logs)),
                    }
                }
                let changed = self.bench.changed(&before);
                if !changed.is_empty() {
                    self.findings.complaints.push(format!("{name} {slot}: a refusal changed {changed:?}"));
                }
                self.findings.kept.refuse(name, slot, *kind, &refusal.name);
                *self.findings.refusals.entry(refusal.name).or_default() += 1;
            }
            Ok(_) => {
                self.findings.accepted += 1;
                let same = does_the_same(&self.bench, subject, wrong, done);
                self.findings.kept.accept(name, slot, *kind, same);
                match permitted {
                    None => complain("accepted".into()),
                    Some((place, Permitted { .. })) => {
                        self.findings.met.insert(place);
                        println!("accepted: {name} / {slot} / {kind:?} {what}");
                        self.check_others(subject, &before, wrong);
                        self.check_law(world, &before).await;
                    }
                }
            }
        }
        self.bench.restore(subject.accounts);
    }

    /// Nothing of another vault may have changed by a call of this one.
    fn check_others(&mut self, subject: &Subject, before: &Accounts, wrong: &Wrong) {
        let ours: BTreeSet<Pubkey> = subject.call.accounts.iter().map(|meta| meta.pubkey).collect();
        for key in self.bench.changed(before) {
            let of_twin = subject.twin.accounts.iter().any(|meta| meta.pubkey == key);
            if (of_twin || subject.pool.theirs.contains(&key)) && !ours.contains(&key) {
                let Wrong { slot, kind, .. } = wrong;
                let name = subject.name;
                self.findings
                    .complaints
                    .push(format!("{name} / {slot} / {kind:?} changed {key} of the other vault"));
            }
        }
    }

    /// The law, on the world as the machine has left it.
    async fn check_law(&mut self, world: &mut World, before: &Accounts) {
        let changed = self.bench.changed(before);
        let mut were = vec![];
        for key in changed {
            were.push((key, world.chain.account(key).await));
            world.chain.put(key, self.bench.account(&key).unwrap_or_default());
        }
        let (obligations, stakes) = (world.obligations.clone(), world.stakes.clone());
        for (kept, all) in
            [(&mut world.obligations, obligations.clone()), (&mut world.stakes, stakes.clone())]
        {
            kept.clear();
            for key in all {
                let is_there = self.bench.account(&key).is_some() || !before.contains_key(&key);
                if is_there {
                    kept.push(key);
                }
            }
        }
        world.check_law().await;
        (world.obligations, world.stakes) = (obligations, stakes);
        for (key, account) in were {
            world.chain.put(key, account.unwrap_or_default());
        }
    }
}

/// Whether all accounts end as they do by the call as it is, but for those that were put in or taken out.
fn does_the_same(bench: &Bench, subject: &Subject, wrong: &Wrong, done: &Accounts) -> bool {
    let names = |call: &Instruction, key| call.accounts.iter().any(|meta| meta.pubkey == key);
    // and not what the runtime keeps for itself: it touches whatever is writable
    let holds = |account: Option<&Account>| account.map(|a| (a.lamports, a.owner, a.data.clone()));
    done.iter().all(|(key, account)| {
        let is_put = wrong.puts.iter().any(|(put, _)| put == key);
        let in_both = names(subject.call, *key) == names(&wrong.instruction, *key);
        is_put || !in_both || holds(bench.account(key).as_ref()) == holds(account.as_ref())
    })
}

fn is_of_the_runtime(name: &str) -> bool {
    name.starts_with("runtime: ") || name.starts_with("transaction: ")
}

impl Findings {
    /// Prints the figures, then fails with everything that is not as it should be.
    pub fn report(mut self, interface: &Interface) {
        println!(
            "{} of {} instructions in {} calls, {} slots, {} cases: {} refused, {} accepted as permitted",
            self.instructions.len(),
            interface.instructions.len(),
            self.instructions.values().sum::<usize>(),
            self.slots,
            self.cases,
            self.refusals.values().sum::<usize>(),
            self.accepted,
        );
        let mut refusals: Vec<_> = self.refusals.iter().collect();
        refusals.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
        for (name, count) in refusals {
            println!("{count:>7} {name}");
        }
        for instruction in &interface.instructions {
            if !self.instructions.contains_key(&instruction.name) {
                self.complaints
                    .push(format!("no legal call of {} is prepared: see main.rs", instruction.name));
            }
        }
        for (place, entry) in permitted::PERMITTED.iter().enumerate() {
            if !self.met.contains(&place) {
                self.complaints.push(format!("nothing meets the permission any more: {}", entry.why));
            }
        }
        for (place, (name, _)) in permitted::RUNTIME.iter().enumerate() {
            if !self.met_runtime.contains(&place) {
                self.complaints.push(format!("nothing is refused by {name} any more"));
            }
        }
        self.complaints.extend(self.kept.differences());
        let count = self.complaints.len();
        assert!(count == 0, "{count} complaints:\n{}", self.complaints.join("\n"));
    }
}
