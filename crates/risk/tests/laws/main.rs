//! laws
mod explore;
mod models;
mod runner;
mod world;
