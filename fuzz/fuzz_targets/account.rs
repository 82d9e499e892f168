#![no_main]

use ballast_fuzz_targets::account::run;

libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));
