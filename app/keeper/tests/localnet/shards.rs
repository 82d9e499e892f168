//! Two keepers share a vault: each takes care of its own obligations and of no other, and together of all.

use crate::{
    keeper::{configure, reconfigure, Folder, Keeper},
    world::{alone, key, wait_until, World},
};
use anchor_lang::prelude::Pubkey;
use ballast_keeper::shard::Shard;
use solana_signer::Signer;
use std::collections::BTreeSet;

#[test]
fn keepers_of_two_shards_leave_each_other_alone_and_nobody_out() {
    let _alone = alone();
    let world = World::start(&[15_000, 14_990, 14_980, 14_970, 14_960, 14_950]);
    let folder = Folder::new("shards");
    let stables = 1_000_000;
    let shards = ["1/2", "2/2"].map(|text| text.parse::<Shard>().unwrap());
    let wallets = [key("first half"), key("second half")];
    let keepers: Vec<Keeper> = shards
        .iter()
        .zip(&wallets)
        .map(|(shard, wallet)| {
            world.equip(wallet, stables);
            let config = configure(&world, &folder, wallet, world.net.ports());
            let address = format!("address = \"{}\"\n", world.vault);
            reconfigure(&config, &address, &format!("{address}shard = \"{shard}\"\n"));
            Keeper::started(config)
        })
        .collect();
    let all: BTreeSet<Pubkey> = world.borrowers.iter().map(|borrower| borrower.obligation()).collect();
    for shard in &shards {
        assert!(all.iter().any(|one| shard.contains(one)), "nobody lives in {shard}: the test shows nothing");
    }
    let helped = |wallet: &Pubkey| -> BTreeSet<Pubkey> {
        world.tranches(wallet).0.iter().map(|(_, one)| one.obligation).collect()
    };
    let mut ppm = 890_000;
    wait_until("a tranche of every borrower", || {
        // Prices grow old, so they are published again.
        world.publish(ppm);
        wallets.iter().map(|wallet| helped(&wallet.pubkey()).len()).sum::<usize>() >= all.len()
    });
    ppm -= 20_000;
    world.publish(ppm);
    for keeper in keepers {
        assert!(keeper.stop(std::time::Duration::from_secs(20)), "a keeper did not stop when asked");
    }
    let mut together = BTreeSet::new();
    for (shard, wallet) in shards.iter().zip(&wallets) {
        let helped = helped(&wallet.pubkey());
        assert!(
            helped.iter().all(|one| shard.contains(one)),
            "the keeper of {shard} sold another one's book"
        );
        let (tranches, failed) = world.check_tranches(&wallet.pubkey(), stables);
        println!("{shard}: {tranches} tranches of {} books, {failed} transactions failed", helped.len());
        together.extend(helped);
    }
    assert_eq!(together, all);
}
