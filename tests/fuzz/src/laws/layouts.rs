//! Accounts that an older version of the program wrote.

use super::{Asked, Verdict};
use crate::{ensure, step::Step, svm::is_old};
use anchor_lang::prelude::Pubkey;
use ballast_tests::old::as_version_1;
use solana_account::{Account, AccountSharedData, ReadableAccount as _};

/// Whatever is rewritten in the present layout says all that it said before, byte for byte; and nothing goes back.
pub fn migration_keeps(step: &Step) -> Asked {
    let mut asked = false;
    for key in &step.changed {
        let (Some(before), after) = (step.before.account(key), step.after.account(key)) else { continue };
        let goes_back = !is_old(before) && after.is_some_and(is_old);
        ensure!(!goes_back, "{key} has an old layout again");
        if is_old(before) {
            ensure!(step.has("migrate_account"), "{key} has an old layout and changed");
            let after = after.ok_or_else(|| format!("{key} is gone"))?;
            check(key, before, &Account::from(after.clone()))?;
            asked = true;
        }
    }
    Ok(asked)
}

/// The same of one account.
pub fn check(key: &Pubkey, before: &AccountSharedData, after: &Account) -> Verdict {
    let back = as_version_1(after).ok_or_else(|| format!("{key} has become {after:?}"))?;
    ensure!(back.data == before.data(), "{key} lost something when it migrated");
    ensure!(back.owner == *before.owner(), "{key} has another owner");
    Ok(())
}
