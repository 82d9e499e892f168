#![no_main]

use ballast_fuzz_targets::{legal::Account, score::run};

libfuzzer_sys::fuzz_target!(|account: Account| run(&account));
