//! Address lookup tables: made, extended and used again, so that large books fit one transaction.

use super::{
    error::SendError,
    pack::Packed,
    sender::{Sender, Signers},
    transport::{patiently, Transport, TransportError},
};
use anchor_lang::prelude::Pubkey;
use solana_address_lookup_table_interface::{
    instruction::{create_lookup_table, extend_lookup_table},
    state::AddressLookupTable,
};
use solana_message::AddressLookupTableAccount;
use solana_signer::Signer;
use std::time::Duration;

/// Addresses added by one transaction: what fits it without a table.
const ADDRESSES_AT_ONCE: usize = 20;
/// Most addresses of a table.
const MOST: usize = 256;

/// Reads lookup tables; those that do not exist or are being closed are left out.
pub async fn load(
    transport: &impl Transport,
    tables: &[Pubkey],
) -> Result<Vec<AddressLookupTableAccount>, TransportError> {
    let accounts = patiently(|| transport.accounts(tables)).await?;
    let read = |(key, account): (&Pubkey, Option<solana_account::Account>)| {
        let account = account?;
        let table = AddressLookupTable::deserialize(&account.data).ok()?;
        let is_open = table.meta.deactivation_slot == u64::MAX;
        is_open.then(|| AddressLookupTableAccount { key: *key, addresses: table.addresses.to_vec() })
    };
    Ok(tables.iter().zip(accounts).filter_map(read).collect())
}

impl<T: Transport> Sender<T> {
    /// Sees to it that `addresses` are in lookup tables of `authority`: uses `known` tables again, extends one with room, makes one
    /// where needed, and waits until the cluster can use them. Returns the tables that hold the addresses. `authority` pays.
    pub async fn ensure_tables(
        &self,
        authority: &(dyn Signer + Sync),
        known: &[Pubkey],
        addresses: &[Pubkey],
    ) -> Result<Vec<AddressLookupTableAccount>, SendError> {
        let what = "prepare a lookup table";
        let fail = |error| SendError::transport(what, error);
        let mut tables = load(&self.transport, known).await.map_err(fail)?;
        let mut missing: Vec<Pubkey> = vec![];
        for address in addresses {
            let is_held = tables.iter().any(|table| table.addresses.contains(address));
            if !is_held && !missing.contains(address) {
                missing.push(*address);
            }
        }
        let signers: &Signers = &[authority];
        let owner = authority.pubkey();
        for part in missing.chunks(ADDRESSES_AT_ONCE) {
            let with_room = tables.iter_mut().find(|table| table.addresses.len() + part.len() <= MOST);
            let table = match with_room {
                Some(table) => table,
                None => {
                    tables.push(self.make_table(authority).await?);
                    tables.last_mut().ok_or_else(|| fail(TransportError::Unexpected("no table".into())))?
                }
            };
            let extend = extend_lookup_table(table.key, owner, Some(owner), part.to_vec());
            self.send(&Packed::new("extend a lookup table", vec![extend], &[]), signers).await?;
            table.addresses.extend_from_slice(part);
        }
        if !missing.is_empty() {
            self.wait_a_slot().await.map_err(fail)?;
        }
        tables.retain(|table| table.addresses.iter().any(|address| addresses.contains(address)));
        Ok(tables)
    }

    async fn make_table(
        &self,
        authority: &(dyn Signer + Sync),
    ) -> Result<AddressLookupTableAccount, SendError> {
        let what = "make a lookup table";
        let slot = patiently(|| self.transport.slot()).await;
        let slot = slot.map_err(|error| SendError::transport(what, error))?;
        // The newest slot whose hash every node of the cluster knows by now.
        let owner = authority.pubkey();
        let (create, key) = create_lookup_table(owner, owner, slot.saturating_sub(1));
        self.send(&Packed::new(what, vec![create], &[]), &[authority]).await?;
        Ok(AddressLookupTableAccount { key, addresses: vec![] })
    }

    /// A table's new addresses count from the next slot on.
    async fn wait_a_slot(&self) -> Result<(), TransportError> {
        let from = patiently(|| self.transport.slot()).await?;
        loop {
            if patiently(|| self.transport.slot()).await? > from {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
