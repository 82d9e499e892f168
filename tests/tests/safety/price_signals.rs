//! What prices show: each signal at its threshold and just below it, and the two observations that it takes.

use anchor_lang::prelude::Pubkey;
use ballast::{
    event::BreakerChanged,
    instructions::{RateConfig, Signal},
    state::Reserve,
    BallastError,
};
use ballast_client::{
    instruction::{add_reserve, refresh_composed_reserves},
    preset::reserve_config,
    price::{Price, PRICE_PROGRAM},
    Event,
};
use ballast_risk::{
    breaker::{Cause, Change, ReserveThresholds, State},
    presets::AssetKind,
    Bps,
};
use ballast_tests::{market::TOKEN, refused, usd, Market, Receipt, World};
use solana_signer::Signer;

const HOUR: u64 = 3_600;

/// Events of breakers, in order.
fn changes(receipt: &Receipt) -> Vec<BreakerChanged> {
    let changes = receipt.events.iter().filter_map(|event| match event {
        Event::BreakerChanged(change) => Some(change.clone()),
        _ => None,
    });
    changes.collect()
}

/// Leaves a market only one price signal: the others get thresholds of 49.99 % (confidence 24.99 %).
async fn only(world: &mut World, market: &Market, cause: Option<Cause>) {
    let key = world.asset(market).reserve();
    let whole = match market.kind {
        AssetKind::Usd => ReserveThresholds::STABLE,
        _ => ReserveThresholds::MAJOR,
    };
    let (guards, halts) = (Bps(4_999), Bps(5_000));
    let mut left = whole;
    if cause != Some(Cause::Average) {
        (left.average_guards, left.average_halts) = (guards, halts);
    }
    if cause != Some(Cause::Jump) {
        (left.jump_guards, left.jump_halts) = (guards, halts);
    }
    if cause != Some(Cause::Rate) {
        (left.rate_guards, left.rate_halts) = (guards, halts);
    }
    if cause != Some(Cause::Confidence) {
        (left.confidence_guards, left.confidence_halts) = (Bps(2_499), Bps(2_500));
    }
    left.validate().expect("legal thresholds");
    world.chain.edit::<Reserve>(key, |reserve| reserve.thresholds = left.into()).await;
}

/// A quote that is a whole market away from what it was, in the one way that a cause looks at.
type Shift = fn(&mut Price, i64);

fn average(quote: &mut Price, bps: i64) {
    // the average at which spot is just so far above it
    quote.ema = quote.price * 10_000 / (10_000 + bps);
}

fn confidence(quote: &mut Price, bps: i64) {
    quote.confidence = (quote.price * bps / 10_000) as u64;
}

fn jump(quote: &mut Price, bps: i64) {
    quote.price += quote.price * bps / 10_000;
    quote.ema = quote.price;
}

fn depeg(quote: &mut Price, bps: i64) {
    quote.price -= quote.price * bps / 10_000;
    quote.ema = quote.price;
}

fn nearer(cause: Cause) -> fn(&mut Price) {
    match cause {
        Cause::Average => |quote| quote.ema += 1,
        Cause::Confidence => |quote| quote.confidence -= 1,
        Cause::Jump => |quote| (quote.price, quote.ema) = (quote.price - 1, quote.ema - 1),
        _ => |quote| (quote.price, quote.ema) = (quote.price + 1, quote.ema + 1),
    }
}

