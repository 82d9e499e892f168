//! What the committed interface says: every instruction with its account slots and their flags, and every kind of account.

use anchor_lang::solana_program::instruction::Instruction;
use serde_json::Value;
use std::{fs, path::Path};

/// An account slot of an instruction.
#[derive(Clone, Debug)]
pub struct Slot {
    pub name: String,
    pub writable: bool,
    pub signer: bool,
    pub optional: bool,
}

/// An instruction.
#[derive(Clone, Debug)]
pub struct Described {
    pub name: String,
    discriminator: Vec<u8>,
    pub slots: Vec<Slot>,
}

/// The whole interface.
#[derive(Clone, Debug)]
pub struct Interface {
    pub instructions: Vec<Described>,
    /// Name and discriminator of every account of the program.
    pub accounts: Vec<(String, [u8; 8])>,
}

fn bytes(value: &Value) -> Vec<u8> {
    let numbers = value.as_array().expect("a discriminator is a list");
    numbers.iter().map(|byte| u8::try_from(byte.as_u64().expect("of bytes")).expect("of bytes")).collect()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("the interface lists no {key}"))
}

fn name(value: &Value) -> String {
    value["name"].as_str().expect("everything has a name").to_owned()
}

impl Interface {
    /// Reads `idl/ballast.json`.
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../idl/ballast.json");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let interface: Value = serde_json::from_str(&text).expect("the interface is JSON");
        let flag = |slot: &Value, key: &str| slot[key].as_bool().unwrap_or(false);
        let slot = |slot: &Value| {
            assert!(slot.get("accounts").is_none(), "groups of accounts are not read here: {slot}");
            Slot {
                name: name(slot),
                writable: flag(slot, "writable"),
                signer: flag(slot, "signer"),
                optional: flag(slot, "optional"),
            }
        };
        let instruction = |instruction: &Value| Described {
            name: name(instruction),
            discriminator: bytes(&instruction["discriminator"]),
            slots: list(instruction, "accounts").iter().map(slot).collect(),
        };
        let account = |account: &Value| {
            let discriminator = bytes(&account["discriminator"]).try_into().expect("eight bytes");
            (name(account), discriminator)
        };
        Self {
            instructions: list(&interface, "instructions").iter().map(instruction).collect(),
            accounts: list(&interface, "accounts").iter().map(account).collect(),
        }
    }

    /// The instruction that a call is of. The call must have its slots, with at least their flags.
    pub fn of(&self, call: &Instruction) -> &Described {
        let mut known = self.instructions.iter();
        let found = known.find(|instruction| call.data.starts_with(&instruction.discriminator));
        let found = found.expect("the interface has every instruction of the program");
        assert!(call.accounts.len() >= found.slots.len(), "{} takes more accounts", found.name);
        for (slot, meta) in found.slots.iter().zip(&call.accounts) {
            let absent = slot.optional && meta.pubkey == ballast::ID;
            let asked = (meta.is_writable || !slot.writable) && (meta.is_signer || !slot.signer);
            assert!(absent || asked, "{} {}: flags of the builder", found.name, slot.name);
        }
        found
    }

    /// The kind of a program account by its data.
    pub fn kind(&self, data: &[u8]) -> Option<&str> {
        let found = self.accounts.iter().find(|(_, discriminator)| data.starts_with(discriminator));
        found.map(|(name, _)| name.as_str())
    }
}
