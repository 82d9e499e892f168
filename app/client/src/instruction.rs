//! One builder an instruction. Each derives its own accounts; token accounts outside the vault are associated ones.

use crate::{
    address::{self, Account, Asset},
    governance::added_reserve,
};
use anchor_lang::{
    prelude::{AccountMeta, Pubkey},
    solana_program::{instruction::Instruction, system_program},
    InstructionData, ToAccountMetas,
};
use ballast::{accounts, instruction as data, instructions::*};

pub(crate) fn build(
    accounts: impl ToAccountMetas,
    data: impl InstructionData,
    remaining: Vec<AccountMeta>,
) -> Instruction {
    let mut metas = accounts.to_account_metas(None);
    metas.extend(remaining);
    Instruction { program_id: ballast::ID, accounts: metas, data: data.data() }
}

pub(crate) fn read_only(keys: &[Pubkey]) -> Vec<AccountMeta> {
    keys.iter().map(|key| AccountMeta::new_readonly(*key, false)).collect()
}

fn writable(keys: &[Pubkey]) -> Vec<AccountMeta> {
    keys.iter().map(|key| AccountMeta::new(*key, false)).collect()
}

/// `create_vault`, signed by `creator`.
pub fn create_vault(creator: Pubkey, config: VaultConfig) -> Instruction {
    let vault = address::vault(&creator, config.id);
    let accounts = accounts::CreateVault {
        creator,
        vault,
        attestation: address::attestation(&vault),
        audit: address::audit(&vault),
        system_program: system_program::ID,
    };
    build(accounts, data::CreateVault { config }, vec![])
}

/// `add_reserve`, signed by the vault's curator, while the vault is being set up. Afterwards it is
/// [`crate::governance::Proposal::add_reserve`].
pub fn add_reserve(curator: Pubkey, asset: &Asset, config: ReserveConfig) -> Instruction {
    build(added_reserve(curator, asset, None), data::AddReserve { config }, vec![])
}

/// `refresh_reserves` of pairs (reserve, price account). For composed prices use [`refresh_composed_reserves`].
pub fn refresh_reserves(vault: Pubkey, pairs: &[(Pubkey, Pubkey)]) -> Instruction {
    let composed: Vec<(Pubkey, Vec<Pubkey>)> =
        pairs.iter().map(|(reserve, price)| (*reserve, vec![*price])).collect();
    refresh_composed_reserves(vault, &composed)
}

/// `refresh_reserves` of reserves with all of their price accounts: the feed's, or the base's and the rate's.
pub fn refresh_composed_reserves(vault: Pubkey, reserves: &[(Pubkey, Vec<Pubkey>)]) -> Instruction {
    let remaining = reserves
        .iter()
        .flat_map(|(reserve, prices)| {
            std::iter::once(AccountMeta::new(*reserve, false))
                .chain(prices.iter().map(|price| AccountMeta::new_readonly(*price, false)))
        })
        .collect();
    build(accounts::RefreshReserves { vault }, data::RefreshReserves {}, remaining)
}

/// `refresh_obligation`; `reserves` as [`crate::account::reserves_of`] gives them.
pub fn refresh_obligation(vault: Pubkey, obligation: Pubkey, reserves: &[Pubkey]) -> Instruction {
    build(accounts::RefreshObligation { vault, obligation }, data::RefreshObligation {}, read_only(reserves))
}

/// `open_obligation`, signed by the owner.
pub fn open_obligation(account: &Account) -> Instruction {
    let accounts = accounts::OpenObligation {
        owner: account.owner,
        vault: account.vault,
        obligation: account.obligation(),
        system_program: system_program::ID,
    };
    build(accounts, data::OpenObligation { id: account.id }, vec![])
}

/// `close_obligation`, signed by the owner.
pub fn close_obligation(account: &Account) -> Instruction {
    let accounts = accounts::CloseObligation { owner: account.owner, obligation: account.obligation() };
    build(accounts, data::CloseObligation {}, vec![])
}

fn move_position(account: &Account, asset: &Asset) -> accounts::MovePosition {
    accounts::MovePosition {
        owner: account.owner,
        vault: account.vault,
        obligation: account.obligation(),
        reserve: asset.reserve(),
        mint: asset.mint,
        tokens: asset.tokens(),
        owner_tokens: asset.wallet(&account.owner),
        token_program: asset.token_program,
    }
}

/// `deposit`, signed by the owner.
pub fn deposit(account: &Account, asset: &Asset, amount: u64) -> Instruction {
    top_up(account, asset, amount, &[])
}

/// `deposit` into an obligation with debt that passes guards and caps as far as it heals. `reserves`: those of all positions after
/// it, as [`crate::account::reserves_with`] gives them.
pub fn top_up(account: &Account, asset: &Asset, amount: u64, reserves: &[Pubkey]) -> Instruction {
    build(move_position(account, asset), data::Deposit { amount }, read_only(reserves))
}

/// `withdraw`, signed by the owner; `u64::MAX` for all. `reserves`: those of the positions that remain (none are needed
/// without debt).
pub fn withdraw(account: &Account, asset: &Asset, amount: u64, reserves: &[Pubkey]) -> Instruction {
    build(move_position(account, asset), data::Withdraw { amount }, read_only(reserves))
}

