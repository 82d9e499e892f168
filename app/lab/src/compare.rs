//! Several designs over several seeds: pooled figures, and ratios to plain LTV with their range.

use crate::{
    design::{Design, PLAIN},
    engine::{self, Options, Window},
    metrics::{Outcome, Sizes},
    population::Description,
    rows::Row,
    rules::Rules,
};
use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;
use serde::Serialize;

/// Upper ends of the sizes that losses are reported by, dollars of deposits.
const SIZES: [Option<u32>; 4] = [Some(2_000), Some(10_000), Some(50_000), None];
/// Samples of the bootstrap.
const RESAMPLES: usize = 2_000;

/// What is compared.
pub struct Comparison<'a> {
    /// Prices.
    pub window: &'a Window,
    /// Who borrows.
    pub description: &'a Description,
    /// Accounts a seed.
    pub accounts: usize,
    /// Seeds of the populations.
    pub seeds: &'a [u64],
    /// The designs; plain LTV must be among them for ratios.
    pub designs: &'a [Design],
    /// How runs are made.
    pub options: Options,
}

/// Figures of a design over all seeds. Shares of opening debt in basis points; seeds are pooled, so large books count for more.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// The design.
    pub design: String,
    /// How many seeds.
    pub seeds: usize,
    /// Opening debt of all seeds, dollars.
    pub debt_usd: f64,
    /// Liquidated, bp of debt.
    pub liquidated_bp: f64,
    /// The same a seed: lowest, median and highest.
    pub liquidated_bp_range: [f64; 3],
    /// How many liquidations.
    pub events: u64,
    /// Median liquidation, dollars repaid.
    pub median_tranche_usd: f64,
    /// Its 95th percentile.
    pub p95_tranche_usd: f64,
    /// Borrowers with at least one.
    pub borrowers_touched: usize,
    /// Median over those of what bonuses took, % of the opening deposits.
    pub median_loss_pct: f64,
    /// The same by size of the opening deposits: up to how many dollars (none for the rest), how many borrowers, their median.
    pub median_loss_pct_by_size: Vec<(Option<u32>, usize, f64)>,
    /// Bonus paid, bp of debt.
    pub bonus_bp: f64,
    /// Of that, what stayed as insurance.
    pub insured_bp: f64,
    /// Σ(D − C)⁺ at the end, bp.
    pub bad_debt_bp: f64,
    /// Σ(D − C)⁺ at its worst moment, bp; each seed's own moment.
    pub worst_bad_debt_bp: f64,
    /// Lender loss after insurance at its worst moment, bp.
    pub worst_lender_loss_bp: f64,
    /// Σ(D − C)⁺ at its worst moment where all seeds are one vault: one moment for all, bp.
    pub pooled_worst_bad_debt_bp: f64,
    /// The same less the insurance fund of that vault, at its worst moment, bp.
    pub pooled_lender_loss_bp: f64,
    /// Lender loss after insurance at the end, bp.
    pub lender_loss_bp: f64,
    /// Largest price impact of any seed, %.
    pub worst_impact_pct: f64,
    /// Borrowers' equity at the end less that of plain LTV, % of opening equity.
    pub equity_against_plain_pct: f64,
    /// Plain LTV's volume over this one's: pooled, with the 5th and 95th percentile of a bootstrap over seeds.
    pub ratio: Option<Ratio>,
    /// Liquidated by kind, bp of that kind's debt.
    pub liquidated_bp_by_kind: Vec<(String, f64)>,
    /// Σ(D − C)⁺ at its worst by kind, bp of all debt.
    pub worst_bad_debt_bp_by_kind: Vec<(String, f64)>,
    /// Tranches that the program's exact check would have refused.
    pub refused: u64,
}

