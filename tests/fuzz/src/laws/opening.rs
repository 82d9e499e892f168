//! What may be opened.

use super::Verdict;
use crate::{action::Deed, ensure, step::Step};
use ballast_risk::score::Score;

/// After a loan, or a withdrawal with debt, equity meets `R_init` at conservative prices, as the client scores it.
pub fn risk_is_covered(step: &Step) -> Verdict {
    let Some(Deed::Borrow { .. } | Deed::Withdraw { .. }) = step.only() else { return Ok(()) };
    let Some(account) = step.calls[0].1.instruction.accounts.get(2) else { return Ok(()) };
    let Some(book) = step.after.book(&account.pubkey) else { return Ok(()) };
    if !book.obligation.has_debt() {
        return Ok(());
    }
    let score = book.look(step.clock, |book| book.opening()).ok_or("not looked at")?;
    check(&score.map_err(|error| format!("it landed and does not score: {error:?}"))?)
}

/// The same of a score.
pub fn check(score: &Score) -> Verdict {
    ensure!(score.is_healthy(), "it landed below the opening requirement: {score:?}");
    Ok(())
}
