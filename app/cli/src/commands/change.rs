//! Changes of a vault as operators write them in TOML: what a file leaves out stays as it is.

use super::{
    config::{bps, days, feed, kind, micro, percent, preset, RateFile, ReserveFile},
    fund_rules::FundFile,
};
use crate::session::{address, Session};
use anchor_lang::prelude::Pubkey;
use anyhow::{bail, Result};
use ballast::state::{change::OracleConfig, ProposedChange, Reserve, TrancheCurve};
use ballast_client::{amount, view::Snapshot};
use ballast_risk::interest::RateCurve;
use serde::Deserialize;

/// A change file: `change = "…"` says which.
#[derive(Debug, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ChangeFile {
    /// Opens the vault for deposits, for good.
    Open,
    /// Lets the vault leave WindDown.
    VaultReopen,
    /// Lets the curator create the open vault's insurance fund in this token, with these rules.
    Fund { token: String, rules: Option<FundFile> },
    /// Lets a reserve leave WindDown.
    Reopen { token: String },
    /// How long changes wait.
    Timelock { days: u64 },
    /// Who proposes changes.
    Curator { address: String },
    /// Who may tighten; "nobody" for nobody.
    Guardian { address: String },
    /// Who owns the fees.
    FeeRecipient { address: String },
    /// Model and, behind its timelock, its ramp: those of a preset.
    Model { preset: String, ramp_days: u64 },
    /// The tranche rules of a preset.
    Rules { preset: String },
    /// Caps of the vault.
    VaultCaps { leverage: Option<f64>, ltv_percent: Option<f64>, groups_usd: Option<Vec<u64>> },
    /// Caps of a reserve.
    ReserveCaps {
        token: String,
        deposit_cap: Option<String>,
        debt_cap: Option<String>,
        exposure_usd: Option<u64>,
        utilisation_percent: Option<f64>,
        debt_over_depth_percent: Option<f64>,
    },
    /// Whether a reserve may be borrowed.
    Borrowable { token: String, borrowable: bool },
    /// How fast a reserve's tokens may come and go.
    Flows {
        token: String,
        inflow_floor: Option<String>,
        outflow_floor: Option<String>,
        inflow_percent: Option<f64>,
        outflow_percent: Option<f64>,
        daily_percent: Option<f64>,
    },
    /// What a reserve costs to borrow: percent of use, percent a year.
    Rates { token: String, points: Vec<[f64; 2]> },
    /// How a reserve's interest is split.
    Split {
        token: String,
        fee_percent: Option<f64>,
        insurance_percent: Option<f64>,
        insurance_target_percent: Option<f64>,
    },
    /// How a reserve is sold: pace, bonus and target of a preset's asset of this kind, and single values. The depth stays.
    Curve {
        token: String,
        preset: Option<String>,
        kind: Option<String>,
        depth_usd: Option<u64>,
        bonus_min_percent: Option<f64>,
        bonus_max_percent: Option<f64>,
        target_percent: Option<f64>,
    },
    /// A reserve's place in the model.
    Asset { token: String, beta_percent: Option<f64>, idio_percent: Option<f64>, ramp_days: u64 },
    /// Where a reserve's price comes from.
    Oracle {
        token: String,
        feed: String,
        rate: Option<RateFile>,
        confidence_factor: Option<f64>,
        max_confidence_percent: Option<f64>,
        size_charge_percent: Option<f64>,
    },
    /// When a reserve's breaker trips: as this kind of asset does.
    Thresholds { token: String, kind: String },
    /// A new reserve.
    AddReserve { reserve: Box<ReserveFile> },
}

fn set<T, U>(to: &mut T, from: Option<U>, read: impl FnOnce(U) -> Result<T>) -> Result<()> {
    if let Some(from) = from {
        *to = read(from)?;
    }
    Ok(())
}

fn tokens(reserve: &Reserve) -> impl Fn(String) -> Result<u64> {
    let decimals = reserve.decimals;
    move |text| Ok(amount::parse(&text, decimals)?.0)
}