/// How many times less is liquidated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Ratio {
    /// Of the sums over all seeds.
    pub pooled: f64,
    /// 5th percentile over resampled seeds.
    pub low: f64,
    /// 95th percentile.
    pub high: f64,
    /// Lowest of a single seed.
    pub lowest_seed: f64,
    /// Median over seeds.
    pub median_seed: f64,
    /// Highest of a single seed.
    pub highest_seed: f64,
}

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Figures of each design over all seeds.
    pub figures: Vec<Figures>,
    /// One row a seed and design.
    pub rows: Vec<Row>,
}

/// Runs every design on every seed, in parallel.
pub fn run(comparison: &Comparison, title: &str, quiet: bool) -> Result<Found> {
    let rules = Rules::balanced()?;
    let Comparison { window, designs, seeds, options, .. } = *comparison;
    let bar = bar((designs.len() * seeds.len()) as u64, title, quiet);
    // A population is drawn once and dropped when its designs are done: at most one a thread is held.
    let by_seed: Vec<Vec<Outcome>> = seeds
        .par_iter()
        .map(|seed| {
            let population =
                comparison.description.draw(*seed, comparison.accounts, &rules, window.opening())?;
            designs
                .par_iter()
                .map(|design| {
                    let outcome = engine::run(window, &population, design, &options)
                        .with_context(|| format!("{} with seed {seed}", design.name));
                    bar.inc(1);
                    outcome
                })
                .collect()
        })
        .collect::<Result<_>>()?;
    bar.finish_and_clear();
    let kinds: Vec<String> = comparison.description.draw(0, 1, &rules, window.opening())?.kinds;
    let plain: Option<Vec<&Outcome>> = designs
        .iter()
        .position(|design| design.name == PLAIN)
        .map(|at| by_seed.iter().map(|outcomes| &outcomes[at]).collect());
    let of_design = |at: usize| {
        let own: Vec<&Outcome> = by_seed.iter().map(|outcomes| &outcomes[at]).collect();
        figures(&own, plain.as_deref(), &kinds)
    };
    let of_seed = |(seed, outcomes): (&u64, &Vec<Outcome>)| -> Vec<Row> {
        outcomes.iter().map(|outcome| Row::new(&window.title, *seed, outcome)).collect()
    };
    Ok(Found {
        figures: (0..designs.len()).map(of_design).collect(),
        rows: seeds.iter().zip(&by_seed).flat_map(of_seed).collect(),
    })
}

/// A progress bar, or none where the output is for machines.
pub(crate) fn bar(length: u64, title: &str, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg:30} {bar:40} {pos}/{len} {elapsed} left {eta}");
    ProgressBar::new(length)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(title.to_string())
}

