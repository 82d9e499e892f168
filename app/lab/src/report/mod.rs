//! `ballast-lab report`: all windows, stresses and sweeps of a folder of candles as one page, with its data beside it.

mod html;
pub mod plots;

use crate::{
    args::{Report, Source},
    candles,
    compare::{self, Comparison, Figures},
    design::{self, Design},
    engine::{Options, Window},
    frontier::{self, Plane},
    inputs,
    rows::{self, Row},
    stress::Stress,
    tape::Rows,
    time,
};
use anyhow::{bail, Context as _, Result};
use serde::Serialize;

/// The style of the project's pages.
pub const STYLE: &str = include_str!("style.css");

/// One window under one stress.
#[derive(Debug, Serialize)]
pub struct Section {
    /// Name of the window among the candles.
    pub window: String,
    /// The stress, in words.
    pub stress: String,
    /// From when to when.
    pub from: String,
    /// The last moment.
    pub to: String,
    /// Where prices come from, and what is modelled.
    pub sources: Vec<String>,
    /// The designs.
    pub designs: Vec<Figures>,
}

/// Everything that the page shows.
#[derive(Debug, Serialize)]
pub struct Results {
    /// The command that makes it.
    pub command: String,
    /// Accounts a seed.
    pub accounts_per_seed: usize,
    /// Seeds of the populations.
    pub seeds: Vec<u64>,
    /// Windows and stresses.
    pub sections: Vec<Section>,
    /// Sweeps of margins and thresholds.
    pub frontiers: Vec<Plane>,
}

/// What is done to every window.
fn stresses() -> Vec<Stress> {
    let slide = Stress { no_rebound: true, drift: -0.25, ..Stress::default() };
    vec![Stress::default(), Stress::times(1.5), Stress::times(2.0), slide]
}

/// Runs everything and writes the three files.
pub fn run(args: &Report) -> Result<()> {
    let windows = windows(args)?;
    let (description, accounts) = inputs::description(&args.borrowers)?;
    let (seeds, designs) = (args.borrowers.seeds(), design::all()?);
    let (mut sections, mut frontiers, mut all_rows) = (vec![], vec![], Vec::<Row>::new());
    let mut pictures = vec![];
    for (name, prices) in &windows {
        for stress in stresses() {
            let window = Window::new(prices, &stress)?;
            let base = Comparison {
                window: &window,
                description: &description,
                accounts,
                seeds: &seeds,
                designs: &designs,
                options: Options::default(),
            };
            let found = compare::run(&base, &format!("{name}, {}", stress.describe()), args.quiet)?;
            all_rows.extend(found.rows);
            sections.push(section(name, &stress, &window, found.figures));
            if stress == Stress::default() {
                pictures.push((name.clone(), html::picture(&window)?));
            }
            if !stress.no_rebound && stress.factor != 1.5 {
                let none: &[Design] = &[];
                let base = Comparison { designs: none, ..base };
                frontiers.push(frontier::plane(&base, &format!("frontier of {name}"), args.quiet)?);
            }
        }
    }
    let results = Results {
        command: format!(
            "ballast-lab report --candles DIR --out DIR --seeds {} --first-seed {} --accounts {accounts}{}",
            seeds.len(),
            args.borrowers.first_seed,
            narrowed(args)
        ),
        accounts_per_seed: accounts,
        seeds,
        sections,
        frontiers,
    };
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let file = |name: &str| args.out.join(name);
    std::fs::write(file("report.html"), html::page(&results, &pictures)?)?;
    std::fs::write(file("results.json"), serde_json::to_string_pretty(&results)?)?;
    rows::write(&file("results.parquet"), &all_rows)?;
    for name in ["report.html", "results.json", "results.parquet"] {
        println!("{}", file(name).display());
    }
    Ok(())
}

/// The windows that were asked for, or all of a folder that can be replayed.
fn windows(args: &Report) -> Result<Vec<(String, Rows)>> {
    let names = if args.windows.is_empty() { candles::windows(&args.candles)? } else { args.windows.clone() };
    let mut windows = vec![];
    for name in names {
        let source = Source {
            candles: Some(args.candles.clone()),
            window: name.clone(),
            scenario: None,
            bridge: None,
            from: None,
            to: None,
            by_direction: false,
        };
        match inputs::rows(&source) {
            Ok(rows) => windows.push((name, rows)),
            Err(error) if args.windows.is_empty() => eprintln!("left out: {error:#}"),
            Err(error) => return Err(error),
        }
    }
    if windows.is_empty() {
        bail!("{} has no window that can be replayed: it takes BTC and ETH candles", args.candles.display());
    }
    Ok(windows)
}

/// The arguments that narrow the report down, as they were given.
fn narrowed(args: &Report) -> String {
    let windows = match args.windows.as_slice() {
        [] => String::new(),
        windows => format!(" --windows {}", windows.join(",")),
    };
    let caps = args.borrowers.caps.iter().map(|(asset, dollars)| format!(" --cap {asset}:{dollars}"));
    let population = args.borrowers.population.as_ref().map(|_| " --population FILE".to_string());
    windows + &caps.chain(population).collect::<String>()
}

fn section(name: &str, stress: &Stress, window: &Window, designs: Vec<Figures>) -> Section {
    let moment = |at: Option<&u64>| at.map(|time| time::minute(*time)).unwrap_or_default();
    Section {
        window: name.to_string(),
        stress: stress.describe(),
        from: moment(window.times.first()),
        to: moment(window.times.last()),
        sources: window.sources.clone(),
        designs,
    }
}
