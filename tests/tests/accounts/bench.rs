//! A virtual machine that holds a moment of a world: the accounts that a call can name, the clock and the cluster's stake. A transaction
//! there takes a fraction of what it takes in a test cluster.

use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::instruction::Instruction,
    system_program,
};
use anchor_spl::token_2022::spl_token_2022::error::TokenError;
use ballast_tests::{validators::BOOTSTRAP_STAKE, Validator};
use litesvm::{types::TransactionMetadata, LiteSVM};
use solana_account::Account;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_message::Message;
use solana_transaction::{InstructionError, Transaction, TransactionError};
use std::collections::BTreeMap;

/// Accounts by address; `None` where there is none.
pub type Accounts = BTreeMap<Pubkey, Option<Account>>;

/// A program that anyone could have deployed. Any code will do: none of it is ever to run.
pub const HOSTILE: Pubkey = Pubkey::new_from_array([66; 32]);

/// Errors of the token programs that a wrong account can lead to.
const TOKEN_ERRORS: [TokenError; 8] = [
    TokenError::InsufficientFunds,
    TokenError::InvalidMint,
    TokenError::MintMismatch,
    TokenError::OwnerMismatch,
    TokenError::AlreadyInUse,
    TokenError::UninitializedState,
    TokenError::AccountFrozen,
    TokenError::MintDecimalsMismatch,
];

/// The system program's errors, by their numbers on the wire.
enum SystemError {
    AccountAlreadyInUse = 0,
    ResultWithNegativeLamports = 1,
}

/// The machine.
pub struct Bench {
    svm: LiteSVM,
    /// Pays every fee and is in no instruction, so that whoever else signs signs for the instruction alone.
    payer: Pubkey,
    /// What the machine holds now.
    held: Accounts,
}

/// How a transaction was refused.
#[derive(Debug)]
pub struct Refusal {
    /// The error's name, with whose it is.
    pub name: String,
    /// Whether the instruction ran into a panic or out of its means.
    pub crashed: bool,
    pub logs: Vec<String>,
}

impl Bench {
    pub fn new(validators: &[Validator]) -> Self {
        let mut svm = LiteSVM::new()
            .with_sigverify(false)
            .with_blockhash_check(false)
            .with_transaction_history(0)
            .with_log_bytes_limit(None);
        let deploy = std::env::var("SBF_OUT_DIR").expect("cargo sets where programs are");
        for (id, program) in [(ballast::ID, "ballast"), (HOSTILE, "wide_math")] {
            let file = format!("{deploy}/{program}.so");
            svm.add_program_from_file(id, file).expect("`cargo xtask build-sbf` builds it");
        }
        let lamports = |sol: u64| sol * 1_000_000_000;
        svm.set_epoch_stake(Pubkey::new_unique(), lamports(BOOTSTRAP_STAKE)).expect("less than all stake");
        for validator in validators {
            svm.set_epoch_stake(validator.vote_account, lamports(validator.stake)).expect("less than all");
        }
        let payer = Pubkey::new_unique();
        let wallet = Account { lamports: lamports(1_000), owner: system_program::ID, ..Account::default() };
        svm.set_account(payer, wallet).expect("a wallet is no program");
        Self { svm, payer, held: Accounts::new() }
    }

    /// Takes a moment of a world in place of the one before.
    pub fn hold(&mut self, accounts: &Accounts, clock: &Clock) {
        let gone: Vec<_> = self.held.keys().filter(|key| !accounts.contains_key(key)).copied().collect();
        for key in gone {
            self.put(key, None);
            self.held.remove(&key);
        }
        for (key, account) in accounts {
            self.put(*key, account.clone());
        }
        self.held = accounts.clone();
        self.svm.set_sysvar(clock);
    }

    /// Writes an account, for one transaction.
    pub fn put(&mut self, key: Pubkey, account: Option<Account>) {
        self.svm
            .set_account(key, account.unwrap_or_default())
            .expect("programs and sysvars are never written");
        self.held.entry(key).or_default();
    }

    /// An account as it is now.
    pub fn account(&self, key: &Pubkey) -> Option<Account> {
        self.svm.get_account(key).filter(|account| account.lamports > 0)
    }

    /// Puts every account back that is not what it was when the moment was taken.
    pub fn restore(&mut self, before: &Accounts) {
        let keys: Vec<_> = self.held.keys().copied().collect();
        for key in keys {
            let was = before.get(&key).cloned().flatten();
            if self.account(&key) != was {
                self.put(key, was);
            }
        }
    }

    /// Every account as it is now.
    pub fn all(&self) -> Accounts {
        self.held.keys().map(|key| (*key, self.account(key))).collect()
    }

    /// What is there now that was not so in `before`.
    pub fn changed(&self, before: &Accounts) -> Vec<Pubkey> {
        let differs = |key: &&Pubkey| self.account(key) != before.get(*key).cloned().flatten();
        self.held.keys().filter(differs).copied().collect()
    }

    /// Sends a transaction that everybody whom it asks signs.
    pub fn send(&mut self, instructions: &[Instruction]) -> Result<TransactionMetadata, Refusal> {
        let mut all = vec![ComputeBudgetInstruction::set_compute_unit_limit(1_400_000)];
        all.extend_from_slice(instructions);
        let message = Message::new(&all, Some(&self.payer));
        let outcome = self.svm.send_transaction(Transaction::new_unsigned(message));
        let logs = outcome.as_ref().map_or_else(|failed| &failed.meta.logs, |landed| &landed.logs);
        let ran = format!("Program {HOSTILE} invoke");
        assert!(logs.iter().all(|line| !line.starts_with(&ran)), "an attacker's program ran: {logs:#?}");
        outcome.map_err(|failed| refusal(&failed.err, failed.meta.logs))
    }
}

/// Names an error: of the program and of Anchor by what they log, of SPL Token by number, of the runtime as it calls it.
fn refusal(error: &TransactionError, logs: Vec<String>) -> Refusal {
    let logged = |mark: &str| {
        let line = logs.iter().rev().find_map(|line| line.split_once(mark))?;
        line.1.split('.').next().map(str::to_owned)
    };
    let failed = logs.iter().find_map(|line| line.strip_prefix("Program ")?.split_once(" failed"));
    let program = failed.map_or("", |(program, _)| program);
    let (name, crashed) = match error {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => {
            let of = |id: Pubkey| program == id.to_string();
            let name = if of(anchor_spl::token::ID) || of(anchor_spl::token_2022::ID) {
                let known = TOKEN_ERRORS.iter().find(|error| (*error).clone() as u32 == *code);
                known.map_or(format!("unnamed: {program} {code}"), |error| format!("SPL Token: {error:?}"))
            } else if of(system_program::ID) && *code == SystemError::AccountAlreadyInUse as u32 {
                "system program: AccountAlreadyInUse".to_owned()
            } else if of(system_program::ID) && *code == SystemError::ResultWithNegativeLamports as u32 {
                "system program: ResultWithNegativeLamports".to_owned()
            } else {
                logged("Error Code: ").unwrap_or_else(|| format!("unnamed: {program} {code}"))
            };
            (name, false)
        }
        TransactionError::InstructionError(_, error) => {
            let crashed = matches!(
                error,
                InstructionError::ProgramFailedToComplete | InstructionError::ComputationalBudgetExceeded
            );
            (format!("runtime: {error:?}"), crashed)
        }
        error => (format!("transaction: {error:?}"), false),
    };
    Refusal { name, crashed, logs }
}
