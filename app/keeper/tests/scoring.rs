//! Incremental rescoring equals scoring from scratch, and both equal the program's own book, bit for bit.

use anchor_lang::prelude::Pubkey;
use ballast_client::plan::Portfolio;
use ballast_keeper::{
    engine::{Engine, Scope},
    synthetic::{clock, reserve_address, Synthetic},
};
use ballast_risk::presets::ASSETS;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Something that happens to a vault.
#[derive(Clone, Debug)]
enum Happening {
    Opened,
    /// An obligation, by number, becomes another one.
    Changed(usize),
    Closed(usize),
    /// A reserve's price moves to this many parts per million.
    Price(usize, i64),
    /// Seconds pass.
    Time(u64),
    Rescored(Scope),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => Just(Happening::Opened),
        2 => any::<usize>().prop_map(Happening::Changed),
        1 => any::<usize>().prop_map(Happening::Closed),
        3 => (0..ASSETS.len(), 500_000i64..1_500_000).prop_map(|(asset, ppm)| Happening::Price(asset, ppm)),
        1 => (1u64..600).prop_map(Happening::Time),
        2 => Just(Happening::Rescored(Scope::Touched)),
        1 => Just(Happening::Rescored(Scope::Everything)),
    ]
}

/// An engine that has just learned everything.
fn from_scratch(
    world: &Synthetic,
    obligations: &BTreeMap<Pubkey, ballast::state::Obligation>,
    prices: &[(i64, u64); 6],
) -> Engine {
    let mut engine = Engine::new(world.vault);
    engine.set_vault(world.vault_account().unwrap());
    for (asset, (ppm, at)) in prices.iter().enumerate() {
        engine.set_reserve(reserve_address(asset), world.reserve_account(asset, *ppm, *at).unwrap());
    }
    for (address, obligation) in obligations {
        engine.set_obligation(address, obligation);
    }
    engine
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happened_before_a_rescored_engine_says_what_a_new_one_says(
        seed: u64, story in proptest::collection::vec(happening(), 1..120),
    ) {
        let mut world = Synthetic::new(seed);
        let mut obligations = BTreeMap::new();
        let mut prices = [(1_000_000, 0); 6];
        let mut engine = from_scratch(&world, &obligations, &prices);
        let mut now = 0;
        for event in story {
            let nth = |number: usize| obligations.keys().nth(number % obligations.len().max(1)).copied();
            match event {
                Happening::Opened => {
                    let (address, obligation) = world.obligation();
                    engine.set_obligation(&address, &obligation);
                    obligations.insert(address, obligation);
                }
                Happening::Changed(number) => if let Some(address) = nth(number) {
                    let (_, obligation) = world.obligation();
                    engine.set_obligation(&address, &obligation);
                    obligations.insert(address, obligation);
                },
                Happening::Closed(number) => if let Some(address) = nth(number) {
                    engine.remove_obligation(&address);
                    obligations.remove(&address);
                },
                Happening::Price(asset, ppm) => {
                    prices[asset] = (ppm, now);
                    engine.set_reserve(reserve_address(asset), world.reserve_account(asset, ppm, now).unwrap());
                }
                Happening::Time(seconds) => now += seconds,
                Happening::Rescored(scope) => { engine.rescore(&clock(now), scope); }
            }
        }
        engine.rescore(&clock(now), Scope::Touched);
        engine.rescore(&clock(now), Scope::Everything);
        let mut new = from_scratch(&world, &obligations, &prices);
        new.rescore(&clock(now), Scope::Everything);
        prop_assert_eq!(engine.columns().len(), obligations.len());
        for (address, obligation) in &obligations {
            let row = engine.columns().find(address).unwrap();
            let excess = engine.columns().excess(row);
            prop_assert_eq!(excess, new.columns().excess(new.columns().find(address).unwrap()));
            // the program's own book, from whole accounts
            let (vault, clock) = (world.vault_account().unwrap(), clock(now));
            let find = |reserve: &Pubkey| engine.market.ahead_of(reserve);
            let portfolio = Portfolio::new(&vault, obligation, &clock, find).unwrap();
            let score = portfolio.maintenance().unwrap();
            if obligation.has_debt() {
                prop_assert_eq!(excess, score.excess().clamp_i64());
            } else {
                prop_assert!(score.is_healthy());
            }
            // what the columns keep is what scoring and tranches read
            let kept = engine.obligation(row);
            prop_assert_eq!(kept.active().len(), obligation.active().len());
            for (a, b) in kept.active().iter().zip(obligation.active()) {
                prop_assert_eq!((a.reserve, a.shares, a.side), (b.reserve, b.shares, b.side));
            }
        }
        // the ranking misses nobody, and puts the most urgent first
        let below = obligations.keys().filter(|a| engine.columns().excess(engine.columns().find(a).unwrap()) < 0);
        let (below, worst) = (below.count(), engine.worst(20, &[1_000; 17], |_| false));
        prop_assert_eq!(worst.len(), below.min(20));
        prop_assert!(worst.windows(2).all(|pair| pair[0].urgency >= pair[1].urgency));
    }

    #[test]
    fn a_price_tick_touches_only_books_with_that_asset(seed: u64, asset in 0..ASSETS.len()) {
        let mut world = Synthetic::new(seed);
        let obligations: BTreeMap<_, _> = (0..60).map(|_| world.obligation()).collect();
        let mut engine = from_scratch(&world, &obligations, &[(1_000_000, 0); 6]);
        engine.rescore(&clock(0), Scope::Everything);
        engine.set_reserve(reserve_address(asset), world.reserve_account(asset, 900_000, 0).unwrap());
        let holding = obligations.values().filter(|o| o.has_debt() && o.find(&reserve_address(asset)).is_some());
        let rescored = engine.rescore(&clock(0), Scope::Touched);
        prop_assert_eq!((rescored.books, rescored.reserves), (holding.count(), 1 << asset));
        prop_assert_eq!(engine.rescore(&clock(0), Scope::Touched).books, 0);
    }
}
