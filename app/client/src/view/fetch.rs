//! Fetching vaults and obligations from a cluster.

use super::{Snapshot, ViewError};
use crate::{
    account::{clock, decode},
    send::transport::{patiently, Transport},
};
use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::sysvar::SysvarId,
};
use ballast::state::{Obligation, Vault};

impl Snapshot {
    /// Fetches a vault. Errors where it or one of its reserves is missing or of another version.
    pub async fn fetch(transport: &impl Transport, key: Pubkey) -> Result<Self, ViewError> {
        let first = [key, Clock::id()];
        let mut accounts = patiently(|| transport.accounts(&first)).await?.into_iter();
        let vault: Box<Vault> = Box::new(ours("vault", key, accounts.next().flatten())?);
        let found = accounts.next().flatten().and_then(|account| clock(&account.data));
        let clock = found.ok_or(ViewError::Missing { what: "clock", key: Clock::id() })?;
        let keys = vault.reserves.get(..usize::from(vault.reserve_count)).unwrap_or_default().to_vec();
        let accounts = patiently(|| transport.accounts(&keys)).await?;
        let reserves = keys
            .into_iter()
            .zip(accounts)
            .map(|(key, account)| Ok((key, ours("reserve", key, account)?)))
            .collect::<Result<_, ViewError>>()?;
        Ok(Self { key, vault, reserves, clock })
    }

    /// Fetches an obligation of this vault; `None` when there is none at this address.
    pub async fn obligation(
        &self,
        transport: &impl Transport,
        key: Pubkey,
    ) -> Result<Option<Obligation>, ViewError> {
        let keys = [key];
        let account = patiently(|| transport.accounts(&keys)).await?.into_iter().next().flatten();
        let Some(account) = account.filter(|account| account.lamports > 0) else { return Ok(None) };
        let obligation: Obligation = ours("obligation", key, Some(account))?;
        obligation.check(&self.key)?;
        Ok(Some(obligation))
    }
}

/// An account of the program of the version that this client knows.
pub(super) fn ours<T: anchor_lang::ZeroCopy + anchor_lang::Discriminator>(
    what: &'static str,
    key: Pubkey,
    account: Option<solana_account::Account>,
) -> Result<T, ViewError> {
    let account = account.ok_or(ViewError::Missing { what, key })?;
    // Discriminator, then the version byte.
    let is_current = account.data.get(8) == Some(&ballast::constants::STATE_VERSION);
    let state = decode(&account.data).filter(|_| account.owner == ballast::ID && is_current);
    state.ok_or(ViewError::NotOurs { what, key })
}
