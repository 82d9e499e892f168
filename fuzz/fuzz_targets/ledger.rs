#![no_main]

use ballast_fuzz_targets::ledger::{run, Case};

libfuzzer_sys::fuzz_target!(|case: Case| run(&case));
