//! Stories: single books whose numbers are computed by hand, and what the planner does with them.

mod bonus;
mod fixture;
mod kinks;
mod marginal;
mod pace;
mod settle;
