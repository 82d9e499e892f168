//! What may be opened.

use super::{Asked, Verdict};
use crate::{ensure, step::Step};
use ballast_risk::score::Score;

/// After a loan, or a withdrawal with debt, equity meets `R_init` at conservative prices, as the client scores it.
pub fn risk_is_covered(step: &Step) -> Asked {
    let Some(call) = step.only(&["borrow", "withdraw"]) else { return Ok(false) };
    let Some(book) = call.key(2).and_then(|key| step.after.book(&key)) else { return Ok(false) };
    if !book.obligation.has_debt() {
        return Ok(false);
    }
    let score = book.look(step.clock, |book| book.opening()).ok_or("not looked at")?;
    check(&score.map_err(|error| format!("it landed and does not score: {error:?}"))?)?;
    Ok(true)
}

/// The same of a score.
pub fn check(score: &Score) -> Verdict {
    ensure!(score.is_healthy(), "it landed below the opening requirement: {score:?}");
    Ok(())
}
