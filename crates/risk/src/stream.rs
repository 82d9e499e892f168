//! Tokens that reach whom they belong to evenly over time, so that nobody comes just before them.

use crate::{
    error::RiskError,
    proportion::part_down,
    units::{Seconds, TokenAmount},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// What streams. All zeros is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Stream {
    /// Token units that have not come yet.
    pub pending: u64,
    /// Up to when they came.
    pub streamed_at: Seconds,
    /// When all of them will have come.
    pub ends_at: Seconds,
}

const _: () = assert!(core::mem::size_of::<Stream>() == 24);

/// When two amounts end together: the mean of the first one's end (now, if that is past) and of `seconds` from now, weighted by
/// amount and rounded down, so that a small amount holds up no large one. For a second that is not zero.
pub(crate) fn mean_end(first: u64, ends_at: Seconds, second: u64, seconds: Seconds, now: Seconds) -> Seconds {
    let left = ends_at.saturating_sub(now);
    let later = part_down(seconds.saturating_sub(left), second, first.saturating_add(second));
    now.saturating_add(left).saturating_add(later)
}

impl Stream {
    /// Adds an amount that streams over `seconds`; call it after [`Stream::release_down`]. Old and new end together, at the mean of
    /// their ends weighted by amount, so that a small amount holds up no large one. Errors with [`RiskError::Overflow`].
    pub fn add(&mut self, amount: TokenAmount, seconds: Seconds, now: Seconds) -> Result<()> {
        if amount.is_zero() {
            return Ok(());
        }
        let before = self.pending;
        self.pending = before.checked_add(amount.0).ok_or(RiskError::Overflow)?;
        self.streamed_at = now;
        self.ends_at = mean_end(before, self.ends_at, amount.0, seconds, now);
        Ok(())
    }

    /// Takes out what came up to `now`, rounded down. A clock that stands still or runs backwards brings nothing.
    pub fn release_down(&mut self, now: Seconds) -> TokenAmount {
        if self.pending == 0 || now <= self.streamed_at {
            return TokenAmount::ZERO;
        }
        let released = if now >= self.ends_at {
            self.pending
        } else {
            let span = self.ends_at.saturating_sub(self.streamed_at);
            part_down(self.pending, now.saturating_sub(self.streamed_at), span)
        };
        if released == 0 {
            // while it is nothing whole, time keeps adding up
            return TokenAmount::ZERO;
        }
        self.streamed_at = now;
        self.take(released);
        TokenAmount(released)
    }

    /// Takes at most so much of what has not come yet; returns what it took. The rest still ends when it would have.
    pub fn take(&mut self, most: u64) -> u64 {
        let taken = most.min(self.pending);
        self.pending = self.pending.saturating_sub(taken);
        taken
    }
}
