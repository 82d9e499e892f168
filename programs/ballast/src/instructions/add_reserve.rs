//! `add_reserve`: adds an asset to a vault, with its token account, feed, place in the model and way of being sold.
//!
//! 1. Only the curator; at most 32 reserves a vault, one a mint. While the vault is being set up, at once; once it is open, with
//!    a ripe change that proposes exactly this, which is closed by it. Its rent returns to its proposer.
//! 2. The mint has 2 to 12 decimals and no extension off the allow-list.
//! 3. Every parameter passes its compiled bounds, and the asset fits the vault's model.
//! 4. The token account is a program address owned by the vault.
//! 5. A transaction that advances a durable nonce is refused. Emits [`ReserveAdded`], with a change also
//!    [`crate::event::ChangeExecuted`].

use crate::{
    constants::*,
    error::{BallastError, Named},
    event::ReserveAdded,
    governance::{
        check_may_execute, check_reserve_config, check_reserve_fits, classify, refuse_durable_nonce, source,
        INSTRUCTIONS,
    },
    instructions::execute_change::announce,
    oracle::now,
    state::*,
    tokens::check_mint,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::{reserve::Ledger, Seconds};

/// What a curator decides about an asset.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct ReserveConfig {
    /// Pyth feed of the price in USD, or of the base asset where `rate` is given.
    pub feed_id: [u8; 32],
    /// For liquid-staked and wrapped assets: the rate over the base asset.
    pub rate: Option<RateConfig>,
    /// Place in the model.
    pub risk: AssetRisk,
    /// How it is sold.
    pub curve: TrancheCurve,
    /// What it costs to borrow.
    pub rates: RateCurve,
    /// How interest is split.
    pub split: InterestSplit,
    /// `k`: confidence intervals off spot in `R_init`, bps; at least one interval.
    pub confidence_factor: u16,
    /// Confidence over price above which no risk is opened, bps.
    pub max_confidence: u16,
    /// Rise of the opening charge when the vault holds the asset's whole depth, bps.
    pub size_charge: u16,
    /// Whether it may be borrowed.
    pub borrowable: bool,
    /// How large it may become.
    pub caps: ReserveCaps,
    /// How fast tokens may come and go.
    pub flows: FlowRules,
    /// When its breaker trips.
    pub thresholds: ReserveThresholds,
}

/// How a composed price is made.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateConfig {
    /// Pyth feed of the rate, in units of the base asset.
    pub feed_id: [u8; 32],
    /// The redemption rate now, parts per billion.
    pub anchor: u64,
    /// Daily growth of the rate that is believed, bps, at most 100.
    pub growth: u16,
}

/// Accounts of `add_reserve`.
#[derive(Accounts)]
pub struct AddReserve<'info> {
    /// The vault's curator; pays the rent.
    #[account(mut)]
    pub curator: Signer<'info>,
    /// The vault.
    #[account(mut, has_one = curator @ BallastError::NotCurator)]
    pub vault: AccountLoader<'info, Vault>,
    /// The asset's mint.
    #[account(mint::token_program = token_program)]
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    /// The new reserve.
    #[account(
        init, payer = curator, space = Reserve::SPACE,
        seeds = [RESERVE_SEED, vault.key().as_ref(), mint.key().as_ref()], bump
    )]
    pub reserve: AccountLoader<'info, Reserve>,
    /// The reserve's token account.
    #[account(
        init, payer = curator, seeds = [TOKENS_SEED, reserve.key().as_ref()], bump,
        token::mint = mint, token::authority = vault, token::token_program = token_program
    )]
    pub tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
    /// Creates the accounts.
    pub system_program: Program<'info, System>,
    /// The ripe change that proposes the reserve; none while the vault is being set up.
    #[account(mut, has_one = vault @ BallastError::WrongVault)]
    pub change: Option<Box<Account<'info, Change>>>,
    /// CHECK: who proposed the change, by the change itself; gets its rent.
    #[account(mut)]
    pub proposer: Option<UncheckedAccount<'info>>,
    /// CHECK: the instructions sysvar, by its address.
    #[account(address = INSTRUCTIONS)]
    pub instructions: UncheckedAccount<'info>,
}

