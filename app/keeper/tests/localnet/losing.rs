//! A tranche that fails again and again: the keeper asks ever less often, and is there when it can be done.

use crate::{
    keeper::{configure, Folder, Keeper},
    world::{alone, key, wait_until, World},
};
use solana_signer::Signer;
use std::time::Duration;

#[test]
fn a_keeper_that_cannot_be_paid_tries_less_and_less_and_spends_nothing() {
    let _alone = alone();
    let world = World::start(&[15_000]);
    let (wallet, stables) = (key("unlucky keeper"), 1_000_000);
    world.equip(&wallet, stables);
    // Its account for SOL is frozen: whatever it is paid comes back.
    world.net.set_tokens(&wallet.pubkey(), &world.sol.mint, 0);
    let receives = world.sol.wallet(&wallet.pubkey());
    world.net.freeze(&receives, true);
    let folder = Folder::new("losing");
    let keeper = Keeper::started(configure(&world, &folder, &wallet, world.net.ports()));
    world.publish(890_000);
    let tried = || keeper.tranches("refused");
    keeper.wait_until("refused", Duration::from_secs(60), |_| tried() >= 1.0);

    let (from, before) = (world.net.rpc.get_slot().unwrap(), tried());
    const SLOTS: u64 = 60;
    wait_until("sixty slots", || {
        world.publish(890_000);
        world.net.rpc.get_slot().unwrap() >= from + SLOTS
    });
    let more = tried() - before;
    println!("{more} more tries in {SLOTS} slots");
    // Waits of 2, 4.5, 8.5 and then 16.5 slots in the mean: some five to eight tries, and without them thousands.
    assert!(more <= 12.0, "{more} tries in {SLOTS} slots");
    let (landed, failed) = world.tranches(&wallet.pubkey());
    assert_eq!((landed.len(), failed), (0, 0), "it lost in simulations only");

    world.net.freeze(&receives, false);
    wait_until("a tranche after all", || {
        world.publish(890_000);
        !world.tranches(&wallet.pubkey()).0.is_empty()
    });
    assert!(keeper.stop(Duration::from_secs(20)), "the keeper did not stop when asked");
    world.check_tranches(&wallet.pubkey(), stables);
}
