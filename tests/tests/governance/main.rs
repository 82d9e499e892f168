//! Stories of governance on the compiled program: who may change what, when it counts, and how slowly margins move.

mod again;
mod caps;
mod clocks;
mod every_change;
mod feeds;
mod foreign;
mod funds;
mod guardian;
mod held_up;
mod new_reserves;
mod nonce;
mod ramps;
mod roles;
mod slowly;
mod stolen;
