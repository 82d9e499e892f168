//! The stories that sequences begin with bring about what they are told for, and every law holds in them.

use anchor_lang::prelude::Pubkey;
use ballast::state::{ClaimAccount, Reserve, Vault};
use ballast_fuzz::{
    generate::{Generator, Story},
    laws::{exits::SHARE, halts::DAY_IN_SEVEN},
    outcome::Outcome,
    player::Player,
    setup,
    world::World,
};
use ballast_risk::{absorb::takes_deposits, breaker::State};
use std::{collections::BTreeSet, sync::LazyLock};

static WORLD: LazyLock<World> = LazyLock::new(|| setup::build().expect("the program is built"));

/// Tellings of each story: chance decides how far one goes.
const TELLINGS: u64 = 12;

/// What was seen while a story was told so many times, and the refusals by name.
fn seen(story: Story, mut look: impl FnMut(&Player) -> Vec<String>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for seed in 0..TELLINGS {
        let mut player = Player::new(WORLD.clone());
        for action in Generator::telling(seed, story) {
            if let Some(Outcome::Refused { name, .. }) = player.play(&action).expect("the laws hold") {
                seen.insert(name);
            }
            seen.extend(look(&player));
        }
    }
    seen
}

fn reserves(world: &World) -> impl Iterator<Item = Reserve> + '_ {
    world.houses.iter().flat_map(move |house| {
        let key = |market: &usize| world.markets[*market].asset(house.key).reserve();
        house.listed.iter().filter_map(move |market| world.svm.state(&key(market)))
    })
}

#[track_caller]
fn includes(seen: &BTreeSet<String>, wanted: &[&str]) {
    let absent: Vec<_> = wanted.iter().filter(|name| !seen.contains(**name)).collect();
    assert!(absent.is_empty(), "{absent:?} not in {seen:?}");
}

#[test]
fn lenders_lose_everything_and_their_reserve_starts_again() {
    let mut emptied = false;
    let seen = seen(Story::WipeOut, |player| {
        let worthless = reserves(&player.world).any(|reserve| !takes_deposits(&reserve.books.ledger()));
        let again = emptied && !worthless;
        emptied = worthless;
        let back = reserves(&player.world).any(|reserve| reserve.losses.pending > 0);
        let words = [(worthless, "worthless"), (again, "starts again"), (back, "coming back")];
        words.iter().filter(|(is, _)| *is).map(|(_, word)| (*word).to_owned()).collect()
    });
    includes(&seen, &["worthless", "coming back", "WipedOut", "starts again"]);
}

#[test]
fn an_old_vault_is_refused_until_it_has_migrated() {
    let seen = seen(Story::OldVault, |player| {
        let house = &player.world.houses[2];
        let old = player.world.old(house).len();
        let vault = player.world.svm.state::<Vault>(&house.key).is_some();
        let words = [(!vault, "old"), (vault && old > 0, "partly migrated")];
        words.iter().filter(|(is, _)| *is).map(|(_, word)| (*word).to_owned()).collect()
    });
    includes(&seen, &["old", "partly migrated", "WrongStateVersion"]);
}

#[test]
fn a_breaker_halts_for_its_day_and_winds_down() {
    let seen = seen(Story::Halts, |player| {
        let now = ballast::oracle::now(&player.world.clock());
        let mut words: Vec<String> = reserves(&player.world)
            .map(|reserve| format!("{:?}", reserve.breaker.as_risk().state_at(now)))
            .collect();
        words.extend(player.tally.laws.contains_key(DAY_IN_SEVEN).then(|| DAY_IN_SEVEN.to_owned()));
        words
    });
    let halted = format!("{:?}", State::Halted);
    includes(&seen, &[&halted, "WindDown", DAY_IN_SEVEN]);
}

#[test]
fn where_tokens_are_missing_nobody_comes_in() {
    let seen = seen(Story::MissingTokens, |player| {
        let short = reserves(&player.world).any(|reserve| player.world.is_short(&reserve));
        short.then(|| "short".to_owned()).into_iter().collect()
    });
    includes(&seen, &["short", "TokensMissing"]);
}

#[test]
fn lenders_leave_by_their_shares_from_guarded_and_winding_reserves() {
    let seen = seen(Story::Leaving, |player| {
        let now = ballast::oracle::now(&player.world.clock());
        let asked = player.tally.laws.contains_key(SHARE);
        let states = reserves(&player.world).map(|reserve| reserve.breaker.as_risk().state_at(now));
        let mut words: Vec<String> = states.map(|state| format!("{state:?}, asked: {asked}")).collect();
        words.extend(asked.then(|| SHARE.to_owned()));
        words
    });
    includes(&seen, &[SHARE, "Guarded, asked: true", "WindDown, asked: true", "ExitShareSpent"]);
}

#[test]
fn stake_and_identities_move_around_a_claim_and_it_is_voted() {
    let seen = seen(Story::MovingStake, |player| {
        let claims = player.world.houses.iter().filter_map(|house| {
            let fund = player.world.fund(house).filter(|_| house.fund.is_some())?;
            player.world.svm.state::<ClaimAccount>(&fund.claim(1))
        });
        let mut words = vec![];
        for claim in claims {
            let voters = &claim.voters()[..claim.ballot.count as usize];
            let identities: BTreeSet<_> = voters.iter().map(|voter| voter.identity).collect();
            if identities.len() < voters.len() {
                words.push("an identity with two places");
            }
            words.push(["open", "passed", "failed"][claim.ballot.settled as usize]);
            let named = |key: &Pubkey| player.world.svm.stake_of(key);
            let stakes: u64 = player.world.vote_accounts.iter().map(named).sum();
            let moved = voters
                .iter()
                .any(|voter| !player.world.vote_accounts.iter().any(|key| named(key) == voter.weight));
            if moved && stakes == claim.cluster_stake {
                words.push("stake moved after it opened");
            }
        }
        words.into_iter().map(str::to_owned).collect()
    });
    includes(
        &seen,
        &["open", "passed", "failed", "an identity with two places", "stake moved after it opened"],
    );
    includes(&seen, &["RollNotCalled"]);
}
