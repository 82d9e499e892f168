//! What the governance instructions have in common: what a change is, when it may take effect, and which transactions they
//! refuse.

mod apply;
mod parameters;

pub use apply::{apply, ramp_of};
pub use parameters::{check_reserve_config, check_reserve_fits, source};

use crate::{
    error::{BallastError, Named},
    state::{Change, OracleConfig, ProposedChange, Reserve, Vault},
};
use anchor_lang::prelude::*;
use ballast_risk::{
    breaker::{allows, Action, Cause, State},
    change::{self as rules, Class, Clock as ChangeClock, MAX_TIMELOCK, MIN_TIMELOCK},
    refusal::Refusal,
    Seconds,
};

/// The instructions of the running transaction.
pub const INSTRUCTIONS: Pubkey = pubkey!("Sysvar1nstructions1111111111111111111111111");
/// `AdvanceNonceAccount` of the system program, as its instructions begin.
const ADVANCE_NONCE: [u8; 4] = 4u32.to_le_bytes();

/// Refuses a transaction that advances a durable nonce: signed once, it could land years later, when its signers think that
/// they have long changed their minds. The runtime takes a nonce only in the transaction's first instruction. The sysvar
/// shows the whole transaction, so this also holds for whoever calls by CPI, a multisig say.
///
/// `instructions` is the instructions sysvar; the accounts' constraint checks its address.
#[inline(never)]
pub fn refuse_durable_nonce(instructions: &AccountInfo) -> Result<()> {
    let data = instructions.try_borrow_data()?;
    let advances = first_instruction(&data).is_some_and(|(program, data)| {
        program == system_program::ID.as_ref() && data.starts_with(&ADVANCE_NONCE)
    });
    require!(!advances, BallastError::DurableNonce);
    Ok(())
}

/// Program and data of the first instruction in the sysvar: a count, the offsets, then each instruction as its accounts (one
/// byte of flags and the key), program and data, with 16-bit lengths.
fn first_instruction(sysvar: &[u8]) -> Option<(&[u8], &[u8])> {
    let number = |at: usize| {
        let bytes = sysvar.get(at..at.checked_add(2)?)?;
        bytes.try_into().ok().map(|bytes| usize::from(u16::from_le_bytes(bytes)))
    };
    let start = number(2)?;
    let accounts = number(start)?.checked_mul(33)?;
    let program = start.checked_add(2)?.checked_add(accounts)?;
    let length = program.checked_add(32)?;
    let data = length.checked_add(2)?;
    Some((sysvar.get(program..length)?, sysvar.get(data..data.checked_add(number(length)?)?)?))
}

/// Compares a change with what counts now: checks its compiled bounds and says how it takes effect.
///
/// `reserve` is the one that it is about. Errors: a parameter beyond its bounds; [`BallastError::OnlyWhenUnused`];
/// [`BallastError::NotWindingDown`] for a reopening; [`BallastError::NobodyNamed`]; [`BallastError::WrongVault`] for a fund in
/// what is no reserve of the vault; [`BallastError::WrongTarget`].
#[inline(never)]
pub fn classify(
    proposed: &ProposedChange,
    vault: &Vault,
    reserve: Option<&Reserve>,
    now: Seconds,
) -> Result<Class> {
    match reserve {
        Some(reserve) => classify_for_reserve(proposed, reserve, now),
        None => classify_for_vault(proposed, vault, now),
    }
}

