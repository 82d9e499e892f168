//! A legal call of every instruction, with the accounts that it finds: for tests that do the same to all of them.
//!
//! The worlds are those of the stories. Every call lands as it is, on the bank and in `litesvm`.

mod insurance;
mod losses;
mod market;
mod vault;

use crate::{chain::Chain, world::World};
use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::instruction::Instruction,
};
use ballast::governance::INSTRUCTIONS;
use litesvm::{
    types::{FailedTransactionMetadata, TransactionMetadata},
    LiteSVM,
};
use serde_json::Value;
use solana_account::Account;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_hash::Hash;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_signer::Signer;
use solana_transaction::Transaction;
use std::collections::BTreeMap;

/// What a transaction finds: the accounts that it names, and the cluster's time and stake.
#[derive(Clone)]
pub struct Snapshot {
    /// Every account that is there, programs and sysvars left out.
    pub accounts: BTreeMap<Pubkey, Account>,
    /// The clock.
    pub clock: Clock,
    /// Active stake of vote accounts, lamports.
    pub stakes: Vec<(Pubkey, u64)>,
}

/// A call that the program takes.
#[derive(Clone)]
pub struct LegalCall {
    /// The instruction's name in the interface.
    pub name: &'static str,
    /// Which of its ways, where it has several.
    pub way: &'static str,
    /// The call.
    pub instruction: Instruction,
    /// Who signs; the first one pays.
    pub signers: Vec<[u8; 64]>,
    /// What it finds.
    pub before: Snapshot,
}

impl Snapshot {
    /// A `litesvm` in which this is so.
    pub fn load_into(&self, empty: &LiteSVM) -> LiteSVM {
        // a copy remembers no transactions unless it is told to
        let mut svm = empty.clone().with_transaction_history(32);
        for (key, account) in &self.accounts {
            svm.set_account(*key, account.clone()).expect("no account is a broken program or sysvar");
        }
        svm.set_sysvar(&self.clock);
        svm.set_epoch_stakes(self.stakes.iter().copied()).expect("stake of one cluster");
        svm
    }
}

impl LegalCall {
    /// Who signs; the first one pays.
    pub fn keypairs(&self) -> Vec<Keypair> {
        self.signers.iter().map(|bytes| Keypair::try_from(&bytes[..]).expect("it was a keypair")).collect()
    }

    /// Who pays.
    pub fn payer(&self) -> Pubkey {
        self.keypairs()[0].pubkey()
    }

    /// The call with a compute limit.
    pub fn message(&self, compute_limit: u32, blockhash: &Hash) -> Message {
        let limit = ComputeBudgetInstruction::set_compute_unit_limit(compute_limit);
        let all = [limit, self.instruction.clone()];
        Message::new_with_blockhash(&all, Some(&self.payer()), blockhash)
    }

    /// Every account that it names or pays from, as a `litesvm` has them.
    pub fn accounts(&self, svm: &LiteSVM) -> BTreeMap<Pubkey, Option<Account>> {
        let named = self.instruction.accounts.iter().map(|meta| meta.pubkey);
        named.chain([self.payer()]).map(|key| (key, svm.get_account(&key))).collect()
    }

    /// Sends it, with all units that there are; signed, unless nobody looks at signatures.
    pub fn send(&self, svm: &mut LiteSVM) -> Result<TransactionMetadata, Box<FailedTransactionMetadata>> {
        let (most, blockhash) = (1_400_000, svm.latest_blockhash());
        let transaction = if svm.get_sigverify() {
            self.transaction(most, &blockhash)
        } else {
            Transaction::new_unsigned(self.message(most, &blockhash))
        };
        svm.send_transaction(transaction).map_err(Box::new)
    }

    /// Its name and its way.
    pub fn words(&self) -> String {
        format!("{} {}", self.name, self.way).trim_end().into()
    }

    /// The same as a signed transaction.
    pub fn transaction(&self, compute_limit: u32, blockhash: &Hash) -> Transaction {
        Transaction::new(&self.keypairs(), self.message(compute_limit, blockhash), *blockhash)
    }
}

/// The calls noted so far.
#[derive(Default)]
pub(crate) struct Table {
    calls: Vec<LegalCall>,
    stakes: Vec<(Pubkey, u64)>,
}

impl Table {
    /// Notes a call, with the accounts as they are now.
    async fn note(
        &mut self,
        chain: &mut Chain,
        (name, way): (&'static str, &'static str),
        instruction: &Instruction,
        signers: &[&Keypair],
    ) {
        let named = instruction.accounts.iter().map(|meta| meta.pubkey);
        let mut accounts = BTreeMap::new();
        for key in named.chain(signers.iter().map(|signer| signer.pubkey())) {
            if let Some(account) = chain.account(key).await {
                if !account.executable && key != INSTRUCTIONS {
                    accounts.insert(key, account);
                }
            }
        }
        let before = Snapshot { accounts, clock: chain.clock().await, stakes: self.stakes.clone() };
        let signers = signers.iter().map(|signer| signer.to_bytes()).collect();
        self.calls.push(LegalCall { name, way, instruction: instruction.clone(), signers, before });
    }

    /// Notes a call and lands it.
    async fn land(
        &mut self,
        world: &mut World,
        name: (&'static str, &'static str),
        instruction: &Instruction,
        signers: &[&Keypair],
    ) {
        self.note(&mut world.chain, name, instruction, signers).await;
        let landed = world.chain.send(std::slice::from_ref(instruction), signers).await;
        let receipt = landed.unwrap_or_else(|f| panic!("{name:?}: {:?} {:#?}", f.error, f.logs));
        world.follow(&receipt);
    }
}

/// A legal call of every instruction of the interface, of some in several ways. Panics naming those that are missing.
pub async fn legal_calls() -> Vec<LegalCall> {
    let mut calls = vec![];
    for noted in
        [vault::calls().await, market::calls().await, losses::calls().await, insurance::calls().await]
    {
        calls.extend(noted.calls);
    }
    let missing: Vec<String> =
        instructions().into_iter().filter(|name| calls.iter().all(|call| call.name != name)).collect();
    assert!(missing.is_empty(), "no legal call of {missing:?}: note one in tests/src/legal");
    calls
}

/// Names of all instructions, as the interface file has them.
pub fn instructions() -> Vec<String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../idl/ballast.json");
    let text = std::fs::read_to_string(file).expect("the interface is committed");
    let interface: Value = serde_json::from_str(&text).expect("the interface is JSON");
    let all = interface["instructions"].as_array().expect("it lists instructions");
    all.iter().map(|one| one["name"].as_str().expect("each has a name").to_string()).collect()
}
