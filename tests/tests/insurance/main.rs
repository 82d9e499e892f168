//! Stories of the insurance fund on the compiled program. Stake is real: vote and stake accounts of the cluster's genesis.

mod claims;
mod cover;
mod electorate;
mod foreign;
mod funds;
mod income;
mod leaving;
mod lite;
mod lives;
mod payments;
mod roll;
mod self_made;
mod staking;
mod vote_accounts;
mod whole;

/// Seconds of a day.
const DAY: i64 = 86_400;
