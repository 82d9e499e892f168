//! From what a person wrote of a reserve to the program's parameters.

use super::{
    value::{Percent, Read, Tokens},
    Reserve,
};
use ballast::{
    instructions::{RateConfig, ReserveConfig},
    state::{CurvePoint, RateCurve, RiskModel},
};
use ballast_client::preset::reserve_config;
use ballast_risk::presets::Preset;

/// Sets a value that was given.
pub(super) fn set<T>(to: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *to = value;
    }
}

/// Sets a percentage that was given.
pub(super) fn set_short(to: &mut u16, given: Option<Percent>, key: &str) -> Read<()> {
    if let Some(percent) = given {
        *to = percent.short().map_err(|reason| format!("{key}: {reason}"))?;
    }
    Ok(())
}

impl Reserve {
    /// The program's parameters for a token with these decimals. Errors begin with the key.
    pub fn wanted(&self, preset: &Preset, decimals: u8) -> Read<ReserveConfig> {
        let mut config = reserve_config(preset, self.kind.of_preset(), self.feed.0)
            .map_err(|reason| format!("kind: {reason}"))?;
        if let Some(rate) = &self.rate {
            let growth = rate.growth.short().map_err(|reason| format!("rate.growth: {reason}"))?;
            config.rate = Some(RateConfig { feed_id: rate.feed.0, anchor: rate.anchor.0, growth });
        }
        set(&mut config.borrowable, self.borrowable);
        if let Some(intervals) = self.confidence_intervals {
            config.confidence_factor = u16::try_from(intervals.0)
                .map_err(|_| "confidence_intervals: it is one to five intervals".to_owned())?;
        }
        set_short(&mut config.max_confidence, self.max_confidence, "max_confidence")?;
        set_short(&mut config.size_charge, self.size_charge, "size_charge")?;
        set_short(&mut config.risk.beta, self.beta, "beta")?;
        set_short(&mut config.risk.idio, self.idio, "idio")?;
        self.set_curve(&mut config)?;
        self.set_rates(&mut config)?;
        set_short(&mut config.split.fee, self.split.fee, "split.fee")?;
        set_short(&mut config.split.insurance, self.split.insurance, "split.insurance")?;
        set_short(&mut config.split.insurance_target, self.split.insurance_target, "split.insurance_target")?;
        self.set_limits(&mut config, decimals)?;
        self.set_thresholds(&mut config)?;
        Ok(config)
    }

    fn set_curve(&self, config: &mut ReserveConfig) -> Read<()> {
        let (given, curve) = (&self.curve, &mut config.curve);
        set(&mut curve.depth, given.depth.map(|dollars| dollars.0));
        set(&mut curve.bucket_refill_seconds, given.bucket_refill.map(|time| time.0));
        set_short(&mut curve.bucket_share, given.bucket_share, "curve.bucket_share")?;
        set_short(&mut curve.target, given.target, "curve.target")?;
        set_short(&mut curve.pace_floor, given.pace_floor, "curve.pace_floor")?;
        set_short(&mut curve.pace_urgency, given.pace_urgency, "curve.pace_urgency")?;
        set_short(&mut curve.bonus_min, given.bonus_min, "curve.bonus_min")?;
        set_short(&mut curve.bonus_max, given.bonus_max, "curve.bonus_max")?;
        set_short(&mut curve.bonus_urgency, given.bonus_urgency, "curve.bonus_urgency")?;
        set(&mut curve.pace_exponent_halves, given.pace_exponent_halves);
        set(&mut curve.bonus_exponent_halves, given.bonus_exponent_halves);
        Ok(())
    }

    fn set_rates(&self, config: &mut ReserveConfig) -> Read<()> {
        let Some(corners) = &self.rates else { return Ok(()) };
        let mut curve = RateCurve { count: corners.len() as u64, ..RateCurve::default() };
        if corners.len() > curve.points.len() {
            return Err(format!("rates: it has {} corners: 2 to {}", corners.len(), curve.points.len()));
        }
        for (point, (utilisation, rate)) in curve.points.iter_mut().zip(corners) {
            *point = CurvePoint { utilisation_bps: utilisation.0, rate_bps: rate.0 };
        }
        config.rates = curve;
        Ok(())
    }

