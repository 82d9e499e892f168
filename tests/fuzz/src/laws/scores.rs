//! The program scores as everybody does who reads its accounts.

use super::{Asked, Verdict};
use crate::{ensure, step::Step};
use ballast::state::Obligation;
use ballast_risk::score::Score;

/// What `refresh_obligation` writes down is what the client computes from the same accounts: also on a ramp, with old prices, after any
/// change of parameters.
pub fn program_agrees(step: &Step) -> Asked {
    let Some(call) = step.only(&["refresh_obligation"]) else { return Ok(false) };
    let Some(book) = call.key(1).and_then(|key| step.after.book(&key)) else { return Ok(false) };
    check(&book.obligation, &book.score(step.clock)?)?;
    Ok(true)
}

/// The same of an obligation and a score.
pub fn check(written: &Obligation, score: &Score) -> Verdict {
    let values = (score.collateral.clamp_u64(), score.debt.clamp_u64(), score.requirement.clamp_u64());
    ensure!(
        (written.collateral, written.debt, written.requirement) == values,
        "the program wrote collateral {}, debt {}, requirement {}; the client says {values:?}",
        written.collateral,
        written.debt,
        written.requirement
    );
    Ok(())
}
