//! `ballast-lab replay`: one window, all designs, several seeds.

use crate::{
    args::Replay,
    compare::{self, Comparison, Figures},
    design,
    engine::{Options, Window},
    inputs, preset_file, rows, table,
};
use anyhow::Result;
use serde::Serialize;

/// What a replay prints as JSON.
#[derive(Debug, Serialize)]
pub struct Printed<'a> {
    window: &'a str,
    sources: &'a [String],
    accounts_per_seed: usize,
    seeds: &'a [u64],
    designs: &'a [Figures],
}

/// Runs and prints.
pub fn run(args: &Replay) -> Result<()> {
    let window = Window::new(&inputs::rows(&args.source)?, &args.stress.stress())?;
    let (description, accounts) = inputs::description(&args.borrowers)?;
    let seeds = args.borrowers.seeds();
    let mut designs = design::named(&args.designs)?;
    for file in &args.presets {
        designs.push(preset_file::design(file)?);
    }
    let comparison = Comparison {
        window: &window,
        description: &description,
        accounts,
        seeds: &seeds,
        designs: &designs,
        options: Options::default(),
    };
    let found = compare::run(&comparison, &args.source.window, args.json)?;
    if let Some(file) = &args.parquet {
        rows::write(file, &found.rows)?;
    }
    let figures = found.figures;
    if args.json {
        let printed = Printed {
            window: &window.title,
            sources: &window.sources,
            accounts_per_seed: accounts,
            seeds: &seeds,
            designs: &figures,
        };
        println!("{}", serde_json::to_string_pretty(&printed)?);
        return Ok(());
    }
    println!(
        "{}\n{accounts} accounts × {} seeds, {:.1} million USD of debt\n",
        window.title,
        seeds.len(),
        figures[0].debt_usd / 1e6
    );
    print!("{}", table::render(&figures));
    Ok(())
}