fn figures(own: &[&Outcome], plain: Option<&[&Outcome]>, kinds: &[String]) -> Figures {
    let sum = |of: fn(&Outcome) -> f64| -> f64 { own.iter().map(|outcome| of(outcome)).sum() };
    let debt = sum(|o| o.opening_debt);
    let bp = |dollars: f64| 1e4 * dollars / debt.max(f64::MIN_POSITIVE);
    let mut sizes = Sizes::default();
    own.iter().for_each(|outcome| sizes.merge(&outcome.sizes));
    let mut losses: Vec<f64> =
        own.iter().flat_map(|outcome| &outcome.loss_shares).map(|share| f64::from(*share)).collect();
    losses.sort_unstable_by(f64::total_cmp);
    let mut shares: Vec<f64> = own.iter().map(|o| 1e4 * o.liquidated / o.opening_debt).collect();
    shares.sort_unstable_by(f64::total_cmp);
    let by_kind = |of: fn(&Outcome) -> &Vec<f64>, whole: Option<fn(&Outcome) -> &Vec<f64>>| {
        let named = kinds.iter().enumerate().map(|(kind, name)| {
            let part: f64 = own.iter().map(|outcome| of(outcome)[kind]).sum();
            let whole = whole.map_or(debt, |whole| own.iter().map(|outcome| whole(outcome)[kind]).sum());
            (name.clone(), if whole > 0.0 { 1e4 * part / whole } else { 0.0 })
        });
        named.collect::<Vec<_>>()
    };
    let moments = own.iter().map(|outcome| outcome.series.len()).min().unwrap_or(0);
    let at = |moment: usize, which: usize| -> f64 {
        own.iter().map(|outcome| f64::from(outcome.series[moment][which])).sum()
    };
    let worst = |of: &dyn Fn(usize) -> f64| (0..moments).map(of).fold(0.0, f64::max);
    let equity_of_plain = plain.map(|plain| plain.iter().map(|outcome| outcome.equity_at_end).sum::<f64>());
    let opening_equity = sum(|o| o.opening_equity);
    Figures {
        design: own.first().map(|outcome| outcome.design.clone()).unwrap_or_default(),
        seeds: own.len(),
        debt_usd: debt,
        liquidated_bp: bp(sum(|o| o.liquidated)),
        liquidated_bp_range: [quantile(&shares, 0.0), quantile(&shares, 0.5), quantile(&shares, 1.0)],
        events: sizes.count(),
        median_tranche_usd: sizes.quantile(0.5),
        p95_tranche_usd: sizes.quantile(0.95),
        borrowers_touched: losses.len(),
        median_loss_pct: 100.0 * quantile(&losses, 0.5),
        median_loss_pct_by_size: by_size(own),
        bonus_bp: bp(sum(|o| o.bonus)),
        insured_bp: bp(sum(|o| o.insured)),
        bad_debt_bp: bp(sum(|o| o.bad_debt)),
        worst_bad_debt_bp: bp(sum(|o| o.worst_bad_debt)),
        worst_lender_loss_bp: bp(sum(|o| o.worst_lender_loss)),
        pooled_worst_bad_debt_bp: bp(worst(&|moment| at(moment, 0))),
        pooled_lender_loss_bp: bp(worst(&|moment| at(moment, 0) - at(moment, 1))),
        lender_loss_bp: bp(sum(|o| o.lender_loss)),
        worst_impact_pct: 100.0 * own.iter().map(|outcome| outcome.worst_impact).fold(0.0, f64::max),
        equity_against_plain_pct: equity_of_plain
            .map_or(0.0, |plain| 100.0 * (sum(|o| o.equity_at_end) - plain) / opening_equity),
        ratio: plain.map(|plain| ratio(own, plain)),
        liquidated_bp_by_kind: by_kind(|o| &o.liquidated_by_kind, Some(|o| &o.debt_by_kind)),
        worst_bad_debt_bp_by_kind: by_kind(|o| &o.worst_by_kind, None),
        refused: own.iter().map(|outcome| outcome.refused).sum(),
    }
}

/// How many borrowers of each size were touched, and the median of what bonuses took from them, %.
fn by_size(own: &[&Outcome]) -> Vec<(Option<u32>, usize, f64)> {
    let mut from = 0.0;
    let mut found = vec![];
    for to in SIZES {
        let end = to.map_or(f64::MAX, f64::from);
        let inside =
            own.iter().flat_map(|o| &o.losses).filter(|[size, _]| (from..end).contains(&f64::from(*size)));
        let mut shares: Vec<f64> = inside.map(|[_, share]| f64::from(*share)).collect();
        shares.sort_unstable_by(f64::total_cmp);
        found.push((to, shares.len(), 100.0 * quantile(&shares, 0.5)));
        from = end;
    }
    found
}

