#![no_main]

use ballast_fuzz_targets::instruction::run;

libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));
