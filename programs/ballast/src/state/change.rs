//! A proposed change of a vault's or a reserve's parameters, while it waits.

use super::{insurance::FundRules, parameters::*, safety::*, Reserve, Vault};
use crate::{
    assert_layout,
    constants::STATE_VERSION,
    error::BallastError,
    instructions::add_reserve::{RateConfig, ReserveConfig},
};
use anchor_lang::prelude::*;
use ballast_risk::{self as risk, change::Class, Seconds};

mirror! {
    /// The clock of a proposed change: see `ballast_risk::change::Timelock`. Seconds.
    Timelock of risk::change::Timelock {
        /// When the change was proposed.
        proposed_at: u64,
        /// Time outside Normal up to then, of the vault and of the reserve that it is about.
        outside_normal: [u64; 2],
        /// How long it waits.
        delay: u64,
        /// 1 if its clock stands still outside Normal.
        in_normal: u64,
    } size 40, align 8
}

/// A change, as whole structs of what it replaces. What it is (at once, timelock, ramp) follows from comparing it with what
/// counts, never from what its proposer says.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // it lives in an account, where a box would save nothing
pub enum ProposedChange {
    /// The vault's risk model.
    Model {
        /// The new model.
        model: RiskModel,
        /// How long it ramps, seconds, where it has to; otherwise it takes effect as a whole.
        ramp_seconds: u64,
    },
    /// The vault's tranche rules.
    Rules(TrancheRules),
    /// The vault's caps.
    VaultCaps(VaultCaps),
    /// When the vault's breaker trips.
    VaultThresholds(VaultThresholds),
    /// How long changes wait, seconds.
    Timelock(u64),
    /// Who proposes changes. The new curator signs the execution.
    Curator(Pubkey),
    /// Who may tighten; the zero address for nobody.
    Guardian(Pubkey),
    /// Whose token accounts fees are paid to.
    FeeRecipient(Pubkey),
    /// Opens the vault for deposits, for good.
    Open,
    /// A reserve's place in the risk model.
    Asset {
        /// The new place.
        risk: AssetRisk,
        /// How long it ramps, seconds, where it has to; otherwise it takes effect as a whole.
        ramp_seconds: u64,
    },
    /// How a reserve is sold.
    Curve(TrancheCurve),
    /// What a reserve costs to borrow.
    Rates(RateCurve),
    /// How a reserve's interest is split.
    Split(InterestSplit),
    /// A reserve's caps.
    ReserveCaps(ReserveCaps),
    /// How fast a reserve's tokens may come and go.
    Flows(FlowRules),
    /// When a reserve's breaker trips.
    ReserveThresholds(ReserveThresholds),
    /// Whether a reserve may be borrowed.
    Borrowable(bool),
    /// Where a reserve's price comes from, and how much of it is believed.
    Oracle(OracleConfig),
    /// Lets a reserve leave WindDown.
    Reopen,
    /// A new reserve; executed by `add_reserve`.
    AddReserve {
        /// Its token.
        mint: Pubkey,
        /// Everything else about it.
        config: ReserveConfig,
    },
    /// Lets the vault leave WindDown.
    VaultReopen,
    /// Lets the curator make the open vault's insurance fund, with `create_fund`.
    Fund {
        /// The reserve of its token.
        reserve: Pubkey,
        /// How it works.
        rules: FundRules,
    },
}

/// Where a reserve's price comes from, and how much of it is believed.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct OracleConfig {
    /// Pyth feed of the price in USD, or of the base asset where `rate` is given.
    pub feed_id: [u8; 32],
    /// For liquid-staked and wrapped assets: the rate over the base asset.
    pub rate: Option<RateConfig>,
    /// `k`: confidence intervals off spot in `R_init`, bps; one to five.
    pub confidence_factor: u16,
    /// Confidence over price above which no risk is opened, bps; 10 to 1,000.
    pub max_confidence: u16,
    /// Rise of the opening charge when the vault holds the asset's whole depth, bps; at most 10,000.
    pub size_charge: u16,
}

/// How a change takes effect.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeClass {
    /// At once, by the curator.
    AtOnce,
    /// After the timelock.
    Timelock,
    /// After the timelock, along a ramp.
    Ramp,
}

impl From<Class> for ChangeClass {
    fn from(class: Class) -> Self {
        match class {
            Class::Nothing | Class::AtOnce => Self::AtOnce,
            Class::Timelock(_) => Self::Timelock,
            Class::TimelockAndRamp(..) => Self::Ramp,
        }
    }
}

impl ProposedChange {
    /// Bytes of the longest change.
    pub const SPACE: usize = 339;

