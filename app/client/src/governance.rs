//! Builders of governance: proposing, executing and cancelling changes, opening a vault, and the guardian's tightening.

use crate::{address, address::Asset, instruction::build, safety::writing_vault};
use anchor_lang::{
    prelude::{AccountDeserialize, AccountMeta, Pubkey},
    solana_program::{instruction::Instruction, system_program},
};
use ballast::{
    accounts,
    governance::INSTRUCTIONS,
    instruction as data,
    instructions::{ReserveConfig, TightenTo},
    state::{Change, ProposedChange},
};

/// Reads a change's account from its data; `None` when it is of another kind, or closed.
pub fn decode_change(mut data: &[u8]) -> Option<Change> {
    Change::try_deserialize(&mut data).ok()
}

/// A proposed change, as its execution or cancellation names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The vault.
    pub vault: Pubkey,
    /// Its number: at the time of proposing, one more than the vault's `last_change`.
    pub number: u64,
    /// The reserve that it is about; `None` for the vault.
    pub reserve: Option<Pubkey>,
    /// Who proposed it, and gets the rent back.
    pub proposer: Pubkey,
}

impl Proposal {
    /// As the change's account says.
    pub fn of(change: &Change) -> Self {
        Self {
            vault: change.vault,
            number: change.number,
            reserve: change.reserve,
            proposer: change.proposer,
        }
    }

    /// Address of the change.
    pub fn address(&self) -> Pubkey {
        address::change(&self.vault, self.number)
    }

    /// `propose_change`, signed by the proposer, who is the vault's curator.
    pub fn propose(&self, proposed: ProposedChange) -> Instruction {
        let accounts = accounts::ProposeChange {
            curator: self.proposer,
            vault: self.vault,
            reserve: self.reserve,
            change: self.address(),
            instructions: INSTRUCTIONS,
            system_program: system_program::ID,
        };
        build(accounts, data::ProposeChange { proposed }, vec![])
    }

    /// `execute_change`, signed by `executor`. `reserves`: for a model, all of the vault's in its order; otherwise none. Where a
    /// vault has about 28 reserves or more, a model's execution needs an address lookup table.
    pub fn execute(&self, executor: Pubkey, reserves: &[Pubkey]) -> Instruction {
        let accounts = accounts::ExecuteChange {
            executor,
            vault: self.vault,
            reserve: self.reserve,
            change: self.address(),
            proposer: self.proposer,
            instructions: INSTRUCTIONS,
        };
        let remaining = reserves.iter().map(|key| AccountMeta::new_readonly(*key, false)).collect();
        build(accounts, data::ExecuteChange {}, remaining)
    }

    /// `cancel_change`, signed by the curator or the guardian.
    pub fn cancel(&self, signer: Pubkey) -> Instruction {
        let accounts = accounts::CancelChange {
            signer,
            vault: self.vault,
            change: self.address(),
            proposer: self.proposer,
            instructions: INSTRUCTIONS,
        };
        build(accounts, data::CancelChange {}, vec![])
    }

    /// `add_reserve` of an open vault, signed by its curator: executes the proposal of exactly this asset and config.
    pub fn add_reserve(&self, curator: Pubkey, asset: &Asset, config: ReserveConfig) -> Instruction {
        let change = Some((self.address(), self.proposer));
        build(added_reserve(curator, asset, change), data::AddReserve { config }, vec![])
    }
}

/// Accounts of `add_reserve`, with the change that proposes it and its proposer once the vault is open.
pub(crate) fn added_reserve(
    curator: Pubkey,
    asset: &Asset,
    change: Option<(Pubkey, Pubkey)>,
) -> accounts::AddReserve {
    accounts::AddReserve {
        curator,
        vault: asset.vault,
        mint: asset.mint,
        reserve: asset.reserve(),
        tokens: asset.tokens(),
        token_program: asset.token_program,
        system_program: system_program::ID,
        change: change.map(|(change, _)| change),
        proposer: change.map(|(_, proposer)| proposer),
        instructions: INSTRUCTIONS,
    }
}

/// Opens a vault for deposits, signed by its curator: proposes that and executes it. `number`: one more than the vault's
/// `last_change`, 1 for a vault that was just set up.
pub fn open_vault(curator: Pubkey, vault: Pubkey, number: u64) -> [Instruction; 2] {
    let proposal = Proposal { vault, number, reserve: None, proposer: curator };
    [proposal.propose(ProposedChange::Open), proposal.execute(curator, &[])]
}

/// `tighten`, signed by the guardian: of a reserve, or without one of the vault.
pub fn tighten(
    guardian: Pubkey,
    vault: Pubkey,
    reserve: Option<Pubkey>,
    to: TightenTo,
    seconds: u64,
) -> Instruction {
    let accounts = accounts::Tighten { vault, guardian, reserve, instructions: INSTRUCTIONS };
    let instruction = build(accounts, data::Tighten { to, seconds }, vec![]);
    if reserve.is_none() {
        writing_vault(instruction)
    } else {
        instruction
    }
}
