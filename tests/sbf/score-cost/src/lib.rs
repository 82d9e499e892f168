//! A test program: values and scores a book, and logs the compute units left before, between and after.
//!
//! The one account holds a risk model, then records of [`RECORD`] bytes: price, amount, place in the model, side. What it
//! runs is the risk crate that the main program runs; only the reading of accounts is left out.

// Brings the builtins into the link; the host has its own.
#[cfg(target_arch = "bpf")]
extern crate solana_compiler_builtins as _;

#[cfg(not(feature = "no-entrypoint"))]
use anchor_lang::solana_program::entrypoint;
use anchor_lang::solana_program::{
    account_info::AccountInfo, entrypoint::ProgramResult, program::set_return_data,
    program_error::ProgramError, pubkey::Pubkey,
};
use ballast_risk::{
    marginal::Reliefs,
    model::{AssetRisk, RiskModel, MAX_POSITIONS},
    price::UnitPrice,
    score::{score, Exposure},
    Ppm, TokenAmount, Usd,
};
use bytemuck::{Pod, Zeroable};
use solana_program::log::sol_log_compute_units;

/// One position.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Record {
    /// Its price.
    pub price: UnitPrice,
    /// Token units.
    pub amount: u64,
    /// Its place in the model.
    pub risk: AssetRisk,
    /// 1 for a debt.
    pub is_debt: u64,
}

/// Bytes of one record.
pub const RECORD: usize = std::mem::size_of::<Record>();

#[cfg(not(feature = "no-entrypoint"))]
entrypoint!(process);

/// Values the book, scores it, and finds every position's relief, with the units left logged around each.
pub fn process(_program: &Pubkey, accounts: &[AccountInfo], _data: &[u8]) -> ProgramResult {
    let [account] = accounts else { return Err(ProgramError::NotEnoughAccountKeys) };
    let data = account.try_borrow_data()?;
    let bad = |_| ProgramError::InvalidAccountData;
    let (model, records) = data.split_at(std::mem::size_of::<RiskModel>());
    let model: &RiskModel = bytemuck::try_from_bytes(model).map_err(bad)?;
    let records: &[Record] = bytemuck::try_cast_slice(records).map_err(bad)?;
    let mut book = [Exposure::default(); MAX_POSITIONS];

    sol_log_compute_units();
    for (exposure, record) in book.iter_mut().zip(records) {
        let amount = TokenAmount(record.amount);
        let value = if record.is_debt == 1 {
            Usd(record.price.value_up(amount).0.wrapping_neg())
        } else {
            record.price.value_down(amount)
        };
        let AssetRisk { beta, idio, group, .. } = record.risk;
        *exposure = Exposure { value, beta, idio, group };
    }
    let book = book.get(..records.len()).ok_or(ProgramError::InvalidAccountData)?;
    sol_log_compute_units();
    let result = score(model, book).map_err(|_| ProgramError::ArithmeticOverflow)?;
    sol_log_compute_units();
    let reliefs = Reliefs::new(model, book, &result).map_err(|_| ProgramError::ArithmeticOverflow)?;
    sol_log_compute_units();

    let best = reliefs.gain_of_pair_down(0, 0, Ppm(2_000)).unwrap_or(0);
    set_return_data(&[&result.requirement.0.to_le_bytes()[..], &best.to_le_bytes()].concat());
    Ok(())
}