pub(crate) fn handler(ctx: Context<AddReserve>, config: ReserveConfig) -> Result<()> {
    let accounts = ctx.accounts;
    refuse_durable_nonce(&accounts.instructions)?;
    check_mint(&accounts.mint.to_account_info(), accounts.mint.decimals)?;
    check_reserve_config(&config)?;
    let now = now(&Clock::get()?);
    accounts.use_proposal(&config, now)?;

    let mut vault = accounts.vault.load_mut()?;
    vault.tidy_ramp(now);
    let parts = vault.parts.as_risk();
    let parts = parts.hand_out(vault.caps.as_risk(), config.risk.group, 0, config.caps.exposure).named()?;
    vault.parts = parts.into();
    let index = vault.reserve_count;
    let entry = vault.reserves.get_mut(usize::from(index)).ok_or(BallastError::TooManyReserves)?;
    *entry = accounts.reserve.key();
    vault.reserve_count = index.checked_add(1).ok_or(BallastError::TooManyReserves)?;

    let mut reserve = accounts.reserve.load_init()?;
    reserve.version = STATE_VERSION;
    reserve.bump = ctx.bumps.reserve;
    reserve.index = index;
    reserve.decimals = accounts.mint.decimals;
    reserve.borrowable = u8::from(config.borrowable);
    reserve.confidence_factor = config.confidence_factor;
    reserve.max_confidence = config.max_confidence;
    reserve.size_charge = config.size_charge;
    reserve.vault = accounts.vault.key();
    reserve.mint = accounts.mint.key();
    reserve.token_program = accounts.token_program.key();
    reserve.token_account = accounts.tokens.key();
    reserve.source = source(&OracleConfig::from(&config), now);
    reserve.risk = config.risk;
    reserve.split = config.split;
    reserve.curve = config.curve;
    reserve.rates = config.rates;
    reserve.caps = config.caps;
    reserve.flow_rules = config.flows;
    reserve.thresholds = config.thresholds;
    check_reserve_fits(&vault, &reserve, now)?;
    reserve.store(Ledger::new(now))?;
    emit!(ReserveAdded {
        vault: reserve.vault,
        reserve: accounts.reserve.key(),
        mint: reserve.mint,
        feed_id: config.feed_id,
        index,
    });
    Ok(())
}

impl AddReserve<'_> {
    /// Once the vault is open, uses up the change that proposes this reserve. Errors: [`BallastError::ProposalNeeded`],
    /// [`BallastError::NotWhatWasProposed`], [`BallastError::NotTheProposer`], or that the change is not ripe, has expired, or
    /// waits for Normal.
    #[inline(never)]
    fn use_proposal(&self, config: &ReserveConfig, now: Seconds) -> Result<()> {
        let vault = self.vault.load()?;
        vault.check_version()?;
        let Some(change) = &self.change else {
            require!(vault.opened_at == 0, BallastError::ProposalNeeded);
            return Ok(());
        };
        change.check_version()?;
        let ProposedChange::AddReserve { mint, config: proposed } = &change.proposed else {
            return err!(BallastError::NotWhatWasProposed);
        };
        require!(*mint == self.mint.key() && proposed == config, BallastError::NotWhatWasProposed);
        let class = classify(&change.proposed, &vault, None, now)?;
        check_may_execute(change, class, &vault, None, true, now)?;
        let proposer = self.proposer.as_ref().ok_or(BallastError::NotTheProposer)?;
        require_keys_eq!(proposer.key(), change.proposer, BallastError::NotTheProposer);
        announce(change, self.curator.key(), Ramp::default(), None);
        change.close(proposer.to_account_info())
    }
}
