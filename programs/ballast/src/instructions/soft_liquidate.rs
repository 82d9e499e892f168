//! `soft_liquidate`: repays part of one debt of an obligation below its requirement for part of one deposit plus a bonus.
//! Permissionless.
//!
//! 1. Remaining accounts: the reserves of all positions, in order. Both assets of the pair have prices of at most 15 s;
//!    the others count at their last price, in the borrower's favour beyond 60 s. After them, if need be: token accounts of
//!    reserves that are frozen, so that debts which nobody can repay now do not count as better pairs.
//! 2. `E < R_maint`, and no borrow or withdrawal of the obligation in this slot.
//! 3. `ballast_risk::tranche` sizes the tranche: target, pace, depth, `max_repay`, positions; and judges the pair.
//! 4. The liquidator pays first. It is paid in tokens, or, where the reserve is short of tokens or its token account is
//!    frozen, in deposit shares to a debt-free obligation of its own. It gets at least `min_received`, in token units.
//! 5. Re-scored with the amounts that really moved, `E − R` has strictly risen (insolvent books excepted), or nothing happens.
//! 6. When the tranche takes the last deposit, what is still owed is absorbed in the same instruction, each debt in its own reserve, which
//!    must be writable among the remaining accounts. Where the vault has an insurance fund, that comes last, writable, and writes down
//!    what lenders lose.
//! 7. An obligation left without positions is closed; its rent goes to the liquidator. Emits [`TrancheExecuted`].

use crate::{
    absorb::{absorb_debts, split_fund},
    book::{negative, Book, Valuation},
    error::{BallastError, Named},
    event::{ObligationClosed, TrancheExecuted},
    guard::look_at_tokens,
    instructions::position::{add_shares, remove_shares},
    oracle::now,
    state::{Obligation, Reserve, Side, Vault},
    tokens::{check_accounts, is_frozen, Till},
};
use anchor_lang::{prelude::*, AccountsClose};
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::{
    reserve::Ledger,
    score::{score, Score},
    tranche::{plan_beside_waiting_pairs, Legs, TrancheOutcome, TranchePlan, TrancheRequest},
    DebtShares, DepositShares, Seconds, TokenAmount,
};

/// Accounts of `soft_liquidate`.
#[derive(Accounts)]
pub struct SoftLiquidate<'info> {
    /// Whoever liquidates.
    #[account(mut)]
    pub liquidator: Signer<'info>,
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// The obligation.
    #[account(mut)]
    pub obligation: AccountLoader<'info, Obligation>,
    /// A debt-free obligation of the liquidator, to be paid in shares where tokens are short.
    #[account(mut)]
    pub shares_to: Option<AccountLoader<'info, Obligation>>,
    /// Reserve of the debt.
    #[account(mut)]
    pub debt_reserve: AccountLoader<'info, Reserve>,
    /// Its mint.
    pub debt_mint: Box<InterfaceAccount<'info, Mint>>,
    /// Its token account.
    #[account(mut)]
    pub debt_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// Where the liquidator pays from.
    #[account(mut)]
    pub liquidator_debt_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// Token program of the debt.
    pub debt_token_program: Interface<'info, TokenInterface>,
    /// Reserve of the deposit.
    #[account(mut)]
    pub deposit_reserve: AccountLoader<'info, Reserve>,
    /// Its mint.
    pub deposit_mint: Box<InterfaceAccount<'info, Mint>>,
    /// Its token account.
    #[account(mut)]
    pub deposit_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// Where the liquidator is paid to.
    #[account(mut)]
    pub liquidator_deposit_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// Token program of the deposit.
    pub deposit_token_program: Interface<'info, TokenInterface>,
}

/// The pair's positions and books as they were before the tranche.
struct Pair {
    debt: (usize, u64),
    deposit: (usize, u64),
    debt_ledger: Ledger,
    deposit_ledger: Ledger,
}

/// What was done, for the event.
struct Executed {
    plan: TranchePlan,
    outcome: TrancheOutcome,
    after: Score,
    paid_in_shares: bool,
    debt_shares: [u64; 2],
    deposit_shares: [u64; 2],
}

