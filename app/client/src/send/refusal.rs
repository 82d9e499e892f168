//! Why a transaction failed, in words that say what to do.

use crate::interface;
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::error::BallastError;
use solana_transaction_error::TransactionError;
use std::fmt;

/// A failed transaction, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The program that refused; `None` where the runtime did.
    pub program: Option<Pubkey>,
    /// Its error code.
    pub code: Option<u32>,
    /// The error's name.
    pub name: String,
    /// What happened and what to do about it.
    pub text: String,
    /// Index of the failed instruction in the transaction, compute-budget instructions included.
    pub instruction: Option<u8>,
    /// The transaction's logs.
    pub logs: Vec<String>,
}

impl Refusal {
    /// Decodes an error. Logs name the innermost program that failed; without them the instruction's own program is meant.
    pub fn new(error: &TransactionError, instructions: &[Instruction], logs: Vec<String>) -> Self {
        let mut refusal = Self {
            program: None,
            code: None,
            name: variant_name(error),
            text: runtime_text(error),
            instruction: None,
            logs,
        };
        let TransactionError::InstructionError(index, reason) = error else { return refusal };
        refusal.instruction = Some(*index);
        let outer = instructions.get(usize::from(*index)).map(|instruction| instruction.program_id);
        refusal.program = failed_program(&refusal.logs).or(outer);
        let reason_text = reason.to_string();
        refusal.code = custom_code(&reason_text);
        if let Some(code) = refusal.code {
            (refusal.name, refusal.text) = named(refusal.program, code, &refusal.logs);
        } else {
            refusal.name = format!("{reason:?}");
            refusal.text = reason_text;
        }
        refusal
    }

    /// Whether the program refused with this error.
    pub fn is(&self, error: BallastError) -> bool {
        self.program == Some(ballast::ID) && self.code == Some(u32::from(error))
    }

    /// Whether it ran out of compute units.
    pub fn is_out_of_units(&self) -> bool {
        self.name == "ComputationalBudgetExceeded"
            || self.logs.iter().any(|log| log.contains("exceeded CUs meter"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.name)
    }
}

fn variant_name(error: &TransactionError) -> String {
    let name = format!("{error:?}");
    name.split(['(', ' ', '{']).next().unwrap_or(&name).to_owned()
}

fn runtime_text(error: &TransactionError) -> String {
    match error {
        TransactionError::AccountNotFound | TransactionError::InsufficientFundsForFee => {
            "The paying wallet has too little SOL for the fee: send it some".into()
        }
        TransactionError::InsufficientFundsForRent { .. } => {
            "An account would be left with less SOL than its rent: send the paying wallet some".into()
        }
        TransactionError::BlockhashNotFound => {
            "The node does not know the blockhash: the node lags, or the transaction waited too long; try again"
                .into()
        }
        other => other.to_string(),
    }
}

/// The code in `custom program error: 0x…`, which is how the runtime prints it in every version.
fn custom_code(text: &str) -> Option<u32> {
    let (_, hex) = text.split_once("custom program error: 0x")?;
    u32::from_str_radix(hex.split(|c: char| !c.is_ascii_hexdigit()).next()?, 16).ok()
}

/// The first program that the logs call failed: the innermost one.
fn failed_program(logs: &[String]) -> Option<Pubkey> {
    logs.iter().find_map(|log| {
        let rest = log.strip_prefix("Program ")?;
        let (id, rest) = rest.split_once(' ')?;
        rest.starts_with("failed: ").then(|| id.parse().ok())?
    })
}

fn named(program: Option<Pubkey>, code: u32, logs: &[String]) -> (String, String) {
    let Some(program) = program else {
        return (format!("error {code}"), format!("refused with code {code}"));
    };
    if program == ballast::ID {
        if let Some(error) = interface::error_text(code) {
            let rule =
                if code == u32::from(BallastError::InvalidParameter) { broken_rule(logs) } else { None };
            let text = rule.map_or_else(|| error.text.clone(), |rule| format!("{}: {rule}", error.text));
            return (error.name.clone(), text);
        }
        if let Some(error) = anchor_error(logs) {
            return error;
        }
    }
    let tokens = [anchor_spl::token::ID, anchor_spl::token_2022::ID];
    let text = match code {
        1 if tokens.contains(&program) => "The token account holds too few tokens: pass less".into(),
        17 if tokens.contains(&program) => "The token account is frozen by its issuer".into(),
        0 if program == Pubkey::default() => "An account that would be made exists already".into(),
        1 if program == Pubkey::default() => "The paying wallet has too little SOL: send it some".into(),
        _ => format!("program {program} refused with code {code}: see its logs"),
    };
    (format!("error {code} of {program}"), text)
}

/// Name and message of an error of Anchor itself, from its log line.
fn anchor_error(logs: &[String]) -> Option<(String, String)> {
    let line = logs.iter().find(|log| log.contains("AnchorError"))?;
    let part = |key: &str| {
        let (_, rest) = line.split_once(key)?;
        Some(rest.split(". Error").next().unwrap_or(rest).trim_end_matches('.').to_owned())
    };
    let account = line.split_once("caused by account: ").and_then(|(_, rest)| rest.split('.').next());
    let message = part("Error Message: ")?;
    let text = account.map_or_else(|| message.clone(), |account| format!("{message} (account {account})"));
    Some((part("Error Code: ")?, text))
}

/// The rule that a refused parameter broke: the program logs it just before its error.
fn broken_rule(logs: &[String]) -> Option<&str> {
    let end = logs.iter().position(|log| log.contains("AnchorError"))?;
    let line = logs.get(..end)?.last()?;
    line.strip_prefix("Program log: ").filter(|rule| !rule.starts_with("Instruction:"))
}
