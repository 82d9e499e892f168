//! Reading the program's accounts.

use anchor_lang::{prelude::Pubkey, Discriminator, ZeroCopy};
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
