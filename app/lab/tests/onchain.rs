//! The population through the compiled program: the simulator and the program agree to the unit, and if they did not, it would be seen.
//! The program is read from where `cargo xtask build-sbf` puts it.

#![allow(missing_docs)]

use anyhow::Result;
use ballast_lab::{
    asset::{Asset, ASSETS},
    design::{self, Design, Mechanism},
    engine::{Now, State, Taken, Valued, Watch, Window},
    from_candles::{self, Order, Request},
    onchain::{compare, Comparison, Found, Mirror, Prepared},
    population::{self, unit_prices, Description},
    rules::Rules,
    scenario::{self, Scenario},
    stress::Stress,
    svm::built_program,
    tape::{Prices, Rows},
    time,
};
use indicatif::ProgressBar;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The shipped crash from ten minutes before it on, minute by minute, under a stress.
fn crash(minutes: u64, factor: f64) -> Window {
    let rows = Scenario::read(scenario::SHIPPED).unwrap().rows(None).unwrap();
    let begins = time::parse("2025-10-10T20:50").unwrap();
    let taken = |time: u64| time.is_multiple_of(60) && (begins..=begins + 60 * minutes).contains(&time);
    let prices = rows.prices.iter().filter(|(time, _)| taken(*time)).copied().collect();
    Window::new(&Rows { prices, ..rows }, &Stress::times(factor)).unwrap()
}

/// Everything but the stables loses three fifths at once, and the market takes hours to recover its depth.
fn gap() -> Window {
    let rows = Scenario::read(scenario::SHIPPED).unwrap().rows(None).unwrap();
    let (begins, mut dollars) = rows.prices[0];
    let mut prices = vec![];
    for step in 0..40 {
        if step == 2 {
            for asset in ASSETS.into_iter().filter(|asset| !asset.is_stable()) {
                dollars[asset.index()] *= 0.4;
            }
        }
        prices.push((begins + 600 * step, dollars));
    }
    Window::new(&Rows { prices, ..rows }, &Stress::default()).unwrap()
}

struct Case {
    window: Window,
    design: Design,
    description: Description,
    accounts: usize,
    seed: u64,
    program: PathBuf,
}

impl Case {
    fn new(window: Window, preset: &str, accounts: usize, seed: u64) -> Self {
        let design = design::all().unwrap().into_iter().find(|design| design.name == preset).unwrap();
        // the shipped population, borrowing about four fifths of what they may instead of two
        let eager = population::SHIPPED.replace("alpha = 2.2", "alpha = 12.0");
        let description = Description::read(&eager).unwrap();
        Self { window, design, description, accounts, seed, program: root().join(built_program()) }
    }

    fn comparison(&self) -> Comparison<'_> {
        Comparison {
            program: &self.program,
            window: &self.window,
            description: &self.description,
            accounts: self.accounts,
            seed: self.seed,
            design: &self.design,
            ask_every: 4,
        }
    }

    /// Accounts that would owe more than they hold at some moment if nobody did anything: each of them is liquidated at least once
    /// before that.
    fn would_be_insolvent(&self) -> usize {
        let Mechanism::NetRisk(rules) = &self.design.mechanism else { panic!("not a preset") };
        let (balanced, opening) = (Rules::balanced().unwrap(), self.window.opening());
        let population = self.description.draw(self.seed, self.accounts, &balanced, opening).unwrap();
        let prices: Vec<_> = self.window.oracle.iter().map(|dollars| unit_prices(dollars).unwrap()).collect();
        let insolvent = |account: &&_| {
            prices.iter().any(|prices| {
                let valued = Valued::new(account, prices, rules);
                valued.debt > valued.collateral
            })
        };
        population.accounts.iter().filter(insolvent).count()
    }

    /// Runs with a simulator whose story is changed on its way to the program.
    fn doctored(&self, lie: Lie) -> Found {
        let comparison = self.comparison();
        let Prepared { mut mirror, population, options } =
            comparison.prepare(comparison.rules().unwrap(), ProgressBar::hidden()).unwrap();
        let mut doctor = Doctor { mirror: &mut mirror, lie, tranches: 0 };
        comparison.run(&population, &options, &mut doctor).unwrap();
        mirror.found
    }
}

/// What is changed.
#[derive(Clone, Copy, PartialEq)]
enum Lie {
    /// The simulator says that the third tranche repaid a unit more.
    Repaid,
    /// The simulator says that the third tranche seized a unit less.
    Seized,
    /// The keeper asks the program for half of the third tranche.
    Asked,
    /// The program is shown SOL a hundred-millionth of a dollar higher.
    Price,
}

struct Doctor<'a, 'b> {
    mirror: &'a mut Mirror<'b>,
    lie: Lie,
    tranches: usize,
}

impl Watch for Doctor<'_, '_> {
    fn begin(&mut self, time: u64, oracle: &Prices) -> Result<()> {
        let mut shown = *oracle;
        if self.lie == Lie::Price && self.mirror.found.moments == 5 {
            shown[Asset::Sol.index()] += 1e-8;
        }
        self.mirror.begin(time, &shown)
    }

