//! How a transaction failed, and asserting that it failed for the right reason.

use ballast::BallastError;
use solana_program_test::BanksClientError;
use solana_transaction::TransactionError;

/// A refused transaction.
#[derive(Debug)]
pub struct Failure {
    /// What the runtime reported.
    pub error: Option<TransactionError>,
    /// The transaction's logs.
    pub logs: Vec<String>,
}

impl Failure {
    /// The custom error code, if a program refused with one.
    pub fn code(&self) -> Option<u32> {
        // "Error processing Instruction 1: custom program error: 0x1770"
        let text = self.error.as_ref()?.to_string();
        u32::from_str_radix(text.rsplit_once("custom program error: 0x")?.1, 16).ok()
    }
}

impl From<BanksClientError> for Failure {
    fn from(error: BanksClientError) -> Self {
        Self { error: None, logs: vec![format!("{error:?}")] }
    }
}

/// Asserts that a transaction was refused with this error of the program.
#[track_caller]
pub fn refused<T>(result: Result<T, Failure>, reason: BallastError) {
    refused_with(result, u32::from(reason));
}

/// Asserts that a transaction was refused with this custom error code.
#[track_caller]
pub fn refused_with<T>(result: Result<T, Failure>, code: u32) {
    match result {
        Ok(_) => panic!("expected error {code}, but the transaction landed"),
        Err(failure) => assert_eq!(failure.code(), Some(code), "{:?} {:#?}", failure.error, failure.logs),
    }
}
