//! How a change that may be executed takes effect.

use super::parameters::{check_reserve_fits, source};
use crate::{
    error::{BallastError, Named},
    guard,
    oracle::now,
    state::*,
};
use anchor_lang::prelude::*;
use ballast_risk::{change::Class, ramp, Seconds};

/// The ramp that a change of this class takes from now on: none where it needs none, whatever its proposer asked for. Errors with
/// [`BallastError::RampTooFast`] where `asked` is shorter than what the change needs.
pub fn ramp_of(class: Class, asked: Seconds, now: Seconds) -> Result<Ramp> {
    match class {
        Class::TimelockAndRamp(_, needed) => Ok(ramp::Ramp::new(now, asked, needed).named()?.into()),
        _ => Ok(Ramp::default()),
    }
}

/// Writes the change into the vault and, where it is about one, the reserve. `reserves`: for a model, all of the vault's, in
/// its order. Ramps that have ended are forgotten on the way.
///
/// Errors: [`BallastError::RampRuns`], [`BallastError::RampTooFast`], [`BallastError::GroupCap`], a parameter error where an asset
/// does not fit the model, [`BallastError::WrongVaultReserves`], [`BallastError::NoReserves`].
#[inline(never)]
pub fn apply<'info>(
    proposed: &ProposedChange,
    class: Class,
    vault: (&Pubkey, &mut Vault),
    reserve: Option<(&Pubkey, &mut Reserve)>,
    reserves: &'info [AccountInfo<'info>],
    clock: &Clock,
) -> Result<()> {
    let (key, vault) = vault;
    vault.tidy_ramp(now(clock));
    match reserve {
        Some(reserve) => {
            reserve.1.tidy_ramp(now(clock));
            to_reserve(proposed, class, vault, reserve, now(clock))
        }
        None => to_vault(proposed, class, (key, vault), reserves, now(clock)),
    }
}

fn to_vault<'info>(
    proposed: &ProposedChange,
    class: Class,
    (key, vault): (&Pubkey, &mut Vault),
    reserves: &'info [AccountInfo<'info>],
    now: Seconds,
) -> Result<()> {
    match proposed {
        ProposedChange::Model { model, ramp_seconds } => {
            require!(!vault.ramp.runs_at(now), BallastError::RampRuns);
            let ramp = ramp_of(class, *ramp_seconds, now)?;
            if ramp.duration > 0 {
                (vault.ramp, vault.model_before) = (ramp, vault.model);
            }
            vault.model = *model;
            return check_all_fit(key, vault, reserves, now);
        }
        ProposedChange::Rules(new) => vault.rules = *new,
        ProposedChange::VaultCaps(new) => vault.caps = *new,
        ProposedChange::VaultThresholds(new) => vault.thresholds = *new,
        ProposedChange::Timelock(seconds) => vault.timelock = *seconds,
        ProposedChange::Curator(new) => vault.curator = *new,
        ProposedChange::Guardian(new) => vault.guardian = *new,
        ProposedChange::FeeRecipient(new) => vault.fee_recipient = *new,
        ProposedChange::Fund { reserve, rules } => {
            (vault.fund_reserve, vault.fund_rules) = (*reserve, *rules)
        }
        ProposedChange::Open => {
            require!(vault.reserve_count > 0, BallastError::NoReserves);
            vault.opened_at = now;
        }
        ProposedChange::VaultReopen => {
            let guarded = Seconds::from(vault.thresholds.guarded_seconds);
            let transition = vault.breaker.as_risk().reopen(guarded, now).named()?;
            guard::apply_to_vault(vault, key, &transition);
        }
        ProposedChange::AddReserve { .. } => return err!(BallastError::ExecutedByAddReserve),
        _ => return err!(BallastError::WrongTarget),
    }
    Ok(())
}

