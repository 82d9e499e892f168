//! Who votes on a claim with which weight, by the cluster and the vote accounts themselves.

use super::{Asked, Verdict};
use crate::{
    ensure,
    step::{Lens, Step},
    svm::decode,
};
use anchor_lang::prelude::Pubkey;
use ballast::state::{ClaimAccount, RollAccount};
use ballast_risk::{roll::Enrolment, tally::Voter};
use solana_account::ReadableAccount as _;
use std::collections::{BTreeMap, BTreeSet};

/// Epochs between enrolling and voting.
const WAITS: u32 = 2;
/// The vote program.
const VOTE_PROGRAM: &str = "Vote111111111111111111111111111111111111111";

/// The roll says whom vote accounts name; a claim is voted by everybody on it, each vote account once, with its stake; an
/// identity's places vote together; and what was settled is what more than half of the weight said.
pub fn weigh_what_they_should(step: &Step) -> Asked {
    let (epoch, mut asked) = (u32::try_from(step.clock.epoch).unwrap_or(u32::MAX), false);
    for (key, before, after) in step.changed::<RollAccount>() {
        let Some(roll) = after else { return Err(format!("roll {key} is gone")) };
        let before = before.as_ref().map(enrolments).unwrap_or_default();
        for (vote_account, now) in enrolments(&roll) {
            let then = before.get(&vote_account);
            if then == Some(&now) {
                continue;
            }
            asked = true;
            let named = identity_of(&step.after, &vote_account);
            let waits_anew = then.is_some_and(|then| then.enrolled_in != now.enrolled_in);
            check_enrolment(&now, named, epoch, waits_anew || then.is_none())
                .map_err(|words| format!("roll {key}, {vote_account}: {words}"))?;
            let stays = then.is_some() && !waits_anew;
            let signed = step.signers.contains(&Pubkey::new_from_array(now.identity));
            ensure!(stays || signed, "{vote_account} was enrolled without its identity");
        }
    }
    for (key, before, after) in step.changed::<ClaimAccount>() {
        let Some(claim) = after else { continue };
        asked |= before.is_none_or(|before| before.ballot != claim.ballot);
        match before {
            // in a batch, the roll may have changed after it was opened: each call is asked for itself
            None if step.calls.len() > 1 => {}
            None => check_opened(step, &claim, epoch).map_err(|words| format!("claim {key}: {words}"))?,
            Some(before) => {
                check_votes(&before, &claim, step.now()).map_err(|words| format!("claim {key}: {words}"))?;
            }
        }
    }
    Ok(asked)
}

/// Everybody on a roll.
fn enrolments(roll: &RollAccount) -> BTreeMap<Pubkey, Enrolment> {
    let all = roll.seats().iter().flat_map(|seat| [seat.holder, seat.successor]);
    let taken = all.filter(|enrolment| enrolment.vote_account != [0; 32]);
    taken.map(|enrolment| (Pubkey::new_from_array(enrolment.vote_account), enrolment)).collect()
}

/// Whom a vote account names, by its own bytes.
fn identity_of(lens: &Lens, vote_account: &Pubkey) -> Option<[u8; 32]> {
    let account = lens.account(vote_account)?;
    let (layout, rest) = account.data().split_first_chunk::<4>()?;
    let readable =
        account.owner().to_string() == VOTE_PROGRAM && (1..=3).contains(&u32::from_le_bytes(*layout));
    readable.then(|| rest.first_chunk::<32>().copied()).flatten()
}

/// What is written down of a vote account is what it names, in this epoch; whoever is new waits from now on.
pub fn check_enrolment(now: &Enrolment, named: Option<[u8; 32]>, epoch: u32, new: bool) -> Verdict {
    ensure!(named == Some(now.identity), "it names {named:?}, and the roll says {now:?}");
    ensure!(now.confirmed_in == epoch, "it was called in epoch {epoch}, and the roll says {now:?}");
    ensure!(!new || now.enrolled_in == epoch, "it enrolled in epoch {epoch}, and the roll says {now:?}");
    Ok(())
}

