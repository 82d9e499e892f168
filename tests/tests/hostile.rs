//! Hostile bytes: whatever an RPC node or a transaction says, the client's views and the program's dispatcher read or refuse it and do not
//! panic. The same as the fuzz targets `account` and `instruction`, at random and on stable Rust.

use anchor_lang::{prelude::Clock, Discriminator, ZeroCopy};
use ballast::{constants::STATE_VERSION, state::*};
use ballast_client::{
    account::{clock, decode, reserves_of},
    view::{PortfolioView, Snapshot, WhatIf},
    Event,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ROUNDS: usize = 20_000;

/// Bytes that begin like something of the program, of any length around the right one.
fn bytes(random: &mut ChaCha8Rng, discriminator: &[u8], size: usize) -> Vec<u8> {
    let mut data = if random.random_bool(0.9) { discriminator.to_vec() } else { vec![0; 8] };
    let length = match random.random_range(0..4) {
        0 => random.random_range(0..=size + 9),
        1 => size + 8,
        2 => size + 7,
        _ => random.random_range(0..32),
    };
    // zeros, ones, or noise, as hostile as each other
    let fill = random.random_range(0..3);
    data.extend((0..length).map(|_| match fill {
        0 => 0,
        1 => 0xff,
        _ => random.random(),
    }));
    if random.random_bool(0.3) {
        data.truncate(random.random_range(0..=data.len()));
    }
    data
}

/// An account of the present version and the right kind; of the rest some bytes are anything.
fn hostile<T: ZeroCopy + Discriminator>(random: &mut ChaCha8Rng) -> T {
    let size = T::DISCRIMINATOR.len() + std::mem::size_of::<T>();
    let mut data = T::DISCRIMINATOR.to_vec();
    data.push(STATE_VERSION);
    let fill = [0, 0, 1, 0xff, 0x80][random.random_range(0..5)];
    data.resize(size, fill);
    for _ in 0..random.random_range(0..200) {
        let at = random.random_range(T::DISCRIMINATOR.len() + 1..size);
        data[at] = random.random();
    }
    decode(&data).expect("long enough")
}

#[test]
fn account_data_of_any_length_and_content_is_decoded_or_refused() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (mut read, mut refused) = (0, 0);
    macro_rules! kinds {
        ($($kind:ty),*) => {
            for _ in 0..ROUNDS / 10 {
                $(
                    let data = bytes(&mut random, <$kind>::DISCRIMINATOR, std::mem::size_of::<$kind>());
                    let found = decode::<$kind>(&data).is_some();
                    // only whole accounts of this kind are read
                    let whole = data.len() >= 8 + std::mem::size_of::<$kind>();
                    assert_eq!(found, whole && data.starts_with(<$kind>::DISCRIMINATOR));
                    (read, refused) = (read + usize::from(found), refused + usize::from(!found));
                )*
            }
        };
    }
    kinds!(Vault, Reserve, Obligation, Attestation, Audit, FundAccount, StakeAccount);
    assert!(read > 1_000 && refused > 1_000, "{read} {refused}");
    for _ in 0..ROUNDS {
        let data: Vec<u8> = (0..random.random_range(0..60)).map(|_| random.random()).collect();
        assert_eq!(clock(&data).is_some(), data.len() >= 40);
    }
}

#[test]
fn events_of_any_bytes_are_read_or_refused() {
    use ballast::event::*;
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let kinds = [
        VaultCreated::DISCRIMINATOR,
        ReserveRefreshed::DISCRIMINATOR,
        TrancheExecuted::DISCRIMINATOR,
        BreakerChanged::DISCRIMINATOR,
        ChangeProposed::DISCRIMINATOR,
    ];
    let mut read = 0;
    for _ in 0..ROUNDS {
        let kind = kinds[random.random_range(0..kinds.len())];
        read += usize::from(Event::from_bytes(&bytes(&mut random, kind, 400)).is_some());
    }
    assert!(read > 100, "{read}");
}

#[test]
fn hostile_vaults_reserves_and_obligations_are_shown_or_refused() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut shown = 0;
    for _ in 0..ROUNDS / 4 {
        let vault: Box<Vault> = Box::new(hostile(&mut random));
        let mut obligation: Obligation = hostile(&mut random);
        obligation.position_count = random.random_range(0..4);
        let mut reserves = std::collections::BTreeMap::new();
        for i in 0..usize::from(obligation.position_count) {
            let position = &mut obligation.positions[i];
            position.side = random.random_range(0..3);
            reserves.insert(position.reserve, hostile::<Reserve>(&mut random));
        }
        assert!(reserves_of(&obligation).len() <= 16);
        let time = if random.random_bool(0.5) { random.random() } else { 1_760_000_000 };
        let clock = Clock { slot: random.random(), unix_timestamp: time, ..Clock::default() };
        let snapshot = Snapshot { key: obligation.vault, vault, reserves, clock };
        let _ = WhatIf::new(&snapshot, &obligation).portfolio();
        shown += usize::from(PortfolioView::new(&snapshot, &obligation).is_ok());
    }
    assert!(shown > 10, "{shown}");
}

#[test]
fn instruction_data_of_any_bytes_is_refused_without_a_panic() {
    use ballast::instruction::*;
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let kinds = [
        CreateVault::DISCRIMINATOR,
        AddReserve::DISCRIMINATOR,
        Deposit::DISCRIMINATOR,
        SoftLiquidate::DISCRIMINATOR,
        TripBreaker::DISCRIMINATOR,
        AuditBook::DISCRIMINATOR,
        ProposeChange::DISCRIMINATOR,
        Tighten::DISCRIMINATOR,
    ];
    for _ in 0..ROUNDS {
        let kind = kinds[random.random_range(0..kinds.len())];
        let data = bytes(&mut random, kind, 1_200);
        // without accounts nothing can succeed; arguments are read before any account is
        assert!(ballast::entry(&ballast::ID, &[], &data).is_err());
    }
}
