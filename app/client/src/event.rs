//! Events of the program, read from transaction logs.

use anchor_lang::{AnchorDeserialize, Discriminator};
use ballast::event::*;
use base64::{engine::general_purpose::STANDARD, Engine};

macro_rules! events {
    ($($name:ident),* $(,)?) => {
        /// Any event of the program.
        #[derive(Clone)]
        #[allow(clippy::large_enum_variant)] // few are alive at a time, and readers match on them without boxes
        pub enum Event {
            $(
                #[doc = concat!("[`", stringify!($name), "`]")]
                $name($name),
            )*
        }

        impl Event {
            /// Reads an event from the bytes that the program logged; `None` when they are none of its events.
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                $(
                    if let Some(mut body) = bytes.strip_prefix($name::DISCRIMINATOR) {
                        return $name::deserialize(&mut body).ok().map(Self::$name);
                    }
                )*
                None
            }
        }
    };
}

events!(
    VaultCreated,
    ReserveAdded,
    ReserveRefreshed,
    ObligationRefreshed,
    ObligationOpened,
    ObligationClosed,
    PositionChanged,
    TrancheExecuted,
    FeesCollected,
    SolvencyAttested,
    BookAudited,
    BreakerChanged,
    TokensFrozen,
    LossAbsorbed,
    SharesRetired,
    FundCreated,
    StakeChanged,
    InsuranceCollected,
    LossRecorded,
    LossCovered,
    RollChanged,
    ClaimOpened,
    ClaimVoted,
    ClaimSettled,
    ClaimClosed,
    AccountMigrated,
    ChangeProposed,
    ChangeExecuted,
    ChangeCancelled,
);

/// All events of the program in a transaction's logs, in order. Data that other programs log is skipped by tracking which
/// program is running, so that nobody can forge an event by logging its bytes.
pub fn events(logs: &[String]) -> Vec<Event> {
    let program = ballast::ID.to_string();
    let mut running: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for log in logs {
        let mut words = log.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("Program"), Some("data:"), Some(data)) if running.last() == Some(&program.as_str()) => {
                found.extend(STANDARD.decode(data).ok().and_then(|bytes| Event::from_bytes(&bytes)));
            }
            // what a program logs itself begins with `Program log:`, and may go on with any word
            (Some("Program"), Some(id), Some("invoke")) if id != "log:" => running.push(id),
            (Some("Program"), Some(id), Some("success")) if running.last() == Some(&id) => {
                running.pop();
            }
            (Some("Program"), Some(id), Some("failed:")) if running.last() == Some(&id) => {
                running.pop();
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use anchor_lang::{prelude::Pubkey, AnchorSerialize};

    #[test]
    fn what_other_programs_log_neither_forges_events_nor_hides_them() {
        let event = TokensFrozen { vault: Pubkey::new_unique(), reserve: Pubkey::new_unique(), frozen: true };
        let mut bytes = TokensFrozen::DISCRIMINATOR.to_vec();
        event.serialize(&mut bytes).unwrap();
        let data = format!("Program data: {}", STANDARD.encode(&bytes));
        let (ours, other) = (ballast::ID, Pubkey::new_unique());
        let logs = [
            format!("Program {other} invoke [1]"),
            "Program log: invoke [1]".into(),
            data.clone(), // forged
            format!("Program {other} success"),
            format!("Program {ours} invoke [1]"),
            "Program log: success".into(),
            data,
            format!("Program {ours} success"),
        ];
        let found = events(&logs);
        let [Event::TokensFrozen(found)] = &found[..] else { panic!("one event") };
        assert_eq!((found.vault, found.frozen), (event.vault, true));
    }
}
