//! A transaction that was sent, with what it could write as it was before; and one of several calls taken apart.

use crate::{
    build::Built,
    laws::{
        broken_by,
        exits::{Exits, SHARE},
        Violation,
    },
    outcome::Outcome,
    step::{Lens, Step},
    tally::Tally,
    world::World,
};
use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::instruction::Instruction,
};
use solana_account::AccountSharedData;
use std::collections::{BTreeMap, BTreeSet};

/// A law of transactions with several calls.
pub const APART: &str = "a transaction is its calls one by one";

/// A transaction.
pub struct Sent<'a> {
    calls: &'a [Built],
    before: BTreeMap<Pubkey, Option<AccountSharedData>>,
    /// How it ended.
    pub outcome: Outcome,
}

impl<'a> Sent<'a> {
    /// Sends these calls as one transaction.
    pub fn send(world: &mut World, calls: &'a [Built]) -> Self {
        let instructions: Vec<Instruction> = calls.iter().map(|call| call.instruction.clone()).collect();
        let metas = instructions.iter().flat_map(|instruction| &instruction.accounts);
        let written: BTreeSet<Pubkey> = metas.filter(|m| m.is_writable).map(|m| m.pubkey).collect();
        let before = written.into_iter().map(|key| (key, world.svm.account(&key).cloned())).collect();
        let sent = world.svm.send(&instructions);
        let outcome = Outcome::of(&world.svm, &instructions, sent);
        Self { calls, before, outcome }
    }

    /// Accounts that are not as they were.
    pub fn changed(&self, world: &World) -> Vec<Pubkey> {
        let differs =
            |key: &Pubkey, then: &Option<AccountSharedData>| world.svm.account(key) != then.as_ref();
        self.before.iter().filter(|(key, then)| differs(key, then)).map(|(key, _)| *key).collect()
    }

    /// It as laws look at it. It landed, and the world is as it was then, at this time of the world.
    fn step<'s>(&'s self, world: &'s World, clock: &'s Clock) -> Step<'s> {
        let metas = self.calls.iter().flat_map(|call| &call.instruction.accounts);
        Step {
            before: Lens::with(&world.svm, &self.before),
            after: Lens::now(&world.svm),
            clock,
            calls: self.calls,
            obligations: &world.obligations,
            missing: &world.missing,
            signers: metas.filter(|meta| meta.is_signer).map(|meta| meta.pubkey).collect(),
            changed: self.changed(world),
            outcome: &self.outcome,
        }
    }

    /// Asks the laws of steps. It landed, and the world is as it was then. What leaves is counted call by call.
    pub fn judge(&self, world: &World, exits: &mut Exits, tally: &mut Tally) -> Vec<Violation> {
        let clock = world.clock();
        let step = self.step(world, &clock);
        let mut broken = broken_by(&step, tally);
        if let [_] = self.calls {
            match exits.record(&step) {
                Ok(true) => tally.asked(SHARE),
                Ok(false) => {}
                Err(words) => broken.push(Violation { law: SHARE.into(), words }),
            }
        }
        broken
    }

    /// Sends the calls again, each as a transaction, on a world as it was before, and asks the laws of each: what a law says of
    /// one call it says of every call. `together`: the world after all of them at once, which must be the same.
    pub fn judge_apart(
        &self,
        mut world: World,
        together: &World,
        tamper: Option<fn(&mut World)>,
        exits: &mut Exits,
        tally: &mut Tally,
    ) -> Vec<Violation> {
        let apart = |words: String| Violation { law: APART.into(), words };
        let calls = with_all_privileges(self.calls);
        for (place, call) in calls.iter().enumerate() {
            let sent = Sent::send(&mut world, std::slice::from_ref(call));
            if !sent.outcome.landed() {
                return vec![apart(format!("call {place}, {}, alone: {:?}", call.does, sent.outcome))];
            }
            if let Some(tamper) = tamper.filter(|_| place + 1 == calls.len()) {
                tamper(&mut world);
            }
            world.notice(&sent.changed(&world));
            let broken = sent.judge(&world, exits, tally);
            if !broken.is_empty() {
                return broken;
            }
        }
        tally.asked(APART);
        let differs = |key: &&Pubkey| world.svm.account(key) != together.svm.account(key);
        let other = self.before.keys().find(differs);
        other.map(|key| apart(format!("{key} is another one"))).into_iter().collect()
    }
}

/// In a transaction an account that signs or is written anywhere does so everywhere.
fn with_all_privileges(calls: &[Built]) -> Vec<Built> {
    let metas = || calls.iter().flat_map(|call| &call.instruction.accounts);
    let signers: BTreeSet<Pubkey> = metas().filter(|meta| meta.is_signer).map(|meta| meta.pubkey).collect();
    let written: BTreeSet<Pubkey> = metas().filter(|meta| meta.is_writable).map(|meta| meta.pubkey).collect();
    let mut calls = calls.to_vec();
    for meta in calls.iter_mut().flat_map(|call| &mut call.instruction.accounts) {
        meta.is_signer = signers.contains(&meta.pubkey);
        meta.is_writable = written.contains(&meta.pubkey);
    }
    calls
}
