//! What raises a breaker, or lets it hold for longer: only what `docs/breakers.md` lists, on the evidence that it lists.

use super::{Asked, Verdict};
use crate::{ensure, step::Step};
use ballast::state::{safety::Breaker, Reserve, Vault};
use ballast_risk::{
    breaker::{Cause, State},
    Seconds,
};

/// Oldest publish time of a price that is a signal.
const OLDEST_PRICE: Seconds = 60;
/// Every instruction that moves a reserve's tokens, or is shown them, sees that some are missing.
const LOOKS: [&str; 9] = [
    "trip_breaker",
    "deposit",
    "withdraw",
    "borrow",
    "repay",
    "soft_liquidate",
    "collect_fees",
    "collect_insurance",
    "cover_loss",
];

/// Which instructions may raise a reserve's breaker for a cause.
pub fn raise_reserves(cause: Cause) -> &'static [&'static str] {
    match cause {
        Cause::Average | Cause::Confidence | Cause::Jump | Cause::Rate => {
            &["trip_breaker", "refresh_reserves"]
        }
        Cause::Stale | Cause::Outflow | Cause::Inflow => &["trip_breaker"],
        Cause::Loss => &["trip_breaker", "soft_liquidate", "absorb_loss"],
        Cause::Deficit => &LOOKS,
        Cause::Guardian => &["tighten"],
        Cause::None | Cause::Attestation | Cause::GuardedShare => &[],
    }
}

/// Which instructions may raise a vault's. What happens to one reserve is not among them.
pub fn raise_vaults(cause: Cause) -> &'static [&'static str] {
    match cause {
        Cause::Deficit | Cause::Loss | Cause::GuardedShare => &["trip_breaker"],
        Cause::Attestation => &["trip_breaker", "attest_solvency"],
        Cause::Guardian => &["tighten"],
        _ => &[],
    }
}

/// The law.
pub fn have_their_causes(step: &Step) -> Asked {
    let (now, mut asked) = (step.now(), false);
    for (key, before, after) in step.changed::<Reserve>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let Some(cause) = raised(&before.breaker, &after.breaker, now) else { continue };
        asked = true;
        check(step, cause, raise_reserves(cause)).map_err(|e| format!("{key}: {e}"))?;
        check_evidence(step, cause, &before, &after).map_err(|e| format!("{key}: {e}"))?;
    }
    for (key, before, after) in step.changed::<Vault>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let Some(cause) = raised(&before.breaker, &after.breaker, now) else { continue };
        asked = true;
        check(step, cause, raise_vaults(cause)).map_err(|e| format!("vault {key}: {e}"))?;
    }
    Ok(asked)
}

/// Why a breaker is higher than it was, or holds for longer; `None` where neither.
pub fn raised(before: &Breaker, after: &Breaker, now: Seconds) -> Option<Cause> {
    let at = |breaker: &Breaker| {
        let stepped = breaker.state == State::Halted as u8 && now >= breaker.expires_at;
        let more = if stepped { breaker.guarded_seconds } else { 0 };
        (breaker.as_risk().state_at(now), breaker.expires_at.saturating_add(more))
    };
    let (then, new) = (at(before), at(after));
    let longer = new.0 == then.0 && new.0 != State::Normal && new.1 > then.1;
    (new.0 > then.0 || longer).then(|| Cause::from_stored(after.cause))
}

fn check(step: &Step, cause: Cause, may: &[&str]) -> Verdict {
    let called: Vec<&str> = step.calls.iter().map(|call| call.does).collect();
    ensure!(called.iter().any(|name| may.contains(name)), "{cause:?} by {called:?}; only {may:?} may");
    Ok(())
}

fn check_evidence(step: &Step, cause: Cause, before: &Reserve, after: &Reserve) -> Verdict {
    if step.calls.len() > 1 {
        // what was shown may have changed since: each call is asked for itself
        return Ok(());
    }
    let (now, observed) = (step.now(), after.breaker.observed_at);
    match cause {
        Cause::Average | Cause::Confidence | Cause::Jump | Cause::Rate => {
            let is_newest = observed == after.price.publish_time;
            let old = now.saturating_sub(observed) > OLDEST_PRICE;
            ensure!(is_newest && !old, "{cause:?} of a price of {observed} at {now}: {:?}", after.price);
        }
        Cause::Stale => {
            let age = now.saturating_sub(after.price.publish_time);
            let needed = after.thresholds.stale_guards;
            ensure!(age >= needed.into(), "stale after {age} s, guarded after {needed}");
        }
        Cause::Loss => ensure!(after.losses.recent > 0, "a loss of nothing: {:?}", after.losses),
        Cause::Deficit => {
            let (held, booked) = (step.before.tokens(&before.token_account), before.books.free_tokens);
            ensure!(held < booked, "a deficit of {held} of {booked} tokens");
        }
        _ => {}
    }
    Ok(())
}
