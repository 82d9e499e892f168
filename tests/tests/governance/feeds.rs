//! A new feed begins with the change: signed updates of years ago can still be posted, and nobody may choose among them.

use ballast::{
    instructions::{Signal, TightenTo},
    state::{OracleConfig, ProposedChange},
    BallastError,
};
use ballast_client::price::Price;
use ballast_risk::breaker::{Cause, State};
use ballast_tests::{
    desk::{Desk, DELAY, HOUR},
    refused, Market,
};

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

/// A vault in which somebody owes SOL.
async fn owing_sol() -> (Desk, Market) {
    let mut desk = Desk::open().await;
    let (sol, btc) = (desk.world.sol, desk.world.btc);
    desk.world.lender(&sol, sol.units(1_000)).await;
    let debtor = desk.world.user().await;
    desk.world.deposit(&debtor, &btc, btc.units(1)).await.unwrap();
    desk.world.borrow(&debtor, &sol, sol.units(10)).await.unwrap();
    (desk, sol)
}

async fn another_feed(desk: &mut Desk, of: &Market) -> ProposedChange {
    let reserve = desk.reserve(of).await;
    ProposedChange::Oracle(OracleConfig { feed_id: [9; 32], ..OracleConfig::of(&reserve) })
}

#[tokio::test]
async fn a_dead_feed_is_replaced_though_its_reserve_is_never_normal_again() {
    let (mut desk, mut sol) = owing_sol().await;
    desk.world.tick_without(&sol, 7 * HOUR).await;
    desk.world.trip(&sol, Signal::Stale).await.unwrap();
    assert_eq!(desk.world.state(&sol).await, State::Halted);
    let change = another_feed(&mut desk, &sol).await;
    let cancelled = desk.propose_for(&sol, change.clone()).await;
    let proposal = desk.propose_for(&sol, change).await;
    // for two days somebody shows again and again that it is silent
    for _ in 0..DELAY / (4 * HOUR) - 1 {
        desk.world.tick_without(&sol, 4 * HOUR).await;
        let _ = desk.world.trip(&sol, Signal::Stale).await;
        assert_ne!(desk.world.state(&sol).await, State::Normal);
    }
    // the guardian still has its word
    let guardian = desk.guardian.insecure_clone();
    desk.cancel_as(&guardian, &cancelled).await.unwrap();
    desk.world.tick_without(&sol, 4 * HOUR - 1).await;
    refused(desk.execute(&proposal).await, BallastError::NotRipe);
    desk.world.tick_without(&sol, 1).await;
    desk.execute(&proposal).await.unwrap();
    // and what it says counts
    sol.feed_id = [9; 32];
    desk.wait(1);
    sol.post(&mut desk.world.chain, sol.price);
    desk.world.refresh_one(&sol).await.unwrap();
    assert_eq!(desk.reserve(&sol).await.price.publish_time, desk.world.chain.now() as u64);
}

#[tokio::test]
async fn a_feed_that_speaks_again_waits_for_normal_like_any_other_change() {
    let (mut desk, sol) = owing_sol().await;
    desk.world.tick_without(&sol, 7 * HOUR).await;
    let change = another_feed(&mut desk, &sol).await;
    let proposal = desk.propose_for(&sol, change).await;
    desk.world.tick(DELAY).await;
    let (guardian, about) = (desk.guardian.insecure_clone(), desk.about(&sol));
    desk.tighten_as(&guardian, about, TightenTo::Guarded, HOUR).await.unwrap();
    refused(desk.execute(&proposal).await, BallastError::NotInThisState);
    // silent for as long as guards, and not as halts
    desk.world.tick_without(&sol, HOUR - 1).await;
    refused(desk.execute(&proposal).await, BallastError::NotInThisState);
}

#[tokio::test]
async fn a_rate_that_is_not_believed_is_no_reason_to_keep_the_idea_of_it() {
    let (mut desk, sol) = owing_sol().await;
    let change = another_feed(&mut desk, &sol).await;
    let key = desk.about(&sol).unwrap();
    let held_by = |cause: Cause, until: u64| {
        move |reserve: &mut ballast::state::Reserve| {
            (reserve.breaker.cause, reserve.breaker.expires_at) = (cause as u8, until);
        }
    };
    let until = desk.world.seconds() + 30 * 86_400;
    desk.world.set_state(&sol, State::Guarded).await;
    desk.world.chain.edit(key, held_by(Cause::Rate, until)).await;
    let proposal = desk.propose_for(&sol, change).await;
    desk.world.tick(DELAY).await;
    // of any other cause it waits
    desk.world.chain.edit(key, held_by(Cause::Jump, until)).await;
    refused(desk.execute(&proposal).await, BallastError::NotInThisState);
    desk.world.chain.edit(key, held_by(Cause::Rate, until)).await;
    desk.execute(&proposal).await.unwrap();
}
