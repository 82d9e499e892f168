//! How a transaction failed, and asserting that it failed for the right reason.

use anchor_lang::error::ErrorCode;
use anchor_spl::token_2022::spl_token_2022::error::TokenError;
use ballast::BallastError;
use solana_program_test::BanksClientError;
use solana_transaction::{InstructionError, TransactionError};

/// A refused transaction.
#[derive(Debug)]
pub struct Failure {
    /// What the runtime reported.
    pub error: Option<TransactionError>,
    /// The transaction's logs.
    pub logs: Vec<String>,
}

impl Failure {
    /// Why the instruction was refused, if one was.
    pub fn reason(&self) -> Option<Reason> {
        match &self.error {
            Some(TransactionError::InstructionError(_, error)) => Some(Reason(error.clone())),
            _ => None,
        }
    }
}

impl From<BanksClientError> for Failure {
    fn from(error: BanksClientError) -> Self {
        Self { error: None, logs: vec![format!("{error:?}")] }
    }
}

/// Why an instruction was refused: an error of the program, of Anchor's account checks, of a token program, or of the
/// runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(InstructionError);

impl From<BallastError> for Reason {
    fn from(error: BallastError) -> Self {
        Self(InstructionError::Custom(error.into()))
    }
}

impl From<ErrorCode> for Reason {
    fn from(error: ErrorCode) -> Self {
        Self(InstructionError::Custom(error.into()))
    }
}

impl From<TokenError> for Reason {
    fn from(error: TokenError) -> Self {
        Self(InstructionError::Custom(error as u32))
    }
}

impl From<InstructionError> for Reason {
    fn from(error: InstructionError) -> Self {
        Self(error)
    }
}

/// What the system program says of an address that is in use already.
pub const ADDRESS_IN_USE: InstructionError = InstructionError::Custom(0);

/// Asserts that a transaction was refused for this reason.
#[track_caller]
pub fn refused<T>(result: Result<T, Failure>, reason: impl Into<Reason>) {
    let reason = reason.into();
    match result {
        Ok(_) => panic!("expected {reason:?}, but the transaction landed"),
        Err(failure) => {
            assert!(
                failure.reason().as_ref() == Some(&reason),
                "expected {reason:?}, not {:?} {:#?}",
                failure.error,
                failure.logs
            );
        }
    }
}