fn classify_for_vault(proposed: &ProposedChange, vault: &Vault, now: Seconds) -> Result<Class> {
    let change = match proposed {
        ProposedChange::Model { model, .. } => rules::Change::Model(vault.model.as_risk(), model.as_risk()),
        ProposedChange::Rules(new) => rules::Change::Rules(vault.rules.as_risk(), new.as_risk()),
        ProposedChange::VaultCaps(new) => rules::Change::VaultCaps(vault.caps.as_risk(), new.as_risk()),
        ProposedChange::VaultThresholds(new) => {
            rules::Change::VaultThresholds(vault.thresholds.as_risk(), new.as_risk())
        }
        ProposedChange::Timelock(seconds) => {
            require!((MIN_TIMELOCK..=MAX_TIMELOCK).contains(seconds), BallastError::InvalidParameter);
            other(vault.timelock == *seconds)
        }
        ProposedChange::Curator(new) => return role(&vault.curator, new),
        ProposedChange::FeeRecipient(new) => return role(&vault.fee_recipient, new),
        ProposedChange::Guardian(new) => other(vault.guardian == *new),
        ProposedChange::Open => {
            return Ok(if vault.opened_at == 0 { Class::AtOnce } else { Class::Nothing });
        }
        ProposedChange::AddReserve { config, .. } => {
            check_reserve_config(config)?;
            rules::Change::Other
        }
        ProposedChange::VaultReopen => {
            check_winds_down(vault.breaker.as_risk().state_at(now))?;
            rules::Change::Reopening
        }
        ProposedChange::Fund { reserve, rules } => {
            rules.as_risk().validate().named()?;
            let listed = vault.reserves.get(..usize::from(vault.reserve_count)).unwrap_or(&[]);
            require!(listed.contains(reserve), BallastError::WrongVault);
            other(vault.has_fund == 1 || (vault.fund_reserve, vault.fund_rules) == (*reserve, *rules))
        }
        _ => return err!(BallastError::WrongTarget),
    };
    change.classify().named()
}

fn classify_for_reserve(proposed: &ProposedChange, reserve: &Reserve, now: Seconds) -> Result<Class> {
    let change = match proposed {
        ProposedChange::Asset { risk, .. } => {
            rules::Change::Asset(reserve.risk.as_risk(), risk.as_risk(), in_use(reserve))
        }
        ProposedChange::Curve(new) => rules::Change::Curve(reserve.curve.as_risk(), new.as_risk()),
        ProposedChange::Rates(new) => rules::Change::Rates(reserve.rates.as_risk(), new.as_risk()),
        ProposedChange::Split(new) => rules::Change::Split(reserve.split.as_risk(), new.as_risk()),
        ProposedChange::ReserveCaps(new) => rules::Change::ReserveCaps(reserve.caps.as_risk(), new.as_risk()),
        ProposedChange::Flows(new) => rules::Change::Flows(reserve.flow_rules.as_risk(), new.as_risk()),
        ProposedChange::ReserveThresholds(new) => {
            rules::Change::ReserveThresholds(reserve.thresholds.as_risk(), new.as_risk())
        }
        ProposedChange::Borrowable(new) => rules::Change::Borrowable(reserve.borrowable != 0, *new),
        ProposedChange::Oracle(new) => {
            new.check()?;
            // Every position remembers how many price accounts it reads, so that an obligation stays within its bound.
            let composes = new.rate.is_some() != reserve.source.is_composed();
            require!(!(composes && in_use(reserve)), BallastError::OnlyWhenUnused);
            match OracleConfig::of(reserve) == *new {
                false if is_feed_broken(reserve, now) => rules::Change::Mending,
                same => other(same),
            }
        }
        ProposedChange::Reopen => {
            check_winds_down(reserve.breaker.as_risk().state_at(now))?;
            rules::Change::Reopening
        }
        _ => return err!(BallastError::WrongTarget),
    };
    change.classify().named()
}

/// Anything else that is a change at all waits in both directions.
fn other(same: bool) -> rules::Change<'static> {
    if same {
        rules::Change::Borrowable(false, false)
    } else {
        rules::Change::Other
    }
}

fn role(old: &Pubkey, new: &Pubkey) -> Result<Class> {
    require!(*new != Pubkey::default(), BallastError::NobodyNamed);
    other(old == new).classify().named()
}

fn check_winds_down(state: State) -> Result<()> {
    require!(state == State::WindDown, BallastError::NotWindingDown);
    Ok(())
}

/// Whether anyone holds or owes the asset.
fn in_use(reserve: &Reserve) -> bool {
    let books = &reserve.books;
    [reserve.deposit_positions, reserve.debt_positions, books.deposit_shares, books.debt_shares] != [0; 4]
}