#[tokio::test]
async fn each_price_signal_trips_at_its_threshold_and_not_just_below() {
    let cases: [(Cause, AssetKind, Shift, [i64; 2]); 4] = [
        (Cause::Average, AssetKind::Sol, average, [1_000, 2_500]),
        (Cause::Confidence, AssetKind::Sol, confidence, [200, 1_000]),
        (Cause::Jump, AssetKind::Sol, jump, [1_000, 2_500]),
        (Cause::Rate, AssetKind::Usd, depeg, [200, 500]),
    ];
    for (cause, kind, shift, limits) in cases {
        for (i, limit) in limits.into_iter().enumerate() {
            let [level, below] = [[State::Guarded, State::Normal], [State::Halted, State::Guarded]][i];
            for reached in [true, false] {
                let mut world = World::start().await;
                let market = if kind == AssetKind::Usd { world.usdc } else { world.sol };
                only(&mut world, &market, Some(cause)).await;
                let quote = |quote: &mut Price| {
                    shift(quote, limit);
                    if !reached {
                        nearer(cause)(quote);
                    }
                };
                world.chain.pass(1);
                let first = world.post_with(&market, quote).await.unwrap();
                assert_eq!(world.state(&market).await, State::Normal, "one observation trips nothing");
                world.chain.pass(30);
                let second = world.post_with(&market, quote).await.unwrap();
                let expected = if reached { level } else { below };
                assert_eq!(world.state(&market).await, expected, "{cause:?} {limit} {reached}");
                if expected == State::Normal {
                    assert!(changes(&first).is_empty() && changes(&second).is_empty());
                    continue;
                }
                assert_eq!(changes(&first)[0].change, Change::Observed as u8);
                let [raised] = &changes(&second)[..] else { panic!("one change") };
                let now = world.seconds();
                let asset = world.asset(&market);
                assert_eq!((raised.vault, raised.reserve), (asset.vault, Some(asset.reserve())));
                assert_eq!((raised.change, raised.cause), (Change::Raised as u8, cause as u8));
                assert_eq!((raised.from, raised.to), (State::Normal as u8, expected as u8));
                assert_eq!(raised.observed_at, now);
                let hours = if expected == State::Halted { 4 } else { 1 };
                assert_eq!(raised.expires_at, now + hours * HOUR);
                if reached {
                    assert_eq!((raised.measured, raised.limit), (limit as u64, limit as u64));
                } else {
                    assert_eq!((raised.measured, raised.limit), (limit as u64 - 1, limits[0] as u64));
                }
                let stored = *world.reserve(&market).await.breaker.as_risk();
                assert_eq!((stored.cause, stored.measured), (raised.cause, raised.measured));
            }
        }
    }
}

/// Posts SOL a quarter above its average while nobody looks, then lets `trip_breaker` look.
async fn show(world: &mut World) -> Result<Receipt, ballast_tests::Failure> {
    let sol = world.sol;
    only(world, &sol, None).await;
    world.post_with(&sol, |quote| average(quote, 1_500)).await.unwrap();
    only(world, &sol, Some(Cause::Average)).await;
    world.trip(&sol, Signal::Average).await
}

#[tokio::test]
async fn a_second_observation_comes_thirty_seconds_later_and_not_sooner_nor_after_five_minutes() {
    for (gap, counts) in [(29, false), (30, true), (300, true), (301, false)] {
        let mut world = World::start().await;
        let sol = world.sol;
        world.chain.pass(1);
        let first = show(&mut world).await.unwrap();
        assert_eq!(changes(&first)[0].change, Change::Observed as u8);
        // the same price again is no second observation, however late it is shown
        refused(world.trip(&sol, Signal::Average).await, BallastError::ObservationTooSoon);
        world.chain.pass(gap);
        let second = show(&mut world).await;
        match gap {
            29 => refused(second, BallastError::ObservationTooSoon),
            301 => assert_eq!(changes(&second.unwrap())[0].change, Change::Observed as u8),
            _ => assert_eq!(changes(&second.unwrap())[0].change, Change::Raised as u8),
        }
        let state = if counts { State::Guarded } else { State::Normal };
        assert_eq!(world.state(&sol).await, state, "{gap}");
        // the expired one gave way to the new one
        if gap == 301 {
            world.chain.pass(30);
            show(&mut world).await.unwrap();
            assert_eq!(world.state(&sol).await, State::Guarded);
        }
    }
}

#[tokio::test]
async fn a_price_of_over_a_minute_ago_is_no_signal_and_a_calm_one_neither() {
    let mut world = World::start().await;
    let sol = world.sol;
    only(&mut world, &sol, None).await;
    world.chain.pass(1);
    world.post_with(&sol, |quote| average(quote, 3_000)).await.unwrap();
    only(&mut world, &sol, Some(Cause::Average)).await;
    refused(world.trip(&sol, Signal::Jump).await, BallastError::NoSignal);
    refused(world.trip(&sol, Signal::Confidence).await, BallastError::NoSignal);
    refused(world.trip(&sol, Signal::Rate).await, BallastError::NoSignal); // SOL has neither rate nor peg
    world.chain.pass(61);
    refused(world.trip(&sol, Signal::Average).await, BallastError::ObservationTooOld);
    assert_eq!(world.reserve(&sol).await.breaker, Default::default());
}

