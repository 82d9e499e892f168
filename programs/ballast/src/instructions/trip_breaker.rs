//! `trip_breaker`: shows the program a signal, which it checks itself, and trips a breaker. Permissionless.
//!
//! 1. A reserve's signals change only that reserve. Price signals are read from its newest price, at most 60 s old, and need two
//!    observations at least 30 s apart; this and `refresh_reserves` write them down alike.
//! 2. The vault rises by a deficit of tokens, by losses over its collateral, by guarded reserves above a third of it, or by a failed
//!    attestation, and by nothing else. Losses and shares of collateral take all reserves as remaining accounts, in the
//!    vault's order, so that nobody leaves one out.
//! 3. More tokens than booked are no signal. What is no signal is refused and changes nothing. Emits [`crate::event::BreakerChanged`].

use crate::{
    constants::*,
    error::{BallastError, Named},
    guard::{apply_to_vault, load_vault_mut, look_at_tokens, price_evidence, trip},
    oracle::now,
    state::{Attestation, Reserve, Vault},
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::TokenAccount;
use ballast_risk::{
    breaker::{Cause, Change, ReserveEvidence, State, VaultEvidence},
    Seconds, TokenAmount, Usd,
};

/// How long after the end of a failed round its report still trips the vault's breaker, seconds.
const REPORT_COUNTS_FOR: u64 = 3_600;

/// What is shown.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A reserve's spot is away from its average.
    Average,
    /// A reserve's price is uncertain.
    Confidence,
    /// A reserve's price jumped.
    Jump,
    /// A liquid-staked or wrapped asset, or a stable, is away from its rate or peg.
    Rate,
    /// A reserve has no new price while debt depends on it.
    Stale,
    /// A reserve's outflow bucket is empty.
    Outflow,
    /// A reserve's inflow bucket is empty.
    Inflow,
    /// A reserve's lenders bore a loss.
    Loss,
    /// A reserve's token account holds less than its books say. Needs the token account.
    Deficit,
    /// A reserve's token account was frozen or thawed; trips nothing, but its debt stops or starts to accrue. Needs the token account.
    Frozen,
    /// The vault's lenders bore losses. Remaining accounts: all reserves.
    VaultLoss,
    /// The same as `Deficit`, for the vault. Needs the reserve and its token account.
    VaultDeficit,
    /// The last attestation failed. Needs the vault's report.
    VaultAttestation,
    /// Guarded reserves hold above a third of the vault's collateral. Remaining accounts: all reserves.
    VaultGuardedShare,
}

/// Accounts of `trip_breaker`. The optional ones depend on the signal.
#[derive(Accounts)]
pub struct TripBreaker<'info> {
    /// The vault; writable where its own breaker is tripped.
    pub vault: AccountLoader<'info, Vault>,
    /// The reserve that the signal is about.
    #[account(mut)]
    pub reserve: Option<AccountLoader<'info, Reserve>>,
    /// Its token account.
    pub tokens: Option<Box<InterfaceAccount<'info, TokenAccount>>>,
    /// The vault's solvency report.
    #[account(seeds = [ATTESTATION_SEED, vault.key().as_ref()], bump = attestation.load()?.bump)]
    pub attestation: Option<AccountLoader<'info, Attestation>>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, TripBreaker<'info>>, signal: Signal) -> Result<()> {
    let accounts = ctx.accounts;
    let clock = Clock::get()?;
    let numeraire_group = {
        let vault = accounts.vault.load()?;
        vault.check_version()?;
        vault.model.numeraire_group
    };
    accounts.check_shown()?;
    match signal {
        Signal::VaultLoss => {
            let totals = Totals::of(&accounts.vault, ctx.remaining_accounts, &clock)?;
            trip_vault(&accounts.vault, totals.loss(), &clock)
        }
        Signal::VaultGuardedShare => {
            let totals = Totals::of(&accounts.vault, ctx.remaining_accounts, &clock)?;
            trip_vault(&accounts.vault, totals.guarded_share(), &clock)
        }
        Signal::VaultDeficit => {
            let (held, booked) = accounts.tokens_of_reserve()?;
            trip_vault(&accounts.vault, VaultEvidence::Deficit { held, booked }, &clock)
        }
        Signal::VaultAttestation => {
            let evidence = accounts.attested(&clock)?;
            trip_vault(&accounts.vault, evidence, &clock)
        }
        Signal::Frozen => {
            accounts.tokens_of_reserve()?;
            let (account, tokens) = (accounts.reserve()?, accounts.tokens()?);
            let mut reserve = account.load_mut()?;
            let before = reserve.frozen_since;
            look_at_tokens(&mut reserve, &account.key(), tokens, &clock)?;
            require!(reserve.frozen_since != before, BallastError::NoSignal);
            Ok(())
        }
        _ => {
            let evidence = accounts.evidence(signal, numeraire_group, &clock)?;
            let account = accounts.reserve()?;
            trip(&mut *account.load_mut()?, &account.key(), &evidence, now(&clock))
        }
    }
}

