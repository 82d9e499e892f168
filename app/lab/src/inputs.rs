//! From arguments to prices and populations.

use crate::{
    args::{Borrowers, Source},
    from_candles::{self, Order, Request},
    population::{self, Description},
    scenario::{self, Scenario},
    tape::Rows,
};
use anyhow::{Context as _, Result};
use std::path::Path;

/// Prices of a source.
pub fn rows(source: &Source) -> Result<Rows> {
    let Some(folder) = &source.candles else {
        let text = match &source.scenario {
            Some(file) => match scenario::ALL.iter().find(|(name, _)| file.as_os_str() == *name) {
                Some((_, text)) => text.to_string(),
                None => read(file)?,
            },
            None => scenario::SHIPPED.to_string(),
        };
        return Scenario::read(&text)?.rows(source.bridge);
    };
    from_candles::rows(&Request {
        folder,
        window: &source.window,
        from: source.from,
        to: source.to,
        order: if source.by_direction { Order::ByDirection } else { Order::LowFirst },
    })
}

/// The population's description, and how many accounts a seed has.
pub fn description(borrowers: &Borrowers) -> Result<(Description, usize)> {
    let mut description = population(borrowers.population.as_deref())?;
    description.caps.extend(borrowers.caps.iter().copied());
    description.validate()?;
    let accounts = borrowers.accounts.unwrap_or(description.accounts);
    Ok((description, accounts))
}

/// The description in a file, or the one that comes with the project.
pub fn population(file: Option<&Path>) -> Result<Description> {
    match file {
        Some(file) => Description::read(&read(file)?).with_context(|| file.display().to_string()),
        None => shipped_population(),
    }
}

/// The population that comes with the project.
pub fn shipped_population() -> Result<Description> {
    Description::read(population::SHIPPED)
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
