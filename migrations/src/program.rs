//! The program on chain: which bytes it is, who may replace it, and whom to write to.

use crate::chain::Chain;
use anchor_lang::prelude::Pubkey;
use anyhow::{bail, Context as _, Result};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Solana's upgradeable loader.
pub const LOADER: Pubkey = anchor_lang::pubkey!("BPFLoaderUpgradeab1e11111111111111111111111");
/// What the loader writes before the program: a number, the slot, and perhaps an authority.
const HEADER: usize = 45;

/// A deployed program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Who may replace it; nobody if `None`.
    pub authority: Option<Pubkey>,
    /// Its bytes, with what zeros follow them.
    pub bytes: Vec<u8>,
}

impl Deployed {
    /// Reads the program at an address; `None` where there is no account.
    pub fn read(chain: &Chain, id: &Pubkey) -> Result<Option<Self>> {
        let Some(account) = chain.account(id)? else { return Ok(None) };
        if account.owner != LOADER || account.data.get(..4) != Some(&[2, 0, 0, 0]) {
            bail!("{id} is not a program of the upgradeable loader: its owner is {}", account.owner);
        }
        let address = account.data.get(4..36).and_then(|bytes| bytes.try_into().ok());
        let address = Pubkey::new_from_array(address.context("the program's account is too short")?);
        let data = chain
            .account(&address)?
            .with_context(|| format!("the program's data {address} is gone: it was closed"))?;
        Self::parse(&data.data).with_context(|| format!("{address} holds no program")).map(Some)
    }

    fn parse(data: &[u8]) -> Option<Self> {
        let (header, bytes) = data.split_at_checked(HEADER)?;
        if header[..4] != [3, 0, 0, 0] {
            return None;
        }
        let authority = match header[12] {
            0 => None,
            _ => Some(Pubkey::new_from_array(header[13..45].try_into().ok()?)),
        };
        Some(Self { authority, bytes: bytes.to_vec() })
    }

    /// Whether it is exactly this program: its bytes, and nothing but zeros after them.
    pub fn is(&self, built: &Built) -> bool {
        let rest = self.bytes.strip_prefix(built.bytes.as_slice());
        rest.is_some_and(|rest| rest.iter().all(|byte| *byte == 0))
    }

    /// SHA-256 of its bytes without the zeros after a program of this length.
    pub fn sha256(&self, length: usize) -> String {
        let end = self.bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1).max(length);
        sha256(&self.bytes[..end.min(self.bytes.len())])
    }
}

/// A program as it was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their SHA-256.
    pub sha256: String,
    /// Its security.txt, in order.
    pub security: Vec<(String, String)>,
}

impl Built {
    /// Reads a built program. It has to be an ELF with a security.txt.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let bytes = std::fs::read(path).with_context(|| {
            format!("cannot read the program {name}: build it with `cargo xtask build-sbf`")
        })?;
        if !bytes.starts_with(b"\x7fELF") {
            bail!("{name} is not a program: it is no ELF file");
        }
        let Some(security) = security_txt(&bytes) else {
            bail!("{name} has no security.txt: people who find a hole would not know whom to tell; build it with `cargo xtask build-sbf`");
        };
        Ok(Self { sha256: sha256(&bytes), security, bytes })
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The security.txt in a program: pairs of texts, each ended by a zero.
pub fn security_txt(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    const BEGIN: &[u8] = b"=======BEGIN SECURITY.TXT V1=======\0";
    const END: &[u8] = b"=======END SECURITY.TXT V1=======\0";
    let find = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).position(|window| window == wanted);
    let body = &bytes[find(bytes, BEGIN)? + BEGIN.len()..];
    let body = std::str::from_utf8(&body[..find(body, END)?]).ok()?;
    let mut texts = body.split_terminator('\0').map(str::to_owned);
    let mut pairs = vec![];
    while let (Some(key), Some(value)) = (texts.next(), texts.next()) {
        pairs.push((key, value));
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(authority: Option<[u8; 32]>, program: &[u8]) -> Vec<u8> {
        let mut data = vec![3, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, u8::from(authority.is_some())];
        data.extend(authority.unwrap_or([7; 32]));
        data.extend(program);
        data
    }

    #[test]
    fn a_program_is_its_bytes_and_the_zeros_after_them() {
        let built = Built { bytes: vec![1, 2, 0], sha256: sha256(&[1, 2, 0]), security: vec![] };
        let deployed = |program: &[u8]| Deployed::parse(&data(None, program)).unwrap();
        assert!(deployed(&[1, 2, 0]).is(&built));
        assert!(deployed(&[1, 2, 0, 0, 0]).is(&built));
        assert!(!deployed(&[1, 2, 0, 0, 1]).is(&built), "something follows");
        assert!(!deployed(&[1, 2]).is(&built), "something is missing");
        assert_eq!(deployed(&[1, 2, 0, 0, 0]).sha256(3), built.sha256);
        assert_eq!(
            Deployed::parse(&data(Some([5; 32]), &[1])).unwrap().authority,
            Some(Pubkey::new_from_array([5; 32]))
        );
        assert_eq!(deployed(&[]).authority, None, "what is left of an old authority is none");
        assert_eq!(Deployed::parse(&[3, 0]), None);
    }

    #[test]
    fn a_security_txt_is_read_in_pairs() {
        let text = b"\x7fELF..=======BEGIN SECURITY.TXT V1=======\0name\0Ballast\0contacts\0link:x\0=======END SECURITY.TXT V1=======\0..";
        let pairs = [("name", "Ballast"), ("contacts", "link:x")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(security_txt(text), Some(pairs.to_vec()));
        assert_eq!(security_txt(b"\x7fELF"), None);
    }
}
