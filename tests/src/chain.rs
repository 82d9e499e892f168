//! The cluster: accounts, clock, transactions.

use crate::{failure::Failure, validators::Validator};
use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::instruction::Instruction,
    Discriminator, ZeroCopy,
};
use ballast_client::{event, Event};
use solana_account::Account;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_hash::Hash;
use solana_keypair::Keypair;
use solana_program_test::{ProgramTest, ProgramTestContext};
use solana_rent::Rent;
use solana_signer::Signer;
use solana_transaction::{versioned::VersionedTransaction, Transaction};

/// A landed transaction.
#[derive(Clone)]
pub struct Receipt {
    /// The program's events, in order.
    pub events: Vec<Event>,
    /// Compute units of the whole transaction.
    pub compute_units: u64,
    /// Its logs.
    pub logs: Vec<String>,
}

/// A test cluster with the SBF program.
pub struct Chain {
    context: ProgramTestContext,
    /// Seconds since the epoch.
    now: i64,
    slot: u64,
    /// Makes every transaction unlike the others.
    sequence: u64,
}

/// When every story begins.
pub const GENESIS: i64 = 1_800_000_000;

impl Chain {
    /// Starts a cluster.
    pub async fn start() -> Self {
        Self::with_validators(&[]).await
    }

    /// Starts a cluster in which these validators have stake, beside the one that every test cluster has.
    pub async fn with_validators(validators: &[Validator]) -> Self {
        Self::prepared(|test| validators.iter().for_each(|validator| validator.add_to(test))).await
    }

    /// Starts a cluster whose genesis or features were changed.
    pub async fn prepared(prepare: impl FnOnce(&mut ProgramTest)) -> Self {
        let mut test = ProgramTest::default();
        prepare(&mut test);
        test.prefer_bpf(true);
        test.add_program("ballast", ballast::ID, None);
        let context = test.start_with_context().await;
        let mut chain = Self { context, now: GENESIS, slot: 10, sequence: 0 };
        chain.go_to(10, GENESIS);
        chain
    }

    /// Seconds since the epoch.
    pub fn now(&self) -> i64 {
        self.now
    }
    /// The slot.
    pub fn slot(&self) -> u64 {
        self.slot
    }
    /// The clock as the program sees it.
    pub async fn clock(&mut self) -> Clock {
        self.context.banks_client.get_sysvar().await.expect("the clock is always there")
    }

    /// Lets time pass: one slot and so many seconds.
    pub fn pass(&mut self, seconds: i64) {
        self.go_to(self.slot + 1, self.now + seconds);
    }

    /// Goes to a slot and a time.
    pub fn go_to(&mut self, slot: u64, now: i64) {
        if slot > self.slot || self.sequence == 0 {
            self.context.warp_to_slot(slot).expect("slots only rise");
        }
        (self.slot, self.now) = (slot, now);
        let epoch = self.context.genesis_config().epoch_schedule.get_epoch(slot);
        let clock = Clock {
            slot,
            unix_timestamp: now,
            epoch_start_timestamp: GENESIS,
            epoch,
            leader_schedule_epoch: epoch + 1,
        };
        self.context.set_sysvar(&clock);
    }

    /// Goes to the first slot of the next epoch, a second later. The first epochs are short.
    pub fn next_epoch(&mut self) {
        let schedule = &self.context.genesis_config().epoch_schedule;
        let slot = schedule.get_first_slot_in_epoch(schedule.get_epoch(self.slot) + 1);
        self.go_to(slot, self.now + 1);
    }

    /// Writes an account.
    pub fn set_account(&mut self, key: Pubkey, owner: Pubkey, data: Vec<u8>) {
        let account = Account { lamports: 10_000_000_000, data, owner, ..Account::default() };
        self.context.set_account(&key, &account.into());
    }

    /// Reads an account.
    pub async fn account(&mut self, key: Pubkey) -> Option<Account> {
        self.context.banks_client.get_account(key).await.expect("the bank answers")
    }

    /// Reads an account of the program.
    pub async fn state<T: ZeroCopy + Discriminator>(&mut self, key: Pubkey) -> T {
        let account = self.account(key).await.unwrap_or_else(|| panic!("no account at {key}"));
        ballast_client::decode(&account.data).unwrap_or_else(|| panic!("another kind of account at {key}"))
    }

