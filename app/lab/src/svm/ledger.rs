//! A ledger in this process: the Solana virtual machine (litesvm) with the compiled program on it, and a clock that its user moves.

use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::{instruction::Instruction, program_pack::Pack},
};
use anchor_spl::token::spl_token::state::{Account as TokenAccount, AccountState, Mint};
use anyhow::{anyhow, bail, Context as _, Result};
use ballast_client::{decode, event::events, Event};
use litesvm::{
    types::{FailedTransactionMetadata, TransactionMetadata},
    LiteSVM,
};
use solana_account::Account;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction::Transaction;
use std::path::{Path, PathBuf};

/// Compute units that every transaction asks for.
const UNITS: u32 = 1_000_000;
/// SOL for everybody's fees and rents.
const LAMPORTS: u64 = 100_000_000_000;

/// Where the build puts the program.
pub fn built_program() -> PathBuf {
    let folder =
        std::env::var_os("SBF_OUT_DIR").map_or_else(|| PathBuf::from("target/deploy"), PathBuf::from);
    folder.join("ballast.so")
}

/// A transaction that landed.
pub struct Landed {
    /// The program's events, in order.
    pub events: Vec<Event>,
    /// Compute units that it took.
    pub units: u64,
}

impl From<TransactionMetadata> for Landed {
    fn from(landed: TransactionMetadata) -> Self {
        Self { events: events(&landed.logs), units: landed.compute_units_consumed }
    }
}

/// What a transaction came to: landed, or the logs of its refusal.
type Attempt = std::result::Result<Landed, Vec<String>>;

/// A virtual machine with a clock that its user moves.
pub struct Ledger {
    /// The machine.
    pub svm: LiteSVM,
    now: u64,
    slot: u64,
}

impl Ledger {
    /// Starts at this time, seconds since the epoch, with the program and nothing else.
    pub fn start(program: &Path, begins: u64) -> Result<Self> {
        let code = std::fs::read(program).with_context(|| {
            format!("cannot read the program {}: build it with `cargo xtask build-sbf`", program.display())
        })?;
        let mut svm = LiteSVM::new().with_log_bytes_limit(None).with_blockhash_check(false);
        svm.add_program(ballast::ID, &code)
            .map_err(|error| anyhow!("the program does not load: {error:?}"))?;
        let mut ledger = Self { svm, now: begins, slot: 10 };
        ledger.pass(0);
        Ok(ledger)
    }

    /// The same ledger that takes signatures on trust: verifying them is the cluster's work, not the program's, and takes most of the
    /// time of a run without compiler optimisations. Which accounts must sign is checked all the same.
    pub fn trusting_signatures(mut self) -> Self {
        self.svm = self.svm.with_sigverify(false);
        self
    }

    /// Seconds since the epoch.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// The slot.
    pub fn slot(&self) -> u64 {
        self.slot
    }

    /// Lets time pass, and a block.
    pub fn pass(&mut self, seconds: u64) {
        self.now += seconds;
        self.slot += 1;
        let clock: Clock = self.svm.get_sysvar();
        self.svm.set_sysvar(&Clock { slot: self.slot, unix_timestamp: self.now as i64, ..clock });
        self.svm.expire_blockhash();
    }

    /// Goes on to this time, and a block.
    pub fn pass_to(&mut self, time: u64) {
        self.pass(time.saturating_sub(self.now));
    }

    /// Goes on by so many epochs.
    pub fn pass_epochs(&mut self, epochs: u64) {
        let clock: Clock = self.svm.get_sysvar();
        let epoch = clock.epoch + epochs;
        self.svm.set_sysvar(&Clock { epoch, leader_schedule_epoch: epoch + 1, ..clock });
    }

    /// Puts stake behind a vote account, as `sol_get_epoch_stake` reports it.
    pub fn inject_stake(&mut self, vote_account: &Pubkey, lamports: u64) -> Result<()> {
        let done = self.svm.set_epoch_stake(*vote_account, lamports);
        done.map_err(|error| anyhow!("cannot inject stake: {error:?}"))
    }

    /// Somebody new with SOL.
    pub fn wallet(&mut self) -> Result<Keypair> {
        let key = Keypair::new();
        self.svm.airdrop(&key.pubkey(), LAMPORTS).map_err(|failed| anyhow!("no SOL: {:?}", failed.err))?;
        Ok(key)
    }

