//! A reserve's books brought up to a time: interest by the power itself, and recoveries that stream.

use super::{over_up, Range};
use ballast::state::Reserve;
use num_bigint::BigInt;
use num_traits::{One as _, Zero as _};

/// Fractional bits of a power.
const BITS: u32 = 192;
/// An index beyond this, or debt beyond 2^63 units, stands still in the program: nothing here says what it is then.
const MAX_INDEX_BITS: u32 = 104;
/// Recoveries raise an index no further than this.
const MAX_RECOVERED_BITS: u32 = 84;

/// Indices, fees and insurance with 64 fractional bits, as they are at a time.
#[derive(Clone, Debug)]
pub struct Accrued {
    /// Worth of a deposit share.
    pub deposit_index: Range,
    /// Owed by a debt share.
    pub debt_index: Range,
    /// Fees.
    pub fees: Range,
    /// Insurance in kind.
    pub insurance: Range,
}

impl Accrued {
    /// Token units that deposit shares are worth.
    pub fn worth(&self, shares: u64) -> Range {
        let units = |index: &BigInt| (index * shares) >> 64;
        Range { low: units(&self.deposit_index.low), high: units(&self.deposit_index.high) }
    }

    /// Token units that debt shares owe.
    pub fn owed(&self, shares: u64) -> Range {
        let units = |index: &BigInt| over_up(&(index * shares), &(BigInt::one() << 64));
        Range { low: units(&self.debt_index.low), high: units(&self.debt_index.high) }
    }
}

fn joined(words: [u64; 2]) -> BigInt {
    (BigInt::from(words[1]) << 64) + words[0]
}

/// `(1 + rate)^seconds` with [`BITS`] fractional bits, from below and from above.
fn power(rate: u64, seconds: u64) -> (BigInt, BigInt) {
    let one = BigInt::one() << BITS;
    let (mut low, mut high) = (one.clone(), one.clone());
    let factor = one + (BigInt::from(rate) << (BITS - 64));
    let (mut square_low, mut square_high) = (factor.clone(), factor);
    let mut left = seconds;
    while left > 0 {
        if left & 1 == 1 {
            low = (low * &square_low) >> BITS;
            high = ((high * &square_high) >> BITS) + 1;
        }
        square_low = (&square_low * &square_low) >> BITS;
        square_high = ((&square_high * &square_high) >> BITS) + 1;
        left >>= 1;
        // what grows beyond every index is not told apart
        if high.bits() > u64::from(BITS + MAX_INDEX_BITS) {
            break;
        }
    }
    (low, high)
}

/// The debt index after so many seconds. The program's is at least the exact one, and above it by less than
/// `2·seconds·(1 + growth)·2^-64` of itself and the unit that it is rounded up to.
fn grown(index: &BigInt, rate: u64, seconds: u64) -> Range {
    if rate == 0 || seconds == 0 {
        return Range::just(index.clone());
    }
    let (low, high) = power(rate, seconds);
    let error = (index * &high * (2 * BigInt::from(seconds))) >> (BITS + 64);
    Range { low: (index * low) >> BITS, high: ((index * high) >> BITS) + error + 2 }
}

/// The books at a time that is not before they were last written; `None` where something saturates.
pub fn accrued(reserve: &Reserve, now: u64) -> Option<Accrued> {
    let books = &reserve.books;
    let mut then = Accrued {
        deposit_index: Range::just(joined(books.deposit_index)),
        debt_index: Range::just(joined(books.debt_index)),
        fees: Range::just(joined(books.fees)),
        insurance: Range::just(joined(books.insurance)),
    };
    let seconds = now.saturating_sub(books.accrued_at);
    // a frozen account accrues nothing
    if reserve.frozen_since == 0 && books.debt_shares > 0 && seconds > 0 && books.rate_per_second > 0 {
        add_interest(reserve, &mut then, seconds)?;
    }
    stream(reserve, &mut then, now);
    Some(then)
}

