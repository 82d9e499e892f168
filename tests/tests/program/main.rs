//! Stories and attacks on the compiled program. Each test is a world of its own.

mod borrows;
mod composed_prices;
mod deposits;
mod interest;
mod loan;
mod mints;
mod obligations;
mod prices;
mod repays;
mod reserves;
mod slots;
mod vaults;
