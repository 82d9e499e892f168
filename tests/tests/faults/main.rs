//! Bad days of the cluster: silent oracles, wrong clocks, other sysvars, transactions that are cut, too large or sent twice. Nobody's
//! money moves by them, and what is refused is named.

mod cut;
mod largest;
mod locks;
mod rent;
mod silence;
mod sysvars;
mod twice;
mod waiting;
mod wrong_clock;
