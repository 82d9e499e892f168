//! Stories and attacks on the compiled program. Each test is a world of its own.

mod borrows;
mod composed_prices;
mod deposits;
mod insolvent;
mod interest;
mod loan;
mod mints;
mod obligations;
mod pairs;
mod prices;
mod repays;
mod reserves;
mod shares;
mod slots;
mod tranches;
mod vaults;