    fn set_limits(&self, config: &mut ReserveConfig, decimals: u8) -> Read<()> {
        let units =
            |tokens: &Tokens, key: &str| tokens.units(decimals).map_err(|reason| format!("{key}: {reason}"));
        let (given, caps) = (&self.caps, &mut config.caps);
        caps.deposits = units(&given.deposits, "caps.deposits")?;
        caps.debt = units(&given.debt, "caps.debt")?;
        caps.exposure = given.exposure.0;
        set(&mut caps.debt_over_depth, given.debt_over_depth.map(|percent| percent.0));
        set_short(&mut caps.utilisation, given.utilisation, "caps.utilisation")?;
        let (given, flows) = (&self.flows, &mut config.flows);
        flows.inflow_floor = units(&given.inflow_floor, "flows.inflow_floor")?;
        flows.outflow_floor = units(&given.outflow_floor, "flows.outflow_floor")?;
        set(&mut flows.inflow_seconds, given.inflow_refill.map(|time| time.0));
        set(&mut flows.outflow_seconds, given.outflow_refill.map(|time| time.0));
        set_short(&mut flows.inflow_share, given.inflow_share, "flows.inflow_share")?;
        set_short(&mut flows.outflow_share, given.outflow_share, "flows.outflow_share")?;
        set_short(&mut flows.daily_share, given.daily_share, "flows.daily_share")
    }

    fn set_thresholds(&self, config: &mut ReserveConfig) -> Read<()> {
        let (given, to) = (&self.thresholds, &mut config.thresholds);
        set(&mut to.stale_guards, given.stale_guards.map(|time| time.0));
        set(&mut to.stale_halts, given.stale_halts.map(|time| time.0));
        set(&mut to.jump_window, given.jump_window.map(|time| time.0));
        set(&mut to.guarded_seconds, given.guarded.map(|time| time.0));
        set(&mut to.halted_seconds, given.halted.map(|time| time.0));
        for (to, given, key) in [
            (&mut to.average_guards, given.average_guards, "thresholds.average_guards"),
            (&mut to.average_halts, given.average_halts, "thresholds.average_halts"),
            (&mut to.confidence_guards, given.confidence_guards, "thresholds.confidence_guards"),
            (&mut to.confidence_halts, given.confidence_halts, "thresholds.confidence_halts"),
            (&mut to.jump_guards, given.jump_guards, "thresholds.jump_guards"),
            (&mut to.jump_halts, given.jump_halts, "thresholds.jump_halts"),
            (&mut to.rate_guards, given.rate_guards, "thresholds.rate_guards"),
            (&mut to.rate_halts, given.rate_halts, "thresholds.rate_halts"),
            (&mut to.loss_guards, given.loss_guards, "thresholds.loss_guards"),
            (&mut to.loss_halts, given.loss_halts, "thresholds.loss_halts"),
        ] {
            set_short(to, given, key)?;
        }
        Ok(())
    }

    /// Checks what can be known before the mint's decimals are; returns the asset's group. Errors begin with the key.
    pub(super) fn check(&self, preset: &Preset, model: &RiskModel) -> Read<usize> {
        // The mint's decimals are not known yet: amounts have to be exact with some that the program takes.
        let wanted = (2..=12).rev().find_map(|decimals| self.wanted(preset, decimals).ok());
        let wanted = wanted.map_or_else(|| self.wanted(preset, 12), Ok)?;
        let bounds = |key: &str, checked: ballast_risk::Result<()>| {
            checked.map_err(|reason| format!("{key}: {reason}"))
        };
        bounds("beta, idio", model.as_risk().validate_asset(wanted.risk.as_risk()))?;
        bounds("curve", wanted.curve.as_risk().validate())?;
        bounds("rates", wanted.rates.as_risk().validate())?;
        bounds("split", wanted.split.as_risk().validate())?;
        bounds("caps", wanted.caps.as_risk().validate())?;
        bounds("flows", wanted.flows.as_risk().validate())?;
        bounds("thresholds", wanted.thresholds.as_risk().validate())?;
        let rule = |holds: bool, text: &str| if holds { Ok(()) } else { Err(text.to_owned()) };
        rule(
            (10_000..=50_000).contains(&wanted.confidence_factor),
            "confidence_intervals: it is one to five intervals",
        )?;
        rule((10..=1_000).contains(&wanted.max_confidence), "max_confidence: it is 0.1 % to 10 %")?;
        rule(wanted.size_charge <= 10_000, "size_charge: it is 100 % at most")?;
        rule(wanted.feed_id != [0; 32], "feed: it is not all zeros")?;
        if let Some(rate) = wanted.rate {
            rule(
                rate.feed_id != [0; 32] && rate.feed_id != wanted.feed_id,
                "rate.feed: it is another feed than the base's",
            )?;
            rule(
                (1_000_000..=1_000_000_000_000).contains(&rate.anchor),
                "rate.anchor: it is a thousandth to a thousand of the base asset",
            )?;
            rule(rate.growth <= 100, "rate.growth: it is 1 % a day at most")?;
        }
        rule(
            self.caps.exposure.0 != u64::MAX,
            "caps.exposure: it is an amount: the group's cap is handed out in parts",
        )?;
        Ok(usize::from(wanted.risk.group))
    }
}
