//! Breakers, caps and buckets on the compiled program. Each test is a world of its own.

mod bank;
mod buckets;
mod caps;
mod heals;
mod loops;
mod price_signals;
mod promises;
mod signals;
mod table;
mod table_of_governance;
mod table_of_insurance;
mod time;