#[tokio::test]
async fn levels_are_confirmed_on_their_own_and_causes_too() {
    let mut world = World::start().await;
    let sol = world.sol;
    world.chain.pass(1);
    let mut levels = vec![];
    for bps in [1_000, 2_500, 2_500] {
        world.post_with(&sol, |quote| average(quote, bps)).await.unwrap();
        levels.push(world.state(&sol).await);
        world.chain.pass(30);
    }
    assert_eq!(levels, [State::Normal, State::Guarded, State::Halted]);
    // another market's first observation of another cause confirms nothing
    let eth = world.eth;
    world.post_with(&eth, |quote| average(quote, 1_000)).await.unwrap();
    world.chain.pass(30);
    world.post_with(&eth, |quote| confidence(quote, 200)).await.unwrap();
    assert_eq!(world.state(&eth).await, State::Normal);
}

#[tokio::test]
async fn a_price_signal_changes_its_reserve_and_nothing_else() {
    let mut world = World::start().await;
    let (sol, vault) = (world.sol, world.vault);
    let mut others: Vec<Pubkey> = world.all_reserves().await;
    others.retain(|key| *key != world.asset(&sol).reserve());
    others.push(vault);
    let mut before = vec![];
    for key in &others {
        before.push(world.chain.account(*key).await.unwrap().data);
    }
    for _ in 0..2 {
        world.chain.pass(30);
        world.post_with(&sol, |quote| jump(quote, -4_000)).await.unwrap();
    }
    assert_eq!(world.state(&sol).await, State::Halted);
    for (key, before) in others.iter().zip(before) {
        assert!(world.chain.account(*key).await.unwrap().data == before);
    }
}

/// A liquid-staked SOL at a rate of 1.2: the market's rate falls to 3 % below what is believed, then to 10 %.
#[tokio::test]
async fn a_staked_asset_off_its_rate_is_guarded_and_then_halted() {
    let believed = 120_000_000;
    for (rate, expected) in [
        (believed * 97 / 100 + 1, State::Normal),
        (believed * 97 / 100, State::Guarded),
        (believed * 9 / 10 + 1, State::Guarded),
        (believed * 9 / 10, State::Halted),
    ] {
        let mut world = World::start().await;
        let mut market = Market::create(&mut world.chain, AssetKind::Lst, 9, TOKEN, usd(200));
        (market.feed_id, market.price_account) = (world.sol.feed_id, world.sol.price_account);
        let (feed_id, account) = ([77; 32], Pubkey::new_unique());
        let mut config = reserve_config(&world.preset, AssetKind::Lst, market.feed_id).unwrap();
        config.rate = Some(RateConfig { feed_id, anchor: 1_200_000_000, growth: 10 });
        let curator = world.curator.insecure_clone();
        let add = add_reserve(curator.pubkey(), &world.asset(&market), config);
        world.send_in_setup(world.vault, &[add], &[&curator]).await.unwrap();
        only(&mut world, &market, Some(Cause::Rate)).await;
        for _ in 0..2 {
            world.tick(30).await;
            let (publish_time, posted_slot) = (world.chain.now(), world.chain.slot());
            let quote = Price {
                feed_id,
                price: rate,
                confidence: 0,
                ema: rate,
                exponent: -8,
                publish_time,
                posted_slot,
            };
            world.chain.set_account(account, PRICE_PROGRAM, quote.account_data());
            let accounts = [(world.asset(&market).reserve(), vec![market.price_account, account])];
            world.must(&[refresh_composed_reserves(world.vault, &accounts)], &[&curator]).await;
        }
        assert_eq!(world.state(&market).await, expected, "{rate}");
        assert_eq!(world.state(&world.sol.clone()).await, State::Normal);
    }
}
