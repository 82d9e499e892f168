//! `[[vault.reserve]]`: an asset of a vault, as a person describes it.

use super::value::{Dollars, Feed, Key, Percent, Rate, Time, Times, Tokens};
use ballast_risk::presets::AssetKind;
use serde::Deserialize;

/// A reserve.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserve {
    /// What people call it; not on chain.
    pub name: String,
    /// The token.
    pub mint: Key,
    /// Which token program the mint is of.
    #[serde(default)]
    pub token_program: TokenProgram,
    /// What it is in the vault's preset.
    pub kind: Kind,
    /// Pyth feed of its price in dollars, or of its base asset's where there is a `rate`.
    pub feed: Feed,
    /// For liquid-staked and wrapped assets: the feed of the rate over the base asset.
    pub rate: Option<RateFeed>,
    /// How large it may become.
    pub caps: Caps,
    /// How fast tokens may come and go.
    pub flows: Flows,
    /// Whether it may be borrowed, if not as the preset says.
    pub borrowable: Option<bool>,
    /// Confidence intervals off spot in the opening requirement.
    pub confidence_intervals: Option<Times>,
    /// Confidence over price above which no risk is opened.
    pub max_confidence: Option<Percent>,
    /// Rise of the opening charge when the vault holds the asset's whole depth.
    pub size_charge: Option<Percent>,
    /// Move for a move of its group.
    pub beta: Option<Percent>,
    /// Charge for what no scenario covers.
    pub idio: Option<Percent>,
    /// How it is sold, where not as the preset says.
    #[serde(default)]
    pub curve: Curve,
    /// Corners of the borrow rate: utilisation and yearly rate.
    pub rates: Option<Vec<(Percent, Percent)>>,
    /// How interest is split, where not as the preset says.
    #[serde(default)]
    pub split: Split,
    /// When its breaker trips, where not as its kind says.
    #[serde(default)]
    pub thresholds: Thresholds,
}

/// A token program.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum TokenProgram {
    /// SPL Token.
    #[default]
    Token,
    /// Token-2022.
    #[serde(rename = "token-2022")]
    Token2022,
}

/// What an asset is in a preset.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Bitcoin wrapper.
    Btc,
    /// Ether wrapper.
    Eth,
    /// SOL.
    Sol,
    /// Liquid-staked SOL.
    Lst,
    /// USD stable.
    Usd,
    /// Thin alt.
    Alt,
}

/// How a composed price is made.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateFeed {
    /// Pyth feed of the rate, in units of the base asset.
    pub feed: Feed,
    /// The redemption rate when the reserve is added; later the program moves it.
    pub anchor: Rate,
    /// Daily growth that is believed.
    pub growth: Percent,
}

/// How large a reserve may become.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Most deposits, tokens.
    pub deposits: Tokens,
    /// Most debt, tokens.
    pub debt: Tokens,
    /// Most deposits by value: its part of its group's cap.
    pub exposure: Dollars,
    /// Most debt over market depth.
    pub debt_over_depth: Option<Percent>,
    /// Most debt over free tokens and debt.
    pub utilisation: Option<Percent>,
}

/// How fast tokens may come and go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flows {
    /// What may always come in within a refill, tokens.
    pub inflow_floor: Tokens,
    /// What may always go out within a refill, tokens.
    pub outflow_floor: Tokens,
    /// How long an empty inflow bucket takes to refill.
    pub inflow_refill: Option<Time>,
    /// How long an empty outflow bucket takes to refill.
    pub outflow_refill: Option<Time>,
    /// The inflow bucket as a share of deposits.
    pub inflow_share: Option<Percent>,
    /// The outflow bucket as a share of deposits.
    pub outflow_share: Option<Percent>,
    /// Of the own deposit, what may leave a day where only a share may.
    pub daily_share: Option<Percent>,
}

macro_rules! overrides {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Option<$type>,)*
        }
    };
}

overrides! {
    /// How a reserve is sold.
    Curve {
        /// Calm market depth.
        depth: Dollars,
        /// Refill time of the depth bucket.
        bucket_refill: Time,
        /// The bucket's share of depth.
        bucket_share: Percent,
        /// H: how far a tranche heals.
        target: Percent,
        /// g0: least pace.
        pace_floor: Percent,
        /// u1: net risk of full pace.
        pace_urgency: Percent,
        /// Lowest bonus.
        bonus_min: Percent,
        /// Highest bonus.
        bonus_max: Percent,
        /// Net risk of the highest bonus.
        bonus_urgency: Percent,
        /// Exponent of the pace, in halves.
        pace_exponent_halves: u8,
        /// Exponent of the bonus, in halves.
        bonus_exponent_halves: u8,
    }
}

overrides! {
    /// How interest is split.
    Split {
        /// Fees.
        fee: Percent,
        /// Insurance.
        insurance: Percent,
        /// Insurance over debt up to which it is paid.
        insurance_target: Percent,
    }
}

overrides! {
    /// When a reserve's breaker trips.
    Thresholds {
        /// Age of the price that guards.
        stale_guards: Time,
        /// … that halts.
        stale_halts: Time,
        /// Window of jumps.
        jump_window: Time,
        /// How long a signal guards.
        guarded: Time,
        /// How long a signal halts.
        halted: Time,
        /// Distance of spot from its average that guards.
        average_guards: Percent,
        /// … that halts.
        average_halts: Percent,
        /// Confidence over price that guards.
        confidence_guards: Percent,
        /// … that halts.
        confidence_halts: Percent,
        /// Jump that guards.
        jump_guards: Percent,
        /// … that halts.
        jump_halts: Percent,
        /// Distance of the market from rate or peg that guards.
        rate_guards: Percent,
        /// … that halts.
        rate_halts: Percent,
        /// Lenders' loss within a day that guards.
        loss_guards: Percent,
        /// … that halts.
        loss_halts: Percent,
    }
}

impl Kind {
    /// The preset's kind.
    pub(super) fn of_preset(self) -> AssetKind {
        match self {
            Self::Btc => AssetKind::Btc,
            Self::Eth => AssetKind::Eth,
            Self::Sol => AssetKind::Sol,
            Self::Lst => AssetKind::Lst,
            Self::Usd => AssetKind::Usd,
            Self::Alt => AssetKind::Alt,
        }
    }
}

impl TokenProgram {
    /// The program's address.
    pub fn id(self) -> anchor_lang::prelude::Pubkey {
        match self {
            Self::Token => anchor_spl::token::ID,
            Self::Token2022 => anchor_spl::token_2022::ID,
        }
    }
}
