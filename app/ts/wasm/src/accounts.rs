//! The program's accounts from the bytes that RPC returns.

use crate::{wire::Reader, Refused};
use anchor_lang::{
    prelude::{Clock, Pubkey},
    Discriminator, ZeroCopy,
};
use ballast::state::{Obligation, Reserve, Vault};

/// A vault, an obligation and reserves, at a time.
#[derive(Clone)]
pub struct Snapshot {
    /// The vault.
    pub vault: Vault,
    /// The obligation.
    pub obligation: Obligation,
    /// Reserves of the vault, those of the obligation's positions among them.
    pub reserves: Vec<(Pubkey, Reserve)>,
    /// The cluster's clock.
    pub clock: Clock,
}

impl Snapshot {
    /// Reads a vault's address and bytes, an obligation's bytes, reserves and the clock.
    pub fn read(input: &mut Reader) -> Result<Self, Refused> {
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
        Ok(Self { vault, obligation, reserves, clock: read_clock(input)? })
    }

    /// A reserve by its address.
    pub fn reserve(&self, address: &Pubkey) -> Result<&Reserve, Refused> {
        let found = self.reserves.iter().find(|(key, _)| key == address);
        found.map(|(_, reserve)| reserve).ok_or_else(missing)
    }

    /// The same, to be changed.
    pub fn reserve_mut(&mut self, address: &Pubkey) -> Result<&mut Reserve, Refused> {
        let found = self.reserves.iter_mut().find(|(key, _)| key == address);
        found.map(|(_, reserve)| reserve).ok_or_else(missing)
    }
}

fn missing() -> Refused {
    Refused::input(
        "a reserve of the book is missing: pass the accounts of the reserves of all positions and changes",
    )
}

/// Slot and time.
pub fn read_clock(input: &mut Reader) -> Result<Clock, Refused> {
    Ok(Clock { slot: input.u64()?, unix_timestamp: input.i64()?, ..Clock::default() })
}

/// Reads an account of one kind.
pub fn decode<T: ZeroCopy + Discriminator>(data: &[u8], what: &str) -> Result<T, Refused> {
    let body = data.strip_prefix(T::DISCRIMINATOR).and_then(|body| body.get(..size_of::<T>()));
    let body =
        body.ok_or_else(|| Refused::input(&format!("these bytes are no {what} account of the program")))?;
    Ok(bytemuck::pod_read_unaligned(body))
}
