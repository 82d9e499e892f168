//! `audit_book`: proves, while the vault lives on, that a vault's books are the sum of its positions, and sums how much debt is
//! beyond collection. Anyone, over many transactions.
//!
//! 1. [`AuditStep::Begin`] opens a new audit (the vault is writable here and nowhere else). One that runs gives way after a day.
//! 2. [`AuditStep::Count`] visits an obligation. Remaining accounts: the reserves of its positions, in order, writable. Each position
//!    adds its shares once an audit; whoever changes a position before that has it counted first, with its old shares; new ones count
//!    as seen. Shares, not tokens: interest changes nothing. The obligation's `max(0, D − C)` is summed once.
//! 3. [`AuditStep::Finish`] compares. Remaining accounts: reserves of the vault, writable. The counts of each must equal the totals that it
//!    copied at its first touch. When all do, the audit ends. Emits [`BookAudited`] after every step.

use crate::{
    book::{Book, Valuation},
    constants::*,
    error::{BallastError, Named},
    event::BookAudited,
    oracle::now,
    state::{proof::Audited, Audit, Obligation, Reserve, Vault},
};
use anchor_lang::prelude::*;
use ballast_risk::score::score;

/// Seconds after which a running audit gives way to a new one.
pub const AUDIT_SECONDS: u64 = 86_400;

/// What to do.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditStep {
    /// Open a new audit.
    Begin,
    /// Count the positions of the obligation.
    Count,
    /// Compare the reserves' counts with their totals.
    Finish,
}

/// Accounts of `audit_book`.
#[derive(Accounts)]
pub struct AuditBook<'info> {
    /// The vault; writable to begin.
    pub vault: AccountLoader<'info, Vault>,
    /// Its report.
    #[account(mut, seeds = [AUDIT_SEED, vault.key().as_ref()], bump = audit.load()?.bump)]
    pub audit: AccountLoader<'info, Audit>,
    /// The obligation to count.
    #[account(mut)]
    pub obligation: Option<AccountLoader<'info, Obligation>>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, AuditBook<'info>>, step: AuditStep) -> Result<()> {
    let clock = Clock::get()?;
    let vault_key = ctx.accounts.vault.key();
    let mut report = ctx.accounts.audit.load_mut()?;
    report.check(&vault_key)?;
    match step {
        AuditStep::Begin => begin(&mut report, &ctx.accounts.vault, &clock)?,
        AuditStep::Count => {
            let vault = ctx.accounts.vault.load()?;
            vault.check_version()?;
            require!(report.running.number > 0 && report.running.last_slot == 0, BallastError::NoAudit);
            let account = ctx.accounts.obligation.as_ref().ok_or(BallastError::NoSuchPosition)?;
            let mut obligation = account.load_mut()?;
            obligation.check(&vault_key)?;
            count(&mut report.running, &mut obligation, ctx.remaining_accounts, &vault, &clock)?;
        }
        AuditStep::Finish => {
            let vault = ctx.accounts.vault.load()?;
            vault.check_version()?;
            require!(report.running.number > 0 && report.running.last_slot == 0, BallastError::NoAudit);
            finish(&mut report, ctx.remaining_accounts, &vault_key, &vault, &clock)?;
        }
    }
    let audit = report.running;
    emit!(BookAudited {
        vault: vault_key,
        number: audit.number,
        first_slot: audit.first_slot,
        last_slot: audit.last_slot,
        obligations: audit.obligations,
        beyond_collection: audit.beyond_collection,
        oldest_price_at: audit.oldest_price_at,
        complete: audit.complete,
    });
    Ok(())
}

fn begin(report: &mut Audit, vault: &AccountLoader<Vault>, clock: &Clock) -> Result<()> {
    let running = report.running;
    let is_idle = running.number == 0 || running.last_slot > 0;
    let is_old = now(clock).saturating_sub(running.began_at) > AUDIT_SECONDS;
    require!(is_idle || is_old, BallastError::AuditRuns);
    let mut vault = vault.load_mut()?;
    vault.check_version()?;
    vault.audit = vault.audit.checked_add(1).ok_or(BallastError::Overflow)?;
    report.running = Audited {
        number: vault.audit,
        first_slot: clock.slot,
        began_at: now(clock),
        oldest_price_at: u64::MAX,
        ..Audited::default()
    };
    Ok(())
}

fn count<'info>(
    audit: &mut Audited,
    obligation: &mut Obligation,
    reserves: &'info [AccountInfo<'info>],
    vault: &Vault,
    clock: &Clock,
) -> Result<()> {
    let model = &vault.model_at(now(clock));
    // checks that the accounts are the obligation's reserves, in order
    let book = Book::load(obligation, reserves, model, Valuation::Maintenance, clock)?;
    let positions = usize::from(obligation.position_count).min(MAX_POSITIONS);
    for (position, account) in obligation.positions.iter_mut().take(positions).zip(reserves) {
        let loader = AccountLoader::<Reserve>::try_from(account)?;
        let mut reserve = loader.load_mut()?;
        reserve.join_audit(audit.number);
        reserve.count_position(position);
        audit.oldest_price_at = audit.oldest_price_at.min(reserve.price.publish_time);
    }
    if obligation.audit != audit.number {
        obligation.audit = audit.number;
        let beyond = score(model, book.exposures()).named()?.equity().0.saturating_neg();
        audit.beyond_collection =
            audit.beyond_collection.saturating_add(u64::try_from(beyond.max(0)).unwrap_or(u64::MAX));
        audit.obligations = audit.obligations.saturating_add(1);
    }
    Ok(())
}

fn finish<'info>(
    report: &mut Audit,
    reserves: &'info [AccountInfo<'info>],
    vault_key: &Pubkey,
    vault: &Vault,
    clock: &Clock,
) -> Result<()> {
    let number = report.running.number;
    for account in reserves {
        let loader = AccountLoader::<Reserve>::try_from(account)?;
        let mut reserve = loader.load_mut()?;
        reserve.check(vault_key)?;
        reserve.join_audit(number);
        require!(reserve.audit.is_complete(), BallastError::AuditIncomplete);
        report.running.complete |= 1u32.checked_shl(u32::from(reserve.index)).unwrap_or(0);
    }
    let all = 1u64.checked_shl(u32::from(vault.reserve_count)).unwrap_or(0).wrapping_sub(1);
    if u64::from(report.running.complete) == all {
        report.running.last_slot = clock.slot;
        report.last = report.running;
    }
    Ok(())
}
