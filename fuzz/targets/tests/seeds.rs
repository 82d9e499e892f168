//! Every input that fuzzing kept, tried again. `fuzz/seeds` reaches nearly everything that the runs of `fuzz/README.md` reached.

use arbitrary::{Arbitrary, Unstructured};
use ballast_fuzz_targets::{account, breaker, instruction, ledger, score, tranche};
use std::{fs, path::Path};

/// Fewer would mean that inputs were lost; an input that failed once is one more.
const LEAST: usize = 40;

fn kept(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../seeds").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let inputs: Vec<_> = files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(inputs.len() >= LEAST, "{target}: {}", inputs.len());
    inputs
}

/// Reads each input as libFuzzer's `fuzz_target!` does, and tries it.
fn replay<Case>(target: &str, run: fn(&Case))
where
    Case: for<'a> Arbitrary<'a>,
{
    for bytes in kept(target) {
        let case = Case::arbitrary_take_rest(Unstructured::new(&bytes));
        run(&case.expect("an input that no longer reads as a case would try nothing"));
    }
}

#[test]
fn kept_accounts_are_scored() {
    replay("score", score::run);
}

#[test]
fn kept_tranches_are_planned_and_settled() {
    replay("tranche", tranche::run);
}

#[test]
fn kept_histories_of_a_reserve_keep_its_books() {
    replay("ledger", ledger::run);
}

#[test]
fn kept_histories_of_a_breaker_only_raise_by_signals() {
    replay("breaker", breaker::run);
}

#[test]
fn kept_instruction_data_is_refused_or_read() {
    kept("instruction").iter().for_each(|data| instruction::run(data));
}

#[test]
fn kept_account_data_is_shown_without_a_panic() {
    kept("account").iter().for_each(|data| account::run(data));
}

#[test]
fn every_instruction_of_the_program_is_read_back() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../idl/ballast.json");
    let idl: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let bytes =
        |of: &serde_json::Value| serde_json::from_value::<Vec<u8>>(of["discriminator"].clone()).unwrap();
    let mut all: Vec<_> = idl["instructions"].as_array().unwrap().iter().map(bytes).collect();
    let mut read: Vec<_> = instruction::DISCRIMINATORS.iter().map(|bytes| bytes.to_vec()).collect();
    all.sort();
    read.sort();
    assert_eq!(read, all, "the list in `src/instruction.rs` is not the program's");
}
