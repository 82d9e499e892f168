//! A new feed begins with the change: signed updates of years ago can still be posted, and nobody may choose among them.

use ballast::state::{OracleConfig, ProposedChange};
use ballast_client::price::Price;
use ballast_tests::desk::Desk;

#[tokio::test]
async fn a_new_feed_takes_no_update_from_before_the_change_however_long_the_old_one_was_silent() {
    let mut desk = Desk::open().await;
    let mut sol = desk.world.sol;
    desk.world.lender(&sol, sol.units(1_000)).await;
    let before = desk.reserve(&sol).await;
    let about = desk.about(&sol);
    let feed = OracleConfig { feed_id: [9; 32], ..OracleConfig::of(&before) };
    // no price comes while the change waits: the last one is two days old when it is executed
    desk.carry_out(about, ProposedChange::Oracle(feed)).await;
    let changed_at = desk.world.chain.now();

    sol.feed_id = [9; 32];
    let old = Price { price: sol.price / 5, ema: sol.price / 5, ..sol.quote(&desk.world.chain) };
    for published_at in [changed_at - 86_400, changed_at - 1, changed_at] {
        sol.post_raw(&mut desk.world.chain, &Price { publish_time: published_at, ..old });
        desk.world.refresh_one(&sol).await.expect("an old update is no error");
        let reserve = desk.reserve(&sol).await;
        assert_eq!(
            reserve.price,
            before.price,
            "published {} s before the change",
            changed_at - published_at
        );
    }

    desk.wait(1);
    sol.post(&mut desk.world.chain, sol.price);
    desk.world.refresh_one(&sol).await.unwrap();
    let reserve = desk.reserve(&sol).await;
    assert_eq!(reserve.price.publish_time, changed_at as u64 + 1);
    assert_eq!(reserve.price.spot, before.price.spot);
}