/// Whether a reserve's feed is so long silent that it halts the reserve, or its rate is not believed: by itself it leaves Normal again and
/// again, and only another feed, or another idea of the rate, ends that.
fn is_feed_broken(reserve: &Reserve, now: Seconds) -> bool {
    let age = now.saturating_sub(reserve.price.publish_time);
    let breaker = reserve.breaker.as_risk();
    let disbelieved = breaker.state_at(now) != State::Normal && breaker.cause == Cause::Rate as u8;
    age >= Seconds::from(reserve.thresholds.stale_halts) || disbelieved
}

/// The clock that a class runs by. What takes effect at once has one as well: by it anyone may execute it, and it expires.
pub fn clock_of(class: Class) -> ChangeClock {
    match class {
        Class::Timelock(clock) | Class::TimelockAndRamp(clock, _) => clock,
        Class::Nothing | Class::AtOnce => ChangeClock::Always,
    }
}

/// Seconds outside Normal up to now, by which loosening clocks stand still: the vault's, and the reserve's for a change of one.
pub fn outside_normal(vault: &Vault, reserve: Option<&Reserve>, now: Seconds) -> [Seconds; 2] {
    let reserve = reserve.map_or(0, |reserve| reserve.breaker.as_risk().outside_normal_at(now));
    [vault.breaker.as_risk().outside_normal_at(now), reserve]
}

/// Whether a change of this class may be executed now: by the breakers' table and by its clock, the stricter of what it was
/// when it was proposed and of what it is now. The curator need not wait for what takes effect at once.
///
/// Errors: [`BallastError::NotInThisState`], [`BallastError::NotRipe`], [`BallastError::ChangeExpired`],
/// [`BallastError::ProposedBeforeWindDown`].
#[inline(never)]
pub fn check_may_execute(
    change: &Change,
    class: Class,
    vault: &Vault,
    reserve: Option<&Reserve>,
    by_curator: bool,
    now: Seconds,
) -> Result<()> {
    let breaker = reserve.map_or(&vault.breaker, |reserve| &reserve.breaker);
    let reopens = matches!(change.proposed, ProposedChange::Reopen | ProposedChange::VaultReopen);
    let clock = clock_of(class);
    let action = match clock {
        _ if reopens => Action::ExecuteReopening,
        ChangeClock::Always => Action::ExecuteTightening,
        ChangeClock::InNormal => Action::ExecuteLoosening,
    };
    let state_of_reserve = reserve.map_or(State::Normal, |reserve| reserve.breaker.as_risk().state_at(now));
    let allowed = allows(action, vault.breaker.as_risk().state_at(now), state_of_reserve).is_allowed();
    require!(allowed, BallastError::NotInThisState);
    if reopens {
        require!(breaker.entered_at <= change.timelock.proposed_at, BallastError::ProposedBeforeWindDown);
    }
    match change.timelock.as_risk().check_ripe(clock, now, outside_normal(vault, reserve, now)) {
        Err(Refusal::NotRipe) if class == Class::AtOnce && by_curator => Ok(()),
        ripe => ripe.named(),
    }
}

#[cfg(test)]
mod tests {
    use super::first_instruction;

    /// A sysvar with one instruction of two accounts.
    fn sysvar(program: [u8; 32], data: &[u8]) -> Vec<u8> {
        let length = |length: usize| (length as u16).to_le_bytes();
        [&length(1)[..], &length(4), &length(2), &[7; 66], &program, &length(data.len()), data, &length(0)]
            .concat()
    }

    #[test]
    fn the_first_instruction_is_found_and_nothing_in_a_shorter_account() {
        let whole = sysvar([5; 32], &[4, 0, 0, 0]);
        assert_eq!(first_instruction(&whole), Some((&[5; 32][..], &[4, 0, 0, 0][..])));
        for cut in 0..whole.len() - 2 {
            assert_eq!(first_instruction(&whole[..cut]), None, "{cut}");
        }
    }
}
