//! Transactions as they go over the wire: how large they are, and with lookup tables.

use crate::chain::Chain;
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use solana_address_lookup_table_interface::{
    program,
    state::{AddressLookupTable, LookupTableMeta},
};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_keypair::Keypair;
use solana_message::{v0, AddressLookupTableAccount, Message, VersionedMessage};
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use std::collections::BTreeSet;

/// Most bytes of a transaction.
pub const MOST_BYTES: usize = 1_232;
/// Most accounts that a transaction locks on mainnet.
pub const MOST_LOCKS: usize = 64;

/// How large a transaction is, with its compute limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Bytes with every account written out.
    pub legacy: usize,
    /// Bytes with a lookup table of everything that may stand in one.
    pub with_table: usize,
    /// Accounts, programs and signers included.
    pub accounts: usize,
}

fn with_budget(instructions: &[Instruction]) -> Vec<Instruction> {
    let mut all = vec![ComputeBudgetInstruction::set_compute_unit_limit(1_400_000)];
    all.extend_from_slice(instructions);
    all
}

/// Bytes of a message with its signatures.
fn bytes(message: &VersionedMessage) -> usize {
    1 + 64 * usize::from(message.header().num_required_signatures) + message.serialize().len()
}

/// Everything of these instructions that may stand in a lookup table: neither signers nor programs.
fn addresses(instructions: &[Instruction]) -> Vec<Pubkey> {
    let signers: BTreeSet<Pubkey> = instructions
        .iter()
        .flat_map(|one| &one.accounts)
        .filter(|meta| meta.is_signer)
        .map(|meta| meta.pubkey)
        .collect();
    let all: BTreeSet<Pubkey> =
        instructions.iter().flat_map(|one| &one.accounts).map(|meta| meta.pubkey).collect();
    all.difference(&signers).copied().collect()
}

/// A lookup table of everything that these instructions name.
pub fn table_of(instructions: &[Instruction]) -> AddressLookupTableAccount {
    AddressLookupTableAccount { key: Pubkey::new_unique(), addresses: addresses(instructions) }
}

/// Writes a lookup table into a cluster.
pub fn put_table(chain: &mut Chain, table: &AddressLookupTableAccount) {
    let state = AddressLookupTable {
        meta: LookupTableMeta { authority: None, ..LookupTableMeta::default() },
        addresses: table.addresses.clone().into(),
    };
    chain.set_account(table.key, program::ID, state.serialize_for_tests().expect("256 addresses at most"));
}

/// How large a transaction of these instructions is.
pub fn size_of(instructions: &[Instruction], payer: &Pubkey) -> Size {
    let all = with_budget(instructions);
    let legacy = Message::new(&all, Some(payer));
    let tables = [table_of(instructions)];
    let compact = v0::Message::try_compile(payer, &all, &tables, Default::default()).expect("it compiles");
    Size {
        accounts: legacy.account_keys.len(),
        legacy: bytes(&VersionedMessage::Legacy(legacy)),
        with_table: bytes(&VersionedMessage::V0(compact)),
    }
}

/// Signs a transaction of these instructions with a lookup table, which it writes into the cluster.
pub async fn with_table(
    chain: &mut Chain,
    instructions: &[Instruction],
    signers: &[&Keypair],
) -> VersionedTransaction {
    let table = table_of(instructions);
    put_table(chain, &table);
    let blockhash = chain.blockhash().await;
    let payer = signers[0].pubkey();
    let message = v0::Message::try_compile(&payer, &with_budget(instructions), &[table], blockhash)
        .expect("it compiles");
    VersionedTransaction::try_new(VersionedMessage::V0(message), signers).expect("everybody signs")
}
