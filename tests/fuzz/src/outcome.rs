//! How a transaction ended. Every refusal has to be a named one: an error of the program, of Anchor's account checks, of a token
//! program, or what the runtime says of a transaction that was never right.

use crate::svm::Svm;
use anchor_lang::solana_program::instruction::Instruction;
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

/// Custom codes below this are the token programs' and the system program's.
const ANCHOR: u32 = 100;

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
                Self::Refused { name, at: 0 }
            } else {
                Self::Broke { how, at: 0 }
            };
        };
        let at = usize::from(*index).saturating_sub(1);
        match reason {
            InstructionError::Custom(code) => match interface::error_text(*code) {
                Some(known) => Self::Refused { name: known.name.clone(), at },
                None => {
                    let look_up = || look_up(svm, instructions, &error);
                    let name =
                        NAMES.with_borrow_mut(|names| names.entry(*code).or_insert_with(look_up).clone());
                    match *code < ANCHOR || !name.starts_with("error ") {
                        true => Self::Refused { name, at },
                        false => Self::Broke { how: name, at },
                    }
                }
            },
            reason if is_named(reason) => Self::Refused { name: format!("{reason:?}"), at },
            reason => Self::Broke { how: format!("{reason:?}"), at },
        }
    }

    /// Whether it landed.
    pub fn landed(&self) -> bool {
        matches!(self, Self::Landed { .. })
    }
}

fn look_up(svm: &Svm, instructions: &[Instruction], error: &TransactionError) -> String {
    let logs = svm.logs_of(instructions);
    let refusal = Refusal::new(error, &[], logs);
    if refusal.code.is_some_and(|code| code < ANCHOR) {
        return format!("token or system program: {}", refusal.code.unwrap_or_default());
    }
    refusal.name
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