    /// Changes an account of the program, as no instruction would.
    pub async fn edit<T: ZeroCopy + Discriminator>(&mut self, key: Pubkey, change: impl FnOnce(&mut T)) {
        let mut account = self.account(key).await.unwrap_or_else(|| panic!("no account at {key}"));
        let mut state: T = self.state(key).await;
        change(&mut state);
        let body = T::DISCRIMINATOR.len();
        account.data[body..body + std::mem::size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&state));
        self.put(key, account);
    }

    /// Writes an account as a whole.
    pub fn put(&mut self, key: Pubkey, account: Account) {
        self.context.set_account(&key, &account.into());
    }

    /// A new wallet with lamports.
    pub fn wallet(&mut self) -> Keypair {
        let keypair = Keypair::new();
        self.set_account(keypair.pubkey(), anchor_lang::system_program::ID, vec![]);
        keypair
    }

    /// Sends a transaction that the signers pay for (the first one the fee).
    pub async fn send(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, Failure> {
        self.send_limited(instructions, signers, 1_400_000).await
    }

    /// What a transaction would do, without landing it.
    pub async fn would_land(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, Failure> {
        let transaction = self.transaction(instructions, signers, 1_400_000).await?;
        let outcome = self.context.banks_client.simulate_transaction(transaction).await?;
        let (logs, compute_units) =
            outcome.simulation_details.map_or((vec![], 0), |details| (details.logs, details.units_consumed));
        match outcome.result {
            None => panic!("the bank did not run the transaction"),
            Some(Ok(())) => Ok(Receipt { events: event::events(&logs), compute_units, logs }),
            Some(Err(error)) => Err(Failure { error: Some(error), logs }),
        }
    }

    /// Sends a transaction with a compute limit.
    pub async fn send_limited(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
        compute_limit: u32,
    ) -> Result<Receipt, Failure> {
        let transaction = self.transaction(instructions, signers, compute_limit).await?;
        self.process(transaction).await
    }

    /// Sends just these instructions under the value of a durable nonce, which stands in for a recent blockhash.
    pub async fn send_with_nonce(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
        nonce: [u8; 32],
    ) -> Result<Receipt, Failure> {
        let payer = signers[0].pubkey();
        self.process(Transaction::new_signed_with_payer(instructions, Some(&payer), signers, nonce.into()))
            .await
    }

    /// A recent blockhash.
    pub async fn blockhash(&mut self) -> Hash {
        self.context.banks_client.get_latest_blockhash().await.expect("the bank answers")
    }

    /// Lets the cluster show any clock, true or not. [`Chain::pass`] goes on from slot and time of the story.
    pub fn set_clock(&mut self, clock: &Clock) {
        self.now = clock.unix_timestamp;
        self.context.set_sysvar(clock);
    }

    /// Changes what an account must hold to be exempt from rent.
    pub fn set_rent(&mut self, rent: &Rent) {
        self.context.set_sysvar(rent);
    }

    /// Sends a transaction as it is, of any version.
    pub async fn process(
        &mut self,
        transaction: impl Into<VersionedTransaction>,
    ) -> Result<Receipt, Failure> {
        let outcome = self.context.banks_client.process_transaction_with_metadata(transaction).await?;
        let (logs, compute_units) =
            outcome.metadata.map_or((vec![], 0), |m| (m.log_messages, m.compute_units_consumed));
        match outcome.result {
            Ok(()) => Ok(Receipt { events: event::events(&logs), compute_units, logs }),
            Err(error) => Err(Failure { error: Some(error), logs }),
        }
    }

    /// A signed transaction unlike all others, by its priority fee.
    async fn transaction(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
        compute_limit: u32,
    ) -> Result<Transaction, Failure> {
        self.sequence += 1;
        let mut all = vec![
            ComputeBudgetInstruction::set_compute_unit_limit(compute_limit),
            ComputeBudgetInstruction::set_compute_unit_price(self.sequence),
        ];
        all.extend_from_slice(instructions);
        let payer = signers[0].pubkey();
        let blockhash = self.context.banks_client.get_latest_blockhash().await?;
        Ok(Transaction::new_signed_with_payer(&all, Some(&payer), signers, blockhash))
    }
}
