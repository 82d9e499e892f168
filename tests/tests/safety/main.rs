//! Breakers, caps and buckets on the compiled program. Each test is a world of its own.

mod buckets;
