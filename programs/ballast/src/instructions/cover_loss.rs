//! `cover_loss`: repays debt that a reserve's lenders lost, and is paid by the fund in its mint: the same value and the premium.
//! Anyone, in every breaker state.
//!
//! 1. Takes at most what the reserve's lenders lost and have not got back. It is free at once and streams to them over 30 days.
//! 2. Without a claim the fund pays a bounded share of itself a period; with one that passed for this reserve, as much as it approved, until
//!    its end.
//! 3. Both prices are at most 15 s old. What is repaid counts at the lower of spot less confidence and average, what is paid at the higher of
//!    spot plus confidence and average, both rounded down, so that no spike empties a fund. Less than `min_paid` is refused.
//! 4. Exactly both amounts must move, the fund's to a token account of the payer, so that none of another vault is ever touched. Emits
//!    [`LossCovered`].

use crate::{
    error::{BallastError, Named},
    event::LossCovered,
    guard::look_at_tokens,
    oracle::now,
    state::{reserve::PriceUse, ClaimAccount, FundAccount, Reserve, Vault},
    tokens::Till,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::{
    price::UnitPrice,
    units::{Seconds, Usd},
    TokenAmount,
};

/// Accounts of `cover_loss`.
#[derive(Accounts)]
pub struct CoverLoss<'info> {
    /// Who repays and is paid.
    pub payer: Signer<'info>,
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// Its fund.
    #[account(mut)]
    pub fund: AccountLoader<'info, FundAccount>,
    /// A claim that passed; none for automatic cover.
    #[account(mut)]
    pub claim: Option<AccountLoader<'info, ClaimAccount>>,
    /// The reserve of the fund's mint; may be the one that is repaid.
    pub fund_reserve: AccountLoader<'info, Reserve>,
    /// The reserve that lost.
    #[account(mut)]
    pub reserve: AccountLoader<'info, Reserve>,
    /// Its mint.
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    /// Its token account.
    #[account(mut)]
    pub tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// Where the repayment comes from.
    #[account(mut)]
    pub payer_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The token program of its mint.
    pub token_program: Interface<'info, TokenInterface>,
    /// The fund's mint.
    pub fund_mint: Box<InterfaceAccount<'info, Mint>>,
    /// The fund's token account.
    #[account(mut)]
    pub fund_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// Where the payment goes: a token account of the payer; may be the one that the repayment comes from.
    #[account(mut, dup)]
    pub payer_fund_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The token program of the fund's mint.
    pub fund_token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<CoverLoss>, amount: u64, min_paid: u64) -> Result<()> {
    let accounts = ctx.accounts;
    let clock = Clock::get()?;
    let now = now(&clock);
    let vault_key = accounts.vault.key();
    accounts.vault.load()?.check_version()?;
    require_keys_eq!(accounts.payer_fund_tokens.owner, accounts.payer.key(), BallastError::WrongTokenAccount);
    let mut fund = accounts.fund.load_mut()?;
    fund.check(&vault_key)?;
    let price = {
        let reserve = accounts.fund_reserve.load()?;
        fund.see_fresh_price(&accounts.fund_reserve.key(), &reserve, &clock)?;
        reserve.prices().high
    };
    let mut reserve = accounts.reserve.load_mut()?;
    reserve.check(&vault_key)?;
    require!(reserve.price_is_fresh(now, clock.slot, PriceUse::Pair), BallastError::PriceTooOld);
    let mut till = Till {
        vault: &accounts.vault,
        mint: &accounts.mint,
        tokens: &mut accounts.tokens,
        outside: &accounts.payer_tokens,
        token_program: &accounts.token_program,
    };
    till.check(&reserve)?;
    look_at_tokens(&mut reserve, &accounts.reserve.key(), till.tokens, &clock)?;
    let mut fund_till = Till {
        vault: &accounts.vault,
        mint: &accounts.fund_mint,
        tokens: &mut accounts.fund_tokens,
        outside: &accounts.payer_fund_tokens,
        token_program: &accounts.fund_token_program,
    };
    fund_till.check_fund(&fund)?;

    let (books_before, fund_before) = ((&reserve.books).into(), fund.view());
    let losses_before = reserve.losses;
    let mut ledger = reserve.bring_up(now);
    let mut losses = *reserve.losses.as_risk();
    let repaid = losses.recover(&mut ledger, TokenAmount(amount), now).named()?;
    reserve.losses = losses.into();
    let value = reserve.prices().low.value_down(repaid);
    let claim = accounts.claim.as_ref();
    let keys = [accounts.fund.key(), accounts.reserve.key()];
    let (paid, approved_left) = pay(&mut fund, keys, claim, &price, value, now)?;
    require!(paid.0 >= min_paid, BallastError::BelowMinimumReceived);
    till.take(repaid, &accounts.payer)?;
    reserve.store(ledger)?;
    fund_till.pay(paid)?;
    emit!(LossCovered {
        vault: vault_key,
        fund: accounts.fund.key(),
        reserve: accounts.reserve.key(),
        payer: accounts.payer.key(),
        claim: claim.map(Key::key),
        repaid: repaid.0,
        repaid_value: value.clamp_u64(),
        paid: paid.0,
        unrecovered: [losses_before.unrecovered, reserve.losses.unrecovered],
        pending: [losses_before.pending, reserve.losses.pending],
        approved_left,
        fund_before,
        fund_after: fund.view(),
        books_before,
        books_after: (&reserve.books).into(),
    });
    Ok(())
}

/// Takes the payment out of the fund's books; returns it and what the claim still approves. `keys`: the fund's and the reserve's.
#[inline(never)]
fn pay(
    fund: &mut FundAccount,
    [key, reserve]: [Pubkey; 2],
    claim: Option<&AccountLoader<ClaimAccount>>,
    price: &UnitPrice,
    value: Usd,
    now: Seconds,
) -> Result<(TokenAmount, u64)> {
    let (mut books, rules) = (fund.fund(), *fund.rules.as_risk());
    let (paid, left) = match claim {
        None => (books.pay_automatically(&rules, price, value, now).named()?, 0),
        Some(claim) => {
            let mut claim = claim.load_mut()?;
            claim.check(&key)?;
            require_keys_eq!(claim.reserve, reserve, BallastError::ClaimOfAnotherReserve);
            require!(claim.ballot.settled == 1, BallastError::ClaimNotPassed);
            let mut approval = *claim.approval.as_risk();
            let paid = books.pay_approved(&mut approval, &rules, price, value, now).named()?;
            claim.approval = approval.into();
            (paid, approval.value)
        }
    };
    fund.books = books.into();
    Ok((paid, left))
}
