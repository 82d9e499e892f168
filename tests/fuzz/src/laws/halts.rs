//! For how long breakers hold.

use super::Verdict;
use crate::ensure;
use anchor_lang::prelude::Pubkey;
use ballast::state::safety::Breaker;
use ballast_risk::{
    breaker::{Cause, State, HALT_WINDOW_SECONDS, MAX_HALTED_SECONDS},
    Seconds,
};
use std::collections::BTreeMap;

/// The law's name.
pub const DAY_IN_SEVEN: &str = "one cause halts for at most a day in seven";

/// What held Halted, and when: by vault or reserve.
#[derive(Clone, Debug, Default)]
pub struct Halts(BTreeMap<Pubkey, Vec<Halt>>);

/// One stretch of it.
#[derive(Clone, Copy, Debug)]
struct Halt {
    cause: Cause,
    from: Seconds,
    to: Seconds,
}

impl Halts {
    /// Writes down what a breaker holds while time passes and nobody calls. Fails where one cause held Halted for more than a day
    /// in the seven before. `Ok(false)` where it does not hold Halted.
    pub fn record(
        &mut self,
        key: Pubkey,
        breaker: &Breaker,
        from: Seconds,
        to: Seconds,
    ) -> Result<bool, String> {
        let breaker = breaker.as_risk();
        match breaker.state_at(from) {
            State::Halted => {}
            // only the timelock leaves it, and forgets what was held against causes
            State::WindDown => {
                self.0.remove(&key);
                return Ok(false);
            }
            _ => return Ok(false),
        }
        let end = breaker.expires_at.min(to);
        let cause = Cause::from_stored(breaker.cause);
        let halts = self.0.entry(key).or_default();
        halts.push(Halt { cause, from, to: end });
        let since = end.saturating_sub(HALT_WINDOW_SECONDS);
        halts.retain(|halt| halt.to > since);
        let held = halts.iter().filter(|halt| halt.cause == cause);
        check(cause, held.map(|halt| halt.to.saturating_sub(halt.from.max(since))).sum())?;
        Ok(true)
    }
}

/// Fails beyond a day.
pub fn check(cause: Cause, held: Seconds) -> Verdict {
    ensure!(held <= MAX_HALTED_SECONDS, "{cause:?} held Halted for {held} s of seven days");
    Ok(())
}