pub(crate) fn handler<'info>(
    ctx: Context<'info, SoftLiquidate<'info>>,
    max_repay: u64,
    min_received: u64,
) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let pair = accounts.load_pair(&clock)?;
    let (remaining, fund) = split_fund(ctx.remaining_accounts, &accounts.vault.key())?;
    let executed = accounts.execute(&pair, remaining, &clock, max_repay, min_received)?;
    accounts.take_repayment(executed.outcome.repay)?;
    if !executed.paid_in_shares {
        accounts.pay_liquidator(executed.outcome.to_liquidator)?;
    }
    accounts.report(&executed)?;
    accounts.absorb_rest(remaining, fund, &clock)?;
    accounts.close_if_empty()
}

impl<'info> SoftLiquidate<'info> {
    /// Checks the pair's accounts and books their interest in memory.
    #[inline(never)]
    fn load_pair(&self, clock: &Clock) -> Result<Pair> {
        let vault_key = self.vault.key();
        self.vault.load()?.check_version()?;
        let obligation = self.obligation.load()?;
        obligation.check(&vault_key)?;
        require!(obligation.last_risk_slot < clock.slot, BallastError::SameSlot);
        let mut debt_reserve = self.debt_reserve.load_mut()?;
        let mut deposit_reserve = self.deposit_reserve.load_mut()?;
        debt_reserve.check(&vault_key)?;
        deposit_reserve.check(&vault_key)?;
        // Before anything is read from them: a frozen account that is not the reserve's must not change how one is paid.
        check_accounts(
            &debt_reserve,
            &self.debt_mint,
            &self.debt_tokens,
            &self.liquidator_debt_tokens,
            &self.debt_token_program,
        )?;
        check_accounts(
            &deposit_reserve,
            &self.deposit_mint,
            &self.deposit_tokens,
            &self.liquidator_deposit_tokens,
            &self.deposit_token_program,
        )?;
        // What belongs to another vault is refused wherever it stands, used or not.
        let paid_to = self.liquidator_deposit_tokens.owner;
        require_keys_eq!(paid_to, self.liquidator.key(), BallastError::WrongTokenAccount);
        if let Some(account) = &self.shares_to {
            account.load()?.check(&vault_key)?;
        }
        require!(!is_frozen(&self.debt_tokens), BallastError::TokenAccountFrozen);
        look_at_tokens(&mut debt_reserve, &self.debt_reserve.key(), &self.debt_tokens, clock)?;
        look_at_tokens(&mut deposit_reserve, &self.deposit_reserve.key(), &self.deposit_tokens, clock)?;
        Ok(Pair {
            debt: obligation.position(&self.debt_reserve.key(), Side::Debt)?,
            deposit: obligation.position(&self.deposit_reserve.key(), Side::Deposit)?,
            debt_ledger: debt_reserve.bring_up(now(clock)),
            deposit_ledger: deposit_reserve.bring_up(now(clock)),
        })
    }

