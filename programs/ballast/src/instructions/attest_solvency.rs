//! `attest_solvency`: proves that a vault's tokens and debts cover its claims. Anyone, any slot, in slices of reserves.
//!
//! 1. Remaining accounts: pairs of a reserve and its token account. A reserve counts once a round; a second time changes nothing.
//! 2. Each reserve, with interest up to now: tokens held + debt ≥ deposits + fees + insurance + recoveries still
//!    to be streamed, and tokens held ≥ what the books
//!    say. Tokens that strangers added change nothing.
//! 3. A reserve that falls short trips the vault's breaker at once; the vault must be writable then, and only then, so that proofs
//!    of what is well serialise nothing.
//! 4. A round ends when every reserve of the vault is covered; one that did not within [`ROUND_SLOTS`] gives way to a new one.
//! 5. The report account keeps the running round and the last whole one. Emits [`SolvencyAttested`] at its end.

use crate::{
    constants::*,
    error::{BallastError, Named},
    event::SolvencyAttested,
    guard::{apply_to_vault, load_vault_mut},
    oracle::now,
    state::{proof::Attested, Attestation, Reserve, Vault},
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::TokenAccount;
use ballast_risk::{breaker::VaultEvidence, units::Usd, TokenAmount};

/// Slots in which a round has to end.
pub const ROUND_SLOTS: u64 = 150;

/// Accounts of `attest_solvency`.
#[derive(Accounts)]
pub struct AttestSolvency<'info> {
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// Its report.
    #[account(mut, seeds = [ATTESTATION_SEED, vault.key().as_ref()], bump = attestation.load()?.bump)]
    pub attestation: AccountLoader<'info, Attestation>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, AttestSolvency<'info>>) -> Result<()> {
    let clock = Clock::get()?;
    let vault_key = ctx.accounts.vault.key();
    let reserve_count = {
        let vault = ctx.accounts.vault.load()?;
        vault.check_version()?;
        vault.reserve_count
    };
    let mut report = ctx.accounts.attestation.load_mut()?;
    report.check(&vault_key)?;
    let (pairs, rest) = ctx.remaining_accounts.as_chunks::<2>();
    require!(!pairs.is_empty() && rest.is_empty(), BallastError::WrongRemainingAccounts);

    let is_over = clock.slot.saturating_sub(report.running.first_slot) > ROUND_SLOTS;
    if report.running.covered == 0 || is_over {
        report.running = Attested {
            round: report.running.round.saturating_add(1),
            first_slot: clock.slot,
            oldest_price_at: u64::MAX,
            ..Attested::default()
        };
    }
    let failing_before = report.running.failing;
    for [account, token_account] in pairs {
        let loader = AccountLoader::<Reserve>::try_from(account)?;
        let reserve = loader.load()?;
        reserve.check(&vault_key)?;
        require_keys_eq!(*token_account.key, reserve.token_account, BallastError::WrongTokenAccount);
        let tokens = InterfaceAccount::<TokenAccount>::try_from(token_account)?;
        look_at(&mut report.running, &reserve, TokenAmount(tokens.amount), &clock);
    }
    if report.running.failing != failing_before {
        trip(&ctx.accounts.vault, report.running.worst_shortfall, &clock)?;
    }
    report.running.last_slot = clock.slot;
    report.running.at = now(&clock);

    let all = 1u64.checked_shl(u32::from(reserve_count)).unwrap_or(0).wrapping_sub(1);
    if u64::from(report.running.covered) == all {
        let round = report.running;
        report.last = round;
        report.running = Attested { round: round.round, ..Attested::default() };
        emit!(SolvencyAttested {
            vault: vault_key,
            round: round.round,
            first_slot: round.first_slot,
            last_slot: round.last_slot,
            assets: round.assets,
            claims: round.claims,
            deposits: round.deposits,
            unique_collateral: round.unique_collateral,
            worst_shortfall: round.worst_shortfall,
            oldest_price_at: round.oldest_price_at,
            failing: round.failing,
        });
    }
    Ok(())
}

fn look_at(round: &mut Attested, reserve: &Reserve, held: TokenAmount, clock: &Clock) {
    let bit = 1u32.checked_shl(u32::from(reserve.index)).unwrap_or(0);
    if round.covered & bit != 0 {
        return;
    }
    round.covered |= bit;
    let (ledger, losses) = reserve.accrued(now(clock));
    let spot = reserve.price.spot.as_risk();
    let worth =
        |amount: u128| spot.value_down(TokenAmount(u64::try_from(amount).unwrap_or(u64::MAX))).clamp_u64();
    let debt = u128::from(ledger.total_debt_up().0);
    let shortfall = losses.shortfall(&ledger, held);
    round.assets = round.assets.saturating_add(worth(debt.saturating_add(u128::from(held.0))));
    round.claims = round
        .claims
        .saturating_add(worth(ledger.claims_up().saturating_add(u128::from(losses.recovery.pending))));
    round.deposits = round.deposits.saturating_add(worth(u128::from(ledger.total_deposits_down().0)));
    round.unique_collateral = round.unique_collateral.saturating_add(worth(u128::from(held.0)));
    if shortfall > 0 {
        round.failing |= bit;
        // at least a micro-USD, so that a shortfall without a price still shows
        let value = spot.value_up(TokenAmount(shortfall)).max(Usd(1)).clamp_u64();
        round.worst_shortfall = round.worst_shortfall.max(value);
    }
    round.oldest_price_at = round.oldest_price_at.min(reserve.price.publish_time);
}

/// Trips the vault's breaker for a shortfall.
fn trip(vault: &AccountLoader<Vault>, shortfall: u64, clock: &Clock) -> Result<()> {
    let key = vault.key();
    let mut vault = load_vault_mut(vault)?;
    let evidence = VaultEvidence::Attestation { shortfall: Usd(i128::from(shortfall)) };
    let (breaker, thresholds) = (vault.breaker.as_risk(), vault.thresholds.as_risk());
    let transition = breaker.trip_vault(thresholds, &evidence, now(clock)).named()?;
    apply_to_vault(&mut vault, &key, &transition);
    Ok(())
}
