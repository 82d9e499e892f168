//! Scores and books, computed without a transaction.

use super::prices::reserves;
use crate::{
    build::now,
    ensure,
    laws::reserves::recount as count_anew,
    step::Lens,
    world::{Book, World},
};
use anchor_lang::prelude::Pubkey;
use ballast::state::{FundAccount, Reserve, StakeAccount};
use ballast_client::{price::Price, view::feeds_of, view::Snapshot};
use ballast_risk::{
    interest::growth_up,
    reserve::{InterestSplit, Ledger},
};
use num_bigint::BigInt;
use num_traits::Signed as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// A book that is healthy with fresh prices is healthy when some of the same prices are old.
pub fn stale_feeds(world: &World, seed: u64) -> Result<bool, String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut clock = world.clock();
    clock.unix_timestamp += [5, 61, 300, 7_200, 200_000][rng.random_range(0..5)];
    clock.slot += rng.random_range(0..1_000);
    let mut tried = false;
    for key in world.obligations.keys() {
        let Some(mut book) = Book::of(&world.svm, key) else { continue };
        if !book.obligation.has_debt() {
            continue;
        }
        for reserve in &mut book.reserves {
            reserve.price.publish_time = clock.unix_timestamp as u64;
            reserve.price.posted_slot = clock.slot;
        }
        let fresh = book.score(&clock)?;
        for reserve in &mut book.reserves {
            if rng.random() {
                reserve.price.publish_time -= rng.random_range(0..500_000);
                reserve.price.posted_slot -= rng.random_range(0..clock.slot.min(1_000));
            }
        }
        let stale = book.score(&clock)?;
        ensure!(
            !fresh.is_healthy() || stale.is_healthy(),
            "{key}: {fresh:?} fresh, {stale:?} with stale feeds"
        );
        tried = true;
    }
    Ok(tried)
}

/// Interest in n steps is interest in one, within what `interest::growth_up` states for each.
pub fn accrual(world: &World, seed: u64) -> Result<bool, String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tried = false;
    for (_, key) in reserves(world) {
        let Some(reserve) = world.svm.state::<Reserve>(&key) else { continue };
        let start = reserve.accrued_ledger(now(world));
        if start.debt_shares.0 == 0 {
            continue;
        }
        let seconds = rng.random_range(1..365 * 86_400u64) >> rng.random_range(0..20);
        let steps = rng.random_range(2..60);
        let mut at: Vec<u64> = (0..steps).map(|_| start.accrued_at + rng.random_range(0..=seconds)).collect();
        at.sort_unstable();
        let split = reserve.split.as_risk();
        let (mut once, mut often) = (start, start);
        once.accrue(start.accrued_at + seconds, split);
        for time in at {
            often.accrue(time, split);
        }
        often.accrue(start.accrued_at + seconds, split);
        check_accrual(&start, &once, &often, (seconds, steps), split).map_err(|e| format!("{key}: {e}"))?;
        tried = true;
    }
    Ok(tried)
}

/// Whether debts are as near as stated, and with them what fees, insurance and lenders get of the interest.
pub fn check_accrual(
    start: &Ledger,
    once: &Ledger,
    often: &Ledger,
    (seconds, steps): (u64, u64),
    split: &InterestSplit,
) -> Result<(), String> {
    let factor = 1 + (growth_up(start.rate_per_second, seconds) >> 64);
    // 2·seconds·(1 + growth)·2^-64 of the index for growths, and a unit rounded up with each step, grown itself
    let relative = 2 * (u128::from(seconds) + 1) * (factor + 1);
    let tolerance = ((start.debt_index >> 64) + 1) * relative + u128::from(steps + 2) * (factor + 1);
    let apart = once.debt_index.abs_diff(often.debt_index);
    ensure!(apart <= tolerance, "debt indices are {apart} apart after {steps} steps, more than {tolerance}");
    // all debts are so far apart, and a unit that they are rounded up to
    let debts = BigInt::from(start.debt_shares.0) * tolerance + (BigInt::from(1) << 64);
    check_shares(start, once, often, &debts, steps, split)
}

