#![no_main]

use ballast_fuzz_targets::tranche::{run, Case};

libfuzzer_sys::fuzz_target!(|case: Case| run(&case));
