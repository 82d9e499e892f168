//! `create_vault`: makes an isolated risk pool. Permissionless; the signer becomes its curator.
//!
//! 1. Model, tranche rules, caps, thresholds and timelock pass every compiled bound.
//! 2. The vault's address is `["vault", creator, id]`, and it is its token accounts' only authority.
//! 3. Its two report accounts are made with it, so that anyone can prove it later. Emits [`VaultCreated`].

use crate::{
    constants::*,
    error::{BallastError, Named},
    event::VaultCreated,
    state::{Attestation, Audit, RiskModel, TrancheRules, Vault, VaultCaps, VaultThresholds},
};
use anchor_lang::prelude::*;
use ballast_risk::change::{MAX_TIMELOCK, MIN_TIMELOCK};

/// What a curator decides when making a vault.
#[derive(AnchorSerialize, AnchorDeserialize, Clone)]
pub struct VaultConfig {
    /// Any number; part of the vault's address.
    pub id: u64,
    /// Who may tighten.
    pub guardian: Pubkey,
    /// Owner of the token accounts that fees are paid to.
    pub fee_recipient: Pubkey,
    /// Scenarios, charges and floors.
    pub model: RiskModel,
    /// Common rules of tranches.
    pub rules: TrancheRules,
    /// Caps of groups, leverage and LTV.
    pub caps: VaultCaps,
    /// When the vault's breaker trips.
    pub thresholds: VaultThresholds,
    /// How long a change waits, seconds: 2 to 30 days.
    pub timelock: u64,
}

/// Accounts of `create_vault`.
#[derive(Accounts)]
#[instruction(config: VaultConfig)]
pub struct CreateVault<'info> {
    /// Pays the rent and becomes the curator.
    #[account(mut)]
    pub creator: Signer<'info>,
    /// The new vault.
    #[account(
        init, payer = creator, space = Vault::SPACE,
        seeds = [VAULT_SEED, creator.key().as_ref(), &config.id.to_le_bytes()], bump
    )]
    pub vault: AccountLoader<'info, Vault>,
    /// Report of `attest_solvency`.
    #[account(init, payer = creator, space = Attestation::SPACE, seeds = [ATTESTATION_SEED, vault.key().as_ref()], bump)]
    pub attestation: AccountLoader<'info, Attestation>,
    /// Report of `audit_book`.
    #[account(init, payer = creator, space = Audit::SPACE, seeds = [AUDIT_SEED, vault.key().as_ref()], bump)]
    pub audit: AccountLoader<'info, Audit>,
    /// Creates the accounts.
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<CreateVault>, config: VaultConfig) -> Result<()> {
    config.model.as_risk().validate().named()?;
    config.rules.as_risk().validate().named()?;
    config.caps.as_risk().validate().named()?;
    config.thresholds.as_risk().validate().named()?;
    require!((MIN_TIMELOCK..=MAX_TIMELOCK).contains(&config.timelock), BallastError::InvalidParameter);
    let creator = ctx.accounts.creator.key();
    let mut vault = ctx.accounts.vault.load_init()?;
    vault.version = STATE_VERSION;
    vault.bump = ctx.bumps.vault;
    vault.id = config.id;
    vault.creator = creator;
    vault.curator = creator;
    vault.guardian = config.guardian;
    vault.fee_recipient = config.fee_recipient;
    vault.model = config.model;
    vault.rules = config.rules;
    vault.caps = config.caps;
    vault.thresholds = config.thresholds;
    vault.timelock = config.timelock;
    ctx.accounts.attestation.load_init()?.open(ctx.accounts.vault.key(), ctx.bumps.attestation);
    ctx.accounts.audit.load_init()?.open(ctx.accounts.vault.key(), ctx.bumps.audit);
    emit!(VaultCreated {
        vault: ctx.accounts.vault.key(),
        curator: creator,
        guardian: config.guardian,
        fee_recipient: config.fee_recipient,
        id: config.id,
    });
    Ok(())
}
