//! What nobody is paid for: solvency is attested, an insolvent book comes to its end, breakers step down.

use crate::{
    keeper::{configure, reconfigure, Folder, Keeper},
    world::{alone, key, wait_until, World},
};
use ballast::state::{Attestation, Reserve};
use ballast_client::{address::attestation, decode};
use ballast_risk::breaker::State;
use solana_signer::Signer;
use std::time::Duration;

#[test]
fn a_keeper_attests_closes_insolvent_books_and_steps_breakers_down() {
    let _alone = alone();
    let world = World::start(&[14_000, 14_500]);
    let wallet = key("keeper");
    world.equip(&wallet, 1_000_000);
    let folder = Folder::new("cranks");
    let config = configure(&world, &folder, &wallet, world.net.ports());
    reconfigure(&config, "breakers = false\nattest_seconds = 0", "breakers = true\nattest_seconds = 60");
    let keeper = Keeper::started(config);

    let account = |address| world.net.rpc.get_account(&address).unwrap().data;
    let report = || decode::<Attestation>(&account(attestation(&world.vault))).unwrap();
    wait_until("a round of attestation", || report().last.round > 0);
    assert_eq!(report().last.failing, 0);

    // SOL loses 99 %: every loan is beyond its collateral
    world.publish(10_000);
    wait_until("the end of both books", || {
        world
            .borrowers
            .iter()
            .all(|borrower| world.obligation(borrower).is_none_or(|o| o.position_count == 0))
    });
    println!("{} tranches closed two insolvent books", world.tranches(&wallet.pubkey()).0.len());

    // the lenders' reserve is guarded for it, and steps down again when its time is over
    let stored = || {
        let reserve: Reserve = decode(&account(world.usd.reserve())).unwrap();
        State::from_stored(reserve.breaker.as_risk().state)
    };
    assert_ne!(
        stored(),
        State::Normal,
        "lenders lost two loans, and their reserve goes on as if nothing had happened"
    );
    world.net.travel(30 * 86_400);
    wait_until("the step down", || stored() == State::Normal);
    keeper.wait_until("aware of what it cranked", Duration::from_secs(60), |keeper| {
        keeper.metric("cranks_total{outcome=\"landed\"}") >= 2.0
    });
    assert!(keeper.stop(Duration::from_secs(30)));
}
