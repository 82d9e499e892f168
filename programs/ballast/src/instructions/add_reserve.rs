//! `add_reserve`: adds an asset to a vault, with its token account, feed, place in the model and way of being sold.
//!
//! 1. Only the curator; at most 32 reserves a vault, one a mint.
//! 2. The mint has 2 to 12 decimals and no extension off the allow-list.
//! 3. Every parameter passes its compiled bounds, and the asset fits the vault's model.
//! 4. The token account is a program address owned by the vault. Emits [`ReserveAdded`].

use crate::{
    constants::*,
    error::{BallastError, Named},
    event::ReserveAdded,
    oracle::now,
    state::{reserve::Source, *},
    tokens::check_mint,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::{rate::MAX_RATE_GROWTH, reserve::Ledger};

/// Smallest anchor taken: a thousandth of the base asset, parts per billion.
const MIN_ANCHOR: u64 = 1_000_000;
/// Largest anchor taken: a thousand of the base asset.
const MAX_ANCHOR: u64 = 1_000_000_000_000;

/// What a curator decides about an asset.
#[derive(AnchorSerialize, AnchorDeserialize, Clone)]
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
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy)]
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
}

pub(crate) fn handler(ctx: Context<AddReserve>, config: ReserveConfig) -> Result<()> {
    let accounts = ctx.accounts;
    check_mint(&accounts.mint.to_account_info(), accounts.mint.decimals)?;
    config.curve.as_risk().validate().named()?;
    config.rates.as_risk().validate().named()?;
    config.split.as_risk().validate().named()?;
    config.caps.as_risk().validate().named()?;
    config.flows.as_risk().validate().named()?;
    config.thresholds.as_risk().validate().named()?;
    require!((10_000..=50_000).contains(&config.confidence_factor), BallastError::InvalidParameter);
    require!((10..=1_000).contains(&config.max_confidence), BallastError::InvalidParameter);
    require!(config.size_charge <= 10_000, BallastError::InvalidParameter);

    let source = source(&config, now(&Clock::get()?))?;

    let mut vault = accounts.vault.load_mut()?;
    vault.check_version()?;
    check_fit(&[vault.model_before_if_ramping(), Some(vault.model.as_risk())], config.risk.as_risk())?;
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
    reserve.source = source;
    reserve.risk = config.risk;
    reserve.split = config.split;
    reserve.curve = config.curve;
    reserve.rates = config.rates;
    reserve.caps = config.caps;
    reserve.flow_rules = config.flows;
    reserve.thresholds = config.thresholds;
    reserve.store(Ledger::new(now(&Clock::get()?)))?;
    emit!(ReserveAdded {
        vault: reserve.vault,
        reserve: accounts.reserve.key(),
        mint: reserve.mint,
        feed_id: config.feed_id,
        index,
    });
    Ok(())
}

/// Refuses an asset that does not fit the vault's model, or while that moves, either end of its way.
fn check_fit(
    models: &[Option<&ballast_risk::model::RiskModel>],
    asset: &ballast_risk::model::AssetRisk,
) -> Result<()> {
    for model in models.iter().flatten() {
        model.validate_asset(asset).named()?;
    }
    Ok(())
}

/// Feeds and anchor, checked.
fn source(config: &ReserveConfig, now: u64) -> Result<Source> {
    require!(config.feed_id != [0; 32], BallastError::InvalidParameter);
    let mut source = Source { feed_id: config.feed_id, ..Source::default() };
    if let Some(rate) = config.rate {
        require!(rate.feed_id != [0; 32] && rate.feed_id != config.feed_id, BallastError::InvalidParameter);
        require!((MIN_ANCHOR..=MAX_ANCHOR).contains(&rate.anchor), BallastError::InvalidParameter);
        require!(rate.growth <= MAX_RATE_GROWTH.0, BallastError::InvalidParameter);
        source.rate_feed_id = rate.feed_id;
        source.anchor = RateAnchor { rate: rate.anchor, updated_at: now };
        source.rate_growth = rate.growth;
    }
    Ok(source)
}
