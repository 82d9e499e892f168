//! Losses on the compiled program: what stays in its vault, who bears what, what comes back, and what nobody gains by it.

mod accounting;
mod attackers;
mod closing;
mod foreign;
mod isolation;
mod proofs;
mod recoveries;
mod running;
mod tools;
mod wiped_out;
