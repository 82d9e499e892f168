//! Errors of planning and sending.

use super::{refusal::Refusal, transport::TransportError};
use anchor_lang::prelude::Pubkey;
use solana_signature::Signature;

/// Why something was not sent, or did not land.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SendError {
    /// The cluster cannot be asked.
    #[error("{what}: {error}")]
    Transport {
        /// What was being done.
        what: String,
        /// Why.
        error: TransportError,
    },
    /// The program or the runtime refuses; nothing happened.
    #[error("{what}: {refusal}")]
    Refused {
        /// What was being done.
        what: String,
        /// Why.
        refusal: Box<Refusal>,
        /// The transaction that failed; `None` when the simulation did, which costs nothing.
        signature: Option<Signature>,
    },
    /// A step that cannot be taken apart does not fit one transaction.
    #[error("{what}: {size} where a transaction takes {most}: {advice}")]
    TooLarge {
        /// What was being done.
        what: String,
        /// How large it is.
        size: String,
        /// What fits.
        most: String,
        /// What to do.
        advice: &'static str,
    },
    /// The cluster did not take the transaction in time; it can no longer land.
    #[error("{what}: the cluster did not take the transaction within {attempts} blockhashes; nothing happened: try again with a higher priority fee")]
    Expired {
        /// What was being done.
        what: String,
        /// Blockhashes tried.
        attempts: u32,
    },
    /// The transaction was sent and the cluster can no longer be asked what became of it.
    #[error("{what}: sent, but the cluster cannot be asked what became of it ({error}): look at {signature} before trying again")]
    Unknown {
        /// What was being done.
        what: String,
        /// Its signature.
        signature: Signature,
        /// Why it cannot be asked.
        error: TransportError,
    },
    /// A key that has to sign was not given.
    #[error("{what}: the key of {key} has to sign, and was not given")]
    MissingSigner {
        /// What was being done.
        what: String,
        /// Whose key.
        key: Pubkey,
    },
    /// A key did not sign.
    #[error("{what}: the key did not sign: {reason}")]
    Signing {
        /// What was being done.
        what: String,
        /// Why.
        reason: String,
    },
}

impl SendError {
    /// The program's refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    pub(crate) fn transport(what: &str, error: TransportError) -> Self {
        Self::Transport { what: what.to_owned(), error }
    }
}
