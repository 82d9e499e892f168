//! What stands, what differs, and what is to be done about it. Nothing here sends anything.

mod program;
mod show;
mod vaults;

pub use program::keypair as program_keypair;

use crate::{chain::Chain, compare::Difference, config::Config, program::Built};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use anyhow::Result;

/// Lamports of a signature.
const FEE: u64 = 5_000;

/// What the chain says of one thing that the file wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It stands as the file says.
    Stands,
    /// It stands, but not so; this tool does not move it.
    Differs(Vec<Difference>),
    /// It is to be made or changed.
    Planned(Action),
    /// It cannot be made now, for this reason.
    Blocked(String),
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Deploy the program.
    Deploy,
    /// Replace the program; it has room for so many bytes.
    Upgrade(usize),
    /// Hand the program to another authority, or to nobody.
    HandOver(Option<Pubkey>),
    /// Send a transaction.
    Send(Vec<Instruction>),
}

/// One thing that the file wants.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is.
    pub name: String,
    /// Where it is.
    pub address: Pubkey,
    /// What the chain says of it.
    pub finding: Finding,
    /// Lamports that making it leaves in new accounts.
    pub rent: u64,
    /// Signatures that it takes.
    pub signatures: u64,
    /// Who must sign: a role and a key.
    pub signers: Vec<(&'static str, Pubkey)>,
}

impl Item {
    fn new(name: impl Into<String>, address: Pubkey, finding: Finding) -> Self {
        Self { name: name.into(), address, finding, rent: 0, signatures: 0, signers: vec![] }
    }
}

/// Everything that the file wants, in the order in which it is made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The things.
    pub items: Vec<Item>,
    /// What a person should hear before anything else.
    pub warnings: Vec<String>,
    /// The program as it was built.
    pub sha256: String,
    /// Its security.txt.
    pub security: Vec<(String, String)>,
}

/// Reads the chain and compares. `deployer`: who would pay, and has the authority over the program while it is deployed.
pub fn plan(config: &Config, chain: &Chain, deployer: &Pubkey) -> Result<Plan> {
    chain.check(config.cluster)?;
    let built = Built::read(&config.path(&config.program.so))?;
    let mut items = vec![];
    program::items(config, chain, &built, deployer, &mut items)?;
    for vault in &config.vaults {
        vaults::items(config, chain, vault, &mut items)?;
    }
    let warnings = config.program.upgrade_authority.warnings(chain)?;
    Ok(Plan { items, warnings, sha256: built.sha256, security: built.security })
}

impl Plan {
    /// Things to do.
    pub fn to_do(&self) -> impl Iterator<Item = (&Item, &Action)> {
        self.items.iter().filter_map(|item| match &item.finding {
            Finding::Planned(action) => Some((item, action)),
            _ => None,
        })
    }

    /// Whether everything stands as the file says.
    pub fn all_stands(&self) -> bool {
        self.items.iter().all(|item| item.finding == Finding::Stands)
    }

    /// Things that this tool will not or cannot bring about.
    pub fn obstacles(&self) -> usize {
        let obstacle = |item: &&Item| matches!(item.finding, Finding::Differs(_) | Finding::Blocked(_));
        self.items.iter().filter(obstacle).count()
    }

    /// Lamports that stay in new accounts.
    pub fn rent(&self) -> u64 {
        self.to_do().map(|(item, _)| item.rent).sum()
    }

    /// Lamports for signatures.
    pub fn fees(&self) -> u64 {
        self.to_do().map(|(item, _)| item.signatures * FEE).sum()
    }
}
