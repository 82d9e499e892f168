//! Runs a law over many random books on all cores, reproducibly.
//!
//! `BALLAST_LAW_BOOKS` sets how many books each law sees, `BALLAST_LAW_SEED` the seed; both are printed with every failure.

use crate::models::Setting;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{
    panic::{catch_unwind, resume_unwind, AssertUnwindSafe},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

/// Books of one random model, and the unit of work of one thread.
const BOOKS_OF_A_MODEL: u64 = 64;

fn number_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().map_or(default, |text| text.parse().expect("a whole number"))
}

/// How many books a law sees: a million in release.
pub fn books() -> u64 {
    number_from("BALLAST_LAW_BOOKS", if cfg!(debug_assertions) { 20_000 } else { 1_000_000 })
}

/// Calls `law` with at least [`books`] random books' worth of randomness, a new valid model every 64.
pub fn for_books(name: &str, law: impl Fn(&mut ChaCha8Rng, &Setting) + Sync) {
    for_some_books(name, books(), law);
}

/// [`for_books`] with a number of books of its own.
pub fn for_some_books(name: &str, books: u64, law: impl Fn(&mut ChaCha8Rng, &Setting) + Sync) {
    let seed = number_from("BALLAST_LAW_SEED", 20_251_010);
    let models = books.div_ceil(BOOKS_OF_A_MODEL);
    let next = AtomicU64::new(0);
    let work = || loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= models {
            return;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let setting = Setting::random(&mut rng);
        for book in 0..BOOKS_OF_A_MODEL {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| law(&mut rng, &setting))) {
                println!(
                    "{name}: broken by book {book} of model {index}, BALLAST_LAW_SEED={seed}\n{setting:?}"
                );
                resume_unwind(panic);
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            if let Err(panic) = worker.join() {
                resume_unwind(panic);
            }
        }
    });
    println!("{name}: {} books, BALLAST_LAW_SEED={seed}", models * BOOKS_OF_A_MODEL);
}
