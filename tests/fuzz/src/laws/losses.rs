//! Who bears what nobody repays, and what else takes from those who do nothing.

use super::{
    sums::{Sums, UNIT},
    Asked, Verdict,
};
use crate::{ensure, step::Step};
use anchor_lang::prelude::Pubkey;
use ballast::state::Reserve;

/// What may write off debts.
const ABSORBING: [&str; 2] = ["absorb_loss", "soft_liquidate"];

/// Fees, insurance, deposits and what comes back fall only by the instruction that pays them, or by a loss: insurance first, then fees,
/// then deposits by no more than the debt that was written off, then what was coming back.
pub fn are_borne_in_order(step: &Step) -> Asked {
    let [call] = step.calls else { return Ok(false) };
    let mut asked = false;
    for (key, before, after) in step.changed::<Reserve>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let (then, now) = (Sums::of(&before, step.now()), Sums::of(&after, step.now()));
        let held = |lens: &crate::step::Lens| i128::from(lens.tokens(&before.token_account));
        let came = held(&step.after) - held(&step.before);
        asked |= check(&key, call.does, &then, &now, came)?;
    }
    Ok(asked)
}

/// The same of one reserve, into which so many tokens came. `Ok(false)` where nothing fell.
pub fn check(key: &Pubkey, does: &str, then: &Sums, now: &Sums, came: i128) -> Asked {
    let absorbs = ABSORBING.contains(&does);
    let fees = now.fees() < then.fees();
    let insurance = now.insurance() < then.insurance();
    ensure!(!fees || absorbs || does == "collect_fees", "{does} took fees of {key}");
    ensure!(!insurance || absorbs || does == "collect_insurance", "{does} took insurance of {key}");
    // where nobody has shares, what was coming back insures, and the worth of a share is nobody's
    if now.ledger.deposit_shares.0 == 0 {
        return Ok(fees || insurance);
    }
    let deposits = now.ledger.deposit_index < then.ledger.deposit_index;
    let coming = now.coming() < then.coming();
    ensure!(absorbs || !(deposits || coming), "{does} took from lenders of {key}: {then:?} {now:?}");
    if absorbs {
        let whole = |name: &str, left: i128| {
            ensure!(left == 0, "{key}: {name} is left where later ones bore a loss: {then:?} {now:?}");
            Ok(())
        };
        if fees || deposits || coming {
            whole("insurance", now.insurance())?;
        }
        if deposits || coming {
            whole("a fee", now.fees())?;
        }
        if coming {
            whole("a deposit", now.worth(now.ledger.deposit_shares.0))?;
        }
        check_fall(key, does, then, now, came)?;
    }
    Ok(fees || insurance || deposits || coming)
}

/// Deposits bear no more than what was written off: the debt that went, less the tokens that came for it.
fn check_fall(key: &Pubkey, does: &str, then: &Sums, now: &Sums, came: i128) -> Verdict {
    let fall = then.ledger.deposit_index.saturating_sub(now.ledger.deposit_index);
    if fall == 0 {
        return Ok(());
    }
    let shares = u128::from(now.ledger.deposit_shares.0);
    let borne = i128::try_from(fall.saturating_mul(shares)).unwrap_or(i128::MAX);
    // a tranche's repayment buys whole shares of debt: what is left of it stays, and the debt with it
    let repaid = does == "soft_liquidate";
    let left = if repaid {
        i128::try_from(then.ledger.debt_index).unwrap_or(i128::MAX).saturating_add(UNIT)
    } else {
        0
    };
    let written_off = (then.debt() - now.debt() - came.max(0)).max(0) * UNIT;
    // the index falls by whole 2^-64ths
    let most = written_off.saturating_add(left).saturating_add(i128::try_from(shares).unwrap_or(i128::MAX));
    ensure!(
        borne <= most,
        "lenders of {key} bore 2^-64 units {borne} of {most} written off: {then:?} {now:?}"
    );
    Ok(())
}
