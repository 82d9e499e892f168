//! Stories and attacks on the compiled program. Each test is a world of its own.

mod borrows;
mod composed_prices;
mod deposits;
mod donations;
mod ends;
mod events;
mod extremes;
mod insolvent;
mod interest;
mod lives;
mod loan;
mod mints;
mod obligations;
mod pairs;
mod prices;
mod repays;
mod reserves;
mod shares;
mod slots;
mod stale;
mod tranches;
mod vaults;
