//! `ballast-lab onchain`: a population through the compiled program, bar by bar, beside the simulator.

mod found;
mod mirror;
mod vault;

pub use found::{Difference, Found};
pub use mirror::Mirror;
pub use vault::Vault;

use crate::{
    args::Onchain,
    compare,
    design::{self, Design, Mechanism},
    engine::{self, Options, Watch, Window},
    inputs,
    population::{Description, Population},
    preset_file,
    rules::Rules,
};
use anyhow::{bail, Context as _, Result};
use indicatif::ProgressBar;
use std::{path::Path, time::Instant};

/// What is compared.
pub struct Comparison<'a> {
    /// The compiled program.
    pub program: &'a Path,
    /// Prices.
    pub window: &'a Window,
    /// Who borrows.
    pub description: &'a Description,
    /// How many accounts.
    pub accounts: usize,
    /// The population's seed.
    pub seed: u64,
    /// One of our designs, as the program would be set up.
    pub design: &'a Design,
    /// The program is asked about every account once in so many moments, and about those below their requirement always.
    pub ask_every: usize,
}

/// The program beside the simulator, before the first moment.
pub struct Prepared<'a> {
    /// The program.
    pub mirror: Mirror<'a>,
    /// The accounts as the program opened them.
    pub population: Population,
    /// How the simulator runs.
    pub options: Options,
}

impl<'a> Comparison<'a> {
    /// Opens everybody's positions on the program.
    pub fn prepare(&self, rules: &'a Rules, bar: ProgressBar) -> Result<Prepared<'a>> {
        let Self { window, .. } = self;
        let mut population =
            self.description.draw(self.seed, self.accounts, &Rules::balanced()?, window.opening())?;
        let vault = Vault::open(self.program, rules, &mut population, window.times[0], window.opening())?;
        let options = Options { reserves: Some(vault.lent), ..Options::default() };
        let mut mirror = Mirror::new(vault, rules, self.ask_every, bar);
        mirror.found = Found {
            title: window.title.clone(),
            sources: window.sources.clone(),
            preset: self.design.name.clone(),
            seed: self.seed,
            accounts: population.accounts.len(),
            not_lent: mirror.vault.not_lent.clone(),
            ..Found::default()
        };
        Ok(Prepared { mirror, population, options })
    }

    /// The rules of the design. Errors for plain LTV, which the program does not run.
    pub fn rules(&self) -> Result<&'a Rules> {
        match &self.design.mechanism {
            Mechanism::NetRisk(rules) => Ok(rules),
            Mechanism::Ltv(_) => bail!("{} is not a preset of the program", self.design.name),
        }
    }

    /// Runs the simulator in front of a watcher, which may be the mirror or something around it.
    pub fn run(&self, population: &Population, options: &Options, watch: &mut dyn Watch) -> Result<f64> {
        Ok(engine::run_watched(self.window, population, self.design, options, watch)?.liquidated)
    }
}

/// Runs a comparison to its end.
pub fn compare(comparison: &Comparison, bar: ProgressBar) -> Result<Found> {
    let started = Instant::now();
    let Prepared { mut mirror, population, options } =
        comparison.prepare(comparison.rules()?, bar.clone())?;
    comparison.run(&population, &options, &mut mirror)?;
    bar.finish_and_clear();
    let mut found = mirror.found;
    found.repaid_without_interest_usd = comparison.run(&population, &Options::default(), &mut ())?;
    found.took_seconds = started.elapsed().as_secs_f64();
    found.finish();
    Ok(found)
}

/// Runs and prints. Errors where anything differs.
pub fn run(args: &Onchain) -> Result<()> {
    let window = Window::new(&inputs::rows(&args.source)?, &args.stress.stress())?;
    let description = inputs::population(args.population.as_deref())?;
    let design = preset(&args.preset)?;
    let program = args.program.clone().unwrap_or_else(crate::svm::built_program);
    let comparison = Comparison {
        program: &program,
        window: &window,
        description: &description,
        accounts: args.accounts,
        seed: args.seed,
        design: &design,
        ask_every: args.ask_every,
    };
    let bar = compare::bar(window.times.len() as u64, &args.source.window, args.json);
    let found = self::compare(&comparison, bar)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        print!("{}", found.render());
    }
    if found.difference_count > 0 {
        bail!(
            "the simulator and the program differ in {} places; each is a bug in one of them",
            found.difference_count
        );
    }
    Ok(())
}

/// A preset by name, or from a TOML file.
fn preset(name: &str) -> Result<Design> {
    if name.ends_with(".toml") {
        return preset_file::design(Path::new(name));
    }
    let presets = ["balanced", "calm", "safe", "steady", "still"];
    let known = presets.contains(&name);
    let found = design::all()?.into_iter().find(|design| known && design.name == name);
    found.with_context(|| format!("no preset {name:?}; there are: {}, or a TOML file", presets.join(", ")))
}