fn to_reserve(
    proposed: &ProposedChange,
    class: Class,
    vault: &mut Vault,
    (key, reserve): (&Pubkey, &mut Reserve),
    now: Seconds,
) -> Result<()> {
    match proposed {
        ProposedChange::Asset { risk, ramp_seconds } => {
            require!(!reserve.ramp.runs_at(now), BallastError::RampRuns);
            let ramp = ramp_of(class, *ramp_seconds, now)?;
            if ramp.duration > 0 {
                (reserve.ramp, reserve.risk_before) = (ramp, reserve.risk);
            }
            let exposure = reserve.caps.exposure;
            if risk.group != reserve.risk.group {
                hand_out(vault, reserve.risk.group, exposure, 0)?;
                hand_out(vault, risk.group, 0, exposure)?;
            }
            reserve.risk = *risk;
            return check_reserve_fits(vault, reserve, now);
        }
        ProposedChange::Curve(new) => reserve.curve = *new,
        ProposedChange::Rates(new) => {
            let ledger = reserve.bring_up(now);
            reserve.rates = *new;
            reserve.store(ledger)?;
        }
        ProposedChange::Split(new) => {
            let ledger = reserve.bring_up(now);
            reserve.split = *new;
            reserve.store(ledger)?;
        }
        ProposedChange::ReserveCaps(new) => {
            hand_out(vault, reserve.risk.group, reserve.caps.exposure, new.exposure)?;
            reserve.caps = *new;
        }
        ProposedChange::Flows(new) => reserve.flow_rules = *new,
        ProposedChange::ReserveThresholds(new) => reserve.thresholds = *new,
        ProposedChange::Borrowable(new) => reserve.borrowable = u8::from(*new),
        ProposedChange::Oracle(new) => {
            reserve.confidence_factor = new.confidence_factor;
            reserve.max_confidence = new.max_confidence;
            reserve.size_charge = new.size_charge;
            change_feeds(reserve, new, now);
        }
        ProposedChange::Reopen => {
            let guarded = Seconds::from(reserve.thresholds.guarded_seconds);
            let transition = reserve.breaker.as_risk().reopen(guarded, now).named()?;
            guard::apply(reserve, key, &transition);
        }
        _ => return err!(BallastError::WrongTarget),
    }
    Ok(())
}

/// A feed that stays keeps its quote; a new one has none, and takes only what is published from now on: signed updates of years ago can
/// still be posted, and whoever executes a change must not choose among them. The price, which grows old, counts until the next refresh;
/// that one looks at a jump between the feeds as at any other.
fn change_feeds(reserve: &mut Reserve, config: &OracleConfig, now: Seconds) {
    let before = reserve.source;
    let mut next = source(config, now);
    let feeds = [(before.feed_id, next.feed_id), (before.rate_feed_id, next.rate_feed_id)];
    for ((quote, kept), (from, to)) in next.quotes.iter_mut().zip(before.quotes).zip(feeds) {
        *quote = if from == to { kept } else { Quote { publish_time: now, ..Quote::default() } };
    }
    if OracleConfig::of(reserve).rate == config.rate {
        next.anchor = before.anchor;
    }
    reserve.source = next;
}

fn hand_out(vault: &mut Vault, group: u8, old: u64, new: u64) -> Result<()> {
    let parts = vault.parts.as_risk().hand_out(vault.caps.as_risk(), group, old, new).named()?;
    vault.parts = parts.into();
    Ok(())
}

/// Checks every asset of the vault against its model.
fn check_all_fit<'info>(
    key: &Pubkey,
    vault: &Vault,
    reserves: &'info [AccountInfo<'info>],
    now: Seconds,
) -> Result<()> {
    let listed = vault.reserves.get(..usize::from(vault.reserve_count)).unwrap_or(&[]);
    require!(reserves.len() == listed.len(), BallastError::WrongVaultReserves);
    for (expected, account) in listed.iter().zip(reserves) {
        require_keys_eq!(*account.key, *expected, BallastError::WrongVaultReserves);
        let loader = AccountLoader::<Reserve>::try_from(account)?;
        let reserve = loader.load()?;
        reserve.check(key)?;
        check_reserve_fits(vault, &reserve, now)?;
    }
    Ok(())
}
