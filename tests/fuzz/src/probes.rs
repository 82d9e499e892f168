//! Laws that are tried on a copy of the world, because asking them takes many transactions.

pub mod donations;
pub mod leaving;
pub mod liquidations;
pub mod prices;
pub mod scores;
pub mod worth;

use crate::world::World;

/// A law that is tried. `Ok(false)` where the world has nothing to try it on.
pub struct Probe {
    /// Its name, as reports show it.
    pub name: &'static str,
    /// Tries it, drawing from a seed.
    pub check: fn(&World, u64) -> Result<bool, String>,
}

/// All of them. Kept cases name them by place: new ones come last.
pub const PROBES: [Probe; 11] = [
    Probe { name: "donations change nothing", check: donations::change_nothing },
    Probe { name: "older updates change no byte", check: prices::older_updates },
    Probe { name: "refresh order never matters", check: prices::order },
    Probe { name: "a stale feed liquidates nobody", check: scores::stale_feeds },
    Probe { name: "unhealthy books admit a tranche", check: liquidations::admitted },
    Probe { name: "insolvent books close in 32 calls", check: liquidations::closed },
    Probe { name: "lenders without debt leave", check: leaving::leave },
    Probe { name: "accrual in steps is accrual at once", check: scores::accrual },
    Probe { name: "every account scores at any price", check: scores::any_price },
    Probe { name: "sums counted anew", check: scores::recount },
    Probe { name: "every account is worth what is counted anew", check: worth::all },
];
