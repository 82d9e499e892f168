//! Which price updates count: the newest, in whatever order they come.

use crate::{ensure, setup::named, world::World};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::state::Reserve;
use ballast_client::{
    instruction,
    price::{Price, PRICE_PROGRAM},
};
use ballast_tests::Cluster as _;
use rand::{seq::SliceRandom as _, Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use solana_account::ReadableAccount as _;

/// Updates as old as the newest that a reserve knows, or older, are no errors and change no byte of it.
pub fn older_updates(world: &World, seed: u64) -> Result<bool, String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut copy = world.clone();
    let mut tried = false;
    for (vault, key) in reserves(world) {
        let Some(reserve) = world.svm.state::<Reserve>(&key) else { continue };
        if !has_quotes(&reserve) {
            continue;
        }
        let accounts = updates(&mut copy, &reserve, 0, |quote| {
            quote.publish_time -= [0, 1, 100_000][rng.random_range(0..3)];
            quote.price = rng.random_range(1..i64::from(u32::MAX));
            quote.confidence = rng.random_range(0..quote.price.unsigned_abs());
        });
        let before = copy.svm.account(&key).map(|account| account.data().to_vec());
        let refresh = instruction::refresh_composed_reserves(vault, &[(key, accounts)]);
        copy.svm.send(&[refresh]).map_err(|error| format!("an older update of {key}: {error:?}"))?;
        let after = copy.svm.account(&key).map(|account| account.data().to_vec());
        ensure!(before == after, "an older update changed {key}");
        tried = true;
    }
    Ok(tried)
}

/// The same updates in another order of reserves leave the same bytes; in another order of time, the same price.
pub fn order(world: &World, seed: u64) -> Result<bool, String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut copy = world.clone();
    copy.svm.go_on(30, rng.random_range(1..60));
    copy.silent.clear();
    for market in &mut copy.markets {
        market.price += market.price / rng.random_range(20..1_000);
    }
    copy.post_all();
    let (mut one, mut other) = (copy.clone(), copy.clone());
    for house in &copy.houses {
        let mut shuffled = house.listed.clone();
        shuffled.shuffle(&mut rng);
        let send = |world: &mut World, refresh: Instruction| match refresh.accounts.len() {
            0..=1 => Ok(0),
            _ => world.svm.send(&[refresh]).map_err(|error| format!("{error:?}")),
        };
        let whole = one.refresh(house.key, &house.listed);
        send(&mut one, whole)?;
        for market in shuffled {
            let part = other.refresh(house.key, &[market]);
            send(&mut other, part)?;
        }
    }
    super::donations::compare(&one, &other)?;
    by_time(&copy, &mut rng)?;
    Ok(true)
}

/// Two updates of one reserve, the older first and the newer first.
fn by_time(world: &World, rng: &mut ChaCha8Rng) -> Result<(), String> {
    let all = reserves(world);
    let (vault, key) = all[rng.random_range(0..all.len())];
    let reserve = world.svm.state::<Reserve>(&key).filter(has_quotes);
    let Some(reserve) = reserve else { return Ok(()) };
    let mut copy = world.clone();
    let now = copy.svm.now();
    let mut post = |age: i64, number: u64, part: i64| {
        updates(&mut copy, &reserve, number, |quote| {
            quote.publish_time = now - age;
            quote.price = (quote.price / 100).saturating_mul(part).max(1);
            quote.ema = quote.price;
        })
    };
    let (older, newer) = (post(1, 1, 99), post(0, 2, 101));
    let refresh =
        |accounts: &[Pubkey]| instruction::refresh_composed_reserves(vault, &[(key, accounts.to_vec())]);
    let mut prices = vec![];
    for updates in [[&older, &newer], [&newer, &older]] {
        let mut one = copy.clone();
        for update in updates {
            one.svm.send(&[refresh(update)]).map_err(|error| format!("{error:?}"))?;
        }
        // the redemption rate that is believed follows what was seen, and with it the low bound of a composed price
        prices.push(one.svm.state::<Reserve>(&key).map(|mut reserve| {
            if reserve.source.is_composed() {
                reserve.price.low = Default::default();
            }
            (reserve.price, reserve.source.quotes)
        }));
    }
    ensure!(prices[0] == prices[1], "{key}: {:?} and {:?}", prices[0], prices[1]);
    Ok(())
}

/// Whether each of its feeds has had a quote: nothing is older than none.
fn has_quotes(reserve: &Reserve) -> bool {
    let feeds = ballast_client::view::feeds_of(reserve);
    reserve.source.quotes.iter().take(feeds.len()).all(|quote| quote.publish_time > 0)
}

/// Posts an update for each feed of a reserve, made from the quote that the reserve knows.
fn updates(
    world: &mut World,
    reserve: &Reserve,
    number: u64,
    mut change: impl FnMut(&mut Price),
) -> Vec<Pubkey> {
    let feeds = ballast_client::view::feeds_of(reserve);
    let mut accounts = vec![];
    for (place, (feed_id, quote)) in feeds.iter().zip(&reserve.source.quotes).enumerate() {
        let mut update = Price {
            feed_id: *feed_id,
            price: quote.price,
            confidence: quote.confidence,
            ema: quote.ema,
            exponent: quote.exponent,
            publish_time: i64::try_from(quote.publish_time).unwrap_or(i64::MAX),
            posted_slot: world.svm.slot(),
        };
        change(&mut update);
        let key = named("update", number * 2 + place as u64);
        world.svm.set_account(key, PRICE_PROGRAM, update.account_data());
        accounts.push(key);
    }
    accounts
}

/// All reserves, with their vaults.
pub fn reserves(world: &World) -> Vec<(Pubkey, Pubkey)> {
    let of = |house: &crate::world::House| {
        let key = house.key;
        let listed = house.listed.iter();
        listed.map(|market| (key, world.markets[*market].asset(key).reserve())).collect::<Vec<_>>()
    };
    world.houses.iter().flat_map(of).collect()
}
