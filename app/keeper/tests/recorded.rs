//! Recorded streams: whatever the order in which news arrive, what is known in the end is what is on chain.

use anchor_lang::{prelude::Pubkey, Discriminator};
use ballast::state::{Obligation, Reserve, Vault};
use ballast_keeper::{
    mirror::Mirror,
    shard::Shard,
    source::{
        recorded::{Recorded, Recorder},
        AccountAt, Event, Source,
    },
    synthetic::{clock, reserve_address, Synthetic, PRICES},
};
use futures_util::FutureExt;
use proptest::{prelude::*, sample::Index};
use std::collections::BTreeMap;

fn account<T: bytemuck::Pod + Discriminator>(slot: u64, address: Pubkey, state: &T) -> AccountAt {
    let data = [T::DISCRIMINATOR, bytemuck::bytes_of(state)].concat();
    AccountAt { slot, address, owner: ballast::ID, data }
}

fn closed(slot: u64, address: Pubkey) -> AccountAt {
    AccountAt { slot, address, owner: Pubkey::default(), data: vec![] }
}

fn clock_account(slot: u64) -> AccountAt {
    let time = clock(0).unix_timestamp;
    let words = [slot, 0, 0, 0, time as u64];
    let data = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let address = "SysvarC1ock11111111111111111111111111111111".parse().unwrap();
    AccountAt { slot, address, owner: Pubkey::default(), data }
}

/// The vault and its reserves, as of a slot.
fn market(world: &Synthetic, slot: u64) -> Vec<AccountAt> {
    let vault: Vault = world.vault_account().unwrap();
    let reserve = |asset| -> Reserve { world.reserve_account(asset, 1_000_000, 0).unwrap() };
    let mut all = vec![account(slot, world.vault, &vault)];
    all.extend((0..PRICES.len()).map(|asset| account(slot, reserve_address(asset), &reserve(asset))));
    all
}

/// Plays a stream to its end.
fn play(mirror: &mut Mirror, mut source: impl Source) -> Vec<Pubkey> {
    let mut again = vec![];
    while let Some(event) = source.next().now_or_never().expect("recordings do not wait") {
        again.extend(mirror.apply(event).read_again);
    }
    again
}

/// What a mirror knows of obligations: address, and shares of each position.
fn known(mirror: &Mirror) -> BTreeMap<Pubkey, Vec<u64>> {
    let columns = mirror.engine.columns();
    columns
        .iter()
        .map(|(row, address)| (address, columns.legs(row).map(|leg| leg.shares).collect()))
        .collect()
}

fn shares(obligation: &Obligation) -> Vec<u64> {
    obligation.active().iter().map(|position| position.shares).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// A chain of slots in which obligations open, change and close. Each change is delivered once, twice or late; closings are
    /// announced or not; the snapshot arrives at any moment after the subscription, and another one at the end, as at every resync.
    #[test]
    fn late_doubled_and_swapped_news_end_in_what_is_on_chain(
        seed: u64,
        acts in proptest::collection::vec((0u8..6, any::<Index>(), any::<bool>()), 1..80),
        delays in proptest::collection::vec((0u64..12, 0u64..12), 80),
        snapshot_after in 0u64..40,
    ) {
        let mut world = Synthetic::new(seed);
        let mut chain: BTreeMap<Pubkey, Obligation> = BTreeMap::new();
        let mut at_slot: Vec<BTreeMap<Pubkey, Obligation>> = vec![];
        // (when it arrives, order, event)
        let mut stream: Vec<(u64, usize, Event)> = vec![];
        for (number, (act, index, announced)) in acts.iter().enumerate() {
            let slot = 100 + number as u64;
            let nth = (!chain.is_empty()).then(|| *chain.keys().nth(index.index(chain.len())).unwrap());
            let news = match (act, nth) {
                (0..=2, _) | (_, None) => {
                    let (address, obligation) = world.obligation();
                    chain.insert(address, obligation);
                    Some(account(slot, address, &obligation))
                }
                (3 | 4, Some(address)) => {
                    let (_, obligation) = world.obligation();
                    chain.insert(address, obligation);
                    Some(account(slot, address, &obligation))
                }
                (_, Some(address)) => {
                    chain.remove(&address);
                    announced.then(|| closed(slot, address))
                }
            };
            let (once, twice) = delays[number];
            if let Some(news) = news {
                stream.push((slot + once, number, Event::Account(news.clone())));
                stream.push((slot + twice, number, Event::Account(news)));
            }
            at_slot.push(chain.clone());
        }
        let last = 100 + acts.len() as u64 - 1;
        let snapshot = |slot: u64| {
            let mut accounts = market(&world, slot);
            let obligations = &at_slot[(slot - 100) as usize];
            accounts.extend(obligations.iter().map(|(address, obligation)| account(slot, *address, obligation)));
            Event::Synced { slot, accounts }
        };
        let first = (100 + snapshot_after).min(last);
        stream.push((first + delays[0].0, 0, snapshot(first)));
        stream.sort_by_key(|(at, order, _)| (*at, *order));
        let mut events: Vec<Event> = stream.into_iter().map(|(_, _, event)| event).collect();
        events.push(snapshot(last));
        let mut mirror = Mirror::new(world.vault, []);
        play(&mut mirror, Recorded::new(events));
        let truth: BTreeMap<Pubkey, Vec<u64>> = chain.iter().map(|(address, o)| (*address, shares(o))).collect();
        prop_assert_eq!(known(&mirror), truth);
    }
}

