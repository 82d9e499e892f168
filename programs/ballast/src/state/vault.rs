//! A vault: an isolated risk pool. Its account is also the authority of its token accounts.

use super::{
    insurance::FundRules,
    parameters::{RiskModel, TrancheRules},
    safety::*,
};
use crate::{assert_layout, constants::*, error::BallastError};
use anchor_lang::prelude::*;
use ballast_risk::{self as risk, Seconds};

/// Roles, risk model and reserves of a vault. Ordinary paths only read it, so it never serialises them.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct Vault {
    /// Layout version.
    pub version: u8,
    /// Bump of the vault's address.
    pub bump: u8,
    /// Reserves in use.
    pub reserve_count: u8,
    /// Zero; aligns `id`.
    pub padding: [u8; 5],
    /// Number that the creator gave it.
    pub id: u64,
    /// Who created it; part of its address.
    pub creator: Pubkey,
    /// Who proposes changes and adds reserves.
    pub curator: Pubkey,
    /// Who may tighten, for a bounded time.
    pub guardian: Pubkey,
    /// Owner of the token accounts that fees are paid to.
    pub fee_recipient: Pubkey,
    /// Scenarios, charges and floors; while `ramp` runs, where they are going. What counts is [`Vault::model_at`].
    pub model: RiskModel,
    /// Common rules of tranches.
    pub rules: TrancheRules,
    /// Addresses of the reserves, by index.
    pub reserves: [Pubkey; MAX_RESERVES],
    /// Number of the last audit begun; 0 before the first.
    pub audit: u64,
    /// The vault's circuit breaker.
    pub breaker: Breaker,
    /// When its signals are ones.
    pub thresholds: VaultThresholds,
    /// Caps of groups, leverage and LTV.
    pub caps: VaultCaps,
    /// How much of the groups' caps the reserves have.
    pub parts: GroupParts,
    /// The model that `ramp` leaves.
    pub model_before: RiskModel,
    /// How the model moves from `model_before` to `model`.
    pub ramp: Ramp,
    /// How long a change waits, seconds.
    pub timelock: u64,
    /// When the curator opened it for deposits, seconds; 0 while it is being set up. Afterwards assets are added behind the timelock.
    pub opened_at: u64,
    /// Number of the last change proposed.
    pub last_change: u64,
    /// 1 once it has an insurance fund.
    pub has_fund: u64,
    /// The reserve whose token an insurance fund may be made in after the opening, by a change that waited; zeros for none.
    pub fund_reserve: Pubkey,
    /// The rules that it may have then.
    pub fund_rules: FundRules,
    /// Zero.
    pub reserved: [u64; 57],
}

assert_layout!(
    Vault, size 2_832, align 8,
    id at 8, creator at 16, model at 144, rules at 448, reserves at 480, audit at 1_504, breaker at 1_512,
    thresholds at 1_816, caps at 1_832, parts at 1_904, model_before at 1_968, ramp at 2_272, timelock at 2_288, opened_at at 2_296,
    fund_reserve at 2_320, fund_rules at 2_352, reserved at 2_376,
);

impl Vault {
    /// Bytes of the account, discriminator included.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Refuses an account of another layout version.
    pub fn check_version(&self) -> Result<()> {
        require!(self.version == STATE_VERSION, BallastError::WrongStateVersion);
        Ok(())
    }

    /// The risk model that counts now.
    pub fn model_at(&self, now: Seconds) -> risk::model::RiskModel {
        if self.ramp.duration == 0 {
            return *self.model.as_risk();
        }
        self.ramp.as_risk().model_at(self.model_before.as_risk(), self.model.as_risk(), now)
    }

    /// The model that a running ramp leaves; parameters have to fit it too until the ramp is over.
    pub fn model_before_if_ramping(&self, now: Seconds) -> Option<&risk::model::RiskModel> {
        self.ramp.runs_at(now).then(|| self.model_before.as_risk())
    }

    /// Forgets a ramp that has ended. What counts does not change.
    pub fn tidy_ramp(&mut self, now: Seconds) {
        if !self.ramp.runs_at(now) {
            (self.ramp, self.model_before) = (Ramp::default(), RiskModel::default());
        }
    }

    /// [`Vault::check_version`], and the number of the audit that changes of positions are counted in.
    pub fn checked_audit(&self) -> Result<u64> {
        self.check_version()?;
        Ok(self.audit)
    }
}

/// Seeds with which a vault signs for its token accounts.
#[macro_export]
macro_rules! vault_seeds {
    ($creator:expr, $id:expr, $bump:expr) => {
        &[$crate::constants::VAULT_SEED, $creator.as_ref(), &$id, &[$bump]]
    };
}
