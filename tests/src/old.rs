//! Accounts as version 1 of the program left them, made from accounts of today.

use crate::world::World;
use anchor_lang::{prelude::Pubkey, solana_program::rent::Rent, Discriminator};
use ballast::state::{version_1 as old, Attestation, Audit, Obligation, Reserve, Vault};
use ballast_client::decode;
use bytemuck::Zeroable;
use solana_account::Account;

impl World {
    /// The accounts of the first vault that migrate: the vault, its reserves, its reports and the obligations.
    pub async fn migrating(&mut self) -> Vec<Pubkey> {
        let vault: Vault = self.chain.state(self.vault).await;
        let mut keys = vec![self.vault];
        keys.extend(&vault.reserves[..usize::from(vault.reserve_count)]);
        keys.extend([
            ballast_client::address::attestation(&self.vault),
            ballast_client::address::audit(&self.vault),
        ]);
        keys.extend(&self.obligations);
        keys
    }

    /// An account of the chain as [`as_version_1`] makes it.
    pub async fn as_version_1(&mut self, key: Pubkey) -> Account {
        let account = self.chain.account(key).await.expect("the account exists");
        as_version_1(&account).unwrap_or_else(|| panic!("{key} never migrates"))
    }
}

/// What an account of today would be had version 1 written it: its layout, its size and the rent of that. `None` for
/// what never migrates.
pub fn as_version_1(account: &Account) -> Option<Account> {
    let head = account.data.get(..8)?;
    let body = if let Some(new) = decode(&account.data) {
        bytemuck::bytes_of(&vault(&new)).to_vec()
    } else if let Some(new) = decode(&account.data) {
        bytemuck::bytes_of(&reserve(&new)).to_vec()
    } else if let Some(new) = decode(&account.data) {
        bytemuck::bytes_of(&obligation(&new)).to_vec()
    } else if head == Attestation::DISCRIMINATOR || head == Audit::DISCRIMINATOR {
        let (_, rest) = account.data[8..].split_first()?;
        [&[old::VERSION], rest].concat()
    } else {
        return None;
    };
    let data = [head, &body].concat();
    Some(Account { lamports: Rent::default().minimum_balance(data.len()), data, ..account.clone() })
}

fn vault(new: &Vault) -> old::Vault {
    old::Vault {
        version: old::VERSION,
        bump: new.bump,
        reserve_count: new.reserve_count,
        id: new.id,
        creator: new.creator,
        curator: new.curator,
        guardian: new.guardian,
        fee_recipient: new.fee_recipient,
        model: new.model,
        rules: new.rules,
        reserves: new.reserves,
        audit: new.audit,
        ..old::Vault::zeroed()
    }
}

fn reserve(new: &Reserve) -> old::Reserve {
    old::Reserve {
        version: old::VERSION,
        bump: new.bump,
        index: new.index,
        decimals: new.decimals,
        borrowable: new.borrowable,
        confidence_factor: new.confidence_factor,
        max_confidence: new.max_confidence,
        size_charge: new.size_charge,
        vault: new.vault,
        mint: new.mint,
        token_program: new.token_program,
        token_account: new.token_account,
        source: new.source,
        books: new.books,
        price: new.price,
        risk: new.risk,
        split: new.split,
        curve: new.curve,
        bucket: new.bucket,
        rates: new.rates,
        deposit_positions: new.deposit_positions,
        debt_positions: new.debt_positions,
        audit: new.audit,
        ..old::Reserve::zeroed()
    }
}

fn obligation(new: &Obligation) -> old::Obligation {
    let mut made = old::Obligation {
        version: old::VERSION,
        bump: new.bump,
        position_count: new.position_count,
        id: new.id,
        vault: new.vault,
        owner: new.owner,
        meter: new.meter,
        last_risk_slot: new.last_risk_slot,
        refreshed_slot: new.refreshed_slot,
        collateral: new.collateral,
        debt: new.debt,
        equity: new.equity,
        requirement: new.requirement,
        audit: new.audit,
        ..old::Obligation::zeroed()
    };
    for (slot, new) in made.positions.iter_mut().zip(&new.positions) {
        *slot = old::Position {
            reserve: new.reserve,
            shares: new.shares,
            side: new.side,
            price_accounts: new.price_accounts,
            audit: new.audit,
            ..old::Position::default()
        };
    }
    made
}