    /// A new mint.
    pub fn mint(&mut self, decimals: u8) -> Result<Pubkey> {
        let mint = Mint { decimals, supply: u64::MAX, is_initialized: true, ..Mint::default() };
        let key = Pubkey::new_unique();
        self.put(key, anchor_spl::token::ID, packed(mint))?;
        Ok(key)
    }

    /// Gives an owner's associated token account this balance.
    pub fn set_tokens(&mut self, owner: &Pubkey, mint: &Pubkey, amount: u64) -> Result<()> {
        let state = AccountState::Initialized;
        let account = TokenAccount { mint: *mint, owner: *owner, amount, state, ..TokenAccount::default() };
        let key = ballast_client::address::wallet_tokens(owner, mint, &anchor_spl::token::ID);
        self.put(key, anchor_spl::token::ID, packed(account))
    }

    /// Writes an account.
    pub fn put(&mut self, key: Pubkey, owner: Pubkey, data: Vec<u8>) -> Result<()> {
        let lamports = self.svm.minimum_balance_for_rent_exemption(data.len());
        let account = Account { lamports, data, owner, ..Account::default() };
        self.svm.set_account(key, account).map_err(|error| anyhow!("cannot write {key}: {error:?}"))
    }

    /// An account's bytes; `None` where there is none.
    pub fn account(&self, key: &Pubkey) -> Option<Account> {
        self.svm.get_account(key).filter(|account| account.lamports > 0)
    }

    /// A program account.
    pub fn state<T: anchor_lang::ZeroCopy + anchor_lang::Discriminator>(&self, key: &Pubkey) -> Result<T> {
        let account = self.account(key).with_context(|| format!("no account at {key}"))?;
        decode(&account.data).with_context(|| format!("{key} cannot be read"))
    }

    /// Signs and sends; returns the events. Errors name what was tried and show the logs.
    pub fn send(
        &mut self,
        what: &str,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Vec<Event>> {
        match self.attempt(instructions, signers)? {
            Ok(landed) => Ok(landed.events),
            Err(logs) => bail!("{what}: {}", logs.join("\n")),
        }
    }

    /// The same for what has to be refused; returns the reason that the program gave.
    pub fn refused(
        &mut self,
        what: &str,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<String> {
        let Err(logs) = self.attempt(instructions, signers)? else {
            bail!("{what} landed, and should not have")
        };
        Ok(reason(&logs).with_context(|| format!("{what}: refused without a reason: {logs:?}"))?.into())
    }

    /// Signs and sends what may land or be refused.
    pub fn attempt(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Attempt> {
        let transaction = self.signed(instructions, signers)?;
        Ok(self.svm.send_transaction(transaction).map(Landed::from).map_err(refusal))
    }

    /// What [`Ledger::attempt`] would come to. Nothing changes.
    pub fn simulate(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Attempt> {
        let transaction = self.signed(instructions, signers)?;
        let simulated = self.svm.simulate_transaction(transaction);
        Ok(simulated.map(|landed| landed.meta.into()).map_err(refusal))
    }

    fn signed(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Transaction> {
        let mut all = vec![ComputeBudgetInstruction::set_compute_unit_limit(UNITS)];
        all.extend_from_slice(instructions);
        let payer = signers.first().context("nobody signs")?;
        let hash = self.svm.latest_blockhash();
        self.svm.expire_blockhash();
        Ok(Transaction::new_signed_with_payer(&all, Some(&payer.pubkey()), signers, hash))
    }
}

/// The reason that the program gave in these logs, without the full stop that the framework sets after it.
pub fn reason(logs: &[String]) -> Option<&str> {
    let reason = logs.iter().find_map(|log| log.split("Error Message: ").nth(1))?;
    Some(reason.strip_suffix('.').unwrap_or(reason))
}

fn refusal(failed: FailedTransactionMetadata) -> Vec<String> {
    let mut logs = failed.meta.logs;
    logs.push(failed.err.to_string());
    logs
}

fn packed<T: Pack>(state: T) -> Vec<u8> {
    let mut data = vec![0; T::LEN];
    state.pack_into_slice(&mut data);
    data
}