/// Each part of the interest is its share of it, rounded in each step; `interest` is how far apart all of it may be, 2^-64 units.
fn check_shares(
    start: &Ledger,
    once: &Ledger,
    often: &Ledger,
    interest: &BigInt,
    steps: u64,
    split: &InterestSplit,
) -> Result<(), String> {
    let each = |what: &str, one: BigInt, other: BigInt, most: BigInt| {
        let apart = (&one - &other).abs();
        ensure!(apart <= most, "{what} is {apart} apart after {steps} steps, more than {most}");
        Ok(())
    };
    let part = |bps: u16| interest * bps / 10_000 + (steps + 2) * u64::from(bps);
    each("the fee", once.fees_q64.into(), often.fees_q64.into(), part(split.fee.0))?;
    let shares = BigInt::from(start.deposit_shares.0);
    let all = |ledger: &Ledger| &shares * ledger.deposit_index + ledger.insurance_q64;
    let rounded = (&shares + 20_000) * (steps + 2);
    each("what lenders and insurance have", all(once), all(often), interest + &rounded)?;
    // at once, a whole time's share fills the insurance or none does; in steps it fills up and stops
    let target = |ledger: &Ledger| {
        u128::from(ledger.total_debt_up().0) * u128::from(split.insurance_target.0) / 10_000
    };
    let (never, always) =
        (start.insurance_q64 >> 64 >= target(often), often.insurance_q64 >> 64 < target(start));
    if never || always {
        let filled = if always { split.insurance.0 } else { 0 };
        // what lenders did not lend insures, too
        let lent = |ledger: &Ledger| ledger.total_deposits_down() >= ledger.total_debt_up();
        let most = if lent(start) && lent(often) { part(filled) } else { interest + rounded };
        each("insurance", once.insurance_q64.into(), often.insurance_q64.into(), most)?;
        let most = (interest / shares.max(1.into())) + (steps + 2) * 20_001;
        each("the deposit index", once.deposit_index.into(), often.deposit_index.into(), most)?;
    }
    Ok(())
}

/// Whatever the oracle says, as long as it is taken, every account scores.
pub fn any_price(world: &World, seed: u64) -> Result<bool, String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut clock = world.clock();
    clock.unix_timestamp += 1;
    for house in &world.houses {
        let Some(vault) = world.vault(&house.key) else { continue };
        let mut reserves = BTreeMap::new();
        for market in &house.listed {
            let key = world.markets[*market].asset(house.key).reserve();
            if let Some(reserve) = world.svm.state::<Reserve>(&key) {
                reserves.insert(key, reserve);
            }
        }
        let mut snapshot =
            Snapshot { key: house.key, vault: Box::new(vault), reserves, clock: clock.clone() };
        for feed in snapshot.reserves.values().flat_map(feeds_of).collect::<Vec<_>>() {
            let price = extreme(&mut rng);
            let quote = Price {
                feed_id: feed,
                price,
                confidence: extreme(&mut rng).unsigned_abs(),
                ema: extreme(&mut rng),
                exponent: rng.random_range(-12..3),
                publish_time: clock.unix_timestamp,
                posted_slot: clock.slot,
            };
            // what the oracle's reader refuses, no account has to bear
            if let Ok(taken) = snapshot.clone().with_prices(&[quote]) {
                snapshot = taken;
            }
        }
        for (key, account) in &world.obligations {
            if account.vault != house.key {
                continue;
            }
            let Some(obligation) = world.svm.state(key) else { continue };
            let Some(book) = snapshot.portfolio(&obligation) else { continue };
            book.maintenance().map_err(|error| format!("{key} does not score: {error:?}"))?;
            let all = ballast_risk::Usd(i128::from(u64::MAX));
            book.best_tranche(all).map_err(|error| format!("no tranche of {key} is planned: {error:?}"))?;
        }
    }
    Ok(true)
}

fn extreme(rng: &mut ChaCha8Rng) -> i64 {
    (rng.random::<i64>() & i64::MAX) >> rng.random_range(0..63)
}

/// Positions sum to totals and stakes to shares, counted from nothing.
pub fn recount(world: &World, _: u64) -> Result<bool, String> {
    let lens = Lens::now(&world.svm);
    let migrated = |vault: &Pubkey| {
        let house = world.houses.iter().find(|house| house.key == *vault);
        house.is_some_and(|house| world.old(house).is_empty())
    };
    let all = reserves(world).into_iter().filter(|(vault, _)| migrated(vault));
    count_anew(&lens, &world.missing, world.obligations.keys(), all.map(|(_, key)| key))?;
    for house in &world.houses {
        let (Some(_), Some(fund)) = (house.fund, world.fund(house)) else { continue };
        let key: Pubkey = fund.address();
        let Some(state) = world.svm.state::<FundAccount>(&key) else { continue };
        let stakes = world.stakes.iter().filter(|(_, of)| **of == key);
        let shares: u128 = stakes
            .filter_map(|(stake, _)| world.svm.state::<StakeAccount>(stake))
            .map(|stake| stake.stake.as_risk().in_era_of(&state.fund()))
            .map(|stake| u128::from(stake.shares) + u128::from(stake.leaving))
            .sum();
        ensure!(
            shares == u128::from(state.books.shares),
            "stakes of {key} sum to {shares}: {:?}",
            state.books
        );
    }
    Ok(true)
}
