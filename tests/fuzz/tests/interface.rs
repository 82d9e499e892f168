//! The fuzzer knows the whole program.

use ballast_client::interface;
use ballast_fuzz::{action::Action, generate::Generator, kept, setup};
use std::collections::BTreeSet;

/// Seeds that together draw every instruction.
const SEEDS: u64 = 60;

#[test]
fn every_instruction_of_the_program_is_drawn() {
    let drawn: BTreeSet<String> = (0..SEEDS)
        .flat_map(|seed| Generator::new(seed, 0))
        .filter_map(|action| match action {
            Action::Send(calls) => Some(calls),
            _ => None,
        })
        .flatten()
        .map(|call| call.deed.name().to_owned())
        .collect();
    for discriminator in interface::discriminators() {
        let known = interface::instruction(&discriminator).expect("it is in the interface");
        assert!(drawn.contains(&known.name), "nothing draws {}", known.name);
    }
}

#[test]
fn a_seed_is_a_sequence() {
    let draw = |seed| Generator::new(seed, 10).collect::<Vec<Action>>();
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
}

#[test]
fn a_case_reads_as_it_was_written() {
    let actions: Vec<Action> = Generator::new(3, 10).collect();
    let case = kept::Case { about: "\"all\" of it".into(), seed: 3, actions };
    let path = std::env::temp_dir().join(format!("ballast-case-{}.json", std::process::id()));
    case.write(&path).unwrap();
    let read = kept::Case::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!((read.about, read.seed, read.actions), (case.about, case.seed, case.actions));
}

#[test]
fn kept_cases_hold() {
    let world = setup::build().expect("the program is built");
    for (path, case) in kept::all().expect("the cases are readable") {
        let broken = case.play(&world, false);
        assert_eq!(broken, None, "{}: {}", path.display(), case.about);
    }
}
