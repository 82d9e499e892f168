//! Runs: many sequences on several threads for a time, and what they showed.

use crate::{
    kept::Case,
    laws,
    sequence::{play_seed, shrink, Found},
    tally::Tally,
    world::World,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        Mutex,
    },
    time::{Duration, Instant},
};

/// How a run is done.
pub struct Plan {
    /// The first sequence's seed; the others follow it.
    pub seed: u64,
    /// For how long new sequences begin.
    pub time: Duration,
    /// How many are played at once.
    pub threads: usize,
    /// Whether to play on when a law is broken.
    pub keep_going: bool,
    /// Where the report and the cases of broken laws are written.
    pub out: PathBuf,
}

/// What a run showed.
#[derive(Serialize)]
pub struct Report {
    /// The first sequence's seed.
    pub seed: u64,
    /// How many were played at once.
    pub threads: usize,
    /// How long it took, seconds.
    pub seconds: f64,
    /// Steps a second, all threads together.
    pub steps_a_second: f64,
    /// Processor time, seconds, where the system tells.
    pub processor_seconds: Option<f64>,
    /// What was counted.
    pub tally: Tally,
    /// Cases that break a law, by law.
    pub broken: BTreeMap<String, Broken>,
}

/// A broken law.
#[derive(Clone, Serialize)]
pub struct Broken {
    /// How it was broken.
    pub words: String,
    /// The sequence's seed.
    pub seed: u64,
    /// The short case.
    pub case: PathBuf,
    /// How many sequences broke it.
    pub times: u64,
}

/// Refusals of an instruction that the table names; the report has all.
const NAMED: usize = 8;

/// In so many steps every law finds something that it is about; a run of more in which one does not has failed.
const MANY_STEPS: u64 = 1_000_000;

/// How often a line says how far a run is.
const LINE_EVERY: Duration = Duration::from_secs(60);

/// Processor time of this process so far, seconds.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // behind the name in brackets; the 14th and 15th field, in hundredths
    let mut fields = text.rsplit(')').next()?.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / 100.0)
}

/// Plays. Prints a line a minute, and writes the report so far.
pub fn run(world: &World, plan: &Plan) -> Report {
    let next = AtomicU64::new(0);
    let state = Mutex::new(Report::begin(plan));
    let clock = Clock { start: Instant::now(), processor: processor_seconds() };
    let line = Mutex::new(clock.start);
    let play = || loop {
        let stop = !plan.keep_going && !lock(&state).broken.is_empty();
        if stop || clock.start.elapsed() >= plan.time {
            return;
        }
        let seed = plan.seed.wrapping_add(next.fetch_add(1, Ordering::Relaxed));
        let mut mine = Tally::default();
        let found = play_seed(world, seed, &mut mine);
        lock(&state).add(&mine, &clock);
        if let Some(found) = found {
            note(world, plan, seed, &found, &state);
        }
        let mut last = lock(&line);
        if last.elapsed() >= LINE_EVERY {
            *last = Instant::now();
            let report = lock(&state);
            println!(
                "{:.0} s: {} steps, {:.0} a second",
                report.seconds, report.tally.steps, report.steps_a_second
            );
            if let Err(error) = report.write(&plan.out.join("report.json")) {
                println!("the report cannot be written: {error:#}");
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..plan.threads.max(1) {
            scope.spawn(play);
        }
    });
    state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// When a run began.
struct Clock {
    start: Instant,
    processor: Option<f64>,
}

impl Report {
    fn begin(plan: &Plan) -> Self {
        Self {
            seed: plan.seed,
            threads: plan.threads,
            seconds: 0.0,
            steps_a_second: 0.0,
            processor_seconds: None,
            // so that a law that is never asked has a line
            tally: Tally { laws: laws::names().map(|law| (law.into(), 0)).collect(), ..Tally::default() },
            broken: BTreeMap::new(),
        }
    }

    /// Laws that nothing was asked of.
    pub fn silent(&self) -> Vec<&str> {
        self.tally.laws.iter().filter(|(_, asked)| **asked == 0).map(|(law, _)| law.as_str()).collect()
    }

    /// Whether it shows that all is well: every law holds, and in a long run every one was asked.
    pub fn is_sound(&self) -> bool {
        self.broken.is_empty() && (self.tally.steps <= MANY_STEPS || self.silent().is_empty())
    }

    fn add(&mut self, tally: &Tally, clock: &Clock) {
        self.tally.add(tally);
        self.seconds = clock.start.elapsed().as_secs_f64();
        self.steps_a_second = self.tally.steps as f64 / self.seconds;
        self.processor_seconds = processor_seconds().zip(clock.processor).map(|(now, then)| now - then);
    }
}

/// A thread that panicked while it held a lock left counts that can still be read.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn note(world: &World, plan: &Plan, seed: u64, found: &Found, state: &Mutex<Report>) {
    let law = found.violation.law.clone();
    if let Some(known) = lock(state).broken.get_mut(&law) {
        known.times += 1;
        return;
    }
    println!("seed {seed} breaks \"{law}\" after {} actions: {}", found.actions.len(), found.violation.words);
    let short = shrink(world, found);
    let name = law.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let case = plan.out.join(format!("{name}-{seed}.json"));
    let words = short.violation.words.clone();
    let actions = short.actions;
    println!("{} actions are enough: {words}", actions.len());
    let kept = Case { about: format!("{law}: {words}"), seed, actions };
    match kept.write(&case) {
        Ok(()) => println!("replay it: cargo xtask fuzz --replay {}", case.display()),
        Err(error) => println!("it cannot be written: {error:#}"),
    }
    lock(state).broken.insert(law, Broken { words, seed, case, times: 1 });
}

impl Report {
    /// Prints instructions × outcomes and the laws.
    pub fn print(&self) {
        println!("\n{}", self.table());
        let t = &self.tally;
        println!(
            "{} steps in {} sequences, {:.0} s, {:.0} steps a second on {} threads; {} transactions, {} landed; seeds from {}",
            t.steps, t.sequences, self.seconds, self.steps_a_second, self.threads, t.transactions, t.landed, self.seed
        );
        if let Some(time) = self.processor_seconds {
            println!("{time:.0} s of processor time: {:.0} steps in each", t.steps as f64 / time.max(0.01));
        }
        for law in self.silent() {
            println!("NEVER ASKED {law}");
        }
        for (law, broken) in &self.broken {
            println!("BROKEN {law}: {} ({} times, {})", broken.words, broken.times, broken.case.display());
        }
    }

    /// The same as Markdown.
    pub fn table(&self) -> String {
        let mut text =
            String::from("| instruction | ok | refused | refusals, by name |\n|---|---:|---:|---|\n");
        for (name, outcomes) in &self.tally.coverage {
            let ok = outcomes.get("ok").copied().unwrap_or_default();
            let mut refusals: Vec<_> = outcomes.iter().filter(|(outcome, _)| *outcome != "ok").collect();
            refusals.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            let refused: u64 = refusals.iter().map(|(_, count)| **count).sum();
            let mut names: Vec<String> =
                refusals.iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
            let others = names.len().saturating_sub(NAMED);
            names.truncate(NAMED);
            if others > 0 {
                names.push(format!("{others} others"));
            }
            text += &format!("| {name} | {ok} | {refused} | {} |\n", names.join(", "));
        }
        text += "\n| law | asked |\n|---|---:|\n";
        for (law, count) in &self.tally.laws {
            text += &format!("| {law} | {count} |\n");
        }
        text
    }

    /// Writes it as JSON.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(std::fs::write(path, serde_json::to_string_pretty(self)?)?)
    }
}
