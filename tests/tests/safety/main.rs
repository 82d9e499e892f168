//! Breakers, caps and buckets on the compiled program. Each test is a world of its own.

mod bank;
mod buckets;
mod heals;
mod price_signals;
mod signals;
mod table;
mod time;
