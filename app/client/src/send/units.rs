//! How many compute units a transaction asks for: what was measured, and room above it. The only place with such numbers.

use crate::interface;
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};

/// Most units of a transaction.
pub const MAX_UNITS: u32 = 1_400_000;
/// Room above what was measured: prices, dates and books of other sizes take other branches.
const MARGIN_PERCENT: u32 = 30;
/// Room an instruction that derives addresses: each try of a bump takes 1,500, and few addresses need more than five.
const BUMPS: u32 = 12_000;
/// A Token-2022 transfer with its extensions, over one of SPL Token.
const TOKEN_2022: u32 = 12_000;
/// What the runtime gives an instruction that nobody has measured.
const UNKNOWN: u32 = 200_000;
/// Making an associated token account, Token-2022 included, with room for its bumps.
const ASSOCIATED_ACCOUNT: u32 = 45_000;
/// Instructions of native programs and of the compute-budget program.
const NATIVE: u32 = 1_000;

/// Units to ask for one instruction.
pub fn units_of(instruction: &Instruction) -> u32 {
    if instruction.program_id != ballast::ID {
        return other_program(&instruction.program_id);
    }
    let Some(known) = interface::instruction(&instruction.data) else { return UNKNOWN };
    let remaining = instruction.accounts.len().saturating_sub(known.accounts);
    // Reserves come with their price or token accounts; counting pairs of accounts as positions is enough for both.
    let positions = match known.name.as_str() {
        "refresh_reserves" | "attest_solvency" => remaining.div_ceil(2),
        _ => remaining,
    };
    let Some(measured) = interface::measured_units(&known.name, positions.max(1)) else { return UNKNOWN };
    let is_2022 = instruction.accounts.iter().any(|meta| meta.pubkey == anchor_spl::token_2022::ID);
    measured
        .saturating_add(measured.saturating_mul(MARGIN_PERCENT) / 100)
        .saturating_add(BUMPS)
        .saturating_add(if is_2022 { TOKEN_2022 } else { 0 })
}

fn other_program(program: &Pubkey) -> u32 {
    use anchor_lang::solana_program::system_program;
    match *program {
        crate::address::ASSOCIATED_TOKEN_PROGRAM => ASSOCIATED_ACCOUNT,
        system_program::ID => NATIVE,
        solana_compute_budget_interface::ID => NATIVE,
        solana_address_lookup_table_interface::program::ID => 15_000,
        _ => UNKNOWN,
    }
}

/// Units to ask for a transaction: the sum of its instructions, at most [`MAX_UNITS`].
pub fn units_of_all(instructions: &[Instruction]) -> u32 {
    let sum = instructions.iter().fold(2 * NATIVE, |sum, one| sum.saturating_add(units_of(one)));
    sum.min(MAX_UNITS)
}
