//! What governance does to the books of those who owe.

use super::{Asked, Verdict};
use crate::{ensure, step::Step, world::Book};
use anchor_lang::prelude::{Clock, Pubkey};
use ballast::state::{Reserve, Vault};
use std::collections::BTreeSet;

/// Instructions that move no position, price or token.
const GOVERNING: [&str; 4] = ["execute_change", "propose_change", "cancel_change", "tighten"];

/// Whatever change is executed, at the same prices and in the same second every book with debt has the equity that it had and asks for
/// no more of it: also where a parameter became milder, for a hedge lives on the other leg's shock.
pub fn nobody_needs_more(step: &Step) -> Asked {
    let only_governs = step.calls.iter().all(|call| GOVERNING.contains(&call.does));
    if !only_governs || !step.has("execute_change") {
        return Ok(false);
    }
    let vaults: BTreeSet<Pubkey> = step
        .changed::<Vault>()
        .map(|(key, _, _)| key)
        .chain(step.changed::<Reserve>().filter_map(|(_, before, _)| before.map(|reserve| reserve.vault)))
        .collect();
    let mut asked = false;
    for (key, account) in step.obligations {
        if !vaults.contains(&account.vault) {
            continue;
        }
        let (Some(before), Some(after)) = (step.before.book(key), step.after.book(key)) else { continue };
        asked |= before.obligation.has_debt();
        check(&before, &after, step.clock).map_err(|words| format!("{key}: {words}"))?;
    }
    Ok(asked)
}

/// The same of one book with the parameters before and after.
pub fn check(before: &Book, after: &Book, clock: &Clock) -> Verdict {
    if !before.obligation.has_debt() {
        return Ok(());
    }
    let (then, now) = (before.score(clock)?, after.score(clock)?);
    ensure!(then.equity() == now.equity(), "equity from {then:?} to {now:?}");
    ensure!(now.requirement <= then.requirement, "the requirement rose at once, from {then:?} to {now:?}");
    Ok(())
}
