//! Slower unpaid work: books are audited, old prices refreshed, ripe changes executed, vested fees collected, and whatever a token
//! account shows is shown to the program.

use crate::{
    keeper::{configure, reconfigure, Folder, Keeper},
    world::{alone, key, wait_until, World},
};
use ballast::state::{Audit, ProposedChange, Reserve, Vault};
use ballast_client::{address::audit, governance::Proposal};
use ballast_risk::breaker::State;
use solana_signer::Signer;
use std::time::Duration;

const DAY: i64 = 86_400;
/// What comes before the switches of slower work in a configuration.
const SWITCHES: &str = "breakers = false\n";

#[test]
fn a_keeper_audits_refreshes_executes_ripe_changes_and_collects_vested_fees() {
    let _alone = alone();
    let world = World::start(&[5_000, 6_000, 7_000]);
    let wallet = key("keeper");
    world.equip(&wallet, 1_000);
    let folder = Folder::new("chores");
    let config = configure(&world, &folder, &wallet, world.net.ports());
    let wanted = format!(
        "{SWITCHES}audit_seconds = 3600\nrefresh_seconds = 60\ncollect_usd = 0.01\nchanges = true\nroll = true\n"
    );
    reconfigure(&config, SWITCHES, &wanted);
    let keeper = Keeper::started(config);

    let report = || world.read::<Audit>(&audit(&world.vault));
    wait_until("an audit that ended", || report().last.last_slot > 0);
    let last = report().last;
    assert_eq!(last.obligations, 1 + world.borrowers.len() as u64, "the lender's and the borrowers'");
    assert_eq!(
        (last.complete, last.beyond_collection),
        (0b11, 0),
        "of both reserves, and nobody under water"
    );

    // The curator proposes, and forgets about it.
    let before: Vault = world.read(&world.vault);
    let curator = world.curator.pubkey();
    let proposal =
        Proposal { vault: world.vault, number: before.last_change + 1, reserve: None, proposer: curator };
    let longer = before.timelock + DAY as u64;
    world.net.send("propose_change", &[proposal.propose(ProposedChange::Timelock(longer))], &world.curator);
    world.net.travel(before.timelock as i64 - 3_600);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(world.read::<Vault>(&world.vault).timelock, before.timelock, "it is not ripe yet");
    world.net.travel(7_200);
    wait_until("the change", || world.read::<Vault>(&world.vault).timelock == longer);
    assert!(world.net.rpc.get_account(&proposal.address()).is_err(), "its rent is the proposer's again");

    // Nobody refreshes; the keeper does, and what was earned is marked by that.
    let lent = || world.read::<Reserve>(&world.usd.reserve());
    let refreshed = |after: i64| {
        world.net.travel(after);
        world.publish(1_000_000);
        let published = world.net.clock().unix_timestamp as u64;
        wait_until("a refresh", || lent().price.publish_time + 3_600 > published);
    };
    refreshed(8 * DAY);
    assert_eq!(world.tokens(&curator, &world.usd), 0, "fees are not old enough");
    refreshed(8 * DAY);
    wait_until("fees", || world.tokens(&curator, &world.usd) > 0);
    println!("collected {} units of fees", world.tokens(&curator, &world.usd));
    wait_until("the next audit", || report().last.number > last.number);
    assert!(keeper.stop(Duration::from_secs(20)), "the keeper did not stop when asked");
}

#[test]
fn a_keeper_shows_frozen_accounts_and_missing_tokens() {
    let _alone = alone();
    let world = World::start(&[5_000]);
    let wallet = key("keeper");
    world.equip(&wallet, 1_000);
    let folder = Folder::new("shown");
    let config = configure(&world, &folder, &wallet, world.net.ports());
    reconfigure(&config, SWITCHES, "breakers = true\n");
    let keeper = Keeper::started(config);

    let reserve = || world.read::<Reserve>(&world.usd.reserve());
    world.net.freeze(&world.usd.tokens(), true);
    wait_until("a frozen reserve", || reserve().frozen_since > 0);
    world.net.freeze(&world.usd.tokens(), false);
    wait_until("a thawed reserve", || reserve().frozen_since == 0);

    let states = || {
        let vault: Vault = world.read(&world.vault);
        [vault.breaker, reserve().breaker].map(|breaker| State::from_stored(breaker.as_risk().state))
    };
    assert_eq!(states()[0], State::Normal);
    // One unit is missing: whoever took it, nobody comes in until it is found.
    let amount = world.tokens_of(&world.usd.tokens()) - 1;
    world.net.edit_account(&world.usd.tokens(), |data| {
        data[64..72].copy_from_slice(&amount.to_le_bytes());
    });
    wait_until("both breakers", || states() == [State::Halted, State::Halted]);
    assert!(keeper.stop(Duration::from_secs(20)), "the keeper did not stop when asked");
}
