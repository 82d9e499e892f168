//! Events of governance.

use crate::state::{ChangeClass, ProposedChange, Ramp, Timelock};
use anchor_lang::prelude::*;

/// A change was proposed.
#[event]
#[derive(Clone, Debug)]
pub struct ChangeProposed {
    /// The vault.
    pub vault: Pubkey,
    /// The change's account.
    pub change: Pubkey,
    /// Its number in the vault.
    pub number: u64,
    /// Who proposed it.
    pub proposer: Pubkey,
    /// The reserve that it is about; `None` for the vault.
    pub reserve: Option<Pubkey>,
    /// How it takes effect, as things stand.
    pub class: ChangeClass,
    /// Its clock.
    pub timelock: Timelock,
    /// What it changes.
    pub proposed: ProposedChange,
}

/// A change took effect, or began to along its ramp.
#[event]
#[derive(Clone, Debug)]
pub struct ChangeExecuted {
    /// The vault.
    pub vault: Pubkey,
    /// The change's account, which is closed.
    pub change: Pubkey,
    /// Its number in the vault.
    pub number: u64,
    /// Who executed it.
    pub executor: Pubkey,
    /// The reserve that it is about; `None` for the vault.
    pub reserve: Option<Pubkey>,
    /// When it counts in full; zeros for now.
    pub ramp: Ramp,
    /// What counted before, as the change that would restore it; `None` where nothing was replaced: opening, reopening, a new
    /// reserve.
    pub before: Option<ProposedChange>,
    /// What counts now, or after the ramp.
    pub after: ProposedChange,
}

/// A change was taken back.
#[event]
#[derive(Clone, Debug)]
pub struct ChangeCancelled {
    /// The vault.
    pub vault: Pubkey,
    /// The change's account, which is closed.
    pub change: Pubkey,
    /// Its number in the vault.
    pub number: u64,
    /// Who cancelled it.
    pub cancelled_by: Pubkey,
    /// Whether that was the guardian.
    pub by_guardian: bool,
    /// The reserve that it was about; `None` for the vault.
    pub reserve: Option<Pubkey>,
    /// What it would have changed.
    pub proposed: ProposedChange,
}
