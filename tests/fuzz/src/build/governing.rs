//! Instructions of governance.

use super::Deeds;
use crate::{action::Deed, setup::config_of, world::World};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::state::{Change, OracleConfig, ProposedChange, Reserve, Vault};
use ballast_client::{
    address,
    governance::{decode_change, Proposal},
    instruction,
    insurance::{self, Fund},
    preset::vault_config,
};
use ballast_risk::{
    fund::FundRules,
    presets::{balanced, steady},
    ramp::MIN_RAMP,
};
use solana_account::ReadableAccount as _;

/// How many proposals back one looks.
const BACK: u64 = 6;

impl Deeds<'_> {
    /// The instruction of a deed that governs.
    pub(super) fn governing(&self, deed: &Deed) -> Option<Instruction> {
        let world = self.world;
        Some(match *deed {
            Deed::CreateVault { id, steady: is_steady } => {
                let preset = if is_steady { steady() } else { balanced() }.ok()?;
                instruction::create_vault(self.by, vault_config(&preset, id.into(), self.by, self.by))
            }
            Deed::AddReserve { vault, market } => self.add_reserve(vault, market)?,
            Deed::ProposeChange { vault, asset, kind, size } => {
                let house = world.house(vault);
                let state = world.vault(&house.key)?;
                let reserve =
                    asset.and_then(|asset| world.asset(house, asset)).map(|(_, asset)| asset.reserve());
                let proposal =
                    Proposal { vault: house.key, number: state.last_change + 1, reserve, proposer: self.by };
                let proposed = match reserve {
                    Some(reserve) => of_reserve(&world.svm.state(&reserve)?, kind, size),
                    None => of_vault(world, &state, kind, size)?,
                };
                proposal.propose(proposed)
            }
            Deed::ExecuteChange { vault, back } => {
                let change = self.change(vault, back)?;
                let reserves = match change.proposed {
                    ProposedChange::Model { .. } => self.all_reserves(change.vault),
                    _ => vec![],
                };
                Proposal::of(&change).execute(self.by, &reserves)
            }
            Deed::CancelChange { vault, back } => Proposal::of(&self.change(vault, back)?).cancel(self.by),
            Deed::CreateFund { vault, asset } => {
                let (_, asset) = world.asset(world.house(vault), asset)?;
                insurance::create_fund(self.by, &Fund { asset }, FundRules::BALANCED.into())
            }
            _ => return None,
        })
    }

    /// At once while the vault is being set up, afterwards by the last proposal of such.
    fn add_reserve(&self, vault: u8, market: u8) -> Option<Instruction> {
        let world = self.world;
        let house = world.house(vault);
        if world.vault(&house.key)?.opened_at > 0 {
            let change = (0..BACK).find_map(|back| {
                let change = self.change(vault, back as u8)?;
                matches!(change.proposed, ProposedChange::AddReserve { .. }).then_some(change)
            })?;
            let ProposedChange::AddReserve { mint, config } = change.proposed.clone() else { return None };
            let market = world.markets.iter().find(|market| market.mint == mint)?;
            return Some(Proposal::of(&change).add_reserve(self.by, &market.asset(house.key), config));
        }
        let market = world.markets[usize::from(market) % world.markets.len()];
        let config = config_of(world, &balanced().ok()?, 0, &market).ok()?;
        Some(instruction::add_reserve(self.by, &market.asset(house.key), config))
    }

    /// The change that so many were proposed after, skipping those that are gone.
    fn change(&self, vault: u8, back: u8) -> Option<Change> {
        let key = self.world.house(vault).key;
        let last = self.world.vault(&key)?.last_change;
        let oldest = last.saturating_sub(4 * BACK);
        let there = (oldest + 1..=last).rev().filter_map(|number| {
            let account = self.world.svm.account(&address::change(&key, number))?;
            decode_change(account.data())
        });
        let there: Vec<Change> = there.collect();
        there.get(usize::from(back).checked_rem(there.len())?).cloned()
    }
}

/// A number moved by bps of it.
fn moved<T: TryInto<i128> + TryFrom<i128> + Copy>(value: T, size: i16) -> T {
    let Ok(number) = value.try_into() else { return value };
    T::try_from(number + number * i128::from(size) / 10_000 + i128::from(size.signum())).unwrap_or(value)
}