    /// Whether it changes a reserve that exists, and not the vault.
    pub fn is_about_reserve(&self) -> bool {
        match self {
            Self::Asset { .. }
            | Self::Curve(_)
            | Self::Rates(_)
            | Self::Split(_)
            | Self::ReserveCaps(_)
            | Self::Flows(_)
            | Self::ReserveThresholds(_)
            | Self::Borrowable(_)
            | Self::Oracle(_)
            | Self::Reopen => true,
            Self::Model { .. }
            | Self::Rules(_)
            | Self::VaultCaps(_)
            | Self::VaultThresholds(_)
            | Self::Timelock(_)
            | Self::Curator(_)
            | Self::Guardian(_)
            | Self::FeeRecipient(_)
            | Self::Open
            | Self::AddReserve { .. }
            | Self::VaultReopen
            | Self::Fund { .. } => false,
        }
    }
}

impl ProposedChange {
    /// What counts in a reserve now of what this change replaces, as the change that would restore it.
    #[inline(never)]
    pub fn present_in_reserve(&self, reserve: &Reserve) -> Option<Box<Self>> {
        Some(Box::new(match self {
            Self::Asset { ramp_seconds, .. } => {
                Self::Asset { risk: reserve.risk, ramp_seconds: *ramp_seconds }
            }
            Self::Curve(_) => Self::Curve(reserve.curve),
            Self::Rates(_) => Self::Rates(reserve.rates),
            Self::Split(_) => Self::Split(reserve.split),
            Self::ReserveCaps(_) => Self::ReserveCaps(reserve.caps),
            Self::Flows(_) => Self::Flows(reserve.flow_rules),
            Self::ReserveThresholds(_) => Self::ReserveThresholds(reserve.thresholds),
            Self::Borrowable(_) => Self::Borrowable(reserve.borrowable != 0),
            Self::Oracle(_) => Self::Oracle(OracleConfig::of(reserve)),
            _ => return None,
        }))
    }

    /// The same in a vault.
    #[inline(never)]
    pub fn present_in_vault(&self, vault: &Vault) -> Option<Box<Self>> {
        Some(Box::new(match self {
            Self::Model { ramp_seconds, .. } => {
                Self::Model { model: vault.model, ramp_seconds: *ramp_seconds }
            }
            Self::Rules(_) => Self::Rules(vault.rules),
            Self::VaultCaps(_) => Self::VaultCaps(vault.caps),
            Self::VaultThresholds(_) => Self::VaultThresholds(vault.thresholds),
            Self::Timelock(_) => Self::Timelock(vault.timelock),
            Self::Curator(_) => Self::Curator(vault.curator),
            Self::Guardian(_) => Self::Guardian(vault.guardian),
            Self::FeeRecipient(_) => Self::FeeRecipient(vault.fee_recipient),
            Self::Fund { .. } => Self::Fund { reserve: vault.fund_reserve, rules: vault.fund_rules },
            _ => return None,
        }))
    }
}

/// A change that waits. Its rent is its proposer's, and returns when it is executed or cancelled.
#[account]
#[derive(Debug)]
pub struct Change {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Its number in the vault; part of its address.
    pub number: u64,
    /// The vault.
    pub vault: Pubkey,
    /// Who proposed it, and paid its rent.
    pub proposer: Pubkey,
    /// The reserve that it is about; `None` for the vault.
    pub reserve: Option<Pubkey>,
    /// Its clock.
    pub timelock: Timelock,
    /// What it was when it was proposed. Execution looks again.
    pub class: ChangeClass,
    /// What it changes.
    pub proposed: ProposedChange,
}

impl Change {
    /// Bytes of the account, discriminator included.
    pub const SPACE: usize = 8 + 1 + 1 + 8 + 32 + 32 + 33 + 32 + 1 + ProposedChange::SPACE;

    /// Refuses an account of another layout version.
    pub fn check_version(&self) -> Result<()> {
        require!(self.version == STATE_VERSION, BallastError::WrongStateVersion);
        Ok(())
    }
}

impl Ramp {
    /// Whether it has not ended yet.
    pub fn runs_at(&self, now: Seconds) -> bool {
        self.duration > 0 && now < self.start.saturating_add(self.duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_changes_fit_their_account() {
        let rate = Some(RateConfig { feed_id: [1; 32], anchor: 1, growth: 1 });
        let config = ReserveConfig {
            feed_id: [1; 32],
            rate,
            risk: AssetRisk::default(),
            curve: TrancheCurve::default(),
            rates: RateCurve::default(),
            split: InterestSplit::default(),
            confidence_factor: 0,
            max_confidence: 0,
            size_charge: 0,
            borrowable: true,
            caps: ReserveCaps::default(),
            flows: FlowRules::default(),
            thresholds: ReserveThresholds::default(),
        };
        let length = |change: ProposedChange| borsh::to_vec(&change).map(|bytes| bytes.len()).ok();
        let add = ProposedChange::AddReserve { mint: Pubkey::default(), config };
        assert_eq!(length(add), Some(ProposedChange::SPACE));
        let model = ProposedChange::Model { model: RiskModel::default(), ramp_seconds: 0 };
        assert!(length(model) < Some(ProposedChange::SPACE));
    }
}
