//! Errors of planning: the program's, or the risk crate's.

use ballast_risk::RiskError;
use std::fmt;

/// Result of planning.
pub type Result<T> = std::result::Result<T, PlanError>;

/// Why something could not be scored or planned.
#[derive(Debug)]
pub enum PlanError {
    /// The program would refuse the accounts or prices.
    Program(anchor_lang::error::Error),
    /// The numbers are out of range.
    Risk(RiskError),
}

impl From<anchor_lang::error::Error> for PlanError {
    fn from(error: anchor_lang::error::Error) -> Self {
        Self::Program(error)
    }
}

impl From<RiskError> for PlanError {
    fn from(error: RiskError) -> Self {
        Self::Risk(error)
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(error) => write!(f, "{error}"),
            Self::Risk(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for PlanError {}
