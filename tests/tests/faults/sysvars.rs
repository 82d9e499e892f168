//! Sysvars that change under the program's feet: epochs, stake, and everything that it does not read.

use anchor_lang::{
    prelude::{Clock, Pubkey},
    pubkey,
};
use ballast::BallastError;
use ballast_client::{insurance, Event};
use ballast_tests::{
    legal::{legal_calls, LegalCall},
    lite::lite,
    refused, Insured, Validator,
};
use litesvm::LiteSVM;
use solana_account::Account;
use solana_keypair::Keypair;
use solana_transaction::{InstructionError, TransactionError};
use std::collections::BTreeMap;

/// What a call leaves behind, or why it was refused.
type Outcome = Result<BTreeMap<Pubkey, Option<Account>>, TransactionError>;

fn outcome(call: &LegalCall, mut svm: LiteSVM) -> Outcome {
    match call.send(&mut svm) {
        Ok(_) => Ok(call.accounts(&svm)),
        Err(failure) => {
            assert!(failure.meta.logs.iter().all(|line| !line.contains("panicked")), "{failure:#?}");
            Err(failure.err)
        }
    }
}

/// Changes something of the cluster that a call finds.
type Change<'a> = (&'a str, &'a dyn Fn(&LegalCall, &mut LiteSVM));

/// Every legal call, the cluster that it finds and what it does there.
struct Calls(Vec<(LegalCall, LiteSVM, Outcome)>);

impl Calls {
    async fn all() -> Self {
        let empty = lite().with_sigverify(false);
        let with_outcome = |call: LegalCall| {
            let before = call.before.load_into(&empty);
            let expected = outcome(&call, before.clone());
            assert!(expected.is_ok(), "{}: {expected:?}", call.words());
            (call, before, expected)
        };
        Self(legal_calls().await.into_iter().map(with_outcome).collect())
    }

    /// Names of those whose outcome a change has changed. Whatever is refused is refused by name.
    fn changed_by(&self, (what, change): Change) -> Vec<&'static str> {
        let mut changed = vec![];
        for (call, before, expected) in &self.0 {
            let mut other = before.clone();
            change(call, &mut other);
            let found = outcome(call, other);
            if let Err(error) = &found {
                let named =
                    matches!(error, TransactionError::InstructionError(_, InstructionError::Custom(_)));
                assert!(named, "{what}: {}: {error:?}", call.words());
            }
            if found != *expected {
                changed.push(call.name);
            }
        }
        changed.sort_unstable();
        changed.dedup();
        changed
    }
}

#[tokio::test]
async fn the_clusters_stake_counts_where_people_enrol_and_claims_open_and_nowhere_else() {
    let calls = Calls::all().await;
    let set = |change: fn(u64) -> u64| {
        move |call: &LegalCall, svm: &mut LiteSVM| {
            let all = call.before.stakes.iter().map(|(key, stake)| (*key, change(*stake)));
            svm.set_epoch_stakes(all).unwrap();
        }
    };
    for (what, change, expected) in [
        ("no stake at all", set(|_| 0), &["enroll_validator", "open_claim"][..]),
        ("twice the stake", set(|stake| stake * 2), &["open_claim"]),
        ("more than there are lamports", set(|_| u64::MAX / 16), &["open_claim"]),
    ] {
        assert_eq!(calls.changed_by((what, &change)), expected, "{what}");
    }
}

#[tokio::test]
async fn the_epoch_counts_on_the_roll_and_where_claims_open_and_nowhere_else() {
    let calls = Calls::all().await;
    let set = |change: fn(&mut Clock)| {
        move |_: &LegalCall, svm: &mut LiteSVM| {
            let mut clock = svm.get_sysvar::<Clock>();
            change(&mut clock);
            svm.set_sysvar(&clock);
        }
    };
    let of_the_roll = &["call_roll", "enroll_validator", "open_claim"][..];
    for (what, change, expected) in [
        ("the next epoch", set(|clock| clock.epoch += 1), of_the_roll),
        // leaving moves up whoever waits, by epoch
        ("no epoch that fits", set(|clock| clock.epoch = u64::MAX), of_the_roll),
        ("another leader schedule", set(|clock| clock.leader_schedule_epoch += 7), &[]),
        ("another beginning", set(|clock| clock.epoch_start_timestamp = i64::MIN), &[]),
    ] {
        assert_eq!(calls.changed_by((what, &change)), expected, "{what}");
    }
}

#[tokio::test]
async fn whatever_the_clock_shows_refusals_are_named() {
    let calls = Calls::all().await;
    const YEAR: i64 = 365 * 86_400;
    let times = [0, 1, -1, -YEAR, YEAR, i64::MIN, i64::MAX, i64::MAX - 1];
    for (index, time) in times.into_iter().enumerate() {
        let turn = move |_: &LegalCall, svm: &mut LiteSVM| {
            let mut clock = svm.get_sysvar::<Clock>();
            clock.unix_timestamp = if index < 2 { time } else { clock.unix_timestamp.saturating_add(time) };
            svm.set_sysvar(&clock);
        };
        let changed = calls.changed_by(("another time", &turn));
        assert!(!changed.is_empty());
    }
    for slot in [0, 1, u64::MAX] {
        let turn = move |_: &LegalCall, svm: &mut LiteSVM| {
            let mut clock = svm.get_sysvar::<Clock>();
            clock.slot = slot;
            svm.set_sysvar(&clock);
        };
        assert!(!calls.changed_by(("another slot", &turn)).is_empty());
    }
}