    /// Plans the tranche and applies it to books and positions. Tokens move afterwards.
    #[inline(never)]
    fn execute(
        &self,
        pair: &Pair,
        remaining: &'info [AccountInfo<'info>],
        clock: &Clock,
        max_repay: u64,
        min_received: u64,
    ) -> Result<Executed> {
        let vault = self.vault.load()?;
        let (model, rules) = (&vault.model_at(now(clock)), vault.rules.as_risk());
        let mut obligation = self.obligation.load_mut()?;
        let (reserves, frozen) = remaining
            .split_at_checked(obligation.active().len())
            .ok_or(BallastError::WrongRemainingAccounts)?;
        let mut book = Book::load(&obligation, reserves, model, Valuation::Maintenance, clock)?;
        book.leave_out_frozen(reserves, frozen)?;
        let mut debt_reserve = self.debt_reserve.load_mut()?;
        let mut deposit_reserve = self.deposit_reserve.load_mut()?;
        let (debt_shares, deposit_shares) = (DebtShares(pair.debt.1), DepositShares(pair.deposit.1));
        let legs = Legs {
            debt_price: *debt_reserve.price.spot.as_risk(),
            debt_owed: pair.debt_ledger.debt_amount_up(debt_shares),
            deposit_price: *deposit_reserve.price.spot.as_risk(),
            deposit_held: pair.deposit_ledger.deposit_amount_down(deposit_shares),
        };
        let curve = *deposit_reserve.curve.as_risk();
        let request = TrancheRequest {
            model,
            rules,
            curve: &curve,
            book: book.exposures(),
            usable: book.usable,
            debt: pair.debt.0,
            deposit: pair.deposit.0,
            meter: *obligation.meter.as_risk(),
            bucket: *deposit_reserve.bucket.as_risk(),
            now: now(clock),
            maximum: legs.debt_price.value_up(TokenAmount(max_repay)),
        };
        // the pair's own reserves are borrowed here, and are not asked for
        let selling = |position: usize| {
            let loader = AccountLoader::<Reserve>::try_from(reserves.get(position)?).ok()?;
            let reserve = loader.load().ok()?;
            Some((*reserve.curve.as_risk(), *reserve.bucket.as_risk()))
        };
        let before = score(model, request.book).named()?;
        let plan = plan_beside_waiting_pairs(&request, before, selling).named()?;
        let outcome = plan.settle(&legs).named()?;
        require!(outcome.repay.0 <= max_repay, BallastError::TrancheTooSmall);
        require!(outcome.to_liquidator.0 >= min_received, BallastError::BelowMinimumReceived);

        // books
        let mut debt_ledger = pair.debt_ledger;
        let mut deposit_ledger = pair.deposit_ledger;
        let repaid = if outcome.take_deposit {
            debt_ledger.repay_any_down(outcome.repay, debt_shares)
        } else {
            debt_ledger.repay_down(outcome.repay, debt_shares)
        };
        let (_, repaid_shares) = repaid.named()?;
        let seized_shares = deposit_ledger
            .seize_up(outcome.seize, outcome.insurance, deposit_shares, outcome.take_deposit)
            .named()?;
        // a reserve that has lost its tokens pays in shares as well: nothing shields a book
        let payable = deposit_ledger.free_tokens.0.min(self.deposit_tokens.amount);
        let paid_in_shares = is_frozen(&self.deposit_tokens) || payable < outcome.to_liquidator.0;
        if paid_in_shares {
            let paid = deposit_ledger.pay_shares_down(outcome.to_liquidator).named()?;
            self.credit_shares(&mut deposit_reserve, paid, vault.audit)?;
        } else {
            deposit_ledger.pay_tokens(outcome.to_liquidator).named()?;
        }

        // what is left of the pair, valued as before, and the exact score
        let left_debt = debt_ledger.debt_amount_up(debt_shares.minus(repaid_shares).named()?);
        let left_deposit = deposit_ledger.deposit_amount_down(deposit_shares.minus(seized_shares).named()?);
        let (window, allowance) = (Seconds::from(rules.window_seconds), plan.allowance);
        let meter = request.meter.spend_up(request.now, window, allowance, outcome.repaid_value);
        let bucket = request.bucket.spend_up(request.now, request.curve, outcome.seized_value);
        book.set_value(pair.debt.0, negative(legs.debt_price.value_up(left_debt)))?;
        book.set_value(pair.deposit.0, legs.deposit_price.value_down(left_deposit))?;
        let after = score(model, book.exposures()).named()?;
        plan.check_after(&after).named()?;

        obligation.meter = meter.into();
        deposit_reserve.bucket = bucket.into();
        // The later position first, so that closing one does not move the other.
        let debt_first = pair.debt.0 > pair.deposit.0;
        for side in if debt_first { [Side::Debt, Side::Deposit] } else { [Side::Deposit, Side::Debt] } {
            let (reserve, index, shares) = match side {
                Side::Debt => (&mut debt_reserve, pair.debt.0, repaid_shares.0),
                Side::Deposit => (&mut deposit_reserve, pair.deposit.0, seized_shares.0),
            };
            remove_shares(&mut obligation, reserve, index, side, shares, vault.audit)?;
        }
        debt_reserve.store(debt_ledger)?;
        deposit_reserve.store(deposit_ledger)?;
        Ok(Executed {
            plan,
            outcome,
            after,
            paid_in_shares,
            debt_shares: [debt_shares.0, debt_shares.0.saturating_sub(repaid_shares.0)],
            deposit_shares: [deposit_shares.0, deposit_shares.0.saturating_sub(seized_shares.0)],
        })
    }

    /// Absorbs what is owed when no deposit is left.
    #[inline(never)]
    fn absorb_rest(
        &self,
        remaining: &'info [AccountInfo<'info>],
        fund: Option<&'info AccountInfo<'info>>,
        clock: &Clock,
    ) -> Result<()> {
        let mut obligation = self.obligation.load_mut()?;
        let has_deposit = obligation.active().iter().any(|position| position.side() == Some(Side::Deposit));
        if has_deposit || !obligation.has_debt() {
            return Ok(());
        }
        let vault = self.vault.load()?;
        absorb_debts(&mut obligation, &self.obligation.key(), &vault, remaining, fund, clock)?;
        Ok(())
    }

    /// Adds deposit shares to the liquidator's own obligation.
    fn credit_shares(&self, reserve: &mut Reserve, shares: DepositShares, audit: u64) -> Result<()> {
        let account = self.shares_to.as_ref().ok_or(BallastError::SharesAccountNeeded)?;
        require_keys_neq!(account.key(), self.obligation.key(), BallastError::WrongSharesAccount);
        let mut receiver = account.load_mut()?;
        receiver.check(&self.vault.key())?;
        require_keys_eq!(receiver.owner, self.liquidator.key(), BallastError::WrongSharesAccount);
        require!(!receiver.has_debt(), BallastError::WrongSharesAccount);
        if shares.is_zero() {
            return Ok(()); // dust worth less than a share: a position of nothing could never be closed
        }
        add_shares(&mut receiver, reserve, &self.deposit_reserve.key(), Side::Deposit, shares.0, audit)
    }

    #[inline(never)]
    fn take_repayment(&mut self, amount: TokenAmount) -> Result<()> {
        let mut till = Till {
            vault: &self.vault,
            mint: &self.debt_mint,
            tokens: &mut self.debt_tokens,
            outside: &self.liquidator_debt_tokens,
            token_program: &self.debt_token_program,
        };
        till.take(amount, &self.liquidator)
    }

    #[inline(never)]
    fn pay_liquidator(&mut self, amount: TokenAmount) -> Result<()> {
        let mut till = Till {
            vault: &self.vault,
            mint: &self.deposit_mint,
            tokens: &mut self.deposit_tokens,
            outside: &self.liquidator_deposit_tokens,
            token_program: &self.deposit_token_program,
        };
        till.pay(amount)
    }

    #[inline(never)]
    fn report(&self, executed: &Executed) -> Result<()> {
        let Executed { plan, outcome, after, paid_in_shares, debt_shares, deposit_shares } = executed;
        let debt_price = self.debt_reserve.load()?.price;
        let deposit_price = self.deposit_reserve.load()?.price;
        emit!(TrancheExecuted {
            vault: self.vault.key(),
            obligation: self.obligation.key(),
            liquidator: self.liquidator.key(),
            debt_reserve: self.debt_reserve.key(),
            deposit_reserve: self.deposit_reserve.key(),
            repaid: outcome.repay.0,
            seized: outcome.seize.0,
            to_liquidator: outcome.to_liquidator.0,
            to_insurance: outcome.insurance.0,
            paid_in_shares: *paid_in_shares,
            repaid_value: outcome.repaid_value.clamp_u64(),
            seized_value: outcome.seized_value.clamp_u64(),
            bonus_ppm: plan.bonus.0,
            limit: plan.limit as u8,
            backstop: plan.backstop,
            insolvent: plan.insolvent,
            debt_price: debt_price.price,
            debt_exponent: debt_price.exponent,
            deposit_price: deposit_price.price,
            deposit_exponent: deposit_price.exponent,
            worst_row: plan.before.worst_row,
            net_risk_ppm: plan.net_risk.to_ppm_down().0,
            equity_before: plan.before.equity().clamp_i64(),
            requirement_before: plan.before.requirement.clamp_u64(),
            equity_after: after.equity().clamp_i64(),
            requirement_after: after.requirement.clamp_u64(),
            debt_shares: *debt_shares,
            deposit_shares: *deposit_shares,
        });
        Ok(())
    }

    /// Whoever takes an obligation to nothing gets its rent.
    fn close_if_empty(&mut self) -> Result<()> {
        let (empty, owner) = {
            let obligation = self.obligation.load()?;
            (obligation.position_count == 0, obligation.owner)
        };
        if empty {
            emit!(ObligationClosed {
                vault: self.vault.key(),
                obligation: self.obligation.key(),
                owner,
                rent_to: self.liquidator.key(),
            });
            self.obligation.close(self.liquidator.to_account_info())?;
        }
        Ok(())
    }
}
