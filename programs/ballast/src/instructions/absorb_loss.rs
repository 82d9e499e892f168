//! `absorb_loss`: settles what is left of an obligation whose deposits are worth nothing: its debts are written off, each in its own
//! reserve, and deposit shares of wiped-out reserves are retired. Permissionless.
//!
//! 1. Remaining accounts: the reserves of all positions, in order; those that change must be writable. Where the vault has an insurance
//!    fund, that last, writable: it writes down what lenders lose.
//! 2. Debts are absorbed when no deposit of the obligation is worth a token unit. Insurance in kind bears them first, then fees that were
//!    not collected, then that reserve's lenders in this vault; nothing reaches another reserve. `soft_liquidate` does the same with
//!    the tranche that takes the last deposit, so this is for books whose deposits became worthless by themselves.
//! 3. Dust of a dead feed holds no loss open: where no pair can be traded, equity is negative and all deposits, at last prices in the
//!    borrower's favour, are worth less than the smallest tranche, they insure their own reserves and the debts are absorbed.
//! 4. Of an obligation without debts, or one that still has something, shares of a wiped-out reserve are retired: those that are worth
//!    nothing at once for their owner, all of them for anyone after 60 days and not while a recovery streams; what they are still
//!    worth insures the reserve. With the last of them it takes deposits again.
//! 5. An obligation left without positions stays: its owner closes it. Emits [`crate::event::LossAbsorbed`] and [`SharesRetired`].

use crate::{
    absorb::{absorb_debts, split_fund},
    book::{Book, Valuation},
    error::{BallastError, Named},
    event::SharesRetired,
    instructions::position::remove_shares,
    oracle::now,
    state::{Obligation, Reserve, Side, Vault},
};
use anchor_lang::prelude::*;
use ballast_risk::{
    absorb::takes_deposits, refusal::Refusal, reserve::Ledger, score::score, DepositShares, Usd,
};

/// Accounts of `absorb_loss`.
#[derive(Accounts)]
pub struct AbsorbLoss<'info> {
    /// Whoever settles; the owner retires its shares at once.
    pub caller: Signer<'info>,
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// The obligation.
    #[account(mut)]
    pub obligation: AccountLoader<'info, Obligation>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, AbsorbLoss<'info>>) -> Result<()> {
    let accounts = ctx.accounts;
    let clock = Clock::get()?;
    let vault = accounts.vault.load()?;
    vault.check_version()?;
    let mut obligation = accounts.obligation.load_mut()?;
    obligation.check(&accounts.vault.key())?;
    let key = accounts.obligation.key();
    let (reserves, fund) = split_fund(ctx.remaining_accounts, &accounts.vault.key())?;
    let has_debt = obligation.has_debt();
    if has_debt
        && (!has_worth(&obligation, reserves, &clock)? || is_dust(&obligation, &vault, reserves, &clock)?)
    {
        give_up(&mut obligation, &key, &vault, reserves, &clock)?;
        absorb_debts(&mut obligation, &key, &vault, reserves, fund, &clock)?;
        return Ok(());
    }
    let by_owner = accounts.caller.key() == obligation.owner;
    // of a book that still has something, too: a reserve must not stay shut for a share of a solvent debtor
    let retired = retire(&mut obligation, &key, &vault, reserves, by_owner, &clock)?;
    require!(retired || !has_debt, BallastError::DepositsLeft);
    require!(retired, BallastError::NothingToAbsorb);
    Ok(())
}

