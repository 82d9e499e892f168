//! A keeper is killed at any moment of a tranche, and the next one goes on from what is on chain.

use crate::{
    keeper::{configure, Folder, Keeper},
    net::SLOT,
    world::{alone, key, World},
};
use solana_signer::Signer;
use std::time::{Duration, Instant};

/// How often the keeper is killed.
const KILLS: u64 = 20;

#[test]
fn killed_twenty_times_in_the_middle_of_a_tranche_it_loses_nothing_and_spends_nothing_twice() {
    let _alone = alone();
    let world = World::start(&[15_000, 14_950, 14_900, 14_850, 14_800, 14_750]);
    let (wallet, stables) = (key("keeper"), 1_000_000);
    world.equip(&wallet, stables);
    let folder = Folder::new("killed");
    let mut config = configure(&world, &folder, &wallet, world.net.ports());
    let mut after_death = 0;
    for round in 0..KILLS {
        let keeper = Keeper::started(config);
        let before = world.tranches(&wallet.pubkey()).0.len();
        world.publish(902_000 - 2_000 * round as i64);
        if round % 2 == 0 {
            // As soon as one is under way, and a little later each time. Sometimes nothing is to be done yet.
            let start = Instant::now();
            let is_at_it = || keeper.metric("under_way") > 0.0 || keeper.tranches("landed") > 0.0;
            while !is_at_it() && start.elapsed() < Duration::from_secs(3) {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(round * 3));
        } else {
            // From before the tranche is sent to after it has landed.
            std::thread::sleep(Duration::from_millis(20 + (round * 37) % 250));
        }
        config = keeper.kill();
        let at_death = world.tranches(&wallet.pubkey()).0.len();
        // What was handed in before lands in this slot or the next one.
        std::thread::sleep(2 * SLOT);
        let later = world.tranches(&wallet.pubkey()).0.len();
        after_death += usize::from(at_death > before || later > at_death);
    }
    // The last one lives, and finds what the others left.
    let keeper = Keeper::started(config);
    world.publish(850_000);
    keeper.wait_until("at work", Duration::from_secs(60), |keeper| keeper.tranches("landed") >= 1.0);
    assert!(keeper.stop(Duration::from_secs(30)), "the keeper did not stop when asked");
    let (tranches, failed) = world.check_tranches(&wallet.pubkey(), stables);
    println!("{KILLS} kills, {after_death} of them around a tranche that landed; {tranches} tranches, {failed} failed");
    assert!(after_death >= KILLS as usize / 4, "hardly any kill hit a tranche: {after_death}");
}