fn check_opened(step: &Step, claim: &ClaimAccount, epoch: u32) -> Verdict {
    let passed = step.calls.iter().flat_map(|call| &call.instruction.accounts);
    let roll = passed
        .filter_map(|meta| decode::<RollAccount>(step.after.account(&meta.pubkey)?))
        .find(|roll| roll.fund == claim.fund);
    let Some(roll) = roll else { return Err("opened without the fund's roll".into()) };
    let mut seen = BTreeSet::new();
    let mut electorate = vec![];
    for seat in roll.seats() {
        let holder = &seat.holder;
        let weight = step.after.stake_of(&Pubkey::new_from_array(holder.vote_account));
        if holder.vote_account == [0; 32] || holder.enrolled_in + WAITS > epoch || weight == 0 {
            continue;
        }
        ensure!(seen.insert(holder.vote_account), "a vote account is there twice");
        ensure!(holder.confirmed_in == epoch, "{holder:?} was not called in epoch {epoch}");
        electorate.push(Voter { identity: holder.identity, weight });
    }
    ensure!(claim.epoch == u64::from(epoch), "it opened in epoch {epoch} and says {}", claim.epoch);
    let cluster = step.after.cluster_stake();
    ensure!(
        claim.cluster_stake == cluster,
        "the cluster has {cluster}, the claim says {}",
        claim.cluster_stake
    );
    check_electorate(&electorate, voters(claim), claim.ballot.total, cluster)
}

fn voters(claim: &ClaimAccount) -> &[Voter] {
    claim.voters().get(..claim.ballot.count as usize).unwrap_or_default()
}

/// Whether those who vote are everybody who may, each with the stake that the cluster counts and nobody twice; and whether they are
/// enough for a claim.
pub fn check_electorate(may: &[Voter], voters: &[Voter], total: u64, cluster: u64) -> Verdict {
    let sorted = |voters: &[Voter]| {
        let mut sorted: Vec<_> = voters.iter().map(|voter| (voter.identity, voter.weight)).collect();
        sorted.sort_unstable();
        sorted
    };
    ensure!(sorted(may) == sorted(voters), "{voters:?} vote, and {may:?} may");
    let sum: u128 = may.iter().map(|voter| u128::from(voter.weight)).sum();
    ensure!(sum == u128::from(total), "weights are {sum}, and {total} is written down");
    let mut identities = BTreeMap::<[u8; 32], u128>::new();
    for voter in may {
        *identities.entry(voter.identity).or_default() += u128::from(voter.weight);
    }
    let largest = identities.values().max().copied().unwrap_or_default();
    ensure!(identities.len() >= 7, "{} identities vote", identities.len());
    ensure!(sum * 20 >= u128::from(cluster), "{sum} of {cluster} vote");
    ensure!(largest * 3 <= sum, "one identity has {largest} of {sum}");
    Ok(())
}

/// Whether the places of each identity moved together and in time, and a claim was settled by its weights.
pub fn check_votes(before: &ClaimAccount, after: &ClaimAccount, now: u64) -> Verdict {
    let (voters, yes) = (voters(after), after.ballot.yes);
    let says = |place: usize| (yes >> place) & 1;
    let moved = before.ballot.yes ^ yes;
    ensure!(moved == 0 || now < after.ballot.deadline, "a vote after the deadline");
    ensure!(moved == 0 || before.ballot.settled == 0, "a vote on what was settled");
    for (place, voter) in voters.iter().enumerate().filter(|(place, _)| (moved >> place) & 1 == 1) {
        let apart = voters
            .iter()
            .enumerate()
            .any(|(other, same)| same.identity == voter.identity && says(other) != says(place));
        ensure!(!apart, "the places of one identity say different things: {yes:b}");
    }
    if before.ballot.settled == after.ballot.settled {
        return Ok(());
    }
    let all: u128 = voters.iter().map(|voter| u128::from(voter.weight)).sum();
    let favour = voters.iter().enumerate().filter(|(place, _)| says(*place) == 1);
    let favour: u128 = favour.map(|(_, voter)| u128::from(voter.weight)).sum();
    let passes = 2 * favour > all;
    let ripe = passes || now >= after.ballot.deadline;
    let settled = if passes { 1 } else { 2 };
    ensure!(
        ripe && before.ballot.settled == 0 && after.ballot.settled == settled,
        "{favour} of {all} say yes at {now}, and it became {:?}",
        after.ballot
    );
    Ok(())
}
