//! Cranks that need more than the engine knows: token accounts, fees, the fund, its roll, changes that are ripe. Each says by the code
//! that the program runs whether there is something to do.

use super::{
    books::{Books, Insured, Kept},
    crank::{is_worth_showing, Crank},
};
use anchor_lang::prelude::Pubkey;
use ballast::{
    governance::{check_may_execute, classify},
    instructions::Signal,
    state::{Change, ProposedChange},
};
use ballast_client::{
    governance::Proposal,
    instruction::collect_fees,
    insurance::{call_roll, collect_insurance, to_call},
    safety::trip_reserve,
};
use ballast_risk::{
    breaker::{allows, Action, ReserveEvidence, VaultEvidence},
    change::Class,
    TokenAmount, Usd,
};

/// Vote accounts that one transaction calls.
const CALLED_AT_ONCE: usize = 16;

/// What token accounts show: tokens below the books, accounts that were frozen or thawed.
pub fn signals(books: &Books) -> Vec<Crank> {
    let (now, mut cranks) = (books.now(), vec![]);
    for Kept { asset, reserve, tokens } in &books.reserves {
        let mut show = |signal: Signal| {
            cranks.push(Crank::certain(
                format!("show {signal:?} of {}", asset.reserve()),
                trip_reserve(asset, signal),
            ));
        };
        let (held, booked) = (tokens.held, TokenAmount(reserve.books.free_tokens));
        if held < booked {
            let breaker = reserve.breaker.as_risk();
            let evidence = ReserveEvidence::Deficit { held, booked };
            if is_worth_showing(
                breaker,
                breaker.trip_reserve(reserve.thresholds.as_risk(), &evidence, now),
                now,
            ) {
                show(Signal::Deficit);
            }
            let breaker = books.vault.breaker.as_risk();
            let evidence = VaultEvidence::Deficit { held, booked };
            let thresholds = books.vault.thresholds.as_risk();
            if is_worth_showing(breaker, breaker.trip_vault(thresholds, &evidence, now), now) {
                show(Signal::VaultDeficit);
            }
        }
        if tokens.is_frozen != (reserve.frozen_since > 0) {
            show(Signal::Frozen);
        }
    }
    cranks
}

/// Fees that vested and income of the fund, each once it is worth `least`.
pub fn collections(books: &Books, least: Usd) -> Vec<Crank> {
    let recipient = books.vault.fee_recipient;
    let mut cranks = vec![];
    for kept in books.reserves.iter().filter(|kept| may_collect(books, kept)) {
        if kept.worth(fees(books, kept)) >= least.max(Usd(1)) {
            let what = format!("collect the fees of {}", kept.asset.reserve());
            // The recipient may have no token account, or one that is frozen.
            cranks.push(Crank::a_try(what, collect_fees(&kept.asset, &recipient)));
        }
    }
    let income = books.insured.as_ref().and_then(|insured| income(books, insured, least));
    cranks.extend(income);
    cranks
}

fn may_collect(books: &Books, kept: &Kept) -> bool {
    let now = books.now();
    let states = (books.vault.breaker.as_risk().state_at(now), kept.reserve.breaker.as_risk().state_at(now));
    allows(Action::CollectFees, states.0, states.1).is_allowed()
}

/// Fees of a reserve that could be collected now.
fn fees(books: &Books, kept: &Kept) -> TokenAmount {
    let (mut ledger, _) = kept.reserve.accrued(books.now());
    let mut vesting = *kept.reserve.vesting.as_risk();
    vesting.collect_down(&mut ledger, books.now()).unwrap_or(TokenAmount::ZERO)
}

fn income(books: &Books, insured: &Insured, least: Usd) -> Option<Crank> {
    let now = books.now();
    let kept = books.reserves.iter().find(|kept| kept.asset == insured.fund.asset)?;
    if !may_collect(books, kept) {
        return None;
    }
    let mut gate = *kept.reserve.gate.as_risk();
    let (mut ledger, _) = kept.reserve.accrued(now);
    let amount = gate.collect_down(&mut ledger, kept.reserve.split.as_risk(), now).ok()?;
    let is_due = kept.worth(amount) >= least.max(Usd(1));
    let what = || "collect the fund's income".to_owned();
    is_due.then(|| Crank::certain(what(), collect_insurance(&insured.fund)))
}

impl Kept {
    /// What tokens of it are worth at the last price, micro-USD.
    fn worth(&self, amount: TokenAmount) -> Usd {
        self.reserve.price.spot.as_risk().value_down(amount)
    }
}

/// Calls of the roll that are still to be made in this epoch.
pub fn roll(books: &Books) -> Vec<Crank> {
    let Some(insured) = &books.insured else { return vec![] };
    let called = to_call(&insured.roll, books.clock.epoch);
    let slices = called.chunks(CALLED_AT_ONCE);
    slices
        .map(|slice| {
            let what = format!("call the roll from {} on, epoch {}", slice[0], books.clock.epoch);
            Crank::certain(what, call_roll(&insured.fund, slice))
        })
        .collect()
}

/// Changes that anyone may execute now. A new curator signs its own appointment, and a new reserve is its curator's to add.
pub fn changes(books: &Books, executor: Pubkey) -> Vec<Crank> {
    let ripe = books.changes.iter().filter(|change| {
        let is_anyones =
            !matches!(change.proposed, ProposedChange::Curator(_) | ProposedChange::AddReserve { .. });
        is_anyones && change.vault == books.key && is_ripe(books, change)
    });
    let all: Vec<Pubkey> = books.reserves.iter().map(|kept| kept.asset.reserve()).collect();
    ripe.map(|change| {
        let is_model = matches!(change.proposed, ProposedChange::Model { .. });
        let reserves = if is_model { all.as_slice() } else { &[] };
        let what = format!("execute change {}", change.number);
        // Whether it still fits the rest of the vault, the program finds out.
        Crank::a_try(what, Proposal::of(change).execute(executor, reserves))
    })
    .collect()
}

fn is_ripe(books: &Books, change: &Change) -> bool {
    let (now, vault) = (books.now(), &*books.vault);
    let reserve = match change.reserve {
        Some(address) => match books.reserves.iter().find(|kept| kept.asset.reserve() == address) {
            Some(kept) => Some(&*kept.reserve),
            None => return false,
        },
        None => None,
    };
    let class = classify(&change.proposed, vault, reserve, now);
    class.is_ok_and(|class| {
        class != Class::Nothing && check_may_execute(change, class, vault, reserve, false, now).is_ok()
    })
}