/// Ratios of volumes. Where nothing was liquidated a ratio is infinite (`null` in JSON); of nothing to nothing it is 1.
fn ratio(own: &[&Outcome], plain: &[&Outcome]) -> Ratio {
    let of = |plain: f64, own: f64| {
        if own > 0.0 {
            plain / own
        } else if plain > 0.0 {
            f64::INFINITY
        } else {
            1.0
        }
    };
    let pairs: Vec<(f64, f64)> =
        plain.iter().zip(own).map(|(plain, own)| (plain.liquidated, own.liquidated)).collect();
    let pooled = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        let (plain, own) = pairs.fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
        of(plain, own)
    };
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let mut resampled: Vec<f64> = (0..RESAMPLES)
        .map(|_| pooled(&mut (0..pairs.len()).map(|_| pairs[rng.random_range(0..pairs.len())])))
        .collect();
    resampled.sort_unstable_by(f64::total_cmp);
    let mut single: Vec<f64> = pairs.iter().map(|(plain, own)| of(*plain, *own)).collect();
    single.sort_unstable_by(f64::total_cmp);
    Ratio {
        pooled: pooled(&mut pairs.iter().copied()),
        low: quantile(&resampled, 0.05),
        high: quantile(&resampled, 0.95),
        lowest_seed: quantile(&single, 0.0),
        median_seed: quantile(&single, 0.5),
        highest_seed: quantile(&single, 1.0),
    }
}

/// A quantile of sorted numbers (the nearest rank), 0 of none.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * (sorted.len().saturating_sub(1)) as f64).round() as usize;
    sorted.get(rank).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        design,
        scenario::{Scenario, SHIPPED},
        stress::Stress,
    };

    #[test]
    fn on_the_hand_written_crash_ltv_liquidates_what_was_seen_and_ours_far_less() {
        let rows = Scenario::read(SHIPPED).unwrap().rows(None).unwrap();
        let window = Window::new(&rows, &Stress::default()).unwrap();
        let designs = design::named(&["ltv-restore".into(), "steady".into()]).unwrap();
        let comparison = Comparison {
            window: &window,
            description: &crate::inputs::shipped_population().unwrap(),
            accounts: 1_000,
            seeds: &[1, 2, 3],
            designs: &designs,
            options: Options::default(),
        };
        let found = run(&comparison, "test", true).unwrap();
        let [plain, restore, steady] = found.figures.as_slice() else { panic!("three designs") };
        assert!((20.0..190.0).contains(&plain.liquidated_bp), "0.2 to 1.9 % was seen: {plain:?}");
        assert_eq!(plain.ratio.unwrap().pooled, 1.0);
        assert!(restore.liquidated_bp < plain.liquidated_bp && restore.liquidated_bp > 0.0);
        assert!(steady.liquidated_bp < plain.liquidated_bp / 16.0, "{steady:?}");
        for figures in &found.figures {
            assert!(
                figures.worst_lender_loss_bp == 0.0 && figures.insured_bp <= 0.3 * figures.bonus_bp + 0.01
            );
        }
        assert_eq!(found.rows.len(), 3 * 3);
    }

    #[test]
    fn quantiles_are_ranks() {
        let sorted = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!([quantile(&sorted, 0.0), quantile(&sorted, 0.5), quantile(&sorted, 1.0)], [1.0, 3.0, 5.0]);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn losses_are_grouped_by_size() {
        let outcome = Outcome {
            losses: vec![[1_000.0, 0.02], [1_500.0, 0.04], [1_600.0, 0.05], [60_000.0, 0.01]],
            ..Outcome::default()
        };
        let found = by_size(&[&outcome]);
        let close = |value: f64, expected: f64| (value - expected).abs() < 1e-5;
        assert!(found[0].1 == 3 && close(found[0].2, 4.0), "{found:?}");
        assert!(found[1].1 == 0 && found[3].1 == 1 && close(found[3].2, 1.0));
    }

    #[test]
    fn a_ratio_pools_its_seeds_and_has_a_range() {
        let outcome = |liquidated: f64| Outcome { liquidated, ..Outcome::default() };
        let (plain, own) = ([outcome(100.0), outcome(300.0)], [outcome(10.0), outcome(0.0)]);
        let found = ratio(&own.iter().collect::<Vec<_>>(), &plain.iter().collect::<Vec<_>>());
        assert_eq!(found.pooled, (100.0 + 300.0) / 10.0);
        assert_eq!((found.lowest_seed, found.highest_seed), (10.0, f64::INFINITY));
        assert_eq!(found.low, 100.0 * 2.0 / 20.0, "both draws may be the first seed");
    }
}