/// `borrow`, signed by the owner. `reserves`: those of all positions after it, as [`crate::account::reserves_with`] gives them.
pub fn borrow(account: &Account, asset: &Asset, amount: u64, reserves: &[Pubkey]) -> Instruction {
    build(move_position(account, asset), data::Borrow { amount }, read_only(reserves))
}

/// `repay` for any obligation, signed by `payer`; `u64::MAX` for all.
pub fn repay(payer: Pubkey, obligation: Pubkey, asset: &Asset, amount: u64) -> Instruction {
    let accounts = accounts::Repay {
        payer,
        vault: asset.vault,
        obligation,
        reserve: asset.reserve(),
        mint: asset.mint,
        tokens: asset.tokens(),
        payer_tokens: asset.wallet(&payer),
        token_program: asset.token_program,
    };
    build(accounts, data::Repay { amount }, vec![])
}

/// What a liquidator asks for.
#[derive(Clone, Debug)]
pub struct Tranche<'a> {
    /// Who signs, pays and is paid.
    pub liquidator: Pubkey,
    /// The obligation.
    pub obligation: Pubkey,
    /// Asset repaid.
    pub debt: &'a Asset,
    /// Asset sold.
    pub deposit: &'a Asset,
    /// Reserves of all positions, as [`crate::account::reserves_of`] gives them.
    pub reserves: &'a [Pubkey],
    /// Most token units to repay.
    pub max_repay: u64,
    /// Fewest token units to receive.
    pub min_received: u64,
    /// A debt-free obligation of the liquidator, for payment in shares where tokens are short.
    pub shares_to: Option<Pubkey>,
}

/// `soft_liquidate`, signed by the liquidator.
pub fn soft_liquidate(tranche: &Tranche) -> Instruction {
    let Tranche { liquidator, obligation, debt, deposit, .. } = *tranche;
    let accounts = accounts::SoftLiquidate {
        liquidator,
        vault: debt.vault,
        obligation,
        shares_to: tranche.shares_to,
        debt_reserve: debt.reserve(),
        debt_mint: debt.mint,
        debt_tokens: debt.tokens(),
        liquidator_debt_tokens: debt.wallet(&liquidator),
        debt_token_program: debt.token_program,
        deposit_reserve: deposit.reserve(),
        deposit_mint: deposit.mint,
        deposit_tokens: deposit.tokens(),
        liquidator_deposit_tokens: deposit.wallet(&liquidator),
        deposit_token_program: deposit.token_program,
    };
    let data = data::SoftLiquidate { max_repay: tranche.max_repay, min_received: tranche.min_received };
    build(accounts, data, read_only(tranche.reserves))
}

/// The same tranche, showing that these token accounts of the book's reserves are frozen: their debts, which nobody can repay now,
/// do not count as better pairs then.
pub fn showing_frozen(mut tranche: Instruction, token_accounts: &[Pubkey]) -> Instruction {
    tranche.accounts.extend(read_only(token_accounts));
    tranche
}

/// `collect_fees` to the recipient's associated token account. Needs no signer of the vault.
pub fn collect_fees(asset: &Asset, recipient: &Pubkey) -> Instruction {
    let accounts = accounts::CollectFees {
        vault: asset.vault,
        reserve: asset.reserve(),
        mint: asset.mint,
        tokens: asset.tokens(),
        recipient_tokens: asset.wallet(recipient),
        token_program: asset.token_program,
    };
    build(accounts, data::CollectFees {}, vec![])
}

/// `attest_solvency` of a slice of a vault's assets.
pub fn attest_solvency(vault: Pubkey, assets: &[Asset]) -> Instruction {
    let accounts = accounts::AttestSolvency { vault, attestation: address::attestation(&vault) };
    let pairs: Vec<Pubkey> = assets.iter().flat_map(|asset| [asset.reserve(), asset.tokens()]).collect();
    build(accounts, data::AttestSolvency {}, read_only(&pairs))
}

/// `audit_book`: begins an audit.
pub fn begin_audit(vault: Pubkey) -> Instruction {
    let accounts = accounts::AuditBook { vault, audit: address::audit(&vault), obligation: None };
    let mut instruction = build(accounts, data::AuditBook { step: AuditStep::Begin }, vec![]);
    instruction.accounts[0].is_writable = true;
    instruction
}

/// `audit_book`: counts an obligation; `reserves` as [`crate::account::reserves_of`] gives them.
pub fn count_obligation(vault: Pubkey, obligation: Pubkey, reserves: &[Pubkey]) -> Instruction {
    let accounts = accounts::AuditBook { vault, audit: address::audit(&vault), obligation: Some(obligation) };
    build(accounts, data::AuditBook { step: AuditStep::Count }, writable(reserves))
}

/// `audit_book`: compares a slice of a vault's reserves.
pub fn finish_audit(vault: Pubkey, reserves: &[Pubkey]) -> Instruction {
    let accounts = accounts::AuditBook { vault, audit: address::audit(&vault), obligation: None };
    build(accounts, data::AuditBook { step: AuditStep::Finish }, writable(reserves))
}

/// `migrate_account`: rewrites an account of an older version in the current layout, and its vault where that is older too.
/// Without `account` the vault alone. `payer` signs and adds the rent.
pub fn migrate_account(payer: Pubkey, vault: Pubkey, account: Option<Pubkey>) -> Instruction {
    let accounts = accounts::MigrateAccount { payer, vault, account, system_program: system_program::ID };
    build(accounts, data::MigrateAccount {}, vec![])
}
