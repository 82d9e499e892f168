//! The program's accounts from the bytes that RPC returns.

use crate::{wire::Reader, Refused};
use anchor_lang::{
    prelude::{Clock, Pubkey},
    Discriminator, ZeroCopy,
};
use ballast::state::{Obligation, Reserve, Vault};
use ballast_client::view::{Change, Snapshot, WhatIf};
use ballast_risk::TokenAmount;

/// Reads a vault's address and bytes, an obligation's bytes, reserves of the vault (those of the obligation's positions and of the
/// changes among them), the clock, and what is supposed; and supposes it.
pub fn read_what_if(input: &mut Reader) -> Result<WhatIf, Refused> {
    let key = Pubkey::from(input.array()?);
    let vault: Vault = decode(input.block()?, "vault")?;
    vault.check_version()?;
    let obligation: Obligation = decode(input.block()?, "obligation")?;
    obligation.check(&key)?;
    let reserves = input.list(|input| {
        let address = Pubkey::from(input.array()?);
        let reserve: Reserve = decode(input.block()?, "reserve")?;
        reserve.check(&key)?;
        Ok((address, reserve))
    })?;
    let clock = read_clock(input)?;
    let snapshot = Snapshot { key, vault: Box::new(vault), reserves: reserves.into_iter().collect(), clock };
    let mut what_if = WhatIf { snapshot, obligation };
    for change in input.list(read_change)? {
        what_if.apply(&change)?;
    }
    Ok(what_if)
}

/// Reads one part of a supposition: what happens, where, and token units, or of a price the new one over the old in parts per million.
fn read_change(input: &mut Reader) -> Result<Change, Refused> {
    let (act, reserve, number) = (input.byte()?, Pubkey::from(input.array()?), input.u64()?);
    let amount = TokenAmount(number);
    Ok(match act {
        0 => Change::Deposit { reserve, amount },
        1 => Change::Withdraw { reserve, amount },
        2 => Change::Borrow { reserve, amount },
        3 => Change::Repay { reserve, amount },
        4 => Change::Price { reserve, to_ppm: number },
        _ => return Err(Refused::input("a change is a deposit, withdrawal, loan, repayment or price move")),
    })
}

/// Slot and time.
pub fn read_clock(input: &mut Reader) -> Result<Clock, Refused> {
    Ok(Clock { slot: input.u64()?, unix_timestamp: input.i64()?, ..Clock::default() })
}

/// Reads an account of one kind.
pub fn decode<T: ZeroCopy + Discriminator>(data: &[u8], what: &str) -> Result<T, Refused> {
    let state = ballast_client::decode(data);
    state.ok_or_else(|| Refused::input(&format!("these bytes are no {what} account of the program")))
}
