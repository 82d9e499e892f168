//! Stories: single books whose numbers are computed by hand, and what the planner does with them.

mod best;
mod bonus;
mod depth;
mod example;
mod fixture;
mod interest;
mod keepers;
mod kinks;
mod ltv;
mod marginal;
mod pace;
mod planner;
mod presets;
mod settle;
mod target;
mod validation;
