//! What breakers say to an instruction, and the signals that ordinary instructions notice on their way.

use crate::{
    error::{BallastError, Named},
    event::BreakerChanged,
    oracle::now,
    state::{Reserve, Vault},
    tokens::is_frozen,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::TokenAccount;
use ballast_risk::{
    breaker::{self, allows, Action, Cause, Change, Permission, ReserveEvidence, State, Transition},
    Seconds, TokenAmount,
};

/// One dollar, parts per billion.
const PEG: u64 = 1_000_000_000;

/// What the vault's and a reserve's breakers say to an action on that reserve. Errors with
/// [`BallastError::NotInThisState`] where they refuse it.
pub fn permission(action: Action, vault: &Vault, reserve: &Reserve, now: Seconds) -> Result<Permission> {
    let vault = vault.breaker.as_risk().state_at(now);
    let permission = allows(action, vault, reserve.breaker.as_risk().state_at(now));
    require!(permission.is_allowed(), BallastError::NotInThisState);
    Ok(permission)
}

/// Whether new debt may be taken against deposits of this reserve. The vault's own breaker is asked about the debt.
pub fn lends_against(reserve: &Reserve, now: Seconds) -> bool {
    let state = reserve.breaker.as_risk().state_at(now);
    allows(Action::LendAgainst, State::Normal, state).is_allowed()
}

/// Both breakers together, for the rules of leaving.
pub fn restriction(vault: &Vault, reserve: &Reserve, now: Seconds) -> breaker::Restriction {
    breaker::restriction(vault.breaker.as_risk(), reserve.breaker.as_risk(), now)
}

/// Trips a reserve's breaker if the evidence is a signal, and says so; otherwise nothing happens.
pub fn notice(reserve: &mut Reserve, key: &Pubkey, evidence: &ReserveEvidence, now: Seconds) {
    if let Ok(transition) =
        reserve.breaker.as_risk().trip_reserve(reserve.thresholds.as_risk(), evidence, now)
    {
        apply(reserve, key, &transition);
    }
}

/// Looks at a price that was just taken as every signal that it can be, then writes it into the trail of jumps.
pub fn notice_price(reserve: &mut Reserve, key: &Pubkey, numeraire_group: u8, now: Seconds) {
    for signal in PRICE_SIGNALS {
        if let Some(evidence) = price_evidence(reserve, signal, numeraire_group) {
            notice(reserve, key, &evidence, now);
        }
    }
    let (spot, published_at) = (*reserve.price.spot.as_risk(), reserve.price.publish_time);
    let window = Seconds::from(reserve.thresholds.jump_window);
    reserve.trail = reserve.trail.as_risk().note(spot, published_at, window).into();
}

/// The signals that a price shows.
const PRICE_SIGNALS: [Cause; 4] = [Cause::Average, Cause::Confidence, Cause::Jump, Cause::Rate];

/// A reserve's stored price as evidence. `None` for causes that a price does not show, and for the rate of an asset that has
/// neither a rate feed nor a peg. What counts as a peg is one dollar, for the group of the unit of account: a signal, never a price.
pub fn price_evidence(reserve: &Reserve, cause: Cause, numeraire_group: u8) -> Option<ReserveEvidence> {
    let price = &reserve.price;
    let published_at = price.publish_time;
    let spot = u64::try_from(price.price).ok()?;
    match cause {
        Cause::Average => {
            Some(ReserveEvidence::Average { spot, average: u64::try_from(price.ema).ok()?, published_at })
        }
        Cause::Confidence => {
            Some(ReserveEvidence::Confidence { confidence: price.confidence, spot, published_at })
        }
        Cause::Jump => Some(ReserveEvidence::Jump {
            spot: *price.spot.as_risk(),
            trail: *reserve.trail.as_risk(),
            published_at,
        }),
        Cause::Rate if reserve.source.is_composed() => {
            let [_, rate] = reserve.source.quotes;
            let market = rate.observation().ppb_down()?;
            Some(ReserveEvidence::Rate { market, rate: reserve.source.anchor.rate, published_at })
        }
        Cause::Rate if reserve.risk.group == numeraire_group => {
            let market = reserve.observation().ppb_down()?;
            Some(ReserveEvidence::Rate { market, rate: PEG, published_at })
        }
        _ => None,
    }
}

/// Trips a reserve's breaker. Errors where the evidence is no signal, or only one that holds already.
pub fn trip(reserve: &mut Reserve, key: &Pubkey, evidence: &ReserveEvidence, now: Seconds) -> Result<()> {
    let transition =
        reserve.breaker.as_risk().trip_reserve(reserve.thresholds.as_risk(), evidence, now).named()?;
    require!(transition.change != Change::Nothing, BallastError::NoSignal);
    apply(reserve, key, &transition);
    Ok(())
}

/// Stores a reserve's breaker after a transition and says so.
pub fn apply(reserve: &mut Reserve, key: &Pubkey, transition: &Transition) {
    if transition.change == Change::Nothing {
        return;
    }
    reserve.breaker = transition.breaker.into();
    announce(reserve.vault, Some(*key), transition);
}

/// Stores a vault's breaker after a transition and says so.
pub fn apply_to_vault(vault: &mut Vault, key: &Pubkey, transition: &Transition) {
    if transition.change == Change::Nothing {
        return;
    }
    vault.breaker = transition.breaker.into();
    announce(*key, None, transition);
}

#[inline(never)]
fn announce(vault: Pubkey, reserve: Option<Pubkey>, transition: &Transition) {
    emit!(BreakerChanged {
        vault,
        reserve,
        change: transition.change as u8,
        from: transition.from as u8,
        to: transition.to as u8,
        cause: transition.reading.cause as u8,
        measured: transition.reading.measured,
        limit: transition.reading.limit,
        observed_at: transition.reading.observed_at,
        expires_at: transition.breaker.expires_at,
    });
}

/// The vault's breaker, to be changed. Errors with [`BallastError::VaultNotWritable`] where the transaction only reads the vault.
pub fn load_vault_mut<'a>(vault: &'a AccountLoader<Vault>) -> Result<core::cell::RefMut<'a, Vault>> {
    require!(vault.to_account_info().is_writable, BallastError::VaultNotWritable);
    vault.load_mut()
}

/// Looks at a reserve's token account before its tokens move: notices a deficit, and an account that its issuer has frozen or thawed.
/// More tokens than booked change nothing.
pub fn look_at_tokens(
    reserve: &mut Reserve,
    key: &Pubkey,
    tokens: &InterfaceAccount<TokenAccount>,
    clock: &Clock,
) -> Result<()> {
    let now = now(clock);
    if is_frozen(tokens) != (reserve.frozen_since > 0) {
        // Interest is booked up to here by the rule that held until now.
        let ledger = reserve.bring_up(now);
        reserve.store(ledger)?;
        reserve.frozen_since = if is_frozen(tokens) { now } else { 0 };
        emit!(crate::event::TokensFrozen { vault: reserve.vault, reserve: *key, frozen: is_frozen(tokens) });
    }
    let booked = reserve.books.free_tokens;
    if tokens.amount < booked {
        let evidence =
            ReserveEvidence::Deficit { held: TokenAmount(tokens.amount), booked: TokenAmount(booked) };
        notice(reserve, key, &evidence, now);
    }
    Ok(())
}

/// Refuses to take in deposits or lend where tokens are missing; whoever sees it can trip the breaker.
pub fn refuse_deficit(reserve: &Reserve, tokens: &InterfaceAccount<TokenAccount>) -> Result<()> {
    require!(tokens.amount >= reserve.books.free_tokens, BallastError::TokensMissing);
    Ok(())
}
