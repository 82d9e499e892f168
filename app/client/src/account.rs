//! Reading the program's accounts.

use anchor_lang::{
    prelude::{Clock, Pubkey},
    Discriminator, ZeroCopy,
};
use ballast::state::Obligation;

/// Reads an account of the program from its data; `None` when it is of another kind or too short.
pub fn decode<T: ZeroCopy + Discriminator>(data: &[u8]) -> Option<T> {
    let body = data.strip_prefix(T::DISCRIMINATOR)?;
    Some(bytemuck::pod_read_unaligned(body.get(..std::mem::size_of::<T>())?))
}

/// Reserves of an obligation's positions, in order: the remaining accounts of every instruction that scores it.
pub fn reserves_of(obligation: &Obligation) -> Vec<Pubkey> {
    obligation.active().iter().map(|position| position.reserve).collect()
}

/// The same after a position in `reserve` is opened (last in order, if it is new).
pub fn reserves_with(obligation: &Obligation, reserve: Pubkey) -> Vec<Pubkey> {
    let mut reserves = reserves_of(obligation);
    if !reserves.contains(&reserve) {
        reserves.push(reserve);
    }
    reserves
}

/// The same after the position in `reserve` is closed.
pub fn reserves_without(obligation: &Obligation, reserve: Pubkey) -> Vec<Pubkey> {
    reserves_of(obligation).into_iter().filter(|r| *r != reserve).collect()
}

/// The cluster's clock from its account's data; `None` when it is too short.
pub fn clock(data: &[u8]) -> Option<Clock> {
    // Five 8-byte numbers in the order of the struct.
    let number = |index: usize| data.get(index * 8..index * 8 + 8)?.try_into().ok();
    Some(Clock {
        slot: u64::from_le_bytes(number(0)?),
        epoch_start_timestamp: i64::from_le_bytes(number(1)?),
        epoch: u64::from_le_bytes(number(2)?),
        leader_schedule_epoch: u64::from_le_bytes(number(3)?),
        unix_timestamp: i64::from_le_bytes(number(4)?),
    })
}