impl ChangeFile {
    /// As the program takes it: the reserve that it is about, and the change. `decimals` of a new reserve's mint are asked for.
    pub fn proposed(
        self,
        session: &Session,
        snapshot: &Snapshot,
        decimals: impl FnOnce(&ReserveFile) -> Result<u8>,
    ) -> Result<(Option<Pubkey>, ProposedChange)> {
        let vault = &snapshot.vault;
        let of = |token: &str| session.reserve(snapshot, token);
        let whole = |change| Ok((None, change));
        match self {
            Self::Open => whole(ProposedChange::Open),
            Self::VaultReopen => whole(ProposedChange::VaultReopen),
            Self::Fund { token, rules } => {
                let rules = rules.unwrap_or_default().rules()?.into();
                whole(ProposedChange::Fund { reserve: of(&token)?.0, rules })
            }
            Self::Reopen { token } => Ok((Some(of(&token)?.0), ProposedChange::Reopen)),
            Self::Timelock { days: count } => whole(ProposedChange::Timelock(days(count)?)),
            Self::Curator { address: key } => whole(ProposedChange::Curator(address("curator", &key)?)),
            Self::Guardian { address: key } if key == "nobody" => {
                whole(ProposedChange::Guardian(Pubkey::default()))
            }
            Self::Guardian { address: key } => whole(ProposedChange::Guardian(address("guardian", &key)?)),
            Self::FeeRecipient { address: key } => {
                whole(ProposedChange::FeeRecipient(address("fee recipient", &key)?))
            }
            Self::Model { preset: name, ramp_days } => whole(ProposedChange::Model {
                model: preset(&name)?.model.into(),
                ramp_seconds: days(ramp_days)?,
            }),
            Self::Rules { preset: name } => whole(ProposedChange::Rules(preset(&name)?.rules.into())),
            Self::VaultCaps { leverage, ltv_percent, groups_usd } => {
                let mut caps = vault.caps;
                set(&mut caps.leverage, leverage, |value| bps("leverage", value, 10_000.0))?;
                set(&mut caps.ltv, ltv_percent, |value| percent("ltv_percent", value))?;
                if let Some(groups) = groups_usd {
                    if groups.len() > caps.groups.len() {
                        bail!("groups_usd has more than {} groups", caps.groups.len());
                    }
                    for (cap, dollars) in caps.groups.iter_mut().zip(groups) {
                        *cap = micro(dollars)?;
                    }
                }
                whole(ProposedChange::VaultCaps(caps))
            }
            Self::AddReserve { reserve } => {
                let config = reserve.config(decimals(&reserve)?)?;
                whole(ProposedChange::AddReserve { mint: reserve.mint()?, config })
            }
            about_reserve => about_reserve.of_reserve(session, snapshot),
        }
    }

