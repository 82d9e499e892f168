//! Every account, valued anew.

use crate::{
    ensure,
    laws::worth::{check, check_written},
    reference::At,
    world::{Book, World},
};
use ballast_client::{account::reserves_of, instruction};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Longest time for which interest and old prices are looked at.
const LONGEST: i64 = 365 * 86_400;

/// With fresh prices, what the program writes down, what the client says of `R_maint` and of `R_init`; and what it says of
/// `R_maint` any time later, when prices are old.
pub fn all(world: &World, seed: u64) -> Result<bool, String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut copy = world.clone();
    copy.svm.go_on(1, 1);
    copy.silent.clear();
    copy.refresh_all().map_err(|error| format!("honest prices were refused: {error}"))?;
    // seconds of interest, after which prices are still fresh
    copy.svm.go_on(1, rng.random_range(0..10));
    let later = rng.random_range(1..LONGEST) >> rng.random_range(0..22);
    as_it_is(&mut copy, later)
}

/// The same of a world whose prices are what they are, now and so many seconds later.
pub fn as_it_is(world: &mut World, later: i64) -> Result<bool, String> {
    let clock = world.clock();
    let mut old = clock.clone();
    old.unix_timestamp += later;
    old.slot += 1;
    let keys: Vec<_> = world.obligations.keys().copied().collect();
    let mut tried = false;
    for key in keys {
        let Some(book) = Book::of(&world.svm, &key) else { continue };
        let words = |words: String| format!("{key}: {words}");
        check(&book, &clock, At::Spot, &book.score(&clock)?).map_err(words)?;
        check(&book, &old, At::Spot, &book.score(&old)?).map_err(words)?;
        // a price that is too old or too uncertain to open at is no requirement
        if let Some(Ok(opening)) = book.look(&clock, |book| book.opening()) {
            check(&book, &clock, At::Opening, &opening).map_err(words)?;
        }
        let reserves = reserves_of(&book.obligation);
        let refresh = instruction::refresh_obligation(book.obligation.vault, key, &reserves);
        let sent = world.svm.send(&[refresh]);
        ensure!(sent.is_ok(), "{key} cannot be refreshed: {sent:?}");
        let written = Book::of(&world.svm, &key).ok_or("it was there")?;
        check_written(&written, &clock).map_err(words)?;
        tried = true;
    }
    Ok(tried)
}
