//! Nobody gets more out than prices, interest and other people's bonuses explain.
//!
//! Within one transaction no time passes, so there is no interest; and counted in tokens of each asset there are no prices. Whoever
//! signs, together with every owner whose obligation changes, must then not have more of any asset than before: what a keeper
//! gains in a tranche its borrower loses, and the rest is rounding against both. A chain of such transactions is one, too.
//!
//! Where an instruction takes from others (a loss from lenders, fees, a fund's tokens), it is not more than these others lost.

use super::{
    sums::{rise_of_surplus, Sums, UNIT},
    Asked, Verdict,
};
use crate::{
    ensure,
    step::{Lens, Step},
    svm::{decode, is_old},
};
use anchor_lang::prelude::Pubkey;
use anchor_spl::token_2022::spl_token_2022::{extension::StateWithExtensions, state::Account as TokenState};
use ballast::state::{FundAccount, Obligation, Reserve, Side, Vault};
use solana_account::ReadableAccount as _;
use std::collections::{BTreeMap, BTreeSet};

/// Instructions that take from those who do nothing: the protocol's fees, stakers' and claimants' tokens, and whoever bears a loss. What
/// each may take, the laws of losses and of funds say.
const TAKING: [&str; 6] =
    ["absorb_loss", "collect_fees", "cover_loss", "unstake", "settle_claim", "close_claim"];

/// Worth by mint, in token units with 64 fractional bits.
type Worth = BTreeMap<Pubkey, i128>;

/// The law.
pub fn nobody_gains(step: &Step) -> Asked {
    // a reserve that migrates brings positions of other calls into sight; alone, it is asked
    if step.calls.len() > 1 && step.has("migrate_account") {
        return Ok(false);
    }
    let takes = TAKING.iter().any(|name| step.has(name)) || forgives(step);
    let lost = if takes { lost_by_others(step) } else { Worth::new() };
    let (before, after) = (worth(step, &step.before), worth(step, &step.after));
    compare(&before, &after, &lost)?;
    Ok(!before.is_empty() || !after.is_empty())
}

/// Fails where there is more of anything afterwards than others lost of it.
pub fn compare(before: &Worth, after: &Worth, lost: &Worth) -> Verdict {
    let mints: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for mint in mints {
        let of = |worth: &Worth| worth.get(mint).copied().unwrap_or_default();
        let (then, now, lost) = (of(before), of(after), of(lost).max(0));
        ensure!(
            now - then <= lost,
            "of {mint} from {then} to {now}: 2^-64 units {} more, of which others lost {lost}",
            now - then
        );
    }
    Ok(())
}

/// What everybody else lost, by mint: lenders who do not take part, fees, insurance, what comes back, and funds.
fn lost_by_others(step: &Step) -> Worth {
    let mut lost = Worth::new();
    let own = |lens: &Lens, reserve: &Pubkey, side| -> Vec<u64> {
        let all = step.changed.iter().filter_map(|key| lens.state::<Obligation>(key));
        all.filter_map(|book| book.position(reserve, side).ok().map(|(_, shares)| shares)).collect()
    };
    for (key, before, after) in step.changed::<Reserve>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let (then, now) = (Sums::of(&before, step.now()), Sums::of(&after, step.now()));
        let deposits = |lens: &Lens| own(lens, &key, Side::Deposit).iter().sum();
        let mut fall =
            then.claims_without(deposits(&step.before)) - now.claims_without(deposits(&step.after));
        let held = |lens: &Lens| i128::from(lens.tokens(&before.token_account));
        if now.claims() == 0 {
            // nobody has anything left: what belongs to nobody bears the rest
            fall -= rise_of_surplus(&then, &now, held(&step.after) - held(&step.before)).min(0);
        }
        // a debt that goes counts here with all its bits, and in the sum of debts with whole units
        let debts = own(&step.before, &key, Side::Debt).len() + step.calls.len() - 1;
        *lost.entry(before.mint).or_default() += fall + debts as i128 * UNIT;
    }
    for (_, before, after) in step.changed::<FundAccount>() {
        let (Some(before), Some(_)) = (before, after) else { continue };
        let held = |lens: &Lens| i128::from(lens.tokens(&before.token_account));
        *lost.entry(before.mint).or_default() += (held(&step.before) - held(&step.after)) * UNIT;
    }
    lost
}

/// Whether it wrote off debt: its book has debts before and nothing after.
fn forgives(step: &Step) -> bool {
    step.has("soft_liquidate")
        && step.changed::<Obligation>().any(|(_, before, after)| {
            let left = after.is_some_and(|after| !after.active().is_empty());
            before.is_some_and(|before| before.has_debt()) && !left
        })
}

/// Everything that the changed accounts say that people outside hold and owe.
fn worth(step: &Step, lens: &Lens) -> Worth {
    let mut worth = Worth::new();
    for key in &step.changed {
        let Some(account) = lens.account(key) else { continue };
        // what an older layout hid was there
        if step.before.account(key).is_some_and(is_old) {
            continue;
        }
        if let Some(obligation) = decode::<Obligation>(account) {
            add_positions(&mut worth, &obligation, step, lens);
        } else if *account.owner() != ballast::ID {
            let Ok(state) = StateWithExtensions::<TokenState>::unpack(account.data()) else { continue };
            // a vault's own tokens are nobody's outside
            let inside = step.after.account(&state.base.owner).and_then(decode::<Vault>).is_some();
            if !inside {
                *worth.entry(state.base.mint).or_default() += i128::from(state.base.amount) << 64;
            }
        }
    }
    worth
}

fn add_positions(worth: &mut Worth, obligation: &Obligation, step: &Step, lens: &Lens) {
    for position in obligation.active() {
        let Some(reserve) = lens.state::<Reserve>(&position.reserve) else { continue };
        let ledger = reserve.accrued_ledger(step.now());
        let (index, sign) = match position.side() {
            Some(Side::Deposit) => (ledger.deposit_index, 1),
            _ => (ledger.debt_index, -1),
        };
        // indices stay below 2^104 and amounts below 2^63, so what fits legal books fits 128 bits
        let value = u128::from(position.shares).saturating_mul(index);
        *worth.entry(reserve.mint).or_default() += sign * i128::try_from(value).unwrap_or(i128::MAX);
    }
}
