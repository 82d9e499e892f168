//! `refresh_reserves`: takes newer prices for reserves of one vault. Permissionless.
//!
//! 1. Remaining accounts are pairs: a reserve of the vault (writable) and its price account.
//! 2. The newest publish time is kept. An older or equal update changes no byte and is no error.
//! 3. A newer one stores spot, conservative bounds and times, books the reserve's interest and sets its rate.
//! 4. Spoofed accounts (owner, feed, verification, future, nonsense) fail the whole instruction. Emits [`ReserveRefreshed`] each.

use crate::{
    error::BallastError,
    event::ReserveRefreshed,
    oracle::{now, read_newer_price},
    state::{Reserve, Vault},
};
use anchor_lang::prelude::*;

/// Accounts of `refresh_reserves`.
#[derive(Accounts)]
pub struct RefreshReserves<'info> {
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, RefreshReserves<'info>>) -> Result<()> {
    let clock = Clock::get()?;
    ctx.accounts.vault.load()?.check_version()?;
    let (pairs, rest) = ctx.remaining_accounts.as_chunks::<2>();
    require!(!pairs.is_empty() && rest.is_empty(), BallastError::WrongRefreshAccounts);
    for [account, price_account] in pairs {
        let loader = AccountLoader::<Reserve>::try_from(account)?;
        let price = {
            let reserve = loader.load()?;
            reserve.check(&ctx.accounts.vault.key())?;
            read_newer_price(price_account, &reserve, &clock)?
        };
        let Some(price) = price else { continue };
        let mut reserve = loader.load_mut()?;
        let before = reserve.price;
        let ledger = reserve.accrued_ledger(now(&clock));
        reserve.store(ledger)?;
        reserve.price = price;
        emit!(ReserveRefreshed {
            reserve: *account.key,
            price_before: before.price,
            price: price.price,
            confidence: price.confidence,
            ema: price.ema,
            exponent: price.exponent,
            publish_time_before: before.publish_time,
            publish_time: price.publish_time,
            books: (&reserve.books).into(),
        });
    }
    Ok(())
}
