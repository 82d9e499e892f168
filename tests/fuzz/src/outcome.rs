//! How a transaction ended. Every refusal has to be a named one: an error of the program, of Anchor's account checks, of a token
//! program or the system program, or what the runtime says of a transaction that was never right, which only a bent one is.

use crate::{build::Built, svm::Svm};
use anchor_lang::solana_program::instruction::Instruction;
use anchor_spl::token_2022::spl_token_2022::error::TokenError;
use ballast_client::{interface, send::refusal::Refusal};
use solana_transaction::{InstructionError, TransactionError};
use std::{cell::RefCell, collections::HashMap};

/// What every transaction is held to.
pub const NO_PANIC: &str = "every failure is a named error";

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It landed.
    Landed {
        /// Compute units that it took.
        units: u64,
    },
    /// It was refused.
    Refused {
        /// The error's name.
        name: String,
        /// Place of the refused instruction, compute budget left out.
        at: usize,
        /// Whether only what was bent may be refused so: accounts, signatures or data were never right.
        bent: bool,
    },
    /// It failed as no transaction may: a panic, an access violation, out of compute.
    Broke {
        /// What the runtime said.
        how: String,
        /// Place of the instruction.
        at: usize,
    },
}

thread_local! {
    /// Names of codes that only the logs tell: looked up once.
    static NAMES: RefCell<HashMap<u32, String>> = RefCell::default();
}

/// Anchor's codes begin here.
const ANCHOR: u32 = 100;

/// What SPL Token and Token-2022 may say of a transfer.
const TOKEN: [TokenError; 4] = [
    TokenError::InsufficientFunds,
    TokenError::MintMismatch,
    TokenError::OwnerMismatch,
    TokenError::AccountFrozen,
];

/// What the system program may say of an account that is opened.
const SYSTEM: [(u32, &str); 2] = [(0, "AccountAlreadyInUse"), (1, "ResultWithNegativeLamports")];

impl Outcome {
    /// From what the runtime reported. `instructions`: without the compute budget's.
    pub fn of(svm: &Svm, instructions: &[Instruction], sent: Result<u64, TransactionError>) -> Self {
        let error = match sent {
            Ok(units) => return Self::Landed { units },
            Err(error) => error,
        };
        let TransactionError::InstructionError(index, reason) = &error else {
            let how = format!("{error:?}");
            let name = how.split(['(', ' ', '{']).next().unwrap_or(&how).to_owned();
            return if is_senders_fault(&error) {
                Self::Refused { name, at: 0, bent: false }
            } else {
                Self::Broke { how, at: 0 }
            };
        };
        let at = usize::from(*index).saturating_sub(1);
        let name = match reason {
            InstructionError::Custom(code) => {
                known(*code).or_else(|| looked_up(svm, instructions, &error, *code))
            }
            reason => is_named(reason).then(|| format!("{reason:?}")),
        };
        match name {
            Some(name) => Self::Refused { name, at, bent: is_of_bent(reason) },
            None => Self::Broke { how: format!("{reason:?}"), at },
        }
    }

    /// What is wrong with how these calls ended, if anything.
    pub fn breaks(&self, calls: &[Built]) -> Option<String> {
        match self {
            Self::Broke { how, at } => {
                Some(format!("{}: {how}", calls.get(*at).map_or("", |call| call.name)))
            }
            Self::Refused { name, at, bent: true } => {
                let call = calls.get(*at).filter(|call| !call.bent)?;
                Some(format!("{}, as the client builds it: {name}", call.name))
            }
            _ => None,
        }
    }

    /// Whether it landed.
    pub fn landed(&self) -> bool {
        matches!(self, Self::Landed { .. })
    }
}

/// Errors of the program by its interface, and of the programs that it calls: where both have a name for a code, the log would
/// have to tell, and both are said.
fn known(code: u32) -> Option<String> {
    if let Some(known) = interface::error_text(code) {
        return Some(known.name.clone());
    }
    let token =
        TOKEN.iter().find(|error| (*error).clone() as u32 == code).map(|error| format!("token: {error:?}"));
    let system = SYSTEM.iter().find(|(of, _)| *of == code).map(|(_, name)| format!("system: {name}"));
    match (token, system) {
        (Some(token), Some(system)) => Some(format!("{token} or {system}")),
        (token, system) => token.or(system),
    }
}

/// Errors of Anchor's checks, by the log of the first transaction that showed them.
fn looked_up(svm: &Svm, instructions: &[Instruction], error: &TransactionError, code: u32) -> Option<String> {
    let look_up = || Refusal::new(error, &[], svm.logs_of(instructions)).name;
    let name = NAMES.with_borrow_mut(|names| names.entry(code).or_insert_with(look_up).clone());
    (code >= ANCHOR && !name.starts_with("error ")).then_some(name)
}

/// Whether it says that accounts, signatures or data were never right: the client's builders bring none of that about.
fn is_of_bent(reason: &InstructionError) -> bool {
    let wallets = [TokenError::MintMismatch, TokenError::OwnerMismatch];
    match reason {
        InstructionError::Custom(code) => wallets.iter().any(|error| error.clone() as u32 == *code),
        _ => true,
    }
}

/// What the runtime says of accounts, signatures and data that were never right, and the program through Anchor.
fn is_named(reason: &InstructionError) -> bool {
    use InstructionError::*;
    matches!(
        reason,
        MissingRequiredSignature
            | MissingAccount
            | InvalidAccountData
            | InvalidArgument
            | InvalidInstructionData
            | IncorrectProgramId
            | UninitializedAccount
            | AccountAlreadyInitialized
            | AccountBorrowFailed
            | AccountDataTooSmall
            | InsufficientFunds
            | InvalidAccountOwner
            | InvalidSeeds
            | IllegalOwner
            | AccountNotExecutable
            | UnsupportedSysvar
            // an account to be made that is not passed writable: the runtime refuses the call to the system program
            | PrivilegeEscalation
    )
}

fn is_senders_fault(error: &TransactionError) -> bool {
    use TransactionError::*;
    matches!(
        error,
        TooManyAccountLocks
            | AccountNotFound
            | InvalidAccountForFee
            | InsufficientFundsForFee
            | InvalidWritableAccount
            | SanitizeFailure
            | AccountLoadedTwice
    )
}
