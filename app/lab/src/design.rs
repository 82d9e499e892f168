//! The liquidation designs that are compared.

use crate::{asset::COUNT, rules::Rules};
use anyhow::{anyhow, Result};
use ballast_risk::{
    presets::{balanced, calm, safe, steady, still, Preset},
    units::BPS_ONE,
    Bps, Seconds,
};

/// How a plain LTV protocol sizes a liquidation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sizing {
    /// Half of the debt at 5 %, all of it below 95 % of health or up to $2,000: `ballast_risk::ltv::ORDINARY`.
    Half,
    /// A fifth of the debt, all of it up to $2; the bonus is what the LTV is above its threshold, 2 % to 10 %.
    Fifth,
    /// What restores a health of 1.02, all of it up to $100; the bonus rises from 1 % by 0.4 of what health lacks, to 5 %.
    Restore,
}

/// A plain LTV protocol.
#[derive(Clone, Debug)]
pub struct Ltv {
    /// Liquidation threshold by asset.
    pub thresholds: [Bps; COUNT],
    /// How much is repaid.
    pub sizing: Sizing,
}

/// What a design does.
#[derive(Clone, Debug)]
pub enum Mechanism {
    /// Thresholds by asset.
    Ltv(Ltv),
    /// Net risk and tranches, as the program computes them.
    NetRisk(Box<Rules>),
}

/// One design.
#[derive(Clone, Debug)]
pub struct Design {
    /// Its name, used on the command line and in results.
    pub name: String,
    /// What it does.
    pub mechanism: Mechanism,
}

/// Name of the design that all others are compared with.
pub const PLAIN: &str = "ltv-50";

impl Design {
    fn ltv(name: impl Into<String>, thresholds: [Bps; COUNT], sizing: Sizing) -> Self {
        Self { name: name.into(), mechanism: Mechanism::Ltv(Ltv { thresholds, sizing }) }
    }

    fn net_risk(name: impl Into<String>, rules: Rules) -> Self {
        Self { name: name.into(), mechanism: Mechanism::NetRisk(Box::new(rules)) }
    }

    /// Ours with this preset.
    pub fn of_preset(preset: Preset) -> Result<Self> {
        Ok(Self::net_risk(preset.name, Rules::of(preset)?))
    }

    /// Plain LTV whose distance from 100 % is scaled: 1 is the ordinary thresholds, 0.5 half as much margin.
    pub fn ltv_scaled(sizing: Sizing, scale: f64) -> Result<Self> {
        let rules = Rules::balanced()?;
        let name = match sizing {
            Sizing::Half => "ltv-50",
            Sizing::Fifth => "ltv-20",
            Sizing::Restore => "ltv-restore",
        };
        let thresholds = rules.ordinary_thresholds().map(|threshold| {
            let margin = (BPS_ONE as f64 - f64::from(threshold.0)) * scale;
            Bps((BPS_ONE as f64 - margin).clamp(0.0, 9_900.0) as u16)
        });
        Ok(Self::ltv(format!("{name}×{scale}"), thresholds, sizing))
    }
}

/// All designs of the comparison, in the order of its tables. The first is [`PLAIN`].
pub fn all() -> Result<Vec<Design>> {
    let named = |preset: ballast_risk::Result<Preset>| preset.map_err(|error| anyhow!("a preset: {error}"));
    let rules = Rules::of(named(balanced())?)?;
    let tuned = Rules::of(named(steady())?)?;
    let (ordinary, raised) = (rules.ordinary_thresholds(), rules.raised_thresholds());
    Ok(vec![
        Design::ltv(PLAIN, ordinary, Sizing::Half),
        Design::ltv("ltv-20", ordinary, Sizing::Fifth),
        Design::ltv("ltv-restore", ordinary, Sizing::Restore),
        Design::ltv("ltv-50-raised", raised, Sizing::Half),
        Design::ltv("ltv-20-raised", raised, Sizing::Fifth),
        Design::ltv("ltv-restore-raised", raised, Sizing::Restore),
        Design::of_preset(named(balanced())?)?,
        Design::of_preset(named(calm())?)?,
        Design::of_preset(named(safe())?)?,
        Design::of_preset(named(steady())?)?,
        Design::of_preset(named(still())?)?,
        Design::net_risk("steady-without-netting", without_netting(tuned.clone())),
        Design::net_risk("steady-without-pacing", without_pacing(tuned.clone())),
        Design::net_risk("steady-without-depth-bucket", without_bucket(tuned)),
    ])
}

/// The designs of these names, or all for none.
pub fn named(names: &[String]) -> Result<Vec<Design>> {
    let mut designs = all()?;
    if names.is_empty() {
        return Ok(designs);
    }
    let known: Vec<String> = designs.iter().map(|design| design.name.clone()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        anyhow::bail!("no design {unknown:?}; there are: {}", known.join(", "));
    }
    designs.retain(|design| design.name == PLAIN || names.contains(&design.name));
    Ok(designs)
}

/// θ = 100 %: the whole gross margin, whatever nets out (the unit of account aside).
fn without_netting(mut rules: Rules) -> Rules {
    rules.preset.model.gross_floor = Bps(BPS_ONE as u16);
    rules
}

/// One window's allowance is the whole debt.
fn without_pacing(mut rules: Rules) -> Rules {
    for asset in &mut rules.assets {
        asset.curve.pace_floor = Bps(BPS_ONE as u16);
    }
    rules
}

/// The bucket is off at every net risk.
fn without_bucket(mut rules: Rules) -> Rules {
    rules.preset.rules.bucket_off_urgency = Bps(0);
    rules
}

/// The insurance rule, the same for every design: a share of interest before the crash and of every bonus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Insurance {
    /// Share of the bonus that stays, bps.
    pub bonus_slice: Bps,
    /// Share of interest that goes to it, bps.
    pub interest_slice: Bps,
    /// Yearly borrowing rate of the time before, bps.
    pub rate: Bps,
    /// How long that time was.
    pub period: Seconds,
}

impl Default for Insurance {
    /// The presets' slices (30 % of bonuses, 10 % of interest), and 90 days at the 8 % that the presets' stable costs at 90 % of
    /// utilisation.
    fn default() -> Self {
        Self { bonus_slice: Bps(3_000), interest_slice: Bps(1_000), rate: Bps(800), period: 90 * 86_400 }
    }
}

impl Insurance {
    /// What the fund holds before the first bar, as a share of debt: 19.7 bp by default.
    pub fn before(&self) -> f64 {
        let year = 365.0 * 86_400.0;
        f64::from(self.rate.0) / 1e4 * f64::from(self.interest_slice.0) / 1e4 * self.period as f64 / year
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_insurance_of_ninety_days_is_twenty_basis_points() {
        // 8 % · 10 % · 90/365
        assert!((Insurance::default().before() - 0.08 * 0.10 * 90.0 / 365.0).abs() < 1e-12);
    }

    #[test]
    fn names_are_known_and_the_plain_one_is_always_there() {
        let designs = named(&["calm".into()]).unwrap();
        let names: Vec<_> = designs.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names, [PLAIN, "calm"]);
        assert!(named(&["kalm".into()]).unwrap_err().to_string().contains("balanced, calm, safe"));
    }

    #[test]
    fn scaled_thresholds_scale_the_margin() {
        let design = Design::ltv_scaled(Sizing::Half, 0.5).unwrap();
        let Mechanism::Ltv(ltv) = design.mechanism else { panic!("not LTV") };
        // BTC: 1 − 0.5·(1 − 0.80)
        assert_eq!(ltv.thresholds[0], Bps(9_000));
    }
}
