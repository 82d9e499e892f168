//! Nobody gets more out than prices, interest and other people's bonuses explain.
//!
//! Within one transaction no time passes, so there is no interest; and counted in tokens of each asset there are no prices. Whoever
//! signs, together with every owner whose obligation changes, must then not have more of any asset than before: what a keeper
//! gains in a tranche its borrower loses, and the rest is rounding against both. A chain of such transactions is one, too.

use super::{Asked, Verdict};
use crate::{
    ensure,
    step::{Lens, Step},
    svm::decode,
};
use anchor_lang::prelude::Pubkey;
use anchor_spl::token_2022::spl_token_2022::{extension::StateWithExtensions, state::Account as TokenState};
use ballast::state::{Obligation, Reserve, Side, Vault};
use solana_account::ReadableAccount as _;
use std::collections::{BTreeMap, BTreeSet};

/// Instructions that pay somebody out of what belongs to the protocol or to stakers, that forgive debts, or that bring into sight what
/// an older layout hid: they have laws of their own.
const PAYING: [&str; 10] = [
    "collect_fees",
    "collect_insurance",
    "cover_loss",
    "stake_insurance",
    "unstake",
    "open_claim",
    "settle_claim",
    "close_claim",
    "absorb_loss",
    "migrate_account",
];

/// Worth by mint, in token units with 64 fractional bits.
type Worth = BTreeMap<Pubkey, i128>;

/// The law.
pub fn nobody_gains(step: &Step) -> Asked {
    if PAYING.iter().any(|name| step.has(name)) || forgives(step) {
        return Ok(false);
    }
    let (before, after) = (worth(step, &step.before), worth(step, &step.after));
    compare(&before, &after)?;
    Ok(!before.is_empty() || !after.is_empty())
}

/// Fails where there is more of anything afterwards.
pub fn compare(before: &Worth, after: &Worth) -> Verdict {
    let mints: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for mint in mints {
        let then = before.get(mint).copied().unwrap_or_default();
        let now = after.get(mint).copied().unwrap_or_default();
        ensure!(now <= then, "of {mint} from {then} to {now}: 2^-64 units {} more", now - then);
    }
    Ok(())
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
