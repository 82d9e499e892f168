//! `execute_change`: lets a proposed change take effect. Permissionless once it is ripe; what takes effect at once, the curator
//! executes without waiting.
//!
//! 1. What the change is, is asked again, against what counts now. What has become slower since waits as the slower class does, and
//!    what needs a longer ramp than was proposed is refused.
//! 2. Its clock must have run out, by the stricter of both classes, and at most three days ago. The breakers' table is asked:
//!    what may loosen waits for Normal, a reopening for the WindDown that it was proposed in.
//! 3. Bounds, group parts and the fit of assets and model are checked again. A model takes all reserves of the vault as
//!    remaining accounts, in its order. No ramp starts while another one of the same parameters runs.
//! 4. A new curator signs its own appointment, so that a vault is never handed to a key that nobody has.
//! 5. A transaction that advances a durable nonce is refused. The account's rent returns to the proposer. Emits [`ChangeExecuted`].

use crate::{
    error::BallastError,
    event::ChangeExecuted,
    governance::{apply, check_may_execute, classify, refuse_durable_nonce, INSTRUCTIONS},
    oracle::now,
    state::*,
};
use anchor_lang::prelude::*;
use ballast_risk::change::Class;

/// Accounts of `execute_change`.
#[derive(Accounts)]
pub struct ExecuteChange<'info> {
    /// Anyone; the curator for what takes effect at once, the new curator for its own appointment.
    pub executor: Signer<'info>,
    /// The vault.
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    /// The reserve that the change is about; none for the vault.
    #[account(mut)]
    pub reserve: Option<AccountLoader<'info, Reserve>>,
    /// The change.
    #[account(
        mut, close = proposer, has_one = vault @ BallastError::WrongVault, has_one = proposer @ BallastError::NotTheProposer
    )]
    pub change: Box<Account<'info, Change>>,
    /// CHECK: who proposed the change, by the change itself; gets the rent.
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
    /// CHECK: the instructions sysvar, by its address.
    #[account(address = INSTRUCTIONS)]
    pub instructions: UncheckedAccount<'info>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, ExecuteChange<'info>>) -> Result<()> {
    let accounts = ctx.accounts;
    let clock = Clock::get()?;
    let key = accounts.vault.key();
    refuse_durable_nonce(&accounts.instructions)?;
    let change = &accounts.change;
    change.check_version()?;
    let reserve_key = accounts.reserve.as_ref().map(|reserve| reserve.key());
    let mut vault = accounts.vault.load_mut()?;
    vault.check_version()?;
    let by_curator = accounts.executor.key() == vault.curator;
    if let ProposedChange::Curator(new) = &change.proposed {
        require_keys_eq!(accounts.executor.key(), *new, BallastError::NotTheNewCurator);
    }
    let before = match &accounts.reserve {
        Some(account) => {
            let reserve = &mut *account.load_mut()?;
            reserve.check(&key)?;
            require!(reserve_key == change.reserve, BallastError::WrongTarget);
            let class = looked_at_again(change, &vault, Some(reserve), by_curator, now(&clock))?;
            let before = change.proposed.present_in_reserve(reserve);
            apply(
                &change.proposed,
                class,
                (&key, &mut vault),
                Some((&account.key(), reserve)),
                ctx.remaining_accounts,
                &clock,
            )?;
            before
        }
        None => {
            require!(change.reserve.is_none(), BallastError::WrongTarget);
            let class = looked_at_again(change, &vault, None, by_curator, now(&clock))?;
            let before = change.proposed.present_in_vault(&vault);
            apply(&change.proposed, class, (&key, &mut vault), None, ctx.remaining_accounts, &clock)?;
            before
        }
    };
    let ramp = match (&accounts.reserve, &change.proposed) {
        (None, ProposedChange::Model { .. }) => vault.ramp,
        (Some(account), ProposedChange::Asset { .. }) => account.load()?.ramp,
        _ => Ramp::default(),
    };
    announce(change, accounts.executor.key(), ramp, before);
    Ok(())
}

#[inline(never)]
fn looked_at_again(
    change: &Change,
    vault: &Vault,
    reserve: Option<&Reserve>,
    by_curator: bool,
    now: u64,
) -> Result<Class> {
    let class = classify(&change.proposed, vault, reserve, now)?;
    require!(class != Class::Nothing, BallastError::ChangesNothing);
    check_may_execute(change, class, vault, reserve, by_curator, now)?;
    Ok(class)
}

/// Says what a change replaced.
#[inline(never)]
pub(super) fn announce(
    change: &Account<Change>,
    executor: Pubkey,
    ramp: Ramp,
    before: Option<Box<ProposedChange>>,
) {
    emit!(ChangeExecuted {
        vault: change.vault,
        change: change.key(),
        number: change.number,
        executor,
        reserve: change.reserve,
        ramp,
        before: before.map(|before| *before),
        after: change.proposed.clone(),
    });
}