#[tokio::test]
async fn sysvars_that_the_program_does_not_read_change_nothing() {
    let calls = Calls::all().await;
    // as their accounts have them: numbers, low bytes first
    let numbers = |numbers: &[u64]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    let mut rewards = numbers(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    rewards.push(1);
    for (key, data) in [
        // slots an epoch, offset of the leader schedule, no warm-up, first normal epoch and slot
        (pubkey!("SysvarEpochSchedu1e111111111111111111111111"), {
            let mut schedule = numbers(&[64, 64]);
            schedule.push(0);
            schedule.extend(numbers(&[0, 0]));
            schedule
        }),
        (pubkey!("SysvarEpochRewards1111111111111111111111111"), rewards),
        (pubkey!("SysvarLastRestartS1ot1111111111111111111111"), numbers(&[5])),
        // one epoch: its number, effective, activating, deactivating
        (pubkey!("SysvarStakeHistory1111111111111111111111111"), numbers(&[1, 0, u64::MAX, 1, 1])),
        (pubkey!("SysvarS1otHashes111111111111111111111111111"), [numbers(&[1, 7]), vec![9; 32]].concat()),
    ] {
        let change = |_: &LegalCall, svm: &mut LiteSVM| {
            let old = svm.get_account(&key).unwrap_or_else(|| panic!("no sysvar {key}"));
            assert_ne!(old.data, data, "{key}");
            svm.set_account(key, Account { data: data.clone(), ..old }).unwrap();
        };
        assert_eq!(calls.changed_by(("a sysvar", &change)), [""; 0], "{key}");
    }
}

/// Seven validators, a fund that lost, an open claim; three have voted for it.
async fn voted() -> (Insured, ballast_tests::User, u64) {
    let mut insured = Insured::with_electorate(&[10_000; 7]).await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    insured.staker(usdc.units(100_000)).await;
    insured.world.lender(&sol, sol.units(1_000)).await;
    insured.lose(&sol, sol.units(150)).await;
    insured.call_roll().await;
    let claimant = insured.claimant().await;
    let value = insured.state().await.books.recorded_loss;
    let number = insured.open_claim(&claimant, value).await.unwrap();
    for index in 0..3 {
        insured.vote(index, number, true).await.unwrap();
    }
    (insured, claimant, number)
}

#[tokio::test]
async fn a_vote_goes_on_over_the_end_of_an_epoch_by_the_weights_with_which_it_began() {
    let (mut insured, claimant, number) = voted().await;
    let before = insured.claim(number).await;
    let epoch = insured.world.chain.clock().await.epoch;
    insured.next_epoch().await;
    insured.next_epoch().await;
    assert_eq!(insured.world.chain.clock().await.epoch, epoch + 2);
    // meanwhile a voter handed its vote account to somebody else, another closed its own, and the roll was called anew
    let heir = Validator::with_identity(&Keypair::new(), 10_000);
    let renamed = insured.validators[3].vote_account;
    let state = insured.validators[3].vote_state(&heir.key());
    insured.world.chain.put(renamed, state.into());
    let closed = insured.validators[4].vote_account;
    insured.world.chain.set_account(closed, anchor_lang::system_program::ID, vec![]);
    insured.call_roll().await;
    assert!(insured.claim(number).await.voters == before.voters);
    refused(insured.settle(number, Some(&claimant)).await, BallastError::VotingOpen);
    let theirs = insurance::vote_claim(heir.key(), insured.fund.claim(number), true);
    let fee = insured.world.curator.insecure_clone();
    let vote = insured.world.send(&[theirs], &[&fee, &heir.identity]).await;
    refused(vote, BallastError::NotAVoter);
    let receipt = insured.vote(3, number, true).await.unwrap();
    let [Event::ClaimVoted(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!(event.weight, 70_000_000_000_000, "as when it opened");
    let receipt = insured.settle(number, Some(&claimant)).await.unwrap();
    let [Event::ClaimSettled(event)] = &receipt.events[..] else { panic!("one event") };
    assert!(event.passed);
}

#[tokio::test]
async fn a_claim_that_was_prepared_in_one_epoch_does_not_open_in_the_next_unless_the_roll_is_called_again() {
    let (mut insured, claimant, number) = voted().await;
    insured.vote(3, number, true).await.unwrap();
    insured.settle(number, Some(&claimant)).await.unwrap();
    let sol = insured.world.sol;
    insured.lose(&sol, sol.units(10)).await;
    let value = insured.state().await.books.recorded_loss;
    insured.next_epoch().await;
    refused(insured.open_claim(&claimant, value).await, BallastError::RollNotCalled);
    insured.call_roll().await;
    insured.open_claim(&claimant, value).await.unwrap();
}
