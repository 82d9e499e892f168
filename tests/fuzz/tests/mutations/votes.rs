//! What the law of votes notices.

use super::*;
use ballast::state::{ClaimAccount, RollAccount};
use ballast_fuzz::{
    generate::{Generator, Story},
    laws::votes::{check_electorate, check_enrolment, check_votes},
};
use ballast_risk::{roll::Enrolment, tally::Voter};

const LAW: &str = "votes weigh what the cluster says";

/// A world in which the next action opens a claim, with that action.
fn before_a_claim(wanted: fn(&Deed) -> bool) -> (World, Action) {
    for seed in 0..20 {
        let mut player = Player::new(WORLD.clone());
        for action in Generator::telling(seed, Story::Loss) {
            let world = player.world.clone();
            let landed = player.play(&action).unwrap().is_some_and(|outcome| outcome.landed());
            let is_it = matches!(&action, Action::Send(calls) if wanted(&calls[0].deed));
            if landed && is_it {
                return (world, action);
            }
        }
    }
    panic!("no story comes to that");
}

#[track_caller]
fn broke_by(wanted: fn(&Deed) -> bool, tamper: fn(&mut World)) {
    let (world, action) = before_a_claim(wanted);
    Player::new(world.clone()).play(&action).unwrap();
    let mut player = Player::new(world);
    player.tamper = Some(tamper);
    player.play(&action).unwrap_err();
    assert!(player.broken.iter().any(|violation| violation.law == LAW), "{:?}", player.broken);
}

/// Changes the claims of both funds as no instruction would.
fn with_claims(world: &mut World, change: fn(&mut ClaimAccount)) {
    for house in world.houses.clone().iter().filter(|house| house.fund.is_some()) {
        let claim = world.fund(house).expect("it is insured").claim(1);
        if world.svm.account(&claim).is_some() {
            edit::<ClaimAccount>(world, claim, change);
        }
    }
}

#[test]
fn a_weight_that_nobody_staked_is_noticed() {
    let opens = |deed: &Deed| matches!(deed, Deed::OpenClaim { .. });
    broke_by(opens, |world| {
        with_claims(world, |claim| {
            claim.voters[0].weight += 1;
            claim.ballot.total += 1;
        });
    });
    // the opener chooses nobody
    broke_by(opens, |world| {
        with_claims(world, |claim| {
            claim.ballot.count -= 1;
            claim.ballot.total -= claim.voters[claim.ballot.count as usize].weight;
        });
    });
    broke_by(opens, |world| with_claims(world, |claim| claim.cluster_stake += 1));
}

#[test]
fn a_roll_that_says_another_identity_or_epoch_than_was_shown_is_noticed() {
    let calls = |deed: &Deed| matches!(deed, Deed::CallRoll { .. });
    broke_by(calls, |world| {
        for house in world.houses.clone().iter().filter(|house| house.fund.is_some()) {
            let roll = world.fund(house).expect("it is insured").roll();
            edit::<RollAccount>(world, roll, |roll| roll.seats[0].holder.identity[0] ^= 1);
        }
    });
    let named = [7; 32];
    let now = Enrolment { vote_account: [1; 32], identity: named, enrolled_in: 3, confirmed_in: 5 };
    check_enrolment(&now, Some(named), 5, false).unwrap();
    check_enrolment(&now, Some([8; 32]), 5, false).unwrap_err();
    check_enrolment(&now, None, 5, false).unwrap_err();
    check_enrolment(&now, Some(named), 6, false).unwrap_err();
    check_enrolment(&now, Some(named), 5, true).unwrap_err();
}

#[test]
fn an_electorate_that_counts_somebody_twice_or_is_too_small_is_noticed() {
    let voter = |identity: u8, weight| Voter { identity: [identity; 32], weight };
    let eight: Vec<Voter> = (0..8).map(|identity| voter(identity, 10)).collect();
    check_electorate(&eight, &eight, 80, 800).unwrap();
    let twice = [&eight[..], &[voter(0, 10)]].concat();
    check_electorate(&eight, &twice, 90, 800).unwrap_err();
    check_electorate(&eight, &eight, 81, 800).unwrap_err();
    check_electorate(&eight, &eight, 80, 1_601).unwrap_err();
    check_electorate(&eight[..6], &eight[..6], 60, 800).unwrap_err();
    let large = [&eight[..], &[voter(0, 26)]].concat();
    check_electorate(&large, &large, 106, 800).unwrap_err();
    let second = [&eight[..], &[voter(0, 25)]].concat();
    check_electorate(&second, &second, 105, 800).unwrap();
}

#[test]
fn votes_that_are_split_late_or_settled_against_their_weight_are_noticed() {
    let (world, _) = before_a_claim(|deed| matches!(deed, Deed::VoteClaim { .. }));
    let claims = world
        .houses
        .iter()
        .filter(|house| house.fund.is_some())
        .filter_map(|house| world.svm.state::<ClaimAccount>(&world.fund(house)?.claim(1)));
    let mut claim = claims.into_iter().next().unwrap();
    // the first two places are one operator's
    claim.voters[1].identity = claim.voters[0].identity;
    let now = claim.ballot.opened_at;
    let with = |yes: u64, settled: u32| {
        let mut after = claim;
        (after.ballot.yes, after.ballot.settled) = (yes, settled);
        after
    };
    check_votes(&claim, &with(0b11, 0), now).unwrap();
    check_votes(&claim, &with(0b01, 0), now).unwrap_err();
    check_votes(&claim, &with(0b11, 0), claim.ballot.deadline).unwrap_err();
    let everybody = (1 << claim.ballot.count) - 1;
    check_votes(&with(everybody, 0), &with(everybody, 1), now).unwrap();
    check_votes(&with(everybody, 0), &with(everybody, 2), now).unwrap_err();
    check_votes(&with(0b11, 0), &with(0b11, 1), now).unwrap_err();
    check_votes(&with(0b11, 0), &with(0b11, 2), now).unwrap_err();
    check_votes(&with(0b11, 0), &with(0b11, 2), claim.ballot.deadline).unwrap();
    check_votes(&with(everybody, 1), &with(0, 1), now).unwrap_err();
}
