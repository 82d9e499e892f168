//! A price falls, and the tranche that it calls for lands. How many slots later is printed and not asserted, because it depends on the
//! machine: `cargo test -p ballast-keeper --test localnet reacts -- --nocapture`.

use crate::{
    keeper::{configure, Folder, Keeper},
    world::{alone, key, World},
};
use solana_signer::Signer;
use std::time::{Duration, Instant};

#[test]
fn every_price_tick_is_followed_by_the_tranche_that_it_calls_for() {
    let _alone = alone();
    // Each borrower a little closer to its limit than the next one.
    let loans: Vec<u64> = (0..10).map(|number| 15_000 - 60 * number).collect();
    let world = World::start(&loans);
    let (wallet, stables) = (key("keeper"), 1_000_000);
    world.equip(&wallet, stables);
    let limits: Vec<i64> = world.borrowers.iter().map(|borrower| world.limit_ppm(borrower)).collect();
    let folder = Folder::new("reacts");
    let keeper = Keeper::started(configure(&world, &folder, &wallet, world.net.ports()));

    let (mut slots, mut times) = (vec![], vec![]);
    for (borrower, limit) in world.borrowers.iter().zip(&limits) {
        // Every tick takes one more borrower below its requirement, who was above it before.
        let ppm = limit - 1_000;
        std::thread::sleep(Duration::from_millis(700));
        let published = world.publish(ppm);
        let start = Instant::now();
        let landed = loop {
            let (tranches, _) = world.tranches(&wallet.pubkey());
            let found = tranches.into_iter().find(|(_, one)| one.obligation == borrower.obligation());
            if let Some((slot, tranche)) = found {
                assert_eq!(tranche.deposit_price, World::sol_price(ppm), "another price's tranche");
                break slot;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "no tranche at {ppm} ppm");
            std::thread::sleep(Duration::from_millis(10));
        };
        slots.push(landed.saturating_sub(published));
        times.push(start.elapsed().as_millis());
    }
    println!("slots from a price tick to its first tranche: {slots:?}; at most as many ms: {times:?}");
    assert!(keeper.metric("profit_usd_total") > 0.0);
    assert!(keeper.stop(Duration::from_secs(30)), "the keeper did not stop when asked");
    let (tranches, failed) = world.check_tranches(&wallet.pubkey(), stables);
    println!("{tranches} tranches, {failed} transactions failed on chain");
}
