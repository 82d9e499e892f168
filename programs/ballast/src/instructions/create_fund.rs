//! `create_fund`: gives a vault its staked insurance fund, with its roll of validators. Once a vault.
//!
//! 1. Only the curator; after the vault was opened, only in the token of the reserve and with the rules that a change approved behind the
//!    timelock. The rules pass their compiled bounds and never change afterwards.
//! 2. The fund's mint is that of one of the vault's reserves, which gives its price and has had it checked.
//! 3. The token account is a program address owned by the vault. Emits [`FundCreated`].

use crate::{
    constants::*,
    error::{BallastError, Named},
    event::FundCreated,
    state::{FundAccount, FundRules, Reserve, RollAccount, Vault},
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};

/// Accounts of `create_fund`.
#[derive(Accounts)]
pub struct CreateFund<'info> {
    /// The vault's curator; pays the rent.
    #[account(mut)]
    pub curator: Signer<'info>,
    /// The vault.
    #[account(mut, has_one = curator @ BallastError::NotCurator)]
    pub vault: AccountLoader<'info, Vault>,
    /// The vault's reserve of the same mint.
    pub reserve: AccountLoader<'info, Reserve>,
    /// The fund's mint.
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    /// The new fund.
    #[account(init, payer = curator, space = FundAccount::SPACE, seeds = [FUND_SEED, vault.key().as_ref()], bump)]
    pub fund: AccountLoader<'info, FundAccount>,
    /// Its roll.
    #[account(init, payer = curator, space = RollAccount::SPACE, seeds = [ROLL_SEED, fund.key().as_ref()], bump)]
    pub roll: AccountLoader<'info, RollAccount>,
    /// Its token account.
    #[account(
        init, payer = curator, seeds = [FUND_TOKENS_SEED, fund.key().as_ref()], bump,
        token::mint = mint, token::authority = vault, token::token_program = token_program
    )]
    pub tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
    /// Creates the accounts.
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<CreateFund>, rules: FundRules) -> Result<()> {
    let accounts = ctx.accounts;
    rules.as_risk().validate().named()?;
    let mut vault = accounts.vault.load_mut()?;
    vault.check_version()?;
    let approved = (vault.fund_reserve, vault.fund_rules);
    let is_approved = vault.opened_at == 0 || approved == (accounts.reserve.key(), rules);
    require!(is_approved, BallastError::FundNotApproved);
    vault.has_fund = 1;
    let reserve = accounts.reserve.load()?;
    reserve.check(&accounts.vault.key())?;
    require_keys_eq!(accounts.mint.key(), reserve.mint, BallastError::WrongMint);
    require_keys_eq!(accounts.token_program.key(), reserve.token_program, BallastError::WrongTokenProgram);

    let mut fund = accounts.fund.load_init()?;
    fund.version = STATE_VERSION;
    fund.bump = ctx.bumps.fund;
    fund.vault = accounts.vault.key();
    fund.mint = reserve.mint;
    fund.token_program = reserve.token_program;
    fund.token_account = accounts.tokens.key();
    fund.reserve = accounts.reserve.key();
    fund.rules = rules;
    fund.see_price(&accounts.reserve.key(), &reserve)?;
    let mut roll = accounts.roll.load_init()?;
    roll.version = STATE_VERSION;
    roll.bump = ctx.bumps.roll;
    roll.fund = accounts.fund.key();
    emit!(FundCreated {
        vault: fund.vault,
        fund: accounts.fund.key(),
        mint: fund.mint,
        reserve: fund.reserve,
        rules,
    });
    Ok(())
}
