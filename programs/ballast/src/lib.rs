//! Ballast: lending that stays calm in a crash. Portfolios are scored as one net risk, and what becomes too risky is unwound in
//! small, paced tranches that anyone may execute. All arithmetic lives in `ballast-risk`; handlers check accounts, load plain
//! views, compute, apply and reconcile. `docs/risk-model.md` has the formulas.
#![deny(clippy::arithmetic_side_effects, clippy::integer_division, clippy::unwrap_used, clippy::expect_used)]

use anchor_lang::prelude::*;

#[cfg(target_arch = "bpf")]
extern crate solana_compiler_builtins as _;

pub mod absorb;
pub mod book;
pub mod constants;
#[cfg(all(feature = "entrypoint", any(target_os = "solana", target_arch = "bpf")))]
mod entrypoint;
pub mod error;
pub mod event;
pub mod governance;
pub mod guard;
pub mod instructions;
pub mod oracle;
pub mod state;
pub mod tokens;
pub mod validators;

pub use constants::*;
pub use error::BallastError;
use instructions::*;
use state::{FundRules, ProposedChange};

declare_id!("Ba11ast1111111111111111111111111111111111111");

#[cfg(all(feature = "entrypoint", any(target_os = "solana", target_arch = "bpf")))]
solana_security_txt::security_txt! {
    name: "Ballast",
    project_url: "https://github.com/ballast-lending/ballast",
    contacts: "link:https://github.com/ballast-lending/ballast/security/advisories/new",
    policy: "https://github.com/ballast-lending/ballast/blob/main/SECURITY.md",
    preferred_languages: "en"
}

/// Thin dispatch: each instruction's specification, accounts and handler are in its own file under `instructions`.
#[program]
pub mod ballast {
    use super::*;

