//! A test program: wide and signed arithmetic as the SBF toolchain compiles it.
//!
//! The virtual machine has 64-bit registers, so every 128-bit product, quotient and remainder is a call into
//! compiler builtins, through shims that the link step writes; and signed divisions are unsigned ones. All of Ballast's fixed-point mathematics rests on
//! them. This program lets a test compare them with the host, operand by operand.
//!
//! The one account holds records of [`RECORD`] bytes: operation, two little-endian operands, then room for the answer:
//! one byte that says whether there is a result ([`SOME`], or [`NONE`] where a checked operation overflows) and the
//! result. The program fills in the answers.

// Brings the builtins into the link; the host has its own.
#[cfg(target_arch = "bpf")]
extern crate solana_compiler_builtins as _;

#[cfg(not(feature = "no-entrypoint"))]
use anchor_lang::solana_program::entrypoint;
use anchor_lang::solana_program::{
    account_info::AccountInfo, entrypoint::ProgramResult, program_error::ProgramError, pubkey::Pubkey,
};

/// Bytes of one record: operation, a, b, answer byte, result.
pub const RECORD: usize = 1 + 16 + 16 + 1 + 16;
/// Answer byte of an operation without a result.
pub const NONE: u8 = 0;
/// Answer byte of an operation with a result.
pub const SOME: u8 = 1;

#[cfg(not(feature = "no-entrypoint"))]
entrypoint!(process);

/// Answers every record of the first account.
pub fn process(_program: &Pubkey, accounts: &[AccountInfo], _data: &[u8]) -> ProgramResult {
    let [account] = accounts else { return Err(ProgramError::NotEnoughAccountKeys) };
    let mut data = account.try_borrow_mut_data()?;
    for record in data.chunks_exact_mut(RECORD) {
        let (a, b) = (operand(&record[1..17])?, operand(&record[17..33])?);
        let result = apply(record[0], a, b)?;
        record[33] = if result.is_some() { SOME } else { NONE };
        record[34..].copy_from_slice(&result.unwrap_or(0).to_le_bytes());
    }
    Ok(())
}

fn operand(bytes: &[u8]) -> Result<u128, ProgramError> {
    let bytes = bytes.try_into().map_err(|_| ProgramError::InvalidAccountData)?;
    Ok(u128::from_le_bytes(bytes))
}

/// One operation on two 128-bit patterns. Plain operators, so that this is the code that the compiler makes of them;
/// a zero divisor and `MIN / -1` panic and are not asked for.
fn apply(op: u8, a: u128, b: u128) -> Result<Option<u128>, ProgramError> {
    let (ia, ib) = (a as i128, b as i128);
    let unsigned = |i: i128| i as u128;
    Ok(match op {
        0 => Some(a.wrapping_mul(b)),
        1 => Some(a / b),
        2 => Some(a % b),
        3 => Some(unsigned(ia.wrapping_mul(ib))),
        4 => Some(unsigned(ia / ib)),
        5 => Some(unsigned(ia % ib)),
        6 => a.checked_mul(b),
        7 => ia.checked_mul(ib).map(unsigned),
        8 => a.checked_add(b),
        9 => a.checked_sub(b),
        10 => ia.checked_add(ib).map(unsigned),
        11 => ia.checked_sub(ib).map(unsigned),
        12 => Some(a << (b & 127)),
        13 => Some(a >> (b & 127)),
        14 => Some(unsigned(ia >> (b & 127))),
        // The same of 64 and 32 bits: SBF has no signed division there either.
        15 => Some(unsigned((a as i64 / b as i64).into())),
        16 => Some(unsigned((a as i64 % b as i64).into())),
        17 => Some(unsigned((a as i32 / b as i32).into())),
        18 => Some(unsigned((a as i32 % b as i32).into())),
        19 => (a as i64).checked_mul(b as i64).map(|product| unsigned(product.into())),
        20 => (a as u64).checked_mul(b as u64).map(u128::from),
        21 => Some(unsigned((a as i64 / 10_000).into())),
        22 => Some(unsigned((a as i64).rem_euclid(10_000).into())),
        _ => return Err(ProgramError::InvalidInstructionData),
    })
}
