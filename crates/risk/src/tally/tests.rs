extern crate std;

use super::*;
use proptest::prelude::*;
use std::{vec, vec::Vec};

const START: Seconds = 1_700_000_000;
const PERIOD: Seconds = 3 * 86_400;

fn identity(n: u8) -> [u8; 32] {
    [n; 32]
}

fn voters(weights: &[u64]) -> Vec<Voter> {
    let one = |(i, &weight): (usize, &u64)| Voter { identity: identity(i as u8 + 1), weight };
    weights.iter().enumerate().map(one).collect()
}

fn open(voters: &[Voter], cluster: u64) -> Checked<Ballot> {
    Ballot::open(voters, cluster, START, PERIOD)
}

#[test]
fn what_no_claim_opens_with() {
    let seven = voters(&[10; 7]);
    let ballot = open(&seven, 70 * 20).unwrap();
    assert_eq!((ballot.total, ballot.opened_at, ballot.deadline), (70, START, START + PERIOD));
    assert_eq!(open(&seven, 70 * 20 + 1), Err(Refusal::TooLittleStake));
    assert_eq!(open(&voters(&[10; 6]), 60), Err(Refusal::TooFewVoters));
    assert_eq!(open(&voters(&[10, 10, 10, 10, 10, 10, 0]), 60), Err(Refusal::TooFewVoters));
    assert_eq!(open(&voters(&[1; 65]), 65), Err(Refusal::TooManyVoters));
    assert_eq!(open(&voters(&[1; 64]), 64).unwrap().count, 64);
    assert_eq!(open(&voters(&[30, 10, 10, 10, 10, 10, 10]), 90).unwrap().total, 90);
    assert_eq!(open(&voters(&[31, 10, 10, 10, 10, 10, 10]), 91), Err(Refusal::OneVoterTooLarge));
    assert_eq!(open(&voters(&[u64::MAX; 7]), 1), Err(Refusal::Risk(RiskError::Overflow)));
}

#[test]
fn many_accounts_of_one_operator_are_one_voter() {
    let mut split = voters(&[10; 9]);
    for voter in &mut split[6..] {
        voter.identity = identity(200);
    }
    // seven identities, the last with a third of the weight in three accounts
    let mut ballot = open(&split, 90).unwrap();
    split[5].identity = identity(200);
    assert_eq!(open(&split, 90), Err(Refusal::TooFewVoters));
    split[5].identity = identity(6);
    let mut more = split.clone();
    more.push(Voter { identity: identity(200), weight: 15 });
    more.push(Voter { identity: identity(201), weight: 1 });
    assert_eq!(open(&more, 90), Err(Refusal::OneVoterTooLarge));
    ballot.vote(&split, &identity(200), true, START).unwrap();
    assert_eq!(ballot.weight_in_favour(&split), 30);
}

#[test]
fn more_than_half_of_all_weight_passes_and_half_does_not() {
    let voters = voters(&[10; 8]);
    let mut ballot = open(&voters, 80).unwrap();
    for n in 1..=4 {
        ballot.vote(&voters, &identity(n), true, START + 1).unwrap();
    }
    let last = ballot.deadline - 1;
    assert_eq!(ballot.outcome(&voters, last), Outcome::Open);
    assert_eq!(ballot.settle(&voters, last), Err(Refusal::VotingOpen));
    assert_eq!(ballot.outcome(&voters, ballot.deadline), Outcome::Failed);
    let mut late = ballot;
    assert_eq!(late.vote(&voters, &identity(5), true, ballot.deadline), Err(Refusal::VotingClosed));
    assert_eq!(late.settle(&voters, ballot.deadline), Ok(Outcome::Failed));
    assert_eq!(late.settle(&voters, ballot.deadline), Err(Refusal::VotingClosed));

    ballot.vote(&voters, &identity(5), true, last).unwrap();
    assert_eq!(ballot.outcome(&voters, last), Outcome::Passed);
    // who changes its mind before it is settled takes its vote along
    ballot.vote(&voters, &identity(1), false, last).unwrap();
    assert_eq!(ballot.outcome(&voters, last), Outcome::Open);
    ballot.vote(&voters, &identity(1), true, last).unwrap();
    assert_eq!(ballot.settle(&voters, last), Ok(Outcome::Passed));
    assert_eq!(ballot.vote(&voters, &identity(1), false, last), Err(Refusal::VotingClosed));
    assert_eq!(ballot.outcome(&voters, START + 100 * PERIOD), Outcome::Passed);
}

#[test]
fn strangers_and_accounts_without_stake_do_not_vote() {
    let voters = voters(&[10, 10, 10, 10, 10, 10, 10, 0]);
    let mut ballot = open(&voters, 70).unwrap();
    assert_eq!(ballot.vote(&voters, &identity(99), true, START), Err(Refusal::NotAVoter));
    assert_eq!(ballot.vote(&voters, &identity(8), true, START), Err(Refusal::NotAVoter));
}

#[test]
fn enrolment_closes_two_epochs_before_a_claim() {
    assert!(votes_on(600, 602) && votes_on(600, 700));
    assert!(!votes_on(600, 601) && !votes_on(600, 600) && !votes_on(u64::MAX, u64::MAX - 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A claim passes exactly when identities with more than half of the stored weight say yes, and none of them can pass one
    /// alone.
    #[test]
    fn a_claim_passes_with_more_than_half_and_never_by_one_voter(
        accounts in proptest::collection::vec((1u8..20, 0u64..1_000_000), 1..=MAX_VOTERS),
        cluster in 0u64..200_000_000,
        votes in proptest::collection::vec((1u8..22, any::<bool>()), 0..40),
    ) {
        let voters: Vec<_> =
            accounts.iter().map(|&(n, weight)| Voter { identity: identity(n), weight }).collect();
        let Ok(mut ballot) = open(&voters, cluster) else { return Ok(()) };
        prop_assert!(ballot.total as u128 * 20 >= u128::from(cluster));
        let mut says_yes = vec![false; 256];
        for (n, yes) in votes {
            if ballot.vote(&voters, &identity(n), yes, START).is_ok() {
                says_yes[usize::from(n)] = yes;
            }
        }
        let weight = |n: u8| accounts.iter().filter(|(m, _)| *m == n).map(|(_, weight)| weight).sum::<u64>();
        let in_favour: u64 = (0..=255).filter(|n| says_yes[usize::from(*n)]).map(weight).sum();
        prop_assert_eq!(ballot.weight_in_favour(&voters), in_favour);
        let passed = ballot.outcome(&voters, START) == Outcome::Passed;
        prop_assert_eq!(passed, 2 * in_favour > ballot.total);
        let yes = (0..=255u8).filter(|n| says_yes[usize::from(*n)] && weight(*n) > 0).count();
        prop_assert!(!passed || yes >= 2, "one identity alone");
        prop_assert_eq!(ballot.outcome(&voters, ballot.deadline), if passed { Outcome::Passed } else { Outcome::Failed });
    }
}
