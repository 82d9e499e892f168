//! What an obligation is worth and what it needs: from the raw fields of its accounts, in big integers, by what `docs/risk-model.md`
//! says and without a line of the program's or the risk crate's arithmetic. Where those round, a number here is a range.

pub mod books;
/// R in exact arithmetic, as the risk crate's own laws have it.
#[path = "../../../crates/risk/tests/laws/reference.rs"]
pub mod formula;
pub mod prices;

use crate::world::Book;
use anchor_lang::prelude::Clock;
use ballast::state::{Position, Reserve, Side};
use ballast_risk::{
    model::RiskModel,
    score::{Exposure, Score},
    units::{Bps, Usd},
};
use books::Accrued;
use formula::{required, Margins, DENOMINATOR};
use num_bigint::BigInt;
use num_traits::{Signed as _, ToPrimitive as _, Zero as _};

/// A whole number that lies between two, which may be it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub low: BigInt,
    /// The most.
    pub high: BigInt,
}

impl Range {
    /// One number.
    pub fn just(number: impl Into<BigInt>) -> Self {
        let low = number.into();
        Self { high: low.clone(), low }
    }

    /// Whether a number lies in it.
    pub fn holds(&self, number: impl Into<BigInt>) -> bool {
        let number = number.into();
        self.low <= number && number <= self.high
    }

    /// From one end to the other.
    pub fn width(&self) -> BigInt {
        &self.high - &self.low
    }

    fn plus(&self, other: &Self) -> Self {
        Self { low: &self.low + &other.low, high: &self.high + &other.high }
    }
}

/// `⌈a / b⌉` of numbers that are not negative.
pub fn over_up(a: &BigInt, b: &BigInt) -> BigInt {
    (a + b - 1) / b
}

/// How a book is valued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// At spot, old prices in the borrower's favour: `R_maint`.
    Spot,
    /// At conservative prices, with the charge for size, and without deposits that a breaker does not lend against: `R_init`.
    Opening,
    /// At conservative prices of any age, with every deposit and without the charge for size.
    Healing,
}

/// What a score has to be, micro-USD.
#[derive(Clone, Debug)]
pub struct Worth {
    /// Value of deposits.
    pub collateral: Range,
    /// Value of debts.
    pub debt: Range,
    /// What is required.
    pub requirement: Range,
}

impl Worth {
    /// Equity less requirement at least.
    pub fn excess_low(&self) -> BigInt {
        &self.collateral.low - &self.debt.high - &self.requirement.high
    }

    /// The same at most.
    pub fn excess_high(&self) -> BigInt {
        &self.collateral.high - &self.debt.low - &self.requirement.low
    }

    /// Whether this is a score of it.
    pub fn is_of(&self, score: &Score) -> bool {
        self.collateral.holds(score.collateral.0)
            && self.debt.holds(score.debt.0)
            && self.requirement.holds(score.requirement.0)
    }
}

/// Values a book. `None` beyond what books ever hold, where interest stops or numbers saturate, and for debts without a price.
pub fn worth(book: &Book, clock: &Clock, at: At) -> Option<Worth> {
    let now = u64::try_from(clock.unix_timestamp).ok()?;
    let model = book.vault.model_at(now);
    let nothing = || Range::just(0);
    let (mut collateral, mut debt, mut slack) = (nothing(), nothing(), BigInt::zero());
    let mut exposures = vec![];
    for (position, reserve) in book.obligation.active().iter().zip(&book.reserves) {
        let one = Valued::of(position, reserve, &model, now, at)?;
        slack += one.value.width() + one.slack;
        let side = if one.owed { &mut debt } else { &mut collateral };
        *side = side.plus(&one.value);
        let value = one.value.low.to_i128()?;
        let risk = reserve.risk_at(now);
        exposures.push(Exposure {
            value: Usd(if one.owed { -value } else { value }),
            beta: risk.beta,
            idio: Bps(one.idio),
            group: risk.group,
        });
    }
    let exact: BigInt = required(&model, &exposures, Margins::WholeBps);
    // no dollar of a position asks for more than a dollar; and rounding adds less than 17 micro-USD
    let least = (exact.clone() / DENOMINATOR - &slack).max(BigInt::zero());
    let most = over_up(&exact, &DENOMINATOR.into()) + slack + 16;
    let factor = if at == At::Spot { 10_000 } else { i64::from(model.opening_factor.0) };
    let times = |number: BigInt| over_up(&(number * factor), &10_000.into());
    Some(Worth { collateral, debt, requirement: Range { low: times(least), high: times(most) } })
}

/// One position.
struct Valued {
    value: Range,
    owed: bool,
    idio: u16,
    /// How much more it may ask for because of a charge that is only known within a range.
    slack: BigInt,
}

impl Valued {
    fn of(position: &Position, reserve: &Reserve, model: &RiskModel, now: u64, at: At) -> Option<Self> {
        let owed = position.side()? == Side::Debt;
        let accrued = books::accrued(reserve, now)?;
        let counts = owed || at != At::Opening || prices::is_normal(&reserve.breaker, now);
        let shares = if counts { position.shares } else { 0 };
        let units = if owed { accrued.owed(shares) } else { accrued.worth(shares) };
        let price = prices::Price::of(reserve, if at == At::Spot { None } else { Some(owed) })?;
        let mut value = price.value(&units, owed);
        if at == At::Spot {
            value = prices::widened(&value, owed, now.saturating_sub(reserve.price.publish_time));
        }
        let idio = reserve.risk_at(now).idio.0;
        let most =
            if at == At::Opening { charge(reserve, &accrued, model, owed, now)? } else { (idio, idio) };
        let slack = over_up(&(value.high.abs() * (most.1 - most.0)), &10_000.into());
        Some(Self { value, owed, idio: most.0, slack })
    }
}

/// The charge on an asset's own value in `R_init`, bps, at least and at most: it grows with what the vault holds of it over its depth, up
/// to where a dollar would ask for more than a dollar.
fn charge(
    reserve: &Reserve,
    accrued: &Accrued,
    model: &RiskModel,
    owed: bool,
    now: u64,
) -> Option<(u16, u16)> {
    let books = &reserve.books;
    let all = if owed { accrued.owed(books.debt_shares) } else { accrued.worth(books.deposit_shares) };
    // rounded up on both sides: it is a charge
    let held = prices::Price::of(reserve, None)?.value(&all, true);
    let risk = reserve.risk_at(now);
    let group = usize::from(risk.group);
    let shock = model.rows.iter().map(|row| u64::from(row[group].unsigned_abs())).max()?;
    let others = (u64::from(risk.beta.0) * shock).div_ceil(10_000) + u64::from(model.basis[group].0);
    let room = (100_000_000 / u64::from(model.opening_factor.0)).saturating_sub(others);
    let room = BigInt::from(room.max(risk.idio.0.into()));
    let grown = |held: &BigInt| {
        let held = held.clone().min(u64::MAX.into());
        let growth = over_up(&(held * reserve.size_charge), &reserve.curve.depth.max(1).into());
        (growth + risk.idio.0).min(room.clone()).to_u16()
    };
    Some((grown(&held.low)?, grown(&held.high)?))
}
