//! What happens to those who do nothing.

use super::Asked;
use crate::{ensure, step::Step};
use anchor_lang::prelude::Pubkey;
use ballast::state::{Obligation, Side};

/// Whoever does not sign and is healthy keeps every deposit share and gets no debt share, whatever others do.
pub fn bystanders_lose_nothing(step: &Step) -> Asked {
    let mut asked = false;
    for (key, before, after) in step.changed::<Obligation>() {
        let Some(before) = before else { continue };
        if !step.is_bystander(&before) {
            continue;
        }
        asked = true;
        if keeps(&before, after.as_ref()) {
            continue;
        }
        // prices may have come in with the same transaction: unhealthy at either is a reason
        let healthy_then = step.before.book(&key).map(|book| book.score(step.clock));
        let mut book = step.before.book(&key).ok_or("the book was there")?;
        for (reserve, position) in book.reserves.iter_mut().zip(before.active()) {
            if let Some(new) = step.after.state::<ballast::state::Reserve>(&position.reserve) {
                (reserve.price, reserve.source) = (new.price, new.source);
            }
        }
        let healthy_now = book.score(step.clock);
        let is_healthy = |score: &Result<ballast_risk::score::Score, String>| {
            score.as_ref().map_or(true, |score| score.is_healthy())
        };
        let healthy = healthy_then.as_ref().is_none_or(is_healthy) && is_healthy(&healthy_now);
        // shares of a reserve that was wiped out may be retired by anyone after their time; whoever is forgiven debts loses worthless
        // ones of any reserve, and is not healthy
        let retired = step.has("absorb_loss");
        ensure!(
            !healthy || (retired && only_worthless(step, &before, after.as_ref())),
            "{key} was healthy ({healthy_then:?}, {healthy_now:?}) and lost: {:?} to {:?}",
            before.active(),
            after.as_ref().map(Obligation::active)
        );
    }
    Ok(asked)
}

/// Whether no deposit is smaller and no debt larger.
pub fn keeps(before: &Obligation, after: Option<&Obligation>) -> bool {
    let kept = |position: &ballast::state::Position| {
        position.side() != Some(Side::Deposit)
            || shares(after, &position.reserve, Side::Deposit) >= position.shares
    };
    let not_more = |position: &ballast::state::Position| {
        position.side() != Some(Side::Debt)
            || shares(Some(before), &position.reserve, Side::Debt) >= position.shares
    };
    before.active().iter().all(kept) && after.is_none_or(|after| after.active().iter().all(not_more))
}

fn shares(obligation: Option<&Obligation>, reserve: &Pubkey, side: Side) -> u64 {
    obligation.and_then(|obligation| obligation.position(reserve, side).ok()).map_or(0, |(_, shares)| shares)
}

fn only_worthless(step: &Step, before: &Obligation, after: Option<&Obligation>) -> bool {
    before.active().iter().all(|position| {
        let left = after.and_then(|after| after.position(&position.reserve, Side::Deposit).ok());
        let lost =
            position.side() == Some(Side::Deposit) && left.map_or(0, |(_, shares)| shares) < position.shares;
        let reserve = step.before.state::<ballast::state::Reserve>(&position.reserve);
        !lost
            || reserve.is_some_and(|reserve| {
                !ballast_risk::absorb::takes_deposits(&reserve.accrued_ledger(step.now()))
            })
    })
}
