//! Who may replace the program, and how much that is worth. Program upgrades belong behind an existing timelocked multisig.

use crate::{
    chain::Chain,
    config::{Authority, Squads},
};
use anchor_lang::{prelude::Pubkey, pubkey};
use anyhow::Result;
use ballast_risk::change::MIN_TIMELOCK;

/// Squads' multisig program, version 4.
const SQUADS: Pubkey = pubkey!("SQDS4ep65T869zMMBKyuUq6aD6EgTu8psMjkvj52pCf");
/// First bytes of a multisig's account.
const MULTISIG: [u8; 8] = [224, 116, 121, 186, 68, 161, 79, 236];

impl Authority {
    /// The address that the loader is to know; `None` for nobody.
    pub fn address(&self) -> Option<Pubkey> {
        match self {
            Self::Nobody => None,
            Self::Key(key) => Some(key.0),
            Self::Squads(squads) => Some(squads.address()),
        }
    }

    /// Whether it can be handed the program: a multisig has to be there first.
    pub fn is_there(&self, chain: &Chain) -> Result<bool> {
        match self {
            Self::Squads(squads) => {
                Ok(squads.data(chain)?.is_some_and(|data| Multisig::parse(&data).is_some()))
            }
            Self::Nobody | Self::Key(_) => Ok(true),
        }
    }

    /// What is wrong with it, loudly; nothing if it is behind a timelocked multisig, or nobody.
    pub fn warnings(&self, chain: &Chain) -> Result<Vec<String>> {
        match self {
            Self::Nobody => Ok(vec![]),
            Self::Key(key) => Ok(vec![format!(
                "ONE KEY, {}, MAY REPLACE THE PROGRAM AT ONCE, and with it every rule and every token. Program upgrades belong \
                 behind an existing timelocked multisig: set `upgrade_authority = {{ squads = {{ multisig = \"…\" }} }}`",
                key.0
            )]),
            Self::Squads(squads) => Ok(squads.judge(squads.data(chain)?.as_deref())),
        }
    }
}

impl Squads {
    /// The vault's address, which signs for the members.
    fn address(&self) -> Pubkey {
        let seeds: [&[u8]; 4] = [b"multisig", self.multisig.0.as_ref(), b"vault", &[self.vault]];
        Pubkey::find_program_address(&seeds, &SQUADS).0
    }

    /// The multisig's data, if Squads' program has it.
    fn data(&self, chain: &Chain) -> Result<Option<Vec<u8>>> {
        let account = chain.account(&self.multisig.0)?;
        Ok(account.filter(|account| account.owner == SQUADS).map(|account| account.data))
    }

    /// What is wrong with the multisig, given its data.
    fn judge(&self, data: Option<&[u8]>) -> Vec<String> {
        let Some(multisig) = data.and_then(Multisig::parse) else {
            return vec![format!(
                "NO MULTISIG IS AT {} on this cluster: nobody could ever upgrade",
                self.multisig.0
            )];
        };
        let mut warnings = vec![];
        if multisig.threshold < 2 {
            warnings.push(
                "ONE MEMBER OF THE MULTISIG IS ENOUGH to replace the program: raise its threshold".into(),
            );
        }
        if u64::from(multisig.time_lock) < MIN_TIMELOCK {
            warnings.push(format!(
                "THE MULTISIG'S TIME LOCK IS {} HOURS: a curator's changes wait two days, and an upgrade can undo all of \
                 them; raise it to 48",
                multisig.time_lock / 3_600
            ));
        }
        if multisig.config_authority != Pubkey::default() {
            warnings.push(format!(
                "ONE KEY, {}, MAY CHANGE THE MULTISIG'S MEMBERS AND TIME LOCK: make it autonomous",
                multisig.config_authority
            ));
        }
        warnings
    }
}

/// The head of a multisig's account.
struct Multisig {
    config_authority: Pubkey,
    threshold: u16,
    time_lock: u32,
}

impl Multisig {
    fn parse(data: &[u8]) -> Option<Self> {
        let body = data.strip_prefix(&MULTISIG)?;
        Some(Self {
            config_authority: Pubkey::new_from_array(body.get(32..64)?.try_into().ok()?),
            threshold: u16::from_le_bytes(body.get(64..66)?.try_into().ok()?),
            time_lock: u32::from_le_bytes(body.get(66..70)?.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::Key;
    use sha2::{Digest, Sha256};

    fn account(config_authority: [u8; 32], threshold: u16, time_lock: u32) -> Vec<u8> {
        let mut data = MULTISIG.to_vec();
        data.extend([9; 32]);
        data.extend(config_authority);
        data.extend(threshold.to_le_bytes());
        data.extend(time_lock.to_le_bytes());
        data.extend([0; 60]);
        data
    }

    #[test]
    fn a_multisig_is_told_by_its_kind() {
        assert_eq!(Sha256::digest(b"account:Multisig")[..8], MULTISIG);
    }

    #[test]
    fn only_a_timelocked_autonomous_multisig_of_several_passes_without_a_warning() {
        let squads = Squads { multisig: Key(Pubkey::new_from_array([1; 32])), vault: 0 };
        let warnings = |data: &[u8]| squads.judge(Some(data)).len();
        assert_eq!(warnings(&account([0; 32], 3, 172_800)), 0);
        assert_eq!(warnings(&account([0; 32], 1, 172_800)), 1);
        assert_eq!(warnings(&account([0; 32], 3, 172_799)), 1);
        assert_eq!(warnings(&account([4; 32], 3, 172_800)), 1);
        assert_eq!(warnings(&account([4; 32], 1, 0)), 3);
        assert_eq!(warnings(&[0; 200]), 1, "another kind of account");
        assert_eq!(squads.judge(None).len(), 1, "no account");
    }
}