/// Whether any deposit is worth a token unit. Refuses accounts other than the reserves of all positions, in order.
fn has_worth<'info>(
    obligation: &Obligation,
    reserves: &'info [AccountInfo<'info>],
    clock: &Clock,
) -> Result<bool> {
    require!(reserves.len() == obligation.active().len(), BallastError::WrongRemainingAccounts);
    for (position, account) in obligation.active().iter().zip(reserves) {
        require_keys_eq!(*account.key, position.reserve, BallastError::WrongRemainingAccounts);
        if position.side() == Some(Side::Deposit) {
            let loader = AccountLoader::<Reserve>::try_from(account)?;
            let reserve = loader.load()?;
            reserve.check(&obligation.vault)?;
            let ledger = reserve.accrued_ledger(now(clock));
            if !ledger.deposit_amount_down(DepositShares(position.shares)).is_zero() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether all deposits together cannot be sold and are worth next to nothing, and less than the debts. A deposit that is worth nothing
/// cannot be sold, fresh as its price may be.
#[inline(never)]
fn is_dust<'info>(
    obligation: &Obligation,
    vault: &Vault,
    reserves: &'info [AccountInfo<'info>],
    clock: &Clock,
) -> Result<bool> {
    let model = &vault.model_at(now(clock));
    let book = Book::load(obligation, reserves, model, Valuation::Maintenance, clock)?;
    let score = score(model, book.exposures()).named()?;
    let tradable = |side| {
        let mut positions = obligation.active().iter().zip(book.exposures()).enumerate();
        positions.any(|(i, (position, exposure))| {
            let is_usable = (book.usable >> (i & 31)) & 1 == 1;
            position.side() == Some(side) && is_usable && exposure.value != Usd::ZERO
        })
    };
    Ok(!(tradable(Side::Debt) && tradable(Side::Deposit))
        && score.equity() < Usd::ZERO
        && score.collateral < vault.rules.as_risk().minimum())
}

/// Takes all deposits into the insurance of their own reserves, those that are worth nothing too: who is forgiven debts must not keep what
/// may come back to such shares.
#[inline(never)]
fn give_up<'info>(
    obligation: &mut Obligation,
    obligation_key: &Pubkey,
    vault: &Vault,
    reserves: &'info [AccountInfo<'info>],
    clock: &Clock,
) -> Result<()> {
    for account in reserves {
        release(obligation, obligation_key, vault, account, clock, |_, ledger, shares| {
            let amount = ledger.deposit_amount_down(shares);
            ledger.seize_up(amount, amount, shares, true).named()?;
            Ok(true)
        })?;
    }
    Ok(())
}

/// Retires the deposit shares that may be, of the reserves that are writable. Returns whether there were any.
fn retire<'info>(
    obligation: &mut Obligation,
    obligation_key: &Pubkey,
    vault: &Vault,
    reserves: &'info [AccountInfo<'info>],
    by_owner: bool,
    clock: &Clock,
) -> Result<bool> {
    let mut any = false;
    for account in reserves.iter().filter(|account| account.is_writable) {
        any |= release(obligation, obligation_key, vault, account, clock, |reserve, ledger, shares| {
            let mut losses = *reserve.losses.as_risk();
            match losses.retire(ledger, shares, by_owner, now(clock)) {
                Ok(()) => {}
                Err(Refusal::SharesNotWorthless) => return Ok(false),
                Err(refusal) => return Err(refusal).named(),
            }
            reserve.losses = losses.into();
            Ok(true)
        })?;
    }
    Ok(any)
}

/// Takes the deposit that an obligation has in a reserve out of it, as `take` changes the accrued books. `Ok(false)` where there is none,
/// or where `take` leaves it.
#[inline(never)]
fn release<'info>(
    obligation: &mut Obligation,
    obligation_key: &Pubkey,
    vault: &Vault,
    account: &'info AccountInfo<'info>,
    clock: &Clock,
    take: impl FnOnce(&mut Reserve, &mut Ledger, DepositShares) -> Result<bool>,
) -> Result<bool> {
    let Ok((index, shares)) = obligation.position(account.key, Side::Deposit) else { return Ok(false) };
    require!(account.is_writable, BallastError::ReserveNotWritable);
    let loader = AccountLoader::<Reserve>::try_from(account)?;
    let mut reserve = loader.load_mut()?;
    reserve.check(&obligation.vault)?;
    let mut ledger = reserve.bring_up(now(clock));
    let wiped_out = !takes_deposits(&ledger);
    if !take(&mut reserve, &mut ledger, DepositShares(shares))? {
        return Ok(false);
    }
    remove_shares(obligation, &mut reserve, index, Side::Deposit, shares, vault.audit)?;
    reserve.store(ledger)?;
    emit!(SharesRetired {
        vault: obligation.vault,
        reserve: *account.key,
        obligation: *obligation_key,
        shares,
        starts_again: wiped_out && reserve.books.deposit_shares == 0,
    });
    Ok(true)
}
