//! The frontier: liquidated volume against lender loss, over our margins and over an LTV protocol's thresholds.

use crate::{
    args::Frontier,
    compare::{self, Comparison, Figures},
    design::{Design, Sizing},
    engine::{Options, Window},
    inputs,
    preset_file::preset,
    rules::Rules,
    stress::Stress,
};
use anyhow::Result;
use ballast_risk::presets::{Shape, BALANCED, SAFE, STEADY, STILL};
use serde::Serialize;

/// Factors on our margins.
pub const OUR_SCALES: [f64; 6] = [0.5, 0.7, 0.85, 1.0, 1.25, 1.5];
/// Factors on an LTV protocol's distance from 100 %.
pub const LTV_SCALES: [f64; 6] = [0.6, 0.75, 0.9, 1.0, 1.25, 1.5];

/// One point of a frontier, in bp of debt.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// Its family.
    pub family: String,
    /// Factor on margins.
    pub scale: f64,
    /// Liquidated.
    pub volume_bp: f64,
    /// Σ(D − C)⁺ at its worst.
    pub worst_bad_debt_bp: f64,
    /// Lender loss at its worst, after insurance.
    pub worst_lender_loss_bp: f64,
}

/// The frontier of one window.
#[derive(Clone, Debug, Serialize)]
pub struct Plane {
    /// The window and its stress.
    pub title: String,
    /// All points.
    pub points: Vec<Point>,
    /// Of the LTV points, those that no point of ours beats in volume at no more bad debt; uninsured.
    pub unbeaten: Vec<String>,
    /// The same, by lender loss after insurance.
    pub unbeaten_insured: Vec<String>,
}

/// Families of ours: a preset's shape by name.
pub const OURS: [Shape; 4] = [BALANCED, SAFE, STEADY, STILL];

/// A preset with scaled margins; `None` where a margin would leave its bounds.
fn scaled(shape: Shape, scale: f64) -> Option<Design> {
    let margins = shape.margins.map(|margin| (f64::from(margin) * scale).round() as i16);
    let rules = preset(Shape { margins, ..shape }).and_then(Rules::of).ok()?;
    let mut design = Design::of_preset(rules.preset).ok()?;
    design.name = format!("{}×{scale}", shape.name);
    Some(design)
}

/// All designs of the sweep: family, scale, design.
pub fn designs() -> Result<Vec<(String, f64, Design)>> {
    let mut all = vec![];
    for (family, sizing) in [("ltv-50", Sizing::Half), ("ltv-restore", Sizing::Restore)] {
        for scale in LTV_SCALES {
            all.push((family.to_string(), scale, Design::ltv_scaled(sizing, scale)?));
        }
    }
    for shape in OURS {
        let points = OUR_SCALES.into_iter().filter_map(|scale| Some((scale, scaled(shape, scale)?)));
        all.extend(points.map(|(scale, design)| (shape.name.to_string(), scale, design)));
    }
    Ok(all)
}

/// Sweeps one window.
pub fn plane(base: &Comparison, title: &str, quiet: bool) -> Result<Plane> {
    let all = designs()?;
    let designs: Vec<Design> = all.iter().map(|(_, _, design)| design.clone()).collect();
    let figures = compare::run(&Comparison { designs: &designs, ..*base }, title, quiet)?.figures;
    let point = |((family, scale, _), f): (&(String, f64, Design), &Figures)| Point {
        family: family.clone(),
        scale: *scale,
        volume_bp: f.liquidated_bp,
        worst_bad_debt_bp: f.worst_bad_debt_bp,
        worst_lender_loss_bp: f.worst_lender_loss_bp,
    };
    let points: Vec<Point> = all.iter().zip(&figures).map(point).collect();
    Ok(Plane {
        title: base.window.title.clone(),
        unbeaten: unbeaten(&points, |point| point.worst_bad_debt_bp),
        unbeaten_insured: unbeaten(&points, |point| point.worst_lender_loss_bp),
        points,
    })
}

fn unbeaten(points: &[Point], loss: fn(&Point) -> f64) -> Vec<String> {
    let (theirs, ours): (Vec<&Point>, Vec<&Point>) =
        points.iter().partition(|point| point.family.starts_with("ltv"));
    let beaten =
        |ltv: &Point| ours.iter().any(|our| loss(our) <= loss(ltv) + 1e-9 && our.volume_bp <= ltv.volume_bp);
    theirs.iter().filter(|ltv| !beaten(ltv)).map(|ltv| format!("{}×{}", ltv.family, ltv.scale)).collect()
}

/// Runs and prints.
pub fn run(args: &Frontier) -> Result<()> {
    let rows = inputs::rows(&args.source)?;
    let (description, accounts) = inputs::description(&args.borrowers)?;
    let seeds = args.borrowers.seeds();
    let mut planes = vec![];
    for factor in &args.stress {
        let window = Window::new(&rows, &Stress::times(*factor))?;
        let base = Comparison {
            window: &window,
            description: &description,
            accounts,
            seeds: &seeds,
            designs: &[],
            options: Options::default(),
        };
        planes.push(plane(&base, &format!("{} ×{factor}", args.source.window), args.json)?);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&planes)?);
        return Ok(());
    }
    for plane in &planes {
        println!("\n{}", plane.title);
        println!("{:<14} {:>6} {:>10} {:>10} {:>10}", "family", "scale", "volume bp", "worst bp", "net bp");
        for p in &plane.points {
            println!(
                "{:<14} {:>6} {:>10.1} {:>10.2} {:>10.2}",
                p.family, p.scale, p.volume_bp, p.worst_bad_debt_bp, p.worst_lender_loss_bp
            );
        }
        let list = |names: &[String]| if names.is_empty() { "none".into() } else { names.join(", ") };
        println!("LTV points that none of ours beats, uninsured: {}", list(&plane.unbeaten));
        println!("the same after insurance: {}", list(&plane.unbeaten_insured));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(family: &str, volume_bp: f64, loss: f64) -> Point {
        Point {
            family: family.into(),
            scale: 1.0,
            volume_bp,
            worst_bad_debt_bp: loss,
            worst_lender_loss_bp: loss,
        }
    }

    #[test]
    fn a_point_is_beaten_by_less_volume_at_no_more_loss() {
        let points = [point("ltv-50", 100.0, 5.0), point("ltv-restore", 50.0, 1.0), point("calm", 60.0, 5.0)];
        assert_eq!(unbeaten(&points, |p| p.worst_bad_debt_bp), ["ltv-restore×1"]);
    }

    #[test]
    fn every_family_has_its_unscaled_member() {
        let all = designs().unwrap();
        for family in ["ltv-50", "ltv-restore", "balanced", "safe", "steady", "still"] {
            assert!(all.iter().any(|(name, scale, _)| name == family && *scale == 1.0), "{family}");
        }
    }
}
