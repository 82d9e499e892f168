//! Writes off what an obligation owes and nobody will repay. Which debts those are, the instructions decide.

use crate::{
    error::{BallastError, Named},
    event::{BooksView, LossAbsorbed},
    guard::notice,
    instructions::position::remove_shares,
    oracle::now,
    state::{FundAccount, Obligation, Reserve, Side, Vault},
};
use anchor_lang::prelude::*;
use ballast_risk::{DebtShares, Usd};

/// Absorbs every debt of an obligation, each by its own reserve and by no other: insurance in kind, then fees, then lenders.
/// `reserves` are checked to be this vault's and must be writable; those of debts must all be among them. Returns what lenders
/// bore, at last prices, rounded up. Where they bore anything, the vault's `fund` writes it down for claims, and must be passed if there
/// is one.
///
/// Emits [`LossAbsorbed`] for each debt, and trips the reserve's breaker where lenders lost enough.
pub fn absorb_debts<'info>(
    obligation: &mut Obligation,
    obligation_key: &Pubkey,
    vault: &Vault,
    reserves: &'info [AccountInfo<'info>],
    fund: Option<&'info AccountInfo<'info>>,
    clock: &Clock,
) -> Result<Usd> {
    let mut borne = Usd::ZERO;
    while let Some((index, position)) =
        obligation.active().iter().enumerate().find(|(_, position)| position.side() == Some(Side::Debt))
    {
        let (key, shares) = (position.reserve, position.shares);
        let account = reserves.iter().find(|account| *account.key == key);
        let account = account.ok_or(BallastError::WrongRemainingAccounts)?;
        require!(account.is_writable, BallastError::ReserveNotWritable);
        let loader = AccountLoader::<Reserve>::try_from(account)?;
        let mut reserve = loader.load_mut()?;
        reserve.check(&obligation.vault)?;
        remove_shares(obligation, &mut reserve, index, Side::Debt, shares, vault.audit)?;
        let value = absorb_debt(&mut reserve, &key, obligation_key, DebtShares(shares), clock)?;
        borne = Usd(borne.0.saturating_add(value.0));
    }
    if vault.has_fund == 1 && borne > Usd::ZERO {
        let account = fund.filter(|account| account.is_writable).ok_or(BallastError::FundAccountMissing)?;
        let loader = AccountLoader::<FundAccount>::try_from(account)?;
        let mut fund = loader.load_mut()?;
        fund.check(&obligation.vault)?;
        fund.record_loss(borne, now(clock));
    }
    Ok(borne)
}

/// Parts a fund, which comes last, from the other remaining accounts of an instruction that may absorb a loss. Refuses one of another
/// vault, whether a loss is absorbed or not.
pub fn split_fund<'info>(
    remaining: &'info [AccountInfo<'info>],
    vault: &Pubkey,
) -> Result<(&'info [AccountInfo<'info>], Option<&'info AccountInfo<'info>>)> {
    let Some((last, others)) = remaining.split_last() else { return Ok((remaining, None)) };
    let is_fund = *last.owner == crate::ID && last.try_borrow_data()?.starts_with(FundAccount::DISCRIMINATOR);
    if !is_fund {
        return Ok((remaining, None));
    }
    AccountLoader::<FundAccount>::try_from(last)?.load()?.check(vault)?;
    Ok((others, Some(last)))
}

#[inline(never)]
fn absorb_debt(
    reserve: &mut Reserve,
    key: &Pubkey,
    obligation: &Pubkey,
    shares: DebtShares,
    clock: &Clock,
) -> Result<Usd> {
    let books_before = BooksView::from(&reserve.books);
    let mut ledger = reserve.bring_up(now(clock));
    let mut losses = *reserve.losses.as_risk();
    let absorbed = losses.absorb(&mut ledger, shares, now(clock)).named()?;
    reserve.losses = losses.into();
    reserve.store(ledger)?;
    notice(reserve, key, &losses.evidence(&ledger, now(clock)), now(clock));
    let value = reserve.price.spot.as_risk().value_up(absorbed.lenders);
    emit!(LossAbsorbed {
        vault: reserve.vault,
        reserve: *key,
        obligation: *obligation,
        debt: absorbed.debt.0,
        insurance: absorbed.insurance.0,
        fees: absorbed.fees.0,
        lenders: absorbed.lenders.0,
        lenders_value: value.clamp_u64(),
        wiped_out: absorbed.wiped_out,
        books_before,
        books_after: (&reserve.books).into(),
    });
    Ok(value)
}
