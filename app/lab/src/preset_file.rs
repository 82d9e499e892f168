//! Presets from TOML, for tuning: what they leave out is the balanced preset's.

use crate::design::Design;
use anyhow::{anyhow, Context as _, Result};
use ballast_risk::{
    presets::{Preset, Shape, BALANCED},
    tranche::TrancheCurve,
    Bps,
};
use serde::Deserialize;
use std::path::Path;

/// A preset's file. Margins and shares in basis points.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Whole margins of BTC, ETH, SOL and ALT.
    margins: Option<[i16; 4]>,
    window_seconds: Option<u32>,
    backstop_urgency: Option<u16>,
    #[serde(default)]
    majors: Curve,
    #[serde(default)]
    alt: Curve,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Curve {
    target: Option<u16>,
    pace_floor: Option<u16>,
    pace_urgency: Option<u16>,
    pace_exponent_halves: Option<u8>,
    bonus_min: Option<u16>,
    bonus_max: Option<u16>,
    bonus_urgency: Option<u16>,
    bonus_exponent_halves: Option<u8>,
    bucket_share: Option<u16>,
}

impl Curve {
    fn over(&self, base: TrancheCurve) -> TrancheCurve {
        let bps = |own: Option<u16>, base: Bps| own.map_or(base, Bps);
        TrancheCurve {
            target: bps(self.target, base.target),
            pace_floor: bps(self.pace_floor, base.pace_floor),
            pace_urgency: bps(self.pace_urgency, base.pace_urgency),
            pace_exponent_halves: self.pace_exponent_halves.unwrap_or(base.pace_exponent_halves),
            bonus_min: bps(self.bonus_min, base.bonus_min),
            bonus_max: bps(self.bonus_max, base.bonus_max),
            bonus_urgency: bps(self.bonus_urgency, base.bonus_urgency),
            bonus_exponent_halves: self.bonus_exponent_halves.unwrap_or(base.bonus_exponent_halves),
            bucket_share: bps(self.bucket_share, base.bucket_share),
            ..base
        }
    }
}

/// The shape that a file's text describes.
pub fn shape(text: &str) -> Result<Shape> {
    let file: File = toml::from_str(text).context("the preset cannot be read")?;
    Ok(Shape {
        name: "custom",
        margins: file.margins.unwrap_or(BALANCED.margins),
        window_seconds: file.window_seconds.unwrap_or(BALANCED.window_seconds),
        backstop_urgency: file.backstop_urgency.map_or(BALANCED.backstop_urgency, Bps),
        majors: file.majors.over(BALANCED.majors),
        alt: file.alt.over(BALANCED.alt),
    })
}

/// The preset of a shape. Errors name what is out of its compiled bounds.
pub fn preset(shape: Shape) -> Result<Preset> {
    shape.build().map_err(|error| anyhow!("preset {}: {error}", shape.name))
}

/// The design of a file, named after it.
pub fn design(path: &Path) -> Result<Design> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let shape = shape(&text).with_context(|| path.display().to_string())?;
    let mut design = Design::of_preset(preset(shape)?)?;
    design.name = path.file_stem().map_or_else(|| "custom".into(), |stem| stem.to_string_lossy().into());
    Ok(design)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_leaves_out_is_the_balanced_presets() {
        let found = shape("[alt]\npace_urgency = 9000\n").unwrap();
        assert_eq!(found.alt.pace_urgency, Bps(9_000));
        assert_eq!(found.alt.pace_floor, BALANCED.alt.pace_floor);
        assert_eq!((found.margins, found.majors), (BALANCED.margins, BALANCED.majors));
    }

    #[test]
    fn typing_errors_and_wild_values_are_refused() {
        assert!(shape("[alt]\npace_urgencyy = 1\n").is_err());
        let wild = shape("[alt]\nbonus_max = 600\n").unwrap();
        assert!(Design::of_preset(preset(wild).unwrap()).unwrap_err().to_string().contains("bonus"));
    }
}