    fn tranche(&mut self, taken: &Taken) -> Result<()> {
        let mut told = *taken;
        self.tranches += 1;
        if self.tranches == 3 {
            match self.lie {
                Lie::Repaid => told.fill.repay.0 += 1,
                Lie::Seized => told.fill.seize.0 -= 1,
                Lie::Asked => told.asked.0 = taken.outcome.repay.0 / 2,
                Lie::Price => {}
            }
        }
        self.mirror.tranche(&told)
    }

    fn end(&mut self, now: &Now, state: &State) -> Result<()> {
        self.mirror.end(now, state)
    }
}

fn assert_equal(found: &Found) {
    assert_eq!(found.difference_count, 0, "{}", found.render());
    assert_eq!(found.equal_tranches, found.tranches);
    assert_eq!(found.units.len(), found.tranches, "every tranche landed");
}

#[test]
fn every_tranche_of_the_tripled_crash_is_the_programs_to_the_unit() {
    let case = Case::new(crash(60, 3.0), "balanced", 60, 1);
    let found = compare(&case.comparison(), ProgressBar::hidden()).unwrap();
    eprintln!("{}", found.render());
    assert_equal(&found);
    let least = case.would_be_insolvent();
    assert!(least > 0 && found.tranches > least, "{} tranches, {least} accounts", found.tranches);
    // all amounts of every account, and the books of seven reserves, at every moment
    assert_eq!(found.positions, case.accounts * case.window.times.len());
    assert_eq!(found.reserves, 7 * case.window.times.len());
    assert!(found.unhealthy > 0 && found.would_take > 0, "the program was asked about unhealthy accounts");
    assert!(found.asked_for_less > 0, "somewhere the market took less than the plan");
    assert!(found.breaker_changes > 0, "breakers rose, and stopped no tranche");
}

#[test]
fn books_that_a_gap_made_insolvent_end_alike_and_their_lenders_lose_alike() {
    let case = Case::new(gap(), "balanced", 40, 1);
    let found = compare(&case.comparison(), ProgressBar::hidden()).unwrap();
    assert_equal(&found);
    assert!(found.insolvent > 0 && found.losses_absorbed > 0, "{}", found.render());
}

#[test]
fn a_unit_more_or_less_is_seen() {
    let case = Case::new(crash(32, 2.0), "safe", 20, 1);
    for lie in [Lie::Repaid, Lie::Seized] {
        let found = case.doctored(lie);
        assert!(found.tranches > 3, "{} tranches", found.tranches);
        // the program did what the simulator really did: nothing but the third tranche's amounts differs
        assert_eq!(
            (found.difference_count, found.equal_tranches),
            (1, found.tranches - 1),
            "{}",
            found.render()
        );
        assert!(found.differences[0].what.contains("repaid, seized"), "{:?}", found.differences[0]);
    }
}

#[test]
fn a_tranche_that_was_not_the_same_shows_in_the_accounts_too() {
    let case = Case::new(crash(32, 2.0), "safe", 20, 1);
    let found = case.doctored(Lie::Asked);
    let seen = |what: &str| found.differences.iter().any(|difference| difference.what.contains(what));
    assert!(
        seen("repaid, seized") && seen("debts") && seen("pace meter") && seen("books"),
        "{}",
        found.render()
    );
}

#[test]
fn another_price_shows_in_the_scores() {
    let case = Case::new(crash(12, 2.0), "safe", 20, 1);
    let found = case.doctored(Lie::Price);
    let about_scores = |what: &str| what.contains("equity and requirement") || what.contains("score");
    assert!(found.difference_count > 0, "the lie went unseen");
    assert!(found.differences.iter().any(|difference| about_scores(&difference.what)), "{}", found.render());
}

#[test]
fn october_2025_by_real_candles_is_the_programs_to_the_unit() {
    let named = std::env::var_os("BALLAST_CANDLES").map(PathBuf::from);
    let Some(folder) = named.filter(|folder| folder.is_dir()) else {
        eprintln!("skipped: BALLAST_CANDLES names no folder of candles");
        return;
    };
    let at = |text| Some(time::parse(text).unwrap());
    let rows = from_candles::rows(&Request {
        folder: &folder,
        window: "2025-10",
        from: at("2025-10-10T20:30"),
        to: at("2025-10-10T22:30"),
        order: Order::LowFirst,
    });
    let window = Window::new(&rows.unwrap(), &Stress::times(3.0)).unwrap();
    let case = Case::new(window, "balanced", 60, 1);
    let found = compare(&case.comparison(), ProgressBar::hidden()).unwrap();
    eprintln!("{}", found.render());
    assert_equal(&found);
    let least = case.would_be_insolvent();
    assert!(least > 0 && found.tranches > least, "{} tranches, {least} accounts", found.tranches);
}

#[test]
fn without_the_program_the_error_says_how_to_get_it() {
    let mut case = Case::new(crash(1, 1.0), "balanced", 1, 1);
    case.program = "nowhere/ballast.so".into();
    let error = compare(&case.comparison(), ProgressBar::hidden()).unwrap_err();
    assert!(error.to_string().contains("cargo xtask build-sbf"), "{error}");
}
