//! Two keepers want the same tranches: each gets some, and neither is harmed.

use crate::{
    keeper::{configure, Folder, Keeper},
    world::{alone, key, World},
};
use solana_signer::Signer;
use std::time::Duration;

#[test]
fn two_keepers_race_and_the_slower_one_pays_next_to_nothing() {
    let _alone = alone();
    let world = World::start(&[15_000, 14_950, 14_900, 14_850, 14_800, 14_750]);
    let folder = Folder::new("races");
    let stables = 1_000_000;
    let wallets = [key("one keeper"), key("another keeper")];
    let keepers: Vec<Keeper> = wallets
        .iter()
        .map(|wallet| {
            world.equip(wallet, stables);
            Keeper::started(configure(&world, &folder, wallet, world.net.ports()))
        })
        .collect();
    for ppm in (870_000..905_000).rev().step_by(5_000) {
        world.publish(ppm);
        std::thread::sleep(Duration::from_millis(1_100));
    }
    let landed: Vec<f64> = keepers.iter().map(|keeper| keeper.tranches("landed")).collect();
    let lost: Vec<f64> = keepers.iter().map(|keeper| keeper.tranches("lost")).collect();
    for keeper in keepers {
        assert!(keeper.stop(Duration::from_secs(30)), "a keeper did not stop when asked");
    }
    let mut all = (0, 0);
    for wallet in &wallets {
        let (tranches, failed) = world.check_tranches(&wallet.pubkey(), stables);
        println!("{}: {tranches} tranches, {failed} transactions failed on chain", wallet.pubkey());
        all = (all.0 + tranches, all.1 + failed);
    }
    println!("as they count themselves: landed {landed:?}, lost {lost:?}");
    assert!(all.0 >= 6, "only {} tranches landed", all.0);
    // Most races are lost in the simulation, which costs nothing; a failure on chain costs a signature, and there are few.
    assert!(all.1 <= all.0, "{} transactions failed on chain for {} that landed", all.1, all.0);
}
