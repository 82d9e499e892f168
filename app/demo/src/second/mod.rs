//! The second act: an asset dies in its own vault, and the main vault does not notice.

mod cast;
mod claim;
mod story;

pub use story::{clock, Act, Frame};

use anyhow::{bail, Result};
use ballast_lab::svm::Ledger;
use std::path::Path;

/// When the act begins: 1 November 2025.
const BEGINS: u64 = 1_761_955_200;

/// Plays the act on the compiled program.
pub fn play(program: &Path) -> Result<Act> {
    println!("\nSecond act: the alt vault's asset dies\n");
    let mut cast = cast::Cast::gather(Ledger::start(program, BEGINS)?)?;
    let backing = claim::Backing::gather(&mut cast)?;
    let mut story = story::Story::new(cast, backing.fund);
    let before = story.main_vault()?;
    story.fall()?;
    story.trip()?;
    story.leave()?;
    story.fall_silent()?;
    story.claim(&backing)?;
    story.prove()?;
    let after = story.main_vault()?;
    if before != after {
        bail!("an account of the main vault changed while the alt vault's asset died");
    }
    story.act.untouched_accounts = before.len();
    story.say("proof", format!("the main vault: none of the bytes of its {} accounts changed", before.len()));
    story.neighbours()?;
    Ok(story.act)
}
