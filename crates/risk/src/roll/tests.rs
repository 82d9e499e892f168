extern crate std;

use super::*;
use proptest::prelude::*;
use std::{collections::BTreeMap, vec, vec::Vec};

/// Injected stake.
#[derive(Clone, Default)]
struct Stakes(BTreeMap<[u8; 32], u64>);

impl ActiveStake for Stakes {
    fn of(&self, vote_account: &[u8; 32]) -> u64 {
        self.0.get(vote_account).copied().unwrap_or(0)
    }
    fn of_cluster(&self) -> u64 {
        10_000_000
    }
}

fn account(n: u8) -> [u8; 32] {
    let mut key = [1; 32];
    key[0] = n;
    key
}

fn identity(n: u8) -> [u8; 32] {
    let mut key = [2; 32];
    key[0] = n;
    key
}

fn stakes(weights: impl IntoIterator<Item = (u8, u64)>) -> Stakes {
    Stakes(weights.into_iter().map(|(n, weight)| (account(n), weight)).collect())
}

fn join(seats: &mut [Seat], n: u8, epoch: u32, stakes: &Stakes) -> Checked<()> {
    enroll(seats, account(n), identity(n), epoch, stakes)
}

/// Calls the whole roll.
fn call(seats: &mut [Seat], epoch: u32) {
    for key in seats.to_vec().iter().flat_map(|seat| [seat.holder, seat.successor]).filter(|e| e.is_taken()) {
        confirm(seats, &key.vote_account, Some(key.identity), epoch).unwrap();
    }
}

fn voters(seats: &mut [Seat], epoch: u32, stakes: &Stakes) -> Checked<Vec<Voter>> {
    let mut voters = vec![Voter::default(); SEATS];
    let count = electorate(seats, epoch, stakes, &mut voters)?;
    voters.truncate(count);
    Ok(voters)
}

/// A full roll of accounts 0..64 with stakes 2,000, 2,001, …, enrolled in epoch 10.
fn full() -> (Vec<Seat>, Stakes) {
    let stakes = stakes((0..100).map(|n| (n, 2_000 + u64::from(n))));
    let mut seats = vec![Seat::default(); SEATS];
    for n in 0..64 {
        join(&mut seats, n, 10, &stakes).unwrap();
    }
    (seats, stakes)
}

#[test]
fn who_enrols_votes_two_epochs_later_when_the_roll_was_called() {
    let mut seats = vec![Seat::default(); SEATS];
    let stakes = stakes([(1, 1_000), (2, 999), (3, 0)]);
    join(&mut seats, 1, 10, &stakes).unwrap();
    assert_eq!(join(&mut seats, 2, 10, &stakes), Err(Refusal::SeatTooSmall), "below 0.01 %");
    assert_eq!(join(&mut seats, 3, 10, &stakes), Err(Refusal::SeatTooSmall), "no stake");
    assert_eq!(voters(&mut seats, 11, &stakes).unwrap(), []);
    assert_eq!(voters(&mut seats, 12, &stakes), Err(Refusal::RollNotCalled));
    // the account names another identity now
    confirm(&mut seats, &account(1), Some(identity(9)), 12).unwrap();
    assert_eq!(voters(&mut seats, 12, &stakes).unwrap(), [Voter { identity: identity(9), weight: 1_000 }]);
    assert_eq!(voters(&mut seats, 13, &stakes), Err(Refusal::RollNotCalled), "once an epoch");
    // enrolling again moves neither seat nor epoch
    join(&mut seats, 1, 13, &stakes).unwrap();
    assert_eq!(voters(&mut seats, 13, &stakes).unwrap().len(), 1);
    // an account that is gone leaves, and holds nobody up
    confirm(&mut seats, &account(1), None, 14).unwrap();
    assert_eq!(voters(&mut seats, 14, &stakes).unwrap(), []);
    assert_eq!(confirm(&mut seats, &account(1), Some(identity(1)), 14), Err(Refusal::NotEnrolled));
}

