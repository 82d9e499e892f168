//! Vaults and people are apart.

use super::Asked;
use crate::{
    ensure,
    step::{Lens, Step},
    svm::decode,
};
use anchor_lang::prelude::Pubkey;
use anchor_spl::token_2022::spl_token_2022::{extension::StateWithExtensions, state::Account as TokenState};
use ballast::state::{
    Attestation, Audit, ClaimAccount, FundAccount, Obligation, Reserve, RollAccount, StakeAccount, Vault,
};
use ballast_client::governance::decode_change;
use solana_account::{AccountSharedData, ReadableAccount as _};
use std::collections::BTreeSet;

/// An instruction changes accounts of one vault only.
pub fn one_vault(step: &Step) -> Asked {
    let [_] = step.calls else { return Ok(false) };
    let vaults: BTreeSet<Pubkey> = step
        .changed
        .iter()
        .filter_map(|key| {
            let lens = if step.after.account(key).is_some() { step.after } else { step.before };
            vault_of(&lens, key, lens.account(key)?)
        })
        .collect();
    ensure!(vaults.len() <= 1, "one instruction changed accounts of {vaults:?}");
    Ok(!vaults.is_empty())
}

/// The vault that an account belongs to.
fn vault_of(lens: &Lens, key: &Pubkey, account: &AccountSharedData) -> Option<Pubkey> {
    if *account.owner() != ballast::ID {
        let state = StateWithExtensions::<TokenState>::unpack(account.data()).ok()?;
        return decode::<Vault>(lens.account(&state.base.owner)?).map(|_| state.base.owner);
    }
    let of_fund = |fund: &Pubkey| lens.state::<FundAccount>(fund).map(|fund| fund.vault);
    decode::<Reserve>(account)
        .map(|reserve| reserve.vault)
        .or_else(|| decode::<Obligation>(account).map(|obligation| obligation.vault))
        .or_else(|| decode::<Vault>(account).map(|_| *key))
        .or_else(|| decode::<Attestation>(account).map(|report| report.vault))
        .or_else(|| decode::<Audit>(account).map(|report| report.vault))
        .or_else(|| decode::<FundAccount>(account).map(|fund| fund.vault))
        .or_else(|| decode::<StakeAccount>(account).and_then(|stake| of_fund(&stake.fund)))
        .or_else(|| decode::<ClaimAccount>(account).and_then(|claim| of_fund(&claim.fund)))
        .or_else(|| decode::<RollAccount>(account).and_then(|roll| of_fund(&roll.fund)))
        .or_else(|| decode_change(account.data()).map(|change| change.vault))
}

/// Tokens leave no wallet, and lamports no account of a person, without its signature.
pub fn only_signers_pay(step: &Step) -> Asked {
    let mut asked = false;
    for key in &step.changed {
        let (Some(before), after) = (step.before.account(key), step.after.account(key)) else { continue };
        if *before.owner() == anchor_lang::system_program::ID && before.data().is_empty() {
            let left = after.map_or(0, |after| after.lamports());
            let paid = left < before.lamports();
            ensure!(!paid || step.signers.contains(key), "{key} paid lamports and did not sign");
            asked = true;
        }
        if *before.owner() == ballast::ID {
            continue;
        }
        let Ok(then) = StateWithExtensions::<TokenState>::unpack(before.data()) else { continue };
        let owner = then.base.owner;
        let inside = step.before.account(&owner).and_then(decode::<Vault>).is_some();
        let left = step.after.tokens(key);
        let paid = left < then.base.amount;
        ensure!(
            !paid || inside || step.signers.contains(&owner),
            "{owner} paid {} to {left} and did not sign",
            then.base.amount
        );
        asked |= !inside;
    }
    Ok(asked)
}
