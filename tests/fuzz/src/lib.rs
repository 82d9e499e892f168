//! Random and hostile sequences of instructions on the compiled program, and the laws that they must keep.
pub mod action;
pub mod build;
pub mod generate;
pub mod kept;
pub mod laws;
pub mod outcome;
pub mod player;
pub mod probes;
pub mod run;
pub mod sent;
pub mod sequence;
pub mod setup;
pub mod step;
pub mod svm;
pub mod tally;
pub mod twist;
pub mod world;
