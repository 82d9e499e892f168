//! Audits: anyone begins one, counts obligations one by one, and has the counts compared with the books. Keepers share the work by looking
//! at what was counted already.

use super::{books::Books, crank::Crank};
use anchor_lang::prelude::Pubkey;
use ballast::{
    instructions::AUDIT_SECONDS,
    state::{Audit, Obligation},
};
use ballast_client::{
    account::reserves_of,
    instruction::{begin_audit, count_obligation, finish_audit},
    send::Step,
};

/// Reserves that one transaction compares.
const COMPARED_AT_ONCE: usize = 16;

/// Number of the audit that runs and whose obligations are to be counted; `None` while none does.
pub fn running(audit: &Audit, now: u64) -> Option<u64> {
    let runs = audit.running.number > 0 && audit.running.last_slot == 0;
    let gives_way = now.saturating_sub(audit.running.began_at) > AUDIT_SECONDS;
    (runs && !gives_way).then_some(audit.running.number)
}

/// Begins an audit when none runs and the last one began `every` seconds ago or earlier.
pub fn begin(books: &Books, every: u64) -> Option<Crank> {
    let (audit, now) = (books.audit.as_deref()?, books.now());
    let is_due = audit.running.number == 0 || now >= audit.running.began_at.saturating_add(every);
    // Somebody else may begin it in the same slot.
    (is_due && running(audit, now).is_none())
        .then(|| Crank::a_try(format!("begin audit {}", audit.running.number + 1), begin_audit(books.key)))
}

/// Counts obligations that this audit has not counted whole.
pub fn counts(vault: Pubkey, number: u64, obligations: &[(Pubkey, Obligation)]) -> Vec<Step> {
    let is_left = |one: &Obligation| {
        let mut positions = one.active().iter();
        !one.active().is_empty()
            && (one.audit != number || positions.any(|position| position.audit != number))
    };
    let left = obligations.iter().filter(|(_, obligation)| is_left(obligation));
    left.map(|(address, obligation)| {
        let count = count_obligation(vault, *address, &reserves_of(obligation));
        Step::together(format!("count {address}"), vec![count])
    })
    .collect()
}

/// Has the counts of these reserves, the vault's, compared with the books. Refused while positions are missing: other shards', for instance.
pub fn compare(vault: Pubkey, number: u64, reserves: &[Pubkey]) -> Vec<Crank> {
    let slices = reserves.chunks(COMPARED_AT_ONCE).enumerate();
    slices
        .map(|(slice, reserves)| {
            let what = format!("compare the counts of audit {number}, slice {}", slice + 1);
            Crank::a_try(what, finish_audit(vault, reserves))
        })
        .collect()
}
