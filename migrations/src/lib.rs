//! `ballast-deploy`: deploys the program, sets up vaults from a file, and verifies what stands. It reads the chain before it
//! plans, plans before it acts, and reads everything back afterwards. What stands is never repeated and never changed.

pub mod apply;
pub mod authority;
pub mod chain;
pub mod compare;
pub mod config;
pub mod loader;
pub mod plan;
pub mod program;
pub mod view;

pub use apply::apply;
pub use chain::Chain;
pub use config::Config;
pub use plan::{plan, Finding, Plan};
