//! Ledgers and reserves, as they are at a time.

use crate::{
    accounts::{decode, read_clock},
    wire::{Reader, Writer},
    Refused,
};
use ballast::{
    oracle::now,
    state::{reserve::PriceUse, Reserve},
};
use ballast_risk::{
    interest::{utilisation_up, SECONDS_PER_YEAR},
    math::mul_div_up,
    reserve::{InterestSplit, Ledger},
    DebtShares, DepositShares,
};

/// A ledger at a later time, with what these shares are worth then.
pub fn ledger(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let mut ledger: Ledger = input.plain()?;
    let split: InterestSplit = input.plain()?;
    let (time, deposit, debt) = (input.u64()?, DepositShares(input.u64()?), DebtShares(input.u64()?));
    ledger.accrue(time, &split);
    let mut answer = Writer::default();
    answer.raw(bytemuck::bytes_of(&ledger));
    answer.u64(ledger.deposit_amount_down(deposit).0);
    answer.u64(ledger.debt_amount_up(debt).0);
    Ok(answer.bytes())
}

/// What there is to know about a reserve's market.
pub fn market(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let reserve: Reserve = decode(input.block()?, "reserve")?;
    reserve.check(&reserve.vault)?;
    let clock = read_clock(input)?;
    let ledger = reserve.accrued_ledger(now(&clock));
    let yearly = mul_div_up(
        u128::from(ledger.rate_per_second),
        u128::from(SECONDS_PER_YEAR).saturating_mul(1_000_000),
        1 << 64,
    )?;
    let mut answer = Writer::default();
    answer.u64(ledger.total_deposits_down().0);
    answer.u64(ledger.total_debt_up().0);
    answer.u64(ledger.free_tokens.0);
    answer.u64(ledger.fees_down().0);
    answer.u64(ledger.insurance_down().0);
    answer.u64(utilisation_up(ledger.free_tokens.0, ledger.total_debt_up().0));
    answer.u64(u64::try_from(yearly).unwrap_or(u64::MAX));
    answer.u128(ledger.deposit_index);
    answer.u128(ledger.debt_index);
    answer.u64(reserve.price_age(now(&clock)));
    answer.flag(reserve.price_is_fresh(now(&clock), clock.slot, PriceUse::Open));
    Ok(answer.bytes())
}