impl<'info> TripBreaker<'info> {
    fn reserve(&self) -> Result<&AccountLoader<'info, Reserve>> {
        self.reserve.as_ref().ok_or_else(|| BallastError::SignalAccountsMissing.into())
    }

    /// Refuses a reserve of another vault and a token account of another reserve, whether the signal needs them or not.
    fn check_shown(&self) -> Result<()> {
        if let Some(account) = &self.reserve {
            account.load()?.check(&self.vault.key())?;
        }
        if let Some(tokens) = &self.tokens {
            let booked = self.reserve()?.load()?.token_account;
            require_keys_eq!(tokens.key(), booked, BallastError::WrongTokenAccount);
        }
        Ok(())
    }

    fn tokens(&self) -> Result<&InterfaceAccount<'info, TokenAccount>> {
        self.tokens.as_deref().ok_or_else(|| BallastError::SignalAccountsMissing.into())
    }

    /// Tokens in the reserve's account and in its books.
    fn tokens_of_reserve(&self) -> Result<(TokenAmount, TokenAmount)> {
        let reserve = self.reserve()?.load()?;
        let tokens = self.tokens()?;
        Ok((TokenAmount(tokens.amount), TokenAmount(reserve.books.free_tokens)))
    }

    fn attested(&self, clock: &Clock) -> Result<VaultEvidence> {
        let report = self.attestation.as_ref().ok_or(BallastError::SignalAccountsMissing)?.load()?;
        report.check(&self.vault.key())?;
        let is_fresh = now(clock) <= report.last.at.saturating_add(REPORT_COUNTS_FOR);
        require!(is_fresh && report.last.failing != 0, BallastError::NoSignal);
        Ok(VaultEvidence::Attestation { shortfall: Usd(i128::from(report.last.worst_shortfall)) })
    }

    #[inline(never)]
    fn evidence(&self, signal: Signal, numeraire_group: u8, clock: &Clock) -> Result<ReserveEvidence> {
        if signal == Signal::Deficit {
            let (held, booked) = self.tokens_of_reserve()?;
            return Ok(ReserveEvidence::Deficit { held, booked });
        }
        reserve_evidence(&*self.reserve()?.load()?, signal, numeraire_group, now(clock))
    }
}

/// A signal of one reserve as evidence, as far as the reserve's account alone shows it. Errors: [`BallastError::NoSignal`] where it
/// shows none, [`BallastError::SignalAccountsMissing`] for signals that are read from other accounts.
pub fn reserve_evidence(
    reserve: &Reserve,
    signal: Signal,
    numeraire_group: u8,
    now: Seconds,
) -> Result<ReserveEvidence> {
    let (flows, rules) = (reserve.flows.as_risk(), reserve.flow_rules.as_risk());
    let deposits = || reserve.accrued_ledger(now).total_deposits_down();
    let cause = match signal {
        Signal::Average => Cause::Average,
        Signal::Confidence => Cause::Confidence,
        Signal::Jump => Cause::Jump,
        Signal::Rate => Cause::Rate,
        Signal::Stale => {
            // Deposits of what cannot be borrowed are there to be borrowed against.
            let pledged = if reserve.borrowable == 0 { reserve.deposit_positions } else { 0 };
            let exposed = reserve.debt_positions.saturating_add(pledged);
            return Ok(ReserveEvidence::Stale { published_at: reserve.price.publish_time, exposed });
        }
        Signal::Outflow => return flows.outflow_evidence(rules, deposits(), now).named(),
        Signal::Inflow => return flows.inflow_evidence(rules, deposits(), now).named(),
        Signal::Loss => {
            let (ledger, losses) = reserve.accrued(now);
            return Ok(losses.evidence(&ledger, now));
        }
        Signal::Deficit
        | Signal::Frozen
        | Signal::VaultLoss
        | Signal::VaultDeficit
        | Signal::VaultAttestation
        | Signal::VaultGuardedShare => return Err(BallastError::SignalAccountsMissing.into()),
    };
    price_evidence(reserve, cause, numeraire_group).ok_or_else(|| BallastError::NoSignal.into())
}

