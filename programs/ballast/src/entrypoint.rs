//! Where the runtime enters. Anchor's own entry does the work; this one only names a refusal that Anchor cannot.
//!
//! Accounts of an older layout may be shorter than the current one. Anchor refuses those for their length, before any version is
//! looked at, with an error that helps nobody. It costs nothing unless an instruction fails.

use crate::{constants::STATE_VERSION, error::BallastError, ID};
use anchor_lang::{
    prelude::*,
    solana_program::{entrypoint::ProgramResult, program_error::ProgramError},
};

anchor_lang::solana_program::entrypoint!(enter);

fn enter<'info>(
    program_id: &'info Pubkey,
    accounts: &'info [AccountInfo<'info>],
    data: &'info [u8],
) -> ProgramResult {
    crate::entry(program_id, accounts, data).map_err(|error| {
        let too_short = error == ProgramError::Custom(ErrorCode::AccountDidNotDeserialize.into());
        if too_short && accounts.iter().any(is_of_another_version) {
            let named = Error::from(BallastError::WrongStateVersion);
            named.log();
            return named.into();
        }
        error
    })
}

/// Whether an account is this program's and says another version: every account of it says one in the byte after its kind.
fn is_of_another_version(account: &AccountInfo) -> bool {
    let version = account.try_borrow_data().ok().and_then(|data| data.get(8).copied());
    *account.owner == ID && version.is_some_and(|version| version != STATE_VERSION)
}