    fn of_reserve(self, session: &Session, snapshot: &Snapshot) -> Result<(Option<Pubkey>, ProposedChange)> {
        let of = |token: &str| session.reserve(snapshot, token);
        let (key, change) = match self {
            Self::ReserveCaps {
                token,
                deposit_cap,
                debt_cap,
                exposure_usd,
                utilisation_percent,
                debt_over_depth_percent,
            } => {
                let (key, reserve) = of(&token)?;
                let mut caps = reserve.caps;
                set(&mut caps.deposits, deposit_cap, tokens(reserve))?;
                set(&mut caps.debt, debt_cap, tokens(reserve))?;
                set(&mut caps.exposure, exposure_usd, micro)?;
                set(&mut caps.utilisation, utilisation_percent, |p| percent("utilisation_percent", p))?;
                set(&mut caps.debt_over_depth, debt_over_depth_percent, |p| {
                    bps("debt_over_depth_percent", p, 100.0)
                })?;
                (key, ProposedChange::ReserveCaps(caps))
            }
            Self::Borrowable { token, borrowable } => (of(&token)?.0, ProposedChange::Borrowable(borrowable)),
            Self::Flows {
                token,
                inflow_floor,
                outflow_floor,
                inflow_percent,
                outflow_percent,
                daily_percent,
            } => {
                let (key, reserve) = of(&token)?;
                let mut flows = reserve.flow_rules;
                set(&mut flows.inflow_floor, inflow_floor, tokens(reserve))?;
                set(&mut flows.outflow_floor, outflow_floor, tokens(reserve))?;
                set(&mut flows.inflow_share, inflow_percent, |p| percent("inflow_percent", p))?;
                set(&mut flows.outflow_share, outflow_percent, |p| percent("outflow_percent", p))?;
                set(&mut flows.daily_share, daily_percent, |p| percent("daily_percent", p))?;
                (key, ProposedChange::Flows(flows))
            }
            Self::Rates { token, points } => {
                let corner = |point: &[f64; 2]| -> Result<(u32, u32)> {
                    Ok((bps("utilisation", point[0], 100.0)?, bps("rate", point[1], 100.0)?))
                };
                let corners = points.iter().map(corner).collect::<Result<Vec<_>>>()?;
                let curve = RateCurve::new(&corners).map_err(|error| anyhow::anyhow!("{error}"))?;
                (of(&token)?.0, ProposedChange::Rates(curve.into()))
            }
            Self::Split { token, fee_percent, insurance_percent, insurance_target_percent } => {
                let (key, reserve) = of(&token)?;
                let mut split = reserve.split;
                set(&mut split.fee, fee_percent, |p| percent("fee_percent", p))?;
                set(&mut split.insurance, insurance_percent, |p| percent("insurance_percent", p))?;
                set(&mut split.insurance_target, insurance_target_percent, |p| {
                    percent("insurance_target_percent", p)
                })?;
                (key, ProposedChange::Split(split))
            }
            Self::Curve {
                token,
                preset: from,
                kind: of_kind,
                depth_usd,
                bonus_min_percent,
                bonus_max_percent,
                target_percent,
            } => {
                let (key, reserve) = of(&token)?;
                let mut curve = reserve.curve;
                match (from, of_kind) {
                    (Some(name), Some(asset)) => {
                        let asset = preset(&name)?.asset(kind(&asset)?);
                        let asset = asset.map_err(|error| anyhow::anyhow!("{error}"))?;
                        curve = TrancheCurve { depth: curve.depth, ..asset.curve.into() };
                    }
                    (None, None) => {}
                    _ => bail!("a curve is taken from a preset and a kind: give both, as in preset = \"steady\" and kind = \"sol\""),
                }
                set(&mut curve.depth, depth_usd, micro)?;
                set(&mut curve.bonus_min, bonus_min_percent, |p| percent("bonus_min_percent", p))?;
                set(&mut curve.bonus_max, bonus_max_percent, |p| percent("bonus_max_percent", p))?;
                set(&mut curve.target, target_percent, |p| percent("target_percent", p))?;
                (key, ProposedChange::Curve(curve))
            }
            Self::Asset { token, beta_percent, idio_percent, ramp_days } => {
                let (key, reserve) = of(&token)?;
                let mut risk = reserve.risk;
                set(&mut risk.beta, beta_percent, |p| percent("beta_percent", p))?;
                set(&mut risk.idio, idio_percent, |p| percent("idio_percent", p))?;
                (key, ProposedChange::Asset { risk, ramp_seconds: days(ramp_days)? })
            }
            Self::Oracle {
                token,
                feed: text,
                rate,
                confidence_factor,
                max_confidence_percent,
                size_charge_percent,
            } => {
                let (key, reserve) = of(&token)?;
                let mut oracle = OracleConfig::of(reserve);
                oracle.feed_id = feed(&text)?;
                oracle.rate = rate.as_ref().map(RateFile::config).transpose()?;
                set(&mut oracle.confidence_factor, confidence_factor, |k| {
                    Ok(u16::try_from(bps("confidence_factor", k, 10_000.0)?)?)
                })?;
                set(&mut oracle.max_confidence, max_confidence_percent, |p| {
                    percent("max_confidence_percent", p)
                })?;
                set(&mut oracle.size_charge, size_charge_percent, |p| percent("size_charge_percent", p))?;
                (key, ProposedChange::Oracle(oracle))
            }
            Self::Thresholds { token, kind: name } => {
                let thresholds = ballast_client::preset::thresholds(kind(&name)?);
                (of(&token)?.0, ProposedChange::ReserveThresholds(thresholds.into()))
            }
            other => bail!("{other:?} is not about a reserve"),
        };
        Ok((Some(key), change))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_their_change_and_nothing_else() {
        let read = toml::from_str::<ChangeFile>;
        assert!(matches!(read("change = \"open\""), Ok(ChangeFile::Open)));
        assert!(matches!(
            read("change = \"borrowable\"\ntoken = \"SOL\"\nborrowable = false"),
            Ok(ChangeFile::Borrowable { borrowable: false, .. })
        ));
        let rates =
            read("change = \"rates\"\ntoken = \"SOL\"\npoints = [[0.0, 0.0], [70.0, 6.0], [100.0, 100.0]]");
        assert!(matches!(rates, Ok(ChangeFile::Rates { points, .. }) if points.len() == 3));
        let plain = read("change = \"fund\"\ntoken = \"USDC\"");
        assert!(matches!(plain, Ok(ChangeFile::Fund { rules: None, .. })));
        let ruled = read("change = \"fund\"\ntoken = \"USDC\"\n[rules]\nvoting_days = 5");
        assert!(matches!(ruled, Ok(ChangeFile::Fund { rules: Some(_), .. })));
        assert!(read("change = \"fund\"\ntoken = \"USDC\"\n[rules]\nvoting_hours = 5").is_err());
        assert!(read("change = \"bold\"").is_err());
        assert!(read("change = \"timelock\"\ndays = 3\nhours = 1").is_err());
    }
}
