//! The cluster: `litesvm` without signatures and history, with a clock that goes where it is told to.

use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::instruction::Instruction,
    Discriminator, ZeroCopy,
};
use ballast::state::{version_1, Attestation, Audit, Obligation, Reserve, Vault};
use ballast_tests::Cluster;
use litesvm::LiteSVM;
use solana_account::{Account, AccountSharedData, ReadableAccount};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_message::Message;
use solana_signature::Signature;
use solana_transaction::{Transaction, TransactionError};

/// When every sequence begins, seconds since the epoch.
const GENESIS: i64 = 1_800_000_000;
/// What every account that is made here holds.
const LAMPORTS: u64 = 1_000_000_000_000_000;

/// A cluster. A copy shares the accounts' bytes until one of the two writes them.
#[derive(Clone)]
pub struct Svm {
    lite: LiteSVM,
    now: i64,
    slot: u64,
    epoch: u64,
    /// Pays for every transaction.
    payer: Pubkey,
}

impl Svm {
    /// A cluster with the compiled program.
    pub fn start(payer: Pubkey) -> anyhow::Result<Self> {
        let deploy = std::env::var("SBF_OUT_DIR").unwrap_or_else(|_| "target/deploy".into());
        let path = std::path::Path::new(&deploy).join("ballast.so");
        let lite = LiteSVM::new()
            .with_sigverify(false)
            .with_blockhash_check(false)
            .with_transaction_history(0)
            .with_log_bytes_limit(Some(0));
        let mut svm = Self { lite, now: GENESIS, slot: 10, epoch: 1, payer };
        svm.write_clock();
        svm.lite.add_program_from_file(ballast::ID, &path).map_err(|error| {
            anyhow::anyhow!("{}: {error:?}: run `cargo xtask build-sbf` first", path.display())
        })?;
        svm.go_on(1, 1);
        svm.set_account(payer, anchor_lang::system_program::ID, vec![]);
        Ok(svm)
    }

    /// Lets time pass.
    pub fn go_on(&mut self, slots: u64, seconds: i64) {
        self.slot = self.slot.saturating_add(slots);
        self.now = self.now.saturating_add(seconds);
        self.write_clock();
    }

    /// Goes to the next epoch, a slot and a second later.
    pub fn next_epoch(&mut self) {
        self.epoch += 1;
        self.go_on(1, 1);
    }

    fn write_clock(&mut self) {
        let clock = self.clock();
        self.lite.set_sysvar(&clock);
    }

    /// The clock as the program sees it.
    pub fn clock(&self) -> Clock {
        Clock {
            slot: self.slot,
            unix_timestamp: self.now,
            epoch_start_timestamp: GENESIS,
            epoch: self.epoch,
            leader_schedule_epoch: self.epoch + 1,
        }
    }

    /// Gives a vote account stake.
    pub fn set_stake(&mut self, vote_account: Pubkey, lamports: u64) {
        self.lite.set_epoch_stake(vote_account, lamports).expect("stakes stay far below 2^64");
    }

    /// Active stake of a vote account.
    pub fn stake_of(&self, vote_account: &Pubkey) -> u64 {
        self.lite.epoch_stake(vote_account)
    }

    /// Active stake of the whole cluster.
    pub fn cluster_stake(&self) -> u64 {
        self.lite.epoch_total_stake()
    }

    /// An account as it is.
    pub fn account(&self, key: &Pubkey) -> Option<&AccountSharedData> {
        self.lite.accounts_db().get_account_ref(key)
    }

    /// An account of the program, if there is one of this kind.
    pub fn state<T: ZeroCopy + Discriminator>(&self, key: &Pubkey) -> Option<T> {
        decode(self.account(key)?)
    }

    /// All accounts of some kind, by address.
    pub fn accounts(&self, wanted: impl Fn(&AccountSharedData) -> bool) -> Vec<(Pubkey, AccountSharedData)> {
        let all = self.lite.accounts_db().inner.iter();
        let mut found: Vec<_> = all
            .filter(|(_, account)| wanted(account))
            .map(|(key, account)| (*key, account.clone()))
            .collect();
        found.sort_unstable_by_key(|(key, _)| *key);
        found
    }

    /// Writes an account as a whole.
    pub fn put(&mut self, key: Pubkey, mut account: Account) {
        // as the runtime marks what pays no rent, or the first transaction that can write it would change it
        account.rent_epoch = u64::MAX;
        self.lite.set_account(key, account).expect("no program and no sysvar is written here");
    }

    /// Sends a transaction. `Ok` are the compute units that it took.
    pub fn send(&mut self, instructions: &[Instruction]) -> Result<u64, TransactionError> {
        let transaction = self.transaction(instructions);
        match self.lite.send_transaction(transaction) {
            Ok(sent) => Ok(sent.compute_units_consumed),
            Err(failed) => Err(failed.err),
        }
    }

    /// The logs of a transaction that is not landed.
    pub fn logs_of(&self, instructions: &[Instruction]) -> Vec<String> {
        let lite = self.lite.clone().with_log_bytes_limit(None);
        match lite.simulate_transaction(self.transaction(instructions)) {
            Ok(done) => done.meta.logs,
            Err(failed) => failed.meta.logs,
        }
    }

    fn transaction(&self, instructions: &[Instruction]) -> Transaction {
        let mut all = Vec::with_capacity(instructions.len() + 1);
        all.push(ComputeBudgetInstruction::set_compute_unit_limit(1_400_000));
        all.extend_from_slice(instructions);
        let message = Message::new(&all, Some(&self.payer));
        let signatures = vec![Signature::default(); usize::from(message.header.num_required_signatures)];
        Transaction { signatures, message }
    }
}

impl Cluster for Svm {
    fn set_account(&mut self, key: Pubkey, owner: Pubkey, data: Vec<u8>) {
        self.put(key, Account { lamports: LAMPORTS, data, owner, ..Account::default() });
    }
    fn now(&self) -> i64 {
        self.now
    }
    fn slot(&self) -> u64 {
        self.slot
    }
}

/// Whether an account of the program is in an older layout, which only its migration reads.
pub fn is_old(account: &AccountSharedData) -> bool {
    let layouts = [
        Vault::DISCRIMINATOR,
        Reserve::DISCRIMINATOR,
        Obligation::DISCRIMINATOR,
        Attestation::DISCRIMINATOR,
        Audit::DISCRIMINATOR,
    ];
    *account.owner() == ballast::ID
        && layouts.iter().any(|head| account.data().starts_with(head))
        && account.data().get(8) == Some(&version_1::VERSION)
}

/// An account of the program from any account; `None` for another kind, owner or layout.
pub fn decode<T: ZeroCopy + Discriminator>(account: &AccountSharedData) -> Option<T> {
    (*account.owner() == ballast::ID).then(|| ballast_client::decode(account.data())).flatten()
}
