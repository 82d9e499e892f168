//! What others in this field lost, tried here on the compiled program: one test for each event, named after it. Each ends with what its
//! attackers have more than before at fair prices, which is nothing or no more than the docs say, and with what lenders lost.
//!
//! `docs/security.md` has the table of causes; `docs` compares it with these tests.

mod depegs;
mod docs;
mod empty_markets;
mod health;
mod issue;
mod keys;
mod oracles;
mod pumps;
mod random;
mod rounding;
mod tools;
