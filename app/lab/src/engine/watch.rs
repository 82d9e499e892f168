//! Somebody who sees a run while it happens, such as the comparison with the program.

use super::state::{Fill, Now, State};
use crate::tape::Prices;
use anyhow::Result;
use ballast_risk::{
    score::Score,
    tranche::{TrancheOutcome, TranchePlan},
    TokenAmount,
};

/// A tranche of our design with all that the risk crate says of it.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Who, when, and how much.
    pub fill: Fill,
    /// Token units that the keeper asked to repay at most; [`u64::MAX`] for all there is.
    pub asked: TokenAmount,
    /// The plan.
    pub plan: TranchePlan,
    /// The same in tokens.
    pub outcome: TrancheOutcome,
    /// The score after it.
    pub after: Score,
}

/// Sees moments begin and end, and tranches of our design in between. An error ends the run.
pub trait Watch {
    /// A moment begins: the oracle shows these dollars.
    fn begin(&mut self, _time: u64, _oracle: &Prices) -> Result<()> {
        Ok(())
    }

    /// A keeper liquidated.
    fn tranche(&mut self, _taken: &Taken) -> Result<()> {
        Ok(())
    }

    /// Everybody had a turn.
    fn end(&mut self, _now: &Now, _state: &State) -> Result<()> {
        Ok(())
    }
}

/// Nobody watches.
impl Watch for () {}
