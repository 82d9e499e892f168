//! Any account data: the client's typed views read hostile bytes, and show and score what they read, without a panic.

use anchor_lang::{prelude::Clock, Discriminator, ZeroCopy};
use arbitrary::{Arbitrary, Unstructured};
use ballast::{constants::STATE_VERSION, state::*};
use ballast_client::{
    account::{clock, decode, reserves_of},
    view::{PortfolioView, Snapshot},
    Event,
};
use std::collections::BTreeMap;

/// Tries one input.
pub fn run(data: &[u8]) {
    let _ = Event::from_bytes(data);
    let _ = clock(data);
    let _ = (decode::<Vault>(data), decode::<Reserve>(data), decode::<Obligation>(data));
    let _ = view(&mut Unstructured::new(data));
}

/// An account of the present version and of the right kind, the rest as the fuzzer wants it: what somebody might store who found a way to.
fn hostile<T: ZeroCopy + Discriminator>(u: &mut Unstructured) -> arbitrary::Result<T> {
    let mut data = T::DISCRIMINATOR.to_vec();
    data.push(STATE_VERSION);
    // few bytes repeated fill an account of any size
    let length = usize::from(u8::arbitrary(u)?).min(u.len());
    let pattern = u.bytes(length)?.to_vec();
    let size = T::DISCRIMINATOR.len() + std::mem::size_of::<T>();
    let mut fill = pattern.iter().copied().chain(std::iter::once(0)).cycle();
    data.resize_with(size, || fill.next().unwrap_or(0));
    for _ in 0..u.int_in_range(0..=24)? {
        let at = u.int_in_range(T::DISCRIMINATOR.len() + 1..=size - 1)?;
        data[at] = u.arbitrary()?;
    }
    Ok(decode(&data).expect("long enough"))
}

fn view(u: &mut Unstructured) -> arbitrary::Result<()> {
    let vault: Box<Vault> = Box::new(hostile(u)?);
    let mut obligation: Obligation = hostile(u)?;
    let _ = reserves_of(&obligation);
    let key = obligation.vault;
    let mut reserves = BTreeMap::new();
    for i in 0..u.int_in_range(1..=3)? {
        let reserve: Reserve = hostile(u)?;
        // positions that name their reserves, or nothing would be shown
        if let Some(position) = obligation.positions.get_mut(i) {
            reserves.insert(position.reserve, reserve);
        }
    }
    let time = u.arbitrary::<i64>()?;
    let clock = Clock { slot: u.arbitrary()?, unix_timestamp: time, ..Clock::default() };
    let snapshot = Snapshot { key, vault, reserves, clock };
    if let Ok(shown) = PortfolioView::new(&snapshot, &obligation) {
        assert!(shown.positions.len() <= obligation.positions.len());
    }
    Ok(())
}
