//! `propose_change`: writes down a change of a vault's or a reserve's parameters, for everyone to see before it counts.
//!
//! 1. Only the curator, who pays the rent of the change's account and gets it back when the change is executed or cancelled.
//! 2. The change passes its compiled bounds and changes something. Whether it fits the rest of the vault is looked at when it is
//!    executed, since other changes may come before.
//! 3. Its clock starts, with the vault's timelock of now: also for what takes effect at once, so that it expires like the others. A
//!    clock of what may loosen stands still outside Normal.
//! 4. A reopening is proposed only in WindDown, so that nobody keeps one ready.
//! 5. A transaction that advances a durable nonce is refused. Emits [`ChangeProposed`].

use crate::{
    constants::*,
    error::{BallastError, Named},
    event::ChangeProposed,
    governance::{classify, clock_of, outside_normal, ramp_of, refuse_durable_nonce, INSTRUCTIONS},
    oracle::now,
    state::*,
};
use anchor_lang::prelude::*;
use ballast_risk::change::{self as rules, Class};

/// Accounts of `propose_change`.
#[derive(Accounts)]
pub struct ProposeChange<'info> {
    /// The vault's curator; pays the rent.
    #[account(mut)]
    pub curator: Signer<'info>,
    /// The vault.
    #[account(mut, has_one = curator @ BallastError::NotCurator)]
    pub vault: AccountLoader<'info, Vault>,
    /// The reserve that the change is about; none for the vault.
    pub reserve: Option<AccountLoader<'info, Reserve>>,
    /// The new change.
    #[account(
        init, payer = curator, space = Change::SPACE,
        seeds = [CHANGE_SEED, vault.key().as_ref(), &vault.load()?.last_change.saturating_add(1).to_le_bytes()], bump
    )]
    pub change: Box<Account<'info, Change>>,
    /// CHECK: the instructions sysvar, by its address.
    #[account(address = INSTRUCTIONS)]
    pub instructions: UncheckedAccount<'info>,
    /// Creates the account.
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<ProposeChange>, proposed: ProposedChange) -> Result<()> {
    let accounts = ctx.accounts;
    refuse_durable_nonce(&accounts.instructions)?;
    let now = now(&Clock::get()?);
    let key = accounts.vault.key();
    let mut vault = accounts.vault.load_mut()?;
    vault.check_version()?;
    require!(accounts.reserve.is_some() == proposed.is_about_reserve(), BallastError::WrongTarget);
    let (class, outside) = match &accounts.reserve {
        Some(account) => {
            let reserve = account.load()?;
            reserve.check(&key)?;
            let class = classify(&proposed, &vault, Some(&reserve), now)?;
            (class, outside_normal(&vault, Some(&reserve), now))
        }
        None => (classify(&proposed, &vault, None, now)?, outside_normal(&vault, None, now)),
    };
    require!(class != Class::Nothing, BallastError::ChangesNothing);
    if let ProposedChange::Model { ramp_seconds, .. } | ProposedChange::Asset { ramp_seconds, .. } = &proposed
    {
        ramp_of(class, *ramp_seconds, now)?;
    }
    vault.last_change = vault.last_change.saturating_add(1);

    let change = &mut accounts.change;
    change.version = STATE_VERSION;
    change.bump = ctx.bumps.change;
    change.number = vault.last_change;
    change.vault = key;
    change.proposer = accounts.curator.key();
    change.reserve = accounts.reserve.as_ref().map(|reserve| reserve.key());
    change.timelock = rules::Timelock::start(clock_of(class), vault.timelock, now, outside).named()?.into();
    change.class = class.into();
    change.proposed = proposed;
    announce(change);
    Ok(())
}

#[inline(never)]
fn announce(change: &Account<Change>) {
    emit!(ChangeProposed {
        vault: change.vault,
        change: change.key(),
        number: change.number,
        proposer: change.proposer,
        reserve: change.reserve,
        class: change.class,
        timelock: change.timelock,
        proposed: change.proposed.clone(),
    });
}
