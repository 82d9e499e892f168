//! The validator stops, disappears, comes back empty-handed, and its clock jumps: the keeper waits, catches up, and goes on.

use crate::{
    keeper::{configure, Folder, Keeper},
    net::SLOT,
    proxy::Proxy,
    world::{alone, key, World},
};
use solana_signer::Signer;
use std::time::{Duration, Instant};

const LOANS: [u64; 6] = [15_000, 14_950, 14_900, 14_850, 14_800, 14_750];

/// Publishes a price and waits for a tranche at it; prices grow old, so it is published again.
fn expect_tranche(world: &World, keeper: &Keeper, ppm: i64) -> Duration {
    let (start, before) = (Instant::now(), keeper.tranches("landed"));
    let mut published = start - Duration::from_secs(10);
    while keeper.tranches("landed") == before {
        if published.elapsed() > Duration::from_secs(5) {
            world.publish(ppm);
            published = Instant::now();
        }
        assert!(start.elapsed() < Duration::from_secs(60), "no tranche at {ppm} ppm");
        std::thread::sleep(Duration::from_millis(20));
    }
    start.elapsed()
}

#[test]
fn it_outlives_pauses_cut_sockets_jumping_clocks_and_a_restarted_validator() {
    let _alone = alone();
    let mut world = World::start(&LOANS);
    let (wallet, stables) = (key("keeper"), 1_000_000);
    world.equip(&wallet, stables);
    let folder = Folder::new("outages");
    let (rpc, websocket) = world.net.ports();
    let (rpc, websocket) = (Proxy::to(rpc), Proxy::to(websocket));
    let keeper = Keeper::started(configure(&world, &folder, &wallet, (rpc.port, websocket.port)));
    println!("quiet: {:?}", expect_tranche(&world, &keeper, 900_000));

    // no blocks for a while
    world.net.pause();
    keeper.wait_until("aware of the pause", Duration::from_secs(60), |keeper| !keeper.is_well());
    world.net.resume();
    keeper.wait_until("well after the pause", Duration::from_secs(60), Keeper::is_well);
    println!("after a pause: {:?}", expect_tranche(&world, &keeper, 895_000));

    // cut off, while prices go on
    for proxy in [&rpc, &websocket] {
        proxy.cut();
    }
    keeper.wait_until("aware of the cut", Duration::from_secs(60), |keeper| !keeper.is_well());
    world.publish(890_000);
    let (rpc_port, websocket_port) = world.net.ports();
    rpc.lead_to(rpc_port);
    websocket.lead_to(websocket_port);
    keeper.wait_until("well after the cut", Duration::from_secs(60), Keeper::is_well);
    println!("after a cut: {:?}", expect_tranche(&world, &keeper, 885_000));

    // the socket tells everything three slots late, and RPC does not
    websocket.lag(3 * SLOT);
    println!("a late socket: {:?}", expect_tranche(&world, &keeper, 883_000));
    websocket.lag(Duration::ZERO);

    // the keeper itself stops where it stands for a while
    keeper.signal("STOP");
    std::thread::sleep(Duration::from_secs(4));
    keeper.signal("CONT");
    println!("after its own pause: {:?}", expect_tranche(&world, &keeper, 882_000));

    // the cluster's clock runs a day ahead of this machine's
    world.net.travel(86_400);
    println!("a day ahead: {:?}", expect_tranche(&world, &keeper, 880_000));

    // another validator in its place, which knows nothing of what happened and whose slots start again
    for proxy in [&rpc, &websocket] {
        proxy.cut();
    }
    // Nothing can be sent any more: what has landed stands still.
    std::thread::sleep(Duration::from_secs(1));
    world.check_tranches(&wallet.pubkey(), stables);
    drop(world);
    world = World::start(&LOANS);
    world.equip(&wallet, stables);
    let (rpc_port, websocket_port) = world.net.ports();
    rpc.lead_to(rpc_port);
    websocket.lead_to(websocket_port);
    keeper.wait_until("well after the restart", Duration::from_secs(60), Keeper::is_well);
    println!("after a restart: {:?}", expect_tranche(&world, &keeper, 900_000));
    // What was under way when the old validator ended is waited for as long as any.
    assert!(keeper.stop(Duration::from_secs(30)), "the keeper did not stop when asked");
    world.check_tranches(&wallet.pubkey(), stables);
}