    /// Makes a vault with its risk model.
    pub fn create_vault(ctx: Context<CreateVault>, config: VaultConfig) -> Result<()> {
        create_vault::handler(ctx, config)
    }
    /// Adds an asset to a vault.
    pub fn add_reserve(ctx: Context<AddReserve>, config: ReserveConfig) -> Result<()> {
        add_reserve::handler(ctx, config)
    }
    /// Takes newer prices and books interest. Remaining accounts: pairs of a reserve (writable) and its price account.
    pub fn refresh_reserves<'info>(ctx: Context<'info, RefreshReserves<'info>>) -> Result<()> {
        refresh_reserves::handler(ctx)
    }
    /// Scores an obligation for readers. Remaining accounts: its reserves.
    pub fn refresh_obligation<'info>(ctx: Context<'info, RefreshObligation<'info>>) -> Result<()> {
        refresh_obligation::handler(ctx)
    }
    /// Opens an obligation of the signer.
    pub fn open_obligation(ctx: Context<OpenObligation>, id: u16) -> Result<()> {
        open_obligation::handler(ctx, id)
    }
    /// Closes an empty obligation.
    pub fn close_obligation(ctx: Context<CloseObligation>) -> Result<()> {
        close_obligation::handler(ctx)
    }
    /// Deposits tokens. Remaining accounts, only for what a guard or cap would refuse an obligation with debt: its reserves.
    pub fn deposit<'info>(ctx: Context<'info, MovePosition<'info>>, amount: u64) -> Result<()> {
        deposit::handler(ctx, amount)
    }
    /// Withdraws tokens; `u64::MAX` for all. Remaining accounts, with debt: the obligation's reserves.
    pub fn withdraw<'info>(ctx: Context<'info, MovePosition<'info>>, amount: u64) -> Result<()> {
        withdraw::handler(ctx, amount)
    }
    /// Borrows tokens. Remaining accounts: the obligation's reserves as they will be.
    pub fn borrow<'info>(ctx: Context<'info, MovePosition<'info>>, amount: u64) -> Result<()> {
        borrow::handler(ctx, amount)
    }
    /// Repays a debt of any obligation; `u64::MAX` for all.
    pub fn repay(ctx: Context<Repay>, amount: u64) -> Result<()> {
        repay::handler(ctx, amount)
    }
    /// Executes one tranche. Remaining accounts: the obligation's reserves (those that bear a loss writable), then token accounts of
    /// frozen ones if need be.
    pub fn soft_liquidate<'info>(
        ctx: Context<'info, SoftLiquidate<'info>>,
        max_repay: u64,
        min_received: u64,
    ) -> Result<()> {
        soft_liquidate::handler(ctx, max_repay, min_received)
    }
    /// Writes off what an obligation owes whose deposits are worth nothing. Remaining accounts: its reserves, writable.
    pub fn absorb_loss<'info>(ctx: Context<'info, AbsorbLoss<'info>>) -> Result<()> {
        absorb_loss::handler(ctx)
    }
    /// Shows a signal and trips a breaker. Remaining accounts, for two of the vault's signals: all reserves.
    pub fn trip_breaker<'info>(ctx: Context<'info, TripBreaker<'info>>, signal: Signal) -> Result<()> {
        trip_breaker::handler(ctx, signal)
    }
    /// Writes down that a breaker's state has expired.
    pub fn step_breaker(ctx: Context<StepBreaker>) -> Result<()> {
        step_breaker::handler(ctx)
    }
    /// Proves that tokens and debts cover claims. Remaining accounts: pairs of a reserve and its token account.
    pub fn attest_solvency<'info>(ctx: Context<'info, AttestSolvency<'info>>) -> Result<()> {
        attest_solvency::handler(ctx)
    }
    /// Proves that the books are the sum of the positions, step by step. Remaining accounts: reserves, writable.
    pub fn audit_book<'info>(ctx: Context<'info, AuditBook<'info>>, step: AuditStep) -> Result<()> {
        audit_book::handler(ctx, step)
    }
    /// Pays a reserve's fees to the vault's fee recipient.
    pub fn collect_fees(ctx: Context<CollectFees>) -> Result<()> {
        collect_fees::handler(ctx)
    }
    /// Gives a vault its insurance fund.
    pub fn create_fund(ctx: Context<CreateFund>, rules: FundRules) -> Result<()> {
        create_fund::handler(ctx, rules)
    }
    /// Opens a stake of the signer in a fund.
    pub fn open_stake(ctx: Context<OpenStake>) -> Result<()> {
        open_stake::handler(ctx)
    }
    /// Closes an empty stake.
    pub fn close_stake(ctx: Context<CloseStake>) -> Result<()> {
        close_stake::handler(ctx)
    }
    /// Stakes tokens.
    pub fn stake_insurance(ctx: Context<StakeInsurance>, amount: u64) -> Result<()> {
        stake_insurance::handler(ctx, amount)
    }
    /// Asks to leave with shares, `u64::MAX` for all; 0 to stay after all.
    pub fn request_unstake(ctx: Context<RequestUnstake>, shares: u64) -> Result<()> {
        request_unstake::handler(ctx, shares)
    }
    /// Leaves with what asked to.
    pub fn unstake(ctx: Context<Unstake>) -> Result<()> {
        unstake::handler(ctx)
    }
    /// Turns insurance in kind beyond its target into the stakers' income.
    pub fn collect_insurance(ctx: Context<CollectInsurance>) -> Result<()> {
        collect_insurance::handler(ctx)
    }
    /// Repays lost debt and is paid by the fund.
    pub fn cover_loss(ctx: Context<CoverLoss>, amount: u64, min_paid: u64) -> Result<()> {
        cover_loss::handler(ctx, amount, min_paid)
    }
    /// Puts a vote account on a fund's roll.
    pub fn enroll_validator(ctx: Context<MoveEnrolment>) -> Result<()> {
        enroll_validator::handler(ctx)
    }
    /// Takes a vote account off a fund's roll.
    pub fn leave_roll(ctx: Context<MoveEnrolment>) -> Result<()> {
        leave_roll::handler(ctx)
    }
    /// Writes down the identities of enrolled vote accounts. Remaining accounts: those.
    pub fn call_roll<'info>(ctx: Context<'info, CallRoll<'info>>) -> Result<()> {
        call_roll::handler(ctx)
    }
    /// Opens a claim for recorded losses, micro-USD.
    pub fn open_claim(ctx: Context<OpenClaim>, value: u64) -> Result<()> {
        open_claim::handler(ctx, value)
    }
    /// Votes on a claim.
    pub fn vote_claim(ctx: Context<VoteClaim>, yes: bool) -> Result<()> {
        vote_claim::handler(ctx, yes)
    }
    /// Closes the vote on a claim.
    pub fn settle_claim(ctx: Context<SettleClaim>) -> Result<()> {
        settle_claim::handler(ctx)
    }
    /// Closes the account of a claim that is over.
    pub fn close_claim(ctx: Context<CloseClaim>) -> Result<()> {
        close_claim::handler(ctx)
    }
    /// Rewrites an account of an older program version in the current layout; its vault too, if that is older.
    pub fn migrate_account<'info>(ctx: Context<'info, MigrateAccount<'info>>) -> Result<()> {
        migrate_account::handler(ctx)
    }
    /// Proposes a change of a vault's or a reserve's parameters.
    pub fn propose_change(ctx: Context<ProposeChange>, proposed: ProposedChange) -> Result<()> {
        propose_change::handler(ctx, proposed)
    }
    /// Lets a ripe change take effect. Remaining accounts, for a risk model: all reserves of the vault.
    pub fn execute_change<'info>(ctx: Context<'info, ExecuteChange<'info>>) -> Result<()> {
        execute_change::handler(ctx)
    }
    /// Takes a proposed change back.
    pub fn cancel_change(ctx: Context<CancelChange>) -> Result<()> {
        cancel_change::handler(ctx)
    }
    /// Raises a breaker as guardian, for so many seconds.
    pub fn tighten(ctx: Context<Tighten>, to: TightenTo, seconds: u64) -> Result<()> {
        tighten::handler(ctx, to, seconds)
    }
}
