//! The program scores as everybody does who reads its accounts.

use super::Verdict;
use crate::{action::Deed, ensure, step::Step};
use ballast::state::Obligation;
use ballast_risk::score::Score;

/// What `refresh_obligation` writes down is what the client computes from the same accounts: also on a ramp, with old prices, after any
/// change of parameters.
pub fn program_agrees(step: &Step) -> Verdict {
    let Some(Deed::RefreshObligation { .. }) = step.only() else { return Ok(()) };
    let Some(account) = step.calls[0].1.instruction.accounts.get(1) else { return Ok(()) };
    let Some(book) = step.after.book(&account.pubkey) else { return Ok(()) };
    check(&book.obligation, &book.score(step.clock)?)
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