fn add_interest(reserve: &Reserve, at: &mut Accrued, seconds: u64) -> Option<()> {
    let books = &reserve.books;
    let before = at.owed(books.debt_shares);
    at.debt_index = grown(&at.debt_index.low, books.rate_per_second, seconds);
    let after = at.owed(books.debt_shares);
    if at.debt_index.high.bits() > u64::from(MAX_INDEX_BITS) || after.high.bits() > 63 {
        return None;
    }
    let interest = Range { low: &after.low - &before.low, high: &after.high - &before.high };
    let split = &reserve.split;
    let target = |debt: &BigInt| debt * split.insurance_target / 10_000;
    let filling = |debt: &BigInt| (&at.insurance.low >> 64) < target(debt);
    // both ends fill, or none, or it is not known
    let (sure, perhaps) = (filling(&after.low), filling(&after.high));
    let part = |units: &BigInt, bps: u16| -> BigInt { (units << 64u32) * bps / 10_000 };
    let share = |bps: u16, sure: bool, perhaps: bool| Range {
        low: if sure { (part(&interest.low, bps) - bps).max(BigInt::zero()) } else { BigInt::zero() },
        high: if perhaps { part(&interest.high, bps) } else { BigInt::zero() },
    };
    let (fees, insurance) = (share(split.fee, true, true), share(split.insurance, sure, perhaps));
    let kept = |insured: bool| 10_000 - split.fee - if insured { split.insurance } else { 0 };
    let lenders = Range {
        low: part(&interest.low, kept(perhaps)),
        high: part(&interest.high, kept(sure)) + split.fee + split.insurance + 1,
    };
    at.fees = at.fees.plus(&fees);
    at.insurance = at.insurance.plus(&insurance);
    if books.deposit_shares == 0 {
        at.insurance = at.insurance.plus(&lenders);
        return Some(());
    }
    let each = |all: BigInt| all / books.deposit_shares;
    let even = Range { low: each(lenders.low), high: each(lenders.high) };
    let most = most_rise(reserve, at, &before.low, &interest);
    let rise = match &most {
        Some(most) => {
            // what a deposit of its worth would not have earned as a debt insures the reserve
            let beyond =
                |even: &BigInt, most: &BigInt| (even - most).max(BigInt::zero()) * books.deposit_shares;
            let rest = Range { low: beyond(&even.low, &most.high), high: beyond(&even.high, &most.low) };
            at.insurance = at.insurance.plus(&rest);
            Range { low: even.low.min(most.low.clone()), high: even.high.min(most.high.clone()) }
        }
        None => even,
    };
    at.deposit_index = at.deposit_index.plus(&rise);
    Some(())
}

/// The most that a deposit share rises by where deposits, with what is coming back to lenders, are worth less than the debt that earns:
/// in proportion what the debt does.
fn most_rise(reserve: &Reserve, at: &Accrued, debt: &BigInt, interest: &Range) -> Option<Range> {
    let (shares, pending) = (reserve.books.deposit_shares, reserve.losses.pending);
    if at.worth(shares).low + pending >= *debt {
        return None;
    }
    let worth = &at.deposit_index.low + (BigInt::from(pending) << 64) / shares;
    let most = |interest: &BigInt| &worth * interest / debt;
    Some(Range { low: most(&interest.low), high: most(&interest.high) })
}

/// What came back of losses since the last time, evenly.
fn stream(reserve: &Reserve, at: &mut Accrued, now: u64) {
    let (losses, shares) = (&reserve.losses, BigInt::from(reserve.books.deposit_shares));
    if losses.pending == 0 || now <= losses.streamed_at {
        return;
    }
    let released = if now >= losses.ends_at {
        BigInt::from(losses.pending)
    } else {
        let span = losses.ends_at - losses.streamed_at;
        BigInt::from(losses.pending) * (now - losses.streamed_at) / span
    };
    let all: BigInt = released << 64;
    let most = BigInt::one() << MAX_RECOVERED_BITS;
    let rise = |index: &BigInt| match shares.is_zero() {
        true => BigInt::zero(),
        false => (&all / &shares).min((&most - index).max(BigInt::zero())),
    };
    let rises = Range { low: rise(&at.deposit_index.high), high: rise(&at.deposit_index.low) };
    let rest = Range { low: &all - &rises.high * &shares, high: &all - &rises.low * &shares };
    at.deposit_index = at.deposit_index.plus(&rises);
    at.insurance = at.insurance.plus(&rest);
}
