//! Why a call was refused.

use anchor_lang::error::Error;
use ballast_client::{error::PlanError, view::ViewError};
use ballast_risk::{refusal::Refusal, RiskError};

/// A refusal with a name for programs and a text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// As the program or the risk crate names it; `InvalidInput` for bytes that are no arguments.
    pub name: String,
    /// What is wrong.
    pub message: String,
}

impl Refused {
    /// Bytes that are no arguments of the function.
    pub fn input(message: &str) -> Self {
        Self { name: "InvalidInput".to_owned(), message: message.to_owned() }
    }
}

/// A variant's name: what its debug form has before any content.
fn variant(value: impl core::fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

impl From<RiskError> for Refused {
    fn from(error: RiskError) -> Self {
        Self { name: variant(error), message: error.to_string() }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Risk(error) => error.into(),
            other => Self { name: variant(other), message: other.to_string() },
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::AnchorError(error) => Self { name: error.error_name, message: error.error_msg },
            other => Self { name: "ProgramError".to_owned(), message: other.to_string() },
        }
    }
}

impl From<PlanError> for Refused {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Program(error) => error.into(),
            PlanError::Risk(error) => error.into(),
        }
    }
}

impl From<ViewError> for Refused {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::Plan(error) => error.into(),
            ViewError::NoReserve(_) | ViewError::Missing { .. } => Self::input(
                "a reserve of the book is missing: pass the accounts of the reserves of all positions and changes",
            ),
            other => Self::input(&other.to_string()),
        }
    }
}
