//! `refresh_reserves`: takes newer prices for reserves of one vault. Permissionless.
//!
//! 1. Remaining accounts: each reserve of the vault (writable), followed by its price account, or by its base and rate price
//!    accounts where its price is composed.
//! 2. The newest publish time is kept. An older or equal update changes no byte and is no error.
//! 3. A newer one stores spot, conservative bounds and times, books the reserve's interest and sets its rate.
//! 4. Every newer price is looked at as a signal: against its average, its confidence, where it stood before, and its rate or
//!    peg. Two observations at least 30 s apart trip the reserve's breaker. Nothing here moves `R_maint`.
//! 5. Spoofed accounts (owner, feed, verification, future, nonsense) fail the whole instruction. Emits [`ReserveRefreshed`] each.

use crate::{
    error::BallastError,
    event::ReserveRefreshed,
    guard::notice_price,
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
    let vault = ctx.accounts.vault.load()?;
    vault.check_version()?;
    require!(!ctx.remaining_accounts.is_empty(), BallastError::WrongRefreshAccounts);
    let mut rest = ctx.remaining_accounts;
    while let Some((account, after)) = rest.split_first() {
        let loader = AccountLoader::<Reserve>::try_from(account)?;
        let newer = {
            let reserve = loader.load()?;
            reserve.check(&ctx.accounts.vault.key())?;
            let count = usize::from(reserve.source.price_accounts());
            let (price_accounts, after) =
                after.split_at_checked(count).ok_or(BallastError::WrongRefreshAccounts)?;
            rest = after;
            read_newer_price(price_accounts, &reserve, &clock)?
        };
        let Some((source, price)) = newer else { continue };
        let mut reserve = loader.load_mut()?;
        let before = reserve.price;
        reserve.take_price(source, price, now(&clock))?;
        notice_price(&mut reserve, account.key, vault.model.numeraire_group, now(&clock));
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
