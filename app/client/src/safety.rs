//! Builders of what keeps a vault safe: breakers and losses.

use crate::{address, address::Asset, instruction::build};
use anchor_lang::{
    prelude::{AccountMeta, Pubkey},
    solana_program::instruction::Instruction,
};
use ballast::{accounts, instruction as data, instructions::*};

/// `trip_breaker` with a signal of one reserve. `Signal::VaultDeficit` trips the vault.
pub fn trip_reserve(asset: &Asset, signal: Signal) -> Instruction {
    let needs_tokens = matches!(signal, Signal::Deficit | Signal::Frozen | Signal::VaultDeficit);
    let accounts = accounts::TripBreaker {
        vault: asset.vault,
        reserve: Some(asset.reserve()),
        tokens: needs_tokens.then(|| asset.tokens()),
        attestation: None,
    };
    let instruction = build(accounts, data::TripBreaker { signal }, vec![]);
    if signal == Signal::VaultDeficit {
        writing_vault(instruction)
    } else {
        instruction
    }
}

/// `trip_breaker` with a signal of the whole vault; `reserves`: all of them, in the vault's order.
pub fn trip_vault(vault: Pubkey, signal: Signal, reserves: &[Pubkey]) -> Instruction {
    let accounts = accounts::TripBreaker {
        vault,
        reserve: None,
        tokens: None,
        attestation: (signal == Signal::VaultAttestation).then(|| address::attestation(&vault)),
    };
    let remaining = reserves.iter().map(|key| AccountMeta::new_readonly(*key, false)).collect();
    writing_vault(build(accounts, data::TripBreaker { signal }, remaining))
}

/// `step_breaker` of a reserve, or without one of the vault.
pub fn step_breaker(vault: Pubkey, reserve: Option<Pubkey>) -> Instruction {
    let instruction = build(accounts::StepBreaker { vault, reserve }, data::StepBreaker {}, vec![]);
    if reserve.is_none() {
        writing_vault(instruction)
    } else {
        instruction
    }
}

/// `absorb_loss`; `reserves` as [`crate::account::reserves_of`] gives them.
pub fn absorb_loss(caller: Pubkey, vault: Pubkey, obligation: Pubkey, reserves: &[Pubkey]) -> Instruction {
    let remaining = reserves.iter().map(|key| AccountMeta::new(*key, false)).collect();
    build(accounts::AbsorbLoss { caller, vault, obligation }, data::AbsorbLoss {}, remaining)
}

/// The same tranche for a book that it may leave without deposits: what it still owes is absorbed by these reserves then.
pub fn absorbing(mut tranche: Instruction, reserves: &[Pubkey]) -> Instruction {
    for meta in tranche.accounts.iter_mut().filter(|meta| reserves.contains(&meta.pubkey)) {
        meta.is_writable = true;
    }
    tranche
}

/// The same instruction with its vault writable: for what changes the vault's breaker.
pub fn writing_vault(mut instruction: Instruction) -> Instruction {
    if let Some(vault) = instruction.accounts.first_mut() {
        vault.is_writable = true;
    }
    instruction
}
