//! The roll of a fund: which vote accounts may vote on its claims. A claim is voted by everybody on it, so that whoever opens one
//! cannot choose who judges it.
//!
//! It has [`SEATS`] seats. A vote account enrols with its node identity's signature and at least a ten-thousandth of the cluster's
//! stake, and votes on claims that open two epochs later at the earliest. When no seat is free, a larger account becomes the
//! successor of the smallest: it waits out its two epochs beside the holder, who votes until then, and moves up only if it is
//! still the larger. So newcomers neither vote early nor empty the roll, and small accounts cannot occupy it.
//!
//! Before a claim opens, anybody calls the roll: shows the vote accounts, so that the identities are those that the accounts name
//! in that epoch.

#[cfg(test)]
mod tests;

use crate::{
    refusal::{Checked, Refusal},
    tally::{votes_on, Voter, MAX_VOTERS},
    RiskError,
};
use bytemuck::{Pod, Zeroable};

/// Seats of a roll: as many as a claim has voters.
pub const SEATS: usize = MAX_VOTERS;
/// An account enrols with at least one part in this many of the cluster's stake: 0.01 %.
pub const MIN_SEAT_PART: u64 = 10_000;

/// A vote account on the roll. All zeros is nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Enrolment {
    /// The vote account.
    pub vote_account: [u8; 32],
    /// The node identity that it named when the roll was last called.
    pub identity: [u8; 32],
    /// Epoch in which it enrolled.
    pub enrolled_in: u32,
    /// Epoch in which the roll was last called for it.
    pub confirmed_in: u32,
}

const _: () = assert!(core::mem::size_of::<Enrolment>() == 72 && core::mem::align_of::<Enrolment>() == 4);

/// A seat: who holds it, and who waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Seat {
    /// Who holds it.
    pub holder: Enrolment,
    /// Who takes it over two epochs after enrolling, if it is the larger then.
    pub successor: Enrolment,
}

const _: () = assert!(core::mem::size_of::<Seat>() == 144);

/// Active stake of this epoch in lamports: of a vote account, and of the whole cluster.
pub trait ActiveStake {
    /// Of one vote account; 0 for an address that is none.
    fn of(&self, vote_account: &[u8; 32]) -> u64;
    /// Of the cluster.
    fn of_cluster(&self) -> u64;
}

impl Enrolment {
    /// Whether anybody is enrolled here.
    pub fn is_taken(&self) -> bool {
        self.vote_account != [0; 32]
    }

    /// Whether it votes on a claim that opens in this epoch.
    pub fn votes_in(&self, epoch: u32) -> bool {
        self.is_taken() && votes_on(u64::from(self.enrolled_in), u64::from(epoch))
    }

    fn is(&self, vote_account: &[u8; 32]) -> bool {
        self.is_taken() && self.vote_account == *vote_account
    }
}

/// The enrolment of a vote account, wherever it sits.
pub fn find<'a>(seats: &'a mut [Seat], vote_account: &[u8; 32]) -> Option<&'a mut Enrolment> {
    seats
        .iter_mut()
        .flat_map(|seat| [&mut seat.holder, &mut seat.successor])
        .find(|enrolment| enrolment.is(vote_account))
}

/// Enrols a vote account under the identity that it names. One that is enrolled keeps its seat and its epoch. Errors with
/// [`Refusal::SeatTooSmall`] below [`MIN_SEAT_PART`], and where no seat is free, not above the stake of anybody who could make way.
pub fn enroll(
    seats: &mut [Seat],
    vote_account: [u8; 32],
    identity: [u8; 32],
    epoch: u32,
    stake: &impl ActiveStake,
) -> Checked<()> {
    if let Some(enrolment) = find(seats, &vote_account) {
        enrolment.identity = identity;
        enrolment.confirmed_in = epoch;
        return Ok(());
    }
    let weight = stake.of(&vote_account);
    let part = u128::from(weight).saturating_mul(u128::from(MIN_SEAT_PART));
    if weight == 0 || part < u128::from(stake.of_cluster()) {
        return Err(Refusal::SeatTooSmall);
    }
    move_up(seats, epoch, stake);
    let newcomer = Enrolment { vote_account, identity, enrolled_in: epoch, confirmed_in: epoch };
    if let Some(free) = seats.iter_mut().find(|seat| !seat.holder.is_taken()) {
        free.holder = newcomer;
        return Ok(());
    }
    // whoever would make way: a seat's successor, or its holder where nobody waits yet
    let next_of = |seat: &Seat| if seat.successor.is_taken() { seat.successor } else { seat.holder };
    let smallest = seats.iter_mut().map(|seat| (stake.of(&next_of(seat).vote_account), seat));
    let (least, seat) = smallest.min_by_key(|(weight, _)| *weight).ok_or(Refusal::SeatTooSmall)?;
    if weight <= least {
        return Err(Refusal::SeatTooSmall);
    }
    seat.successor = newcomer;
    Ok(())
}

/// Calls the roll for one vote account: `identity` is what it names now, `None` where the account is gone or unreadable, which
/// ends its enrolment. Errors with [`Refusal::NotEnrolled`].
pub fn confirm(
    seats: &mut [Seat],
    vote_account: &[u8; 32],
    identity: Option<[u8; 32]>,
    epoch: u32,
) -> Checked<()> {
    let Some(identity) = identity else { return leave(seats, vote_account) };
    let enrolment = find(seats, vote_account).ok_or(Refusal::NotEnrolled)?;
    enrolment.identity = identity;
    enrolment.confirmed_in = epoch;
    Ok(())
}

/// Takes a vote account off the roll; a successor takes over an empty seat. Claims that are open are not touched. Errors with
/// [`Refusal::NotEnrolled`].
pub fn leave(seats: &mut [Seat], vote_account: &[u8; 32]) -> Checked<()> {
    let enrolment = find(seats, vote_account).ok_or(Refusal::NotEnrolled)?;
    *enrolment = Enrolment::default();
    for seat in seats.iter_mut().filter(|seat| !seat.holder.is_taken()) {
        // it keeps the epoch in which it enrolled
        seat.holder = core::mem::take(&mut seat.successor);
    }
    Ok(())
}

/// Who votes on a claim that opens in this epoch, with which weight: every holder who enrolled two epochs ago or earlier and has
/// stake. Writes them to the front of `voters` and returns how many they are. Errors with [`Refusal::RollNotCalled`] where one of
/// them was not called in this epoch.
pub fn electorate(
    seats: &mut [Seat],
    epoch: u32,
    stake: &impl ActiveStake,
    voters: &mut [Voter],
) -> Checked<usize> {
    move_up(seats, epoch, stake);
    let mut count = 0usize;
    for seat in seats.iter().filter(|seat| seat.holder.votes_in(epoch)) {
        let weight = stake.of(&seat.holder.vote_account);
        if weight == 0 {
            continue;
        }
        if seat.holder.confirmed_in != epoch {
            return Err(Refusal::RollNotCalled);
        }
        let voter = voters.get_mut(count).ok_or(Refusal::Risk(RiskError::Overflow))?;
        *voter = Voter { identity: seat.holder.identity, weight };
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// Moves successors up whose time has come, where they are the larger, and forgets the others.
fn move_up(seats: &mut [Seat], epoch: u32, stake: &impl ActiveStake) {
    for seat in seats.iter_mut().filter(|seat| seat.successor.votes_in(epoch)) {
        let successor = core::mem::take(&mut seat.successor);
        if stake.of(&successor.vote_account) > stake.of(&seat.holder.vote_account) {
            seat.holder = successor;
        }
    }
}
