//! What a vault's and a reserve's breakers ask together.

use super::{Breaker, State};
use crate::units::Seconds;

/// What two breakers together ask of an action, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restriction {
    /// The state that counts.
    pub state: State,
    /// Since when whoever leaves is held to a share: the time of leaving Normal, or of entering WindDown.
    pub since: Seconds,
}

/// What a vault's and a reserve's breakers say together: the higher state, and the earliest time from which either asks for
/// shares, so that a second trip does not start a leaver's time anew.
pub fn restriction(vault: &Breaker, reserve: &Breaker, now: Seconds) -> Restriction {
    let states = [vault.state_at(now), reserve.state_at(now)];
    let state = states[0].max(states[1]);
    let mut since = now;
    for (breaker, held) in [vault, reserve].into_iter().zip(states) {
        let from = match (state, held) {
            (_, State::Normal) => continue,
            (State::WindDown, State::WindDown) => breaker.entered_at,
            (State::WindDown, _) => continue,
            _ => breaker.left_normal_at,
        };
        since = since.min(from);
    }
    Restriction { state, since }
}