#[test]
fn what_a_dropped_fork_said_is_read_again() {
    let mut world = Synthetic::new(1);
    let ((address, before), (_, on_fork)) = (world.obligation(), world.obligation());
    let mut mirror = Mirror::new(world.vault, []);
    let mut accounts = market(&world, 10);
    accounts.push(account(10, address, &before));
    let slot = |slot, parent| Event::Slot { slot, parent, root: 5 };
    let events = [
        Event::Synced { slot: 10, accounts },
        slot(10, 9),
        slot(11, 10),
        Event::Account(account(11, address, &on_fork)),
        // 12 builds on 10: slot 11, and what it changed, is not part of the chain
        slot(12, 10),
    ];
    let again = play(&mut mirror, Recorded::new(events));
    assert_eq!(again, [address]);
    assert_eq!(known(&mirror)[&address], shares(&on_fork), "until the answer comes");
    // Asked at slot 12, where the change never happened; the answer may even be of an older slot than the fork's.
    play(&mut mirror, Recorded::new([Event::Account(account(10, address, &before))]));
    assert_eq!(known(&mirror)[&address], shares(&before));
}

#[test]
fn nothing_is_trusted_between_a_loss_and_the_next_snapshot() {
    let mut world = Synthetic::new(2);
    let (address, obligation) = world.obligation();
    let mut mirror = Mirror::new(world.vault, []);
    let mut accounts = market(&world, 1_000);
    accounts.push(account(1_000, address, &obligation));
    play(
        &mut mirror,
        Recorded::new([Event::Account(clock_account(1_000)), Event::Synced { slot: 1_000, accounts }]),
    );
    assert!(mirror.is_synced());
    play(&mut mirror, Recorded::new([Event::Lost { reason: "cut".into() }]));
    assert!(!mirror.is_synced());
    // Another node answers, whose slots lie far behind, and which does not know the obligation.
    let events =
        [Event::Account(clock_account(40)), Event::Synced { slot: 40, accounts: market(&world, 40) }];
    play(&mut mirror, Recorded::new(events));
    assert!(mirror.is_synced());
    assert_eq!(mirror.slot(), 40);
    assert!(known(&mirror).is_empty());
}

#[test]
fn shards_of_one_stream_know_every_obligation_once_and_the_market_each() {
    const SHARDS: u16 = 5;
    let mut world = Synthetic::new(4);
    let obligations: BTreeMap<Pubkey, Obligation> = (0..200).map(|_| world.obligation()).collect();
    let (late, changed) = world.obligation();
    let mut accounts = market(&world, 10);
    accounts.extend(obligations.iter().map(|(address, one)| account(10, *address, one)));
    let events = [
        Event::Account(clock_account(10)),
        Event::Synced { slot: 10, accounts },
        Event::Account(account(11, late, &changed)),
    ];
    let mut whole = Mirror::new(world.vault, []);
    play(&mut whole, Recorded::new(events.clone()));
    let mut together = BTreeMap::new();
    for part in 1..=SHARDS {
        let shard: Shard = format!("{part}/{SHARDS}").parse().unwrap();
        let mut mirror = Mirror::new(world.vault, []).of_shard(shard, Pubkey::default());
        play(&mut mirror, Recorded::new(events.clone()));
        assert!(mirror.is_synced());
        let known = known(&mirror);
        assert!(known.keys().all(|address| shard.contains(address)), "another shard's obligation");
        assert!(known.len() < 2 * 200 / usize::from(SHARDS), "{} of 201 in one of {SHARDS}", known.len());
        for (address, shares) in known {
            assert_eq!(together.insert(address, shares), None, "in two shards");
        }
    }
    assert_eq!(together, known(&whole));
}

#[test]
fn a_keepers_own_obligation_is_known_in_whatever_shard_it_lies() {
    let mut world = Synthetic::new(5);
    let (own, obligation) = world.obligation();
    let mut accounts = market(&world, 10);
    accounts.push(account(10, own, &obligation));
    for shard in ["1/2", "2/2"] {
        let mut mirror = Mirror::new(world.vault, []).of_shard(shard.parse().unwrap(), own);
        play(&mut mirror, Recorded::new([Event::Synced { slot: 10, accounts: accounts.clone() }]));
        assert_eq!(known(&mirror)[&own], shares(&obligation));
    }
}

#[test]
fn a_recording_plays_what_was_recorded() {
    let mut world = Synthetic::new(3);
    let (address, obligation) = world.obligation();
    let events = vec![
        Event::Synced { slot: 7, accounts: market(&world, 7) },
        Event::Slot { slot: 8, parent: 7, root: 1 },
        Event::Account(account(8, address, &obligation)),
        Event::Account(closed(9, address)),
        Event::Lost { reason: "the end".into() },
    ];
    let file = std::env::temp_dir().join(format!("ballast-keeper-recording-{}.jsonl", std::process::id()));
    let mut recorder = Recorder::create(Recorded::new(events.clone()), &file).unwrap();
    while recorder.next().now_or_never().unwrap().is_some() {}
    let mut played = Recorded::open(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let mut read = vec![];
    while let Some(event) = played.next().now_or_never().unwrap() {
        read.push(event);
    }
    assert_eq!(read, events);
}