#[test]
fn who_lost_all_stake_holds_nobody_up() {
    let mut seats = vec![Seat::default(); SEATS];
    join(&mut seats, 1, 10, &stakes([(1, 1_000)])).unwrap();
    assert_eq!(voters(&mut seats, 12, &stakes([])).unwrap(), []);
}

#[test]
fn a_larger_account_waits_beside_the_smallest_and_then_takes_its_seat() {
    let (mut seats, stakes) = full();
    assert_eq!(join(&mut seats, 0, 11, &stakes), Ok(()), "is enrolled already");
    join(&mut seats, 70, 20, &stakes).unwrap();
    assert_eq!(seats[0].successor.vote_account, account(70));
    call(&mut seats, 21);
    let before = voters(&mut seats, 21, &stakes).unwrap();
    assert!(before.iter().any(|v| v.identity == identity(0)), "the holder votes until then");
    call(&mut seats, 22);
    let after = voters(&mut seats, 22, &stakes).unwrap();
    assert!(after.iter().any(|v| v.identity == identity(70)));
    assert!(after.iter().all(|v| v.identity != identity(0)) && after.len() == SEATS);
}

#[test]
fn a_successor_that_shrank_meanwhile_does_not_move_up() {
    let (mut seats, mut stakes) = full();
    join(&mut seats, 70, 20, &stakes).unwrap();
    stakes.0.insert(account(70), 2_000);
    call(&mut seats, 22);
    assert!(voters(&mut seats, 22, &stakes).unwrap().iter().any(|v| v.identity == identity(0)));
    assert!(!seats[0].successor.is_taken());
}

#[test]
fn small_accounts_cannot_occupy_the_roll_and_smaller_ones_cannot_enter() {
    let (mut seats, mut stakes) = full();
    stakes.0.insert(account(90), 2_000);
    assert_eq!(join(&mut seats, 90, 20, &stakes), Err(Refusal::SeatTooSmall), "not above the smallest");
    // however many come, each makes the smallest of all make way
    for n in 64..90 {
        join(&mut seats, n, 20, &stakes).unwrap();
    }
    call(&mut seats, 22);
    let weights: Vec<u64> = voters(&mut seats, 22, &stakes).unwrap().iter().map(|v| v.weight).collect();
    assert_eq!(weights.iter().min(), Some(&2_026));
}

#[test]
fn a_successor_takes_over_when_the_holder_leaves_and_still_waits() {
    let (mut seats, stakes) = full();
    join(&mut seats, 70, 20, &stakes).unwrap();
    leave(&mut seats, &account(0)).unwrap();
    assert_eq!((seats[0].holder.vote_account, seats[0].successor), (account(70), Enrolment::default()));
    call(&mut seats, 21);
    assert_eq!(voters(&mut seats, 21, &stakes).unwrap().len(), SEATS - 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever accounts come in one epoch and the next, those who could vote still can, and the newcomers cannot; nobody is
    /// on the roll twice.
    #[test]
    fn who_comes_after_a_loss_neither_votes_on_it_nor_removes_who_does(
        first in proptest::collection::vec(0u8..120, 0..150),
        weights in proptest::collection::vec(900u64..100_000, 120),
        newcomers in proptest::collection::vec((120u8..=255, 900u64..1_000_000, any::<bool>()), 0..150),
    ) {
        let mut stakes = stakes((0u8..120).zip(weights));
        let mut seats = vec![Seat::default(); SEATS];
        for n in first {
            let _ = join(&mut seats, n, 10, &stakes);
        }
        call(&mut seats, 12);
        let before = voters(&mut seats, 12, &stakes).unwrap();
        for (n, weight, later) in newcomers {
            stakes.0.entry(account(n)).or_insert(weight);
            let _ = join(&mut seats, n, 12 + u32::from(later), &stakes);
        }
        call(&mut seats, 13);
        prop_assert_eq!(voters(&mut seats, 13, &stakes).unwrap(), before);
        let mut names: Vec<_> =
            seats.iter().flat_map(|s| [s.holder, s.successor]).filter(|e| e.is_taken()).map(|e| e.vote_account).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), all);
    }
}
