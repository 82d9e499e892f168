//! What to do about a refusal: the smallest deposits and repayments that help and the largest amounts that pass, to the unit, found by
//! bisection on the program's own scoring.

use super::{
    what_if::{may_open, whole_position, Change, WhatIf},
    ViewError,
};
use anchor_lang::prelude::Pubkey;
use ballast::state::Side;
use ballast_risk::TokenAmount;

/// One way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Deposit at least this much of a reserve's token first.
    Deposit {
        /// The reserve.
        reserve: Pubkey,
        /// Token units.
        at_least: TokenAmount,
    },
    /// Repay at least this much of a debt first.
    Repay {
        /// The reserve.
        reserve: Pubkey,
        /// Token units.
        at_least: TokenAmount,
    },
    /// Take at most this much instead.
    TakeAtMost {
        /// Token units.
        amount: TokenAmount,
    },
}

/// What a book has to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Borrowing or withdrawing: `R_init`, LTV and leverage.
    Open,
    /// Not being liquidated: `R_maint`.
    Keep,
}

impl Goal {
    fn is_met(self, what_if: &WhatIf) -> bool {
        let check = || -> Result<bool, ViewError> {
            let portfolio = what_if.portfolio()?;
            match self {
                Self::Open => may_open(&portfolio),
                Self::Keep => Ok(portfolio.maintenance()?.is_healthy()),
            }
        };
        check().unwrap_or(false)
    }
}

/// Whether a book, after `act`, meets a goal.
fn passes(what_if: &WhatIf, goal: Goal, acts: &[Change]) -> bool {
    let mut after = what_if.clone();
    acts.iter().all(|act| after.apply(act).is_ok()) && goal.is_met(&after)
}

/// Every way to make `act` pass (or, without one, to meet the goal as things are): a deposit of each token that is already one (of any
/// in the vault where there is none), a repayment of each debt, and less of the act itself. Empty when it passes already.
pub fn remedies(what_if: &WhatIf, goal: Goal, act: Option<&Change>) -> Vec<Remedy> {
    let then: Vec<Change> = act.copied().into_iter().collect();
    if passes(what_if, goal, &then) {
        return vec![];
    }
    let (now, snapshot) = (what_if.snapshot.now(), &what_if.snapshot);
    let sides = |side: Side| what_if.obligation.active().iter().filter(move |p| p.side() == Some(side));
    let mut deposits: Vec<Pubkey> = sides(Side::Deposit).map(|position| position.reserve).collect();
    if deposits.is_empty() {
        let is_free = |key: &&Pubkey| what_if.obligation.find(key).is_none();
        deposits = snapshot.reserves.keys().filter(is_free).copied().collect();
    }
    // To put in what is being taken out is taking out less.
    let taken = act.map(Change::reserve);
    let mut found = vec![];
    for reserve in deposits.into_iter().filter(|reserve| Some(*reserve) != taken) {
        let with = |amount: u64| {
            let deposit = Change::Deposit { reserve, amount: TokenAmount(amount) };
            passes(what_if, goal, &[&[deposit], then.as_slice()].concat())
        };
        found.extend(smallest(u64::MAX / 4, with).map(|at_least| Remedy::Deposit { reserve, at_least }));
    }
    for position in sides(Side::Debt).filter(|position| Some(position.reserve) != taken) {
        let reserve = position.reserve;
        let Some(state) = snapshot.reserves.get(&reserve) else { continue };
        let owed = whole_position(state, Side::Debt, position.shares, now);
        let with = |amount: u64| {
            let amount = TokenAmount(if amount >= owed.0 { u64::MAX } else { amount });
            passes(what_if, goal, &[&[Change::Repay { reserve, amount }], then.as_slice()].concat())
        };
        found.extend(smallest(owed.0, with).map(|at_least| Remedy::Repay { reserve, at_least }));
    }
    if let Some(most) = act.and_then(|act| largest(what_if, goal, act)) {
        found.push(Remedy::TakeAtMost { amount: most });
    }
    found
}

/// The largest amount of a borrow or withdrawal that passes; `None` when none does. For other changes `None`.
pub fn largest(what_if: &WhatIf, goal: Goal, act: &Change) -> Option<TokenAmount> {
    let (at, most): (Box<dyn Fn(TokenAmount) -> Change>, u64) = match *act {
        Change::Borrow { reserve, .. } => {
            let free =
                what_if.snapshot.reserves.get(&reserve)?.accrued_ledger(what_if.snapshot.now()).free_tokens;
            (Box::new(move |amount| Change::Borrow { reserve, amount }), free.0)
        }
        Change::Withdraw { reserve, .. } => {
            let state = what_if.snapshot.reserves.get(&reserve)?;
            let (_, shares) = what_if.obligation.position(&reserve, Side::Deposit).ok()?;
            let held = whole_position(state, Side::Deposit, shares, what_if.snapshot.now());
            (Box::new(move |amount| Change::Withdraw { reserve, amount }), held.0)
        }
        _ => return None,
    };
    let fails = |amount: u64| !passes(what_if, goal, &[at(TokenAmount(amount))]);
    match smallest(most, fails) {
        None => Some(TokenAmount(most)),
        Some(TokenAmount(1)) => None,
        Some(first) => Some(TokenAmount(first.0 - 1)),
    }
}

/// The smallest amount from 1 to `most` for which `test` holds, given that it goes on holding above; `None` when it does not hold at
/// `most`, or nowhere on the way there by doubling.
fn smallest(most: u64, test: impl Fn(u64) -> bool) -> Option<TokenAmount> {
    let (mut below, mut at) = (0u64, 1u64);
    while !test(at) {
        if at >= most {
            return None;
        }
        below = at;
        at = at.saturating_mul(2).min(most);
    }
    while at - below > 1 {
        let middle = below.midpoint(at);
        if test(middle) {
            at = middle;
        } else {
            below = middle;
        }
    }
    (at > 0).then_some(TokenAmount(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_is_found_to_the_unit_and_not_invented() {
        for wanted in [1, 2, 3, 1_000, 123_456_789] {
            assert_eq!(smallest(u64::MAX, |x| x >= wanted), Some(TokenAmount(wanted)));
        }
        assert_eq!(smallest(99, |x| x >= 100), None);
        assert_eq!(smallest(100, |x| x >= 100), Some(TokenAmount(100)));
    }
}