/// A change of what a vault has now.
fn of_vault(world: &World, vault: &Vault, kind: u8, size: i16) -> Option<ProposedChange> {
    let someone = |number: i16| world.actor(number.unsigned_abs() as u8);
    Some(match kind % 14 {
        0..=2 => {
            let mut model = vault.model;
            let place = usize::from(size.unsigned_abs());
            match kind % 3 {
                0 => {
                    let row = place % usize::from(model.row_count.max(1));
                    let group = place % usize::from(model.group_count.max(1));
                    model.rows[row][group] = moved(model.rows[row][group], size);
                }
                1 => model.debt_floor = moved(model.debt_floor, size),
                _ => model.basis[place % 8] = moved(model.basis[place % 8], size),
            }
            for (group, peak) in model.peak.iter_mut().enumerate() {
                *peak = model.rows.iter().map(|row| row[group].unsigned_abs()).max().unwrap_or(0);
            }
            ProposedChange::Model { model, ramp_seconds: ramp(size) }
        }
        3 => ProposedChange::Rules(ballast::state::TrancheRules {
            window_seconds: moved(vault.rules.window_seconds, size),
            ..vault.rules
        }),
        4 => ProposedChange::VaultCaps(ballast::state::VaultCaps {
            leverage: moved(vault.caps.leverage, size),
            ..vault.caps
        }),
        5 => ProposedChange::VaultThresholds(ballast::state::VaultThresholds {
            loss_guards: moved(vault.thresholds.loss_guards, size),
            ..vault.thresholds
        }),
        6 => ProposedChange::Timelock(moved(vault.timelock, size)),
        7 if size > 1_500 => ProposedChange::Curator(someone(size)),
        8 => ProposedChange::Guardian(if size > 0 { someone(size) } else { Pubkey::default() }),
        9 => ProposedChange::FeeRecipient(someone(size)),
        10 => ProposedChange::Open,
        11 => ProposedChange::VaultReopen,
        12 => ProposedChange::Fund {
            reserve: vault.reserves[usize::from(size.unsigned_abs()) % 8],
            rules: FundRules::BALANCED.into(),
        },
        _ => {
            let market = world.markets[usize::from(size.unsigned_abs()) % world.markets.len()];
            let config = config_of(world, &balanced().ok()?, 0, &market).ok()?;
            ProposedChange::AddReserve { mint: market.mint, config }
        }
    })
}

/// None, too short ones, and up to eight days.
fn ramp(size: i16) -> u64 {
    u64::from(size.unsigned_abs() % 9) * MIN_RAMP / 3
}

/// A change of what a reserve has now.
fn of_reserve(reserve: &Reserve, kind: u8, size: i16) -> ProposedChange {
    match kind % 12 {
        0..=1 => {
            let mut risk = reserve.risk;
            if kind.is_multiple_of(2) {
                risk.idio = moved(risk.idio, size);
            } else {
                risk.beta = moved(risk.beta, size);
            }
            ProposedChange::Asset { risk, ramp_seconds: ramp(size) }
        }
        2 => ProposedChange::Curve(ballast::state::TrancheCurve {
            depth: moved(reserve.curve.depth, size),
            bonus_max: moved(reserve.curve.bonus_max, size),
            ..reserve.curve
        }),
        3 => {
            let mut rates = reserve.rates;
            for point in rates.points.iter_mut().take(rates.count as usize) {
                point.rate_bps = moved(point.rate_bps, size);
            }
            ProposedChange::Rates(rates)
        }
        4 => ProposedChange::Split(ballast::state::InterestSplit {
            fee: moved(reserve.split.fee, size),
            ..reserve.split
        }),
        5 => ProposedChange::ReserveCaps(ballast::state::ReserveCaps {
            deposits: moved(reserve.caps.deposits, size),
            debt: moved(reserve.caps.debt, size),
            ..reserve.caps
        }),
        6 => ProposedChange::Flows(ballast::state::FlowRules {
            outflow_floor: moved(reserve.flow_rules.outflow_floor, size),
            daily_share: moved(reserve.flow_rules.daily_share, size),
            ..reserve.flow_rules
        }),
        7 => ProposedChange::ReserveThresholds(ballast::state::ReserveThresholds {
            jump_guards: moved(reserve.thresholds.jump_guards, size),
            ..reserve.thresholds
        }),
        8 => ProposedChange::Borrowable(size > 0),
        9 => ProposedChange::Oracle(OracleConfig {
            confidence_factor: moved(reserve.confidence_factor, size),
            ..OracleConfig::of(reserve)
        }),
        10 => ProposedChange::Reopen,
        _ => ProposedChange::Borrowable(true),
    }
}
