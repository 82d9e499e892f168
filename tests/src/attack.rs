//! Instructions with something wrong in them.

use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};

/// The instruction with another account in a slot; whether it is signed and written stays.
pub fn with_account(instruction: &Instruction, slot: usize, key: Pubkey) -> Instruction {
    let mut changed = instruction.clone();
    changed.accounts[slot].pubkey = key;
    changed
}

/// The instruction with every occurrence of an account replaced. Panics if there is none: the attack would be none.
pub fn swapped(instruction: &Instruction, from: Pubkey, to: Pubkey) -> Instruction {
    let mut changed = instruction.clone();
    let mut found = false;
    for meta in changed.accounts.iter_mut().filter(|meta| meta.pubkey == from) {
        meta.pubkey = to;
        found = true;
    }
    assert!(found, "the instruction does not name {from}");
    changed
}

/// The instruction without anybody's signature.
pub fn unsigned(instruction: &Instruction) -> Instruction {
    let mut changed = instruction.clone();
    for meta in &mut changed.accounts {
        meta.is_signer = false;
    }
    changed
}