fn trip_vault(account: &AccountLoader<Vault>, evidence: VaultEvidence, clock: &Clock) -> Result<()> {
    let key = account.key();
    let mut vault = load_vault_mut(account)?;
    let (breaker, thresholds) = (vault.breaker.as_risk(), vault.thresholds.as_risk());
    let transition = breaker.trip_vault(thresholds, &evidence, now(clock)).named()?;
    require!(transition.change != Change::Nothing, BallastError::NoSignal);
    apply_to_vault(&mut vault, &key, &transition);
    Ok(())
}

/// Sums over all reserves of a vault, at last prices, micro-USD.
struct Totals {
    collateral: Usd,
    /// Of it, what did not come in lately: that may be gone again in this second.
    settled: Usd,
    /// Of that, in reserves outside Normal for another reason than that the guardian put them there: it has days of its own for
    /// the vault, and none to hold up its changes by the reserves that it holds.
    guarded: Usd,
    lost: Usd,
}

impl Totals {
    fn of<'info>(
        account: &AccountLoader<'info, Vault>,
        reserves: &'info [AccountInfo<'info>],
        clock: &Clock,
    ) -> Result<Self> {
        let vault = account.load()?;
        let listed = vault.reserves.get(..usize::from(vault.reserve_count)).unwrap_or(&[]);
        require!(reserves.len() == listed.len(), BallastError::WrongRemainingAccounts);
        let mut totals =
            Self { collateral: Usd::ZERO, settled: Usd::ZERO, guarded: Usd::ZERO, lost: Usd::ZERO };
        for (key, reserve) in listed.iter().zip(reserves) {
            require_keys_eq!(*reserve.key, *key, BallastError::WrongRemainingAccounts);
            let loader = AccountLoader::<Reserve>::try_from(reserve)?;
            totals.add(&*loader.load()?, &account.key(), clock)?;
        }
        Ok(totals)
    }

    #[inline(never)]
    fn add(&mut self, reserve: &Reserve, vault: &Pubkey, clock: &Clock) -> Result<()> {
        reserve.check(vault)?;
        let (now, spot) = (now(clock), reserve.price.spot.as_risk());
        let deposits = reserve.accrued_ledger(now).total_deposits_down();
        let settled = reserve.flows.as_risk().settled_down(reserve.flow_rules.as_risk(), deposits, now);
        let (deposits, settled) = (spot.value_down(deposits), spot.value_down(settled));
        let lost = spot.value_down(TokenAmount(reserve.losses.as_risk().recent_down(now)));
        let plus = |sum: Usd, value: Usd| Usd(sum.0.saturating_add(value.0));
        self.lost = plus(self.lost, lost);
        self.collateral = plus(self.collateral, deposits);
        self.settled = plus(self.settled, settled);
        let breaker = reserve.breaker.as_risk();
        if breaker.state_at(now) != State::Normal && breaker.cause != Cause::Guardian as u8 {
            self.guarded = plus(self.guarded, settled);
        }
        Ok(())
    }

    fn loss(&self) -> VaultEvidence {
        // collateral before the losses
        let collateral = Usd(self.collateral.0.saturating_add(self.lost.0));
        VaultEvidence::Loss { lost: self.lost, collateral }
    }

    fn guarded_share(&self) -> VaultEvidence {
        VaultEvidence::GuardedShare { guarded: self.guarded, collateral: self.settled }
    }
}
